//! The world as the gate sees it: it looks, and it acts. Only the gate holds one.

use super::{Deed, Failure, Look, Outcome};
use crate::name::HostName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Names one attempt at one deed, on the host too: `call.deed.attempt`, and `call.deed.uN.attempt`
/// for the N-th deed of its undo. Only letters, digits and dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    boot: Option<String>,
}

impl Token {
    pub fn deed(call: i64, deed: usize, attempt: i64) -> Self {
        Token { text: format!("{call}.{deed}.{attempt}"), boot: None }
    }
    pub fn undo(call: i64, deed: usize, undo: usize, attempt: i64) -> Self {
        Token { text: format!("{call}.{deed}.u{undo}.{attempt}"), boot: None }
    }
    /// With the boot id of its host when the attempt was begun: a machine that has rebooted since
    /// may have lost the trace of it, one that has not cannot.
    #[must_use]
    pub fn in_boot(mut self, boot: &str) -> Self {
        self.boot = (!boot.is_empty()).then(|| boot.into());
        self
    }
    pub fn boot(&self) -> Option<&str> {
        self.boot.as_deref()
    }
    /// The call that it belongs to.
    pub fn call(&self) -> i64 {
        self.text.split('.').next().and_then(|c| c.parse().ok()).unwrap_or_default()
    }
    /// What all attempts at a deed, and at taking it back, have in common: `call.deed`.
    pub fn of_deed(&self) -> String {
        self.text.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
    }
    /// This attempt and those before it, oldest first.
    pub fn attempts(&self) -> Vec<Self> {
        match self.text.rsplit_once('.').and_then(|(deed, n)| Some((deed, n.parse::<i64>().ok()?))) {
            Some((deed, n)) => (1..=n.max(1)).map(|n| Token { text: format!("{deed}.{n}"), boot: None }).collect(),
            None => vec![self.clone()],
        }
    }
    /// The attempt that a token on a host belongs to.
    pub fn whole(text: &str) -> &str {
        match text.rsplit_once(".p") {
            Some((whole, n)) if n.bytes().all(|b| b.is_ascii_digit()) => whole,
            _ => text,
        }
    }
    /// One of several commands that an attempt is made of, perhaps on another host.
    #[must_use]
    pub fn part(&self, n: u32) -> Self {
        Token { text: format!("{}.p{n}", self.text), boot: None }
    }
}
impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

/// What the journal must remember of a host before the first deed goes there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HostRecord {
    pub host: HostName,
    pub machine_id: String,
    /// The boot in which the run's folder was made or last seen by us.
    pub boot_id: String,
    /// SHA256 fingerprint of the host key; empty for the operator's own machine.
    pub host_key: String,
    /// The run's folder on the host.
    pub folder: String,
    /// The random text in the folder's marker: a wiped or restored disk does not have it.
    pub marker: String,
    /// The id of the machine's lock that the run holds while it goes on; empty in old journals.
    #[serde(default)]
    pub lock: String,
    /// Not root there: the lock keeps away only runs of the same user.
    #[serde(default)]
    pub is_per_user: bool,
}

impl HostRecord {
    /// What is recorded before the lock and the folder are made: after a crash in between, the
    /// lock is still known by its id.
    pub fn intended(host: &HostName, lock: &str) -> Self {
        HostRecord {
            host: host.clone(),
            machine_id: String::new(),
            boot_id: String::new(),
            host_key: String::new(),
            folder: String::new(),
            marker: String::new(),
            lock: lock.into(),
            is_per_user: false,
        }
    }
    /// Whether the host is known, and not only about to be.
    pub fn is_made(&self) -> bool {
        !self.folder.is_empty()
    }
}

/// What giving back the locks of a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Released {
    /// What could not be given back, and how it can be later.
    pub left: Vec<String>,
    /// Bytes of undo material that stay, on the hosts that could say it.
    pub kept: u64,
}

/// What a look at the world says of a deed that was begun and whose end nobody saw.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    Done(Value),
    Failed(Failure),
    /// It never arrived: send it again under the same token.
    SameToken,
    /// It did not happen, though it was started: send it under a new token.
    NewToken,
    /// Nobody knows, but it may be started once more. Good for a resume; says nothing to a rollback.
    Repeatable(String),
    /// Nobody but the operator can know.
    Unknown(String),
}

/// Looks and acts.
pub trait World: Look + Send + Sync {
    /// Makes the run's folder and marker on a host, or finds them as recorded. Before the first
    /// deed on a host and, with what the journal has, before anything is settled there.
    fn prepare(&self, host: &HostName, known: Option<&HostRecord>) -> Outcome<HostRecord>;
    /// Something was begun on this host, so it was there and should come back: when it cannot be
    /// reached, that is a lost connection, tried again for as long as one is.
    fn expect_back(&self, _host: &HostName) {}
    /// The boot in which a host was last seen, without asking it; empty when it was never reached.
    fn boot_seen(&self, host: &HostName) -> String;
    /// Does a deed. Sending the same token twice starts it once. The value is the call's answer.
    fn act(&self, token: &Token, deed: &Deed) -> Outcome<Value>;
    /// Decides about one deed whose end nobody saw: attaches and waits while it still runs. Never acts.
    fn settle(&self, token: &Token, deed: &Deed) -> Settled;
    /// What a deed gave whose end nobody saw, and of which a person says that it happened: as far as it left a
    /// record where it was done.
    fn told(&self, _token: &Token, _deed: &Deed) -> Option<Value> {
        None
    }
    /// Removes what an interrupted deed leaves beside its place.
    fn sweep(&self, deed: &Deed);
    /// Removes the run's folders on all hosts that `prepare` was given; says what it could not.
    fn finish(&self, hosts: &[HostRecord]) -> Vec<String>;
    /// The id under which this process takes the locks of machines anew; empty: it takes none.
    fn lock_id(&self) -> String {
        String::new()
    }
    /// Gives back the locks that the run holds on these hosts. Folders and undo material stay.
    fn release(&self, _hosts: &[HostRecord]) -> Released {
        Released::default()
    }
    /// The tokens of all commands that the journal has begun, deeds and undo. What a host has
    /// beside them happened after the journal was copied: the journal is older than the world.
    fn knows(&self, _tokens: BTreeSet<String>) {}
    /// Why a prepared host shows that the journal is too old, if it does.
    fn beyond(&self, _host: &HostName) -> Option<String> {
        None
    }
    /// Meets hosts for the first time, many at once: what their keys are is asked with one question. A host that cannot
    /// be reached is found by whoever looks at it.
    ///
    /// # Errors
    /// A key is not trusted.
    fn meet(&self, _hosts: &[HostName]) -> Outcome<()> {
        Ok(())
    }
    /// Reaches several hosts at the same time, so many at once, so that looking at one after the
    /// other need not wait for each. What cannot be reached is found by whoever looks at it.
    fn reach(&self, _hosts: &[HostName], _at_once: usize) {}
    /// At how many hosts this machine can bear to work at a time.
    fn at_once(&self) -> usize {
        usize::MAX
    }
    /// Bytes of undo material that the run keeps on a host.
    fn undo_material(&self, host: &HostRecord) -> Outcome<u64>;
}
