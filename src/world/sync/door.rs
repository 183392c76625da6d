//! The key with which one host may write one path of another, for as long as a copy takes: it runs the
//! one `rsync --server` that mig chose, and nothing else.

use crate::contract::{Outcome, Sync, failed, quote};
use crate::name::HostName;
use crate::world::key::{Door, Grant, option};
use crate::world::link::Fleet;

impl Fleet {
    /// Makes the key, lets it in for `server` only, and says how the sender uses it.
    pub async fn open_door(&self, sync: &Sync, call: &str, server: &[String], pids: &str) -> Outcome<Door> {
        let folder = self.prepared(&sync.from)?.record.folder;
        let sudo = if self.link(&sync.to)?.config.sudo { "sudo -n " } else { "" };
        let server: Vec<String> = server.iter().map(|w| quote(w)).collect();
        // Its process is noted, so that a rollback can end it.
        let note = format!("umask 077; echo $$ >>{}; exec \"$@\"", quote(pids));
        let command = format!("{sudo}sh -c {} mig {}", quote(&note), server.join(" "));
        let Some(options) = option("command", &command) else {
            return failed(format!("{}: its name cannot be written into authorized_keys", sync.at));
        };
        let grant = Grant {
            from: &sync.from,
            to: &sync.to,
            folder: &folder,
            name: &format!("key.{call}"),
            sources: vec![],
            comment: self.key_comment(call),
            options,
            listen: String::new(),
            seconds: sync.timeout_ms / 1000 + 600,
            config: "  ClearAllForwardings yes\n".into(),
        };
        self.grant(&grant).await
    }

    /// Takes the key back on both sides; says what could not be.
    pub async fn close_door(&self, from: &HostName, to: &HostName, call: &str) -> Outcome<()> {
        self.forget_keys(self.link(to)?, &self.key_comment(call)).await?;
        if let Ok(prepared) = self.prepared(from) {
            self.drop_key(from, &prepared.record.folder, &format!("key.{call}")).await;
        }
        Ok(())
    }
}
