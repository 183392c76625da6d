//! The lock of a machine: one run at a time, held on the machine itself, so that a run from
//! another workstation finds it too. It is never taken away by time; only a person can say that
//! the run which holds it is gone.
//!
//! It lies beside the folders of the runs. Taking it is part of `scripts/folder.sh`.

use super::folder::reason;
use super::link::Fleet;
use super::printable::printable;
use super::script;
use crate::contract::{HostRecord, Outcome, failed};
use crate::name::HostName;

/// For whom the locks of machines are taken.
#[derive(Debug, Clone)]
pub struct Holder {
    /// `user@workstation`.
    pub owner: String,
    pub playbook: String,
    /// The id of the locks that this process takes anew.
    pub lock: String,
}

impl Holder {
    /// This user on this workstation, with a new random id.
    pub fn here(playbook: &str) -> Self {
        let user = std::env::var("USER").ok().filter(|u| !u.is_empty());
        let user = user.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()));
        let uname = rustix::system::uname();
        let owner = format!("{user}@{}", uname.nodename().to_string_lossy());
        let id = hex::encode(rand::random::<[u8; 4]>());
        Holder { owner: one_line(&owner), playbook: one_line(playbook), lock: format!("{}-{}", &id[..4], &id[4..]) }
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// A lock as it was found on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldLock {
    pub id: String,
    pub run: String,
    pub owner: String,
    pub playbook: String,
    /// When it was taken, by the clock of the workstation that took it, in UTC.
    pub since: String,
}

impl HeldLock {
    /// What a host says is text of somebody else: it is made harmless before it is shown.
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split('\t').map(|p| printable(p).trim().chars().take(200).collect::<String>());
        let mut next = || parts.next().unwrap_or_default();
        HeldLock { id: next(), run: next(), owner: next(), playbook: next(), since: next() }
    }

    /// Who holds it, for whoever is refused: a first line, and what can be done.
    pub fn refusal(&self, host: &HostName, base: &str) -> String {
        if self.id.is_empty() || self.run.is_empty() {
            return format!(
                "{host} is locked, and the lock says nothing: {base}/lock is damaged\n\
                 make sure that no run goes on there, then remove that file by hand"
            );
        }
        format!(
            "{host} is held by {}\n\
             one run at a time works on a machine; wait for it, or have it resumed, rolled back or finished there\n\
             when it is gone for good: mig unlock {host} --lock-id {}",
            self.whose(),
            self.id
        )
    }
    /// Whose it is, in a line.
    pub fn whose(&self) -> String {
        format!("run {} of \"{}\", by {}, since {}", self.run, self.playbook, self.owner, self.since)
    }
}

/// What became of a lock that somebody wants to be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlocked {
    /// It is gone; so many bytes of undo material are kept.
    Gone(u64),
    /// There was none.
    None(u64),
    /// There is another one.
    Other(HeldLock),
    Left,
}

impl Fleet {
    /// Removes a lock by its id; with `None` it only looks.
    pub async fn unlock(&self, host: &HostName, lock: Option<&str>) -> Outcome<Unlocked> {
        let link = self.link(host)?;
        let base = self.base_on(link).await?;
        self.unlock_at(host, &base, lock, "").await
    }

    async fn unlock_at(&self, host: &HostName, base: &str, lock: Option<&str>, folder: &str) -> Outcome<Unlocked> {
        let said = self.say(self.link(host)?, script::UNLOCK, &[base, lock.unwrap_or("-"), folder]).await?;
        match said.split_once(' ').map_or((said.as_str(), ""), |(word, rest)| (word, rest)) {
            ("ok", kept) => Ok(Unlocked::Gone(kept.parse().unwrap_or(0))),
            ("none", kept) => Ok(Unlocked::None(kept.parse().unwrap_or(0))),
            ("held", lines) => Ok(Unlocked::Other(HeldLock::parse(lines))),
            ("left", _) => Ok(Unlocked::Left),
            _ => failed(format!("{host}: cannot read what it says of its lock: {}", printable(&said))),
        }
    }

    /// Gives the lock of a run back. Bytes of undo material that stay; or why it could not.
    pub async fn release(&self, record: &HostRecord) -> Result<u64, String> {
        if record.lock.is_empty() {
            return Ok(0);
        }
        let host = &record.host;
        let done = match record.folder.rsplit_once('/') {
            Some((base, _)) => self.unlock_at(host, base, Some(&record.lock), &record.folder).await,
            // The run ended while it took the lock: where that would lie only the host can say.
            None => self.unlock(host, Some(&record.lock)).await,
        };
        let why = match done {
            Ok(Unlocked::Gone(kept) | Unlocked::None(kept)) => return Ok(kept),
            // Another run's lock means that ours is gone already.
            Ok(Unlocked::Other(_)) => return Ok(0),
            Ok(Unlocked::Left) => "the file cannot be removed".into(),
            Err(halt) => reason(&halt),
        };
        let later = format!("mig unlock {host} --lock-id {}", record.lock);
        Err(format!("{host}: its lock could not be given back: {why}; later: {later}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_says_whose_it_is() {
        let lock = HeldLock::parse("1c9e-77aa\t7f3a00aa11bb\tann@ws1\tconductor\t2026-03-01 10:02:00 UTC\t");
        let host = HostName::parse("dest").unwrap();
        let text = lock.refusal(&host, "/var/lib/mig");
        for part in [
            "dest is held",
            "7f3a00aa11bb",
            "\"conductor\"",
            "ann@ws1",
            "10:02:00",
            "mig unlock dest --lock-id 1c9e-77aa",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        let damaged = HeldLock::parse("").refusal(&host, "/var/lib/mig");
        assert!(damaged.contains("/var/lib/mig/lock is damaged"));
        assert!(!HeldLock::parse("a\tb\t\x1b[31mx\tp\ts").whose().contains('\x1b'));
    }

    #[test]
    fn whoever_holds_stands_on_one_line() {
        let holder = Holder::here("a\nb\tc");
        assert_eq!(holder.playbook, "a b c");
        assert!(holder.owner.contains('@') && holder.lock.len() == 9, "{holder:?}");
        assert_ne!(holder.lock, Holder::here("x").lock);
    }
}
