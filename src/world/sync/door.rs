//! The key with which one host may write one path of another, for as long as a copy takes: it runs the
//! one `rsync --server` that mig chose, and nothing else.

use super::ends::Ends;
use super::words::{Goal, client};
use crate::contract::{Outcome, Sync, alias, failed, quote};
use crate::name::HostName;
use crate::world::key::{Blank, Key, Terms, option, shell};
use crate::world::link::Fleet;

impl Fleet {
    /// Makes the key on the sender, and in `file` what it is for. Nobody lets it in yet.
    pub async fn cut_key(&self, sync: &Sync, call: &str, ends: &Ends, goal: &Goal<'_>, file: String) -> Outcome<Key> {
        let folder = self.prepared(&sync.from)?.record.folder;
        let (name, comment) = (format!("key.{call}"), self.key_comment(call));
        let shell = shell(&format!("{folder}/{name}"));
        let words = client(sync, goal, ends.window, &shell, &alias(&sync.to));
        let words: Vec<String> = words.iter().map(|w| quote(w)).collect();
        let files = vec![(file, format!("exec rsync {}\n", words.join(" ")))];
        let config = "  ClearAllForwardings yes\n";
        let Sync { from, to, .. } = sync;
        self.make_key(Blank { from, to, folder: &folder, name: &name, comment, config, files, has_aes: ends.has_aes })
            .await
    }

    /// Lets the key in for `server` only.
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
        let terms = Terms { options: &options, listen: "", seconds };
        self.let_in(&sync.from, &sync.to, key, terms).await
    }

    /// Takes the key back on both sides; says what could not be.
    pub async fn close_door(&self, from: &HostName, to: &HostName, call: &str) -> Outcome<()> {
        let (link, comment, name) = (self.link(to)?, self.key_comment(call), format!("key.{call}"));
        let drop = async {
            if let Ok(prepared) = self.prepared(from) {
                self.drop_key(from, &prepared.record.folder, &name).await;
            }
        };
        let (forgotten, ()) = tokio::join!(self.forget_keys(link, &comment), drop);
        forgotten
    }
}
