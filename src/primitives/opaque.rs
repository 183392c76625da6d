//! What holds of every opaque command, on a host or in a container: what its options may say
//! together, and how it is taken back. What is particular to a place is with its primitive.

use super::duration::Duration;
use super::shell::negated;
use crate::contract::{Command, Deed, Outcome, Run, Undo, failed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a command is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a command (a text for sh, or a list of texts), or false: nothing to take back")]
pub enum TakenBack {
    By(Command),
    Is(bool),
}
impl JsonSchema for TakenBack {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TakenBack".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array", "boolean"], "x-type": "text, list or false" })
    }
}
impl TakenBack {
    pub fn command(&self) -> Option<&Command> {
        match self {
            TakenBack::By(command) => Some(command),
            TakenBack::Is(_) => None,
        }
    }
}

pub fn an_hour() -> Duration {
    Duration::hours(1)
}
pub fn a_minute() -> Duration {
    Duration::minutes(1)
}
pub fn only_zero() -> Vec<i64> {
    vec![0]
}

/// Refuses options of the primitive `by` that say nothing, or nothing together.
pub fn can_be_meant(by: &str, undo: Option<&TakenBack>, undo_check: Option<&Command>, ok: &[i64]) -> Outcome<()> {
    if undo == Some(&TakenBack::Is(true)) {
        return failed(format!("{by}: undo: true says nothing; give the command that takes it back, or false"));
    }
    if undo_check.is_some() && undo.and_then(TakenBack::command).is_none() {
        return failed(format!("{by}: undo_check: there is no undo that it could check"));
    }
    if ok.is_empty() {
        return failed(format!("{by}: ok: it is empty, so no exit code would be success; left out it is [0]"));
    }
    Ok(())
}

/// A check is a quick look, whatever the command itself may take.
pub fn check_ms(within: &Duration) -> u64 {
    within.ms().clamp(1_000, 60_000)
}

/// The undo of `done`: at the same place and with as much time, but with nothing of its input.
pub fn taken_back(undo: Option<&TakenBack>, undo_check: Option<Command>, done: &Run) -> Undo {
    match undo {
        None => Undo::Impossible("the playbook gives no undo".into()),
        Some(TakenBack::Is(_)) => Undo::NotNeeded,
        Some(TakenBack::By(undo)) => {
            let check = undo_check.or_else(|| done.check.as_ref().map(negated));
            Undo::By(vec![Deed::Run(Run {
                check,
                timeout_ms: done.timeout_ms,
                cwd: done.cwd.clone(),
                container: done.container.clone(),
                ..Run::new(&done.host, undo.clone())
            })])
        }
    }
}
