//! The key with which one host may write one path of another, for as long as a copy takes: it runs the
//! one `rsync --server` that mig chose, and nothing else.

use crate::contract::{Outcome, Sync, failed, quote};
use crate::name::HostName;
use crate::world::key::{Blank, Key, Terms, option};
use crate::world::link::Fleet;

impl Fleet {
    /// Makes the key on the sender. Nobody lets it in yet.
    pub async fn cut_key(&self, sync: &Sync, call: &str) -> Outcome<Key> {
        let folder = self.prepared(&sync.from)?.record.folder;
        let (name, comment) = (format!("key.{call}"), self.key_comment(call));
        self.make_key(Blank { from: &sync.from, to: &sync.to, folder: &folder, name: &name, comment }).await
    }

    /// Lets the key in for `server` only, and tells the sender how it is used.
    pub async fn open_door(&self, sync: &Sync, key: &Key, server: &[String], pids: &str) -> Outcome<()> {
        let sudo = if self.link(&sync.to)?.config.sudo { "sudo -n " } else { "" };
        let server: Vec<String> = server.iter().map(|w| quote(w)).collect();
        // Its process is noted, so that a rollback can end it.
        let note = format!("umask 077; echo $$ >>{}; exec \"$@\"", quote(pids));
        let command = format!("{sudo}sh -c {} mig {}", quote(&note), server.join(" "));
        let Some(options) = option("command", &command) else {
            return failed(format!("{}: its name cannot be written into authorized_keys", sync.at));
        };
        let seconds = sync.timeout_ms / 1000 + 600;
        let terms = Terms { options: &options, listen: "", seconds, config: "  ClearAllForwardings yes\n" };
        self.let_in(&sync.from, &sync.to, key, terms).await
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
