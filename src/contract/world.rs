//! The world as the gate sees it: it looks, and it acts. Only the gate holds one.

use super::{Deed, Failure, Look, Outcome};
use crate::name::HostName;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names one attempt at one deed, on the host too: `call.deed.attempt`, and `call.deed.uN.attempt`
/// for the N-th deed of its undo. Only letters, digits and dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub fn deed(call: i64, deed: usize, attempt: i64) -> Self {
        Token(format!("{call}.{deed}.{attempt}"))
    }
    pub fn undo(call: i64, deed: usize, undo: usize, attempt: i64) -> Self {
        Token(format!("{call}.{deed}.u{undo}.{attempt}"))
    }
}
impl Token {
    /// What all attempts at a deed, and at taking it back, have in common: `call.deed`.
    pub fn of_deed(&self) -> String {
        self.0.splitn(3, '.').take(2).collect::<Vec<_>>().join(".")
    }
    /// This attempt and those before it, oldest first.
    pub fn attempts(&self) -> Vec<Self> {
        match self.0.rsplit_once('.').and_then(|(deed, n)| Some((deed, n.parse::<i64>().ok()?))) {
            Some((deed, n)) => (1..=n.max(1)).map(|n| Token(format!("{deed}.{n}"))).collect(),
            None => vec![self.clone()],
        }
    }
    /// One of several commands that an attempt is made of.
    #[must_use]
    pub fn part(&self, n: u32) -> Self {
        Token(format!("{}.p{n}", self.0))
    }
}
impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        &self.0
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
    /// Does a deed. Sending the same token twice starts it once. The value is the call's answer.
    fn act(&self, token: &Token, deed: &Deed) -> Outcome<Value>;
    /// Decides about one deed whose end nobody saw: attaches and waits while it still runs. Never acts.
    fn settle(&self, token: &Token, deed: &Deed) -> Settled;
    /// Removes what an interrupted deed leaves beside its place.
    fn sweep(&self, deed: &Deed);
    /// Removes the run's folders on all hosts that `prepare` was given; says what it could not.
    fn finish(&self, hosts: &[HostRecord]) -> Vec<String>;
    /// Bytes of undo material that the run keeps on a host.
    fn undo_material(&self, host: &HostRecord) -> Outcome<u64>;
}
