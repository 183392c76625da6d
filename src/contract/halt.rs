//! How a call may end other than well, and the value that nobody has yet.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A call that did not succeed, with a known outcome. A script may catch it; it is an answer like
/// any other, and replay gives it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub message: String,
    /// The exit code of a command, else 1.
    pub code: i64,
    /// The last lines a command printed, for the failure page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What can be done about it, one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

/// Why the whole run must not go on. No script may catch it, and it poisons the run: every later
/// call refuses, whatever the script makes of the error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Stop {
    /// The playbook does not ask for what the journal has.
    Drift(String),
    /// A deed whose outcome nobody but the operator can know.
    Ask { call: i64, text: String },
    /// Planning, and the script looked at a value that only a run can give.
    OnlyARun(String),
    /// Policy, preflight, or a rule of the language says no.
    Refused(String),
    /// An answer is needed and nobody is there to give it.
    NoAnswer(String),
    /// Another run holds a machine.
    Held(String),
    /// The operator asked to stop (Ctrl-C, SIGTERM).
    Interrupted,
    /// A cutover failed or ran over its budget, and the run is to be rolled back.
    RollBack(String),
    /// The journal, or something else that must not fail, failed.
    Fault(String),
    /// Verifying, and this lane has replayed all it has. Never shown.
    Edge,
}

/// The end of a call that did not go well.
#[derive(Debug, Clone, PartialEq)]
pub enum Halt {
    Failed(Box<Failure>),
    Stop(Stop),
}

pub type Outcome<T = Value> = Result<T, Halt>;

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), code: 1, output: None, hints: vec![] }
    }
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
    #[must_use]
    pub fn output(mut self, output: impl Into<String>) -> Self {
        self.output = Some(output.into());
        self
    }
}
impl From<Failure> for Halt {
    fn from(f: Failure) -> Self {
        Halt::Failed(Box::new(f))
    }
}

/// The `Err` of a call that failed with a known outcome.
pub fn failed<T>(message: impl Into<String>) -> Outcome<T> {
    Err(Failure::new(message).into())
}

/// An answer that exists but that this process does not have: not run yet, or lost in a crash.
pub fn unknown(why: impl Into<String>) -> Value {
    serde_json::json!({ "$unknown": why.into() })
}

/// Why a value is unknown, if it is.
pub fn unknown_why(v: &Value) -> Option<&str> {
    v.get("$unknown").and_then(Value::as_str)
}
