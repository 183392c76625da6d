//! A lease closed: what runs is ended, the key is forgotten, the folder is gone. It may be done again.

use super::place::place;
use crate::contract::{Failure, Halt, Lease, Outcome, failed};
use crate::world::folder::reason;
use crate::world::link::Fleet;
use crate::world::script;
use serde_json::{Value, json};

impl Fleet {
    pub async fn act_unlease(&self, lease: &Lease) -> Outcome<Value> {
        // The door is shut before the process is ended: one that cannot be reached must not keep the
        // other open.
        let shut = self.forget_lease_key(lease).await;
        place("lease.shut")?;
        let ended = self.end_lease(lease).await;
        place("lease.ended")?;
        let told = |halt: Halt| match halt {
            Halt::Failed(f) => Ok(*f),
            stop => Err(stop),
        };
        let failures: Vec<Failure> =
            [shut, ended].into_iter().filter_map(Result::err).map(told).collect::<Result<_, _>>()?;
        let mut failures = failures.into_iter();
        match failures.next() {
            None => Ok(json!({ "changed": true })),
            Some(first) => Err(failures.fold(first, |all, f| all.hint(f.message)).into()),
        }
    }

    async fn forget_lease_key(&self, lease: &Lease) -> Outcome<()> {
        match &lease.key {
            Some(key) => self.forget_keys(self.link(&key.to)?, &self.key_comment(&lease.mark())).await,
            None => Ok(()),
        }
    }

    async fn end_lease(&self, lease: &Lease) -> Outcome<()> {
        let (host, folder) = (&lease.host, &lease.folder);
        match self.say(self.link(host)?, script::LEASE_END, &[folder.as_ref()]).await?.as_str() {
            "ok" => Ok(()),
            "stayed" => failed(format!("{host}: a process of the {} {} cannot be ended", lease.kind(), lease.name)),
            _ => failed(format!("{host}: {folder} cannot be removed")),
        }
    }

    /// Starts again what a boot has ended. What cannot be is said, and seen by whoever looks.
    pub async fn wake_leases(&self, host: &crate::name::HostName, folder: &str) {
        let Ok(link) = self.link(host) else { return };
        match self.say(link, script::LEASE_WAKE, &[folder]).await {
            Ok(n) if n != "0" => {
                self.tell(host, format!("{n} of the run's tunnels and processes had ended there, and run again"));
            }
            Ok(_) => {}
            Err(halt) => self.tell(host, format!("the run's tunnels and processes there: {}", reason(&halt))),
        }
    }
}
