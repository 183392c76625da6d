//! What the journal keeps of a call and of its deeds.

use crate::contract::Step;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// What makes a call the same call: where it stands and what it asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// The titles of the open steps, outermost first.
    pub path: Vec<String>,
    /// The how-manieth recorded call within its step, from 1.
    pub number: u32,
    /// The primitive or verb.
    pub name: String,
    /// Its arguments, lowered once: hosts by name, maps sorted, secrets by name.
    pub args: Value,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    Begun,
    Done,
    Failed,
}

/// How far a deed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeedState {
    Planned,
    Begun,
    Done,
    Failed,
    /// Settled by a rollback or the operator: it never happened.
    NotDone,
}

/// One deed of a call.
#[derive(Debug, Clone)]
pub struct DeedRow {
    pub n: usize,
    pub step: Step,
    pub state: DeedState,
    pub attempt: i64,
    /// The clock when it was begun: rollback goes against it.
    pub at: i64,
    /// The boot id of its host when it was last begun.
    pub boot: String,
    /// The same for its undo.
    pub undo_boot: String,
    /// How far its undo is: "begun N", "did N", "failed N", "done"; empty: not begun.
    pub undo: String,
    pub undo_attempt: i64,
    pub began_ms: i64,
    pub ended_ms: i64,
}

/// One call of a run, with its deeds.
#[derive(Debug, Clone)]
pub struct Call {
    pub seq: i64,
    pub lane: String,
    pub key: Key,
    pub state: CallState,
    /// Done: the answer. Failed: the failure. A wait that goes on: its deadline.
    pub answer: Value,
    /// History: kept for the report and for rollback, no longer answering.
    pub past: bool,
    pub began_ms: i64,
    pub ended_ms: i64,
    pub deeds: Vec<DeedRow>,
}

impl Call {
    /// Whether any deed of it is known to have happened.
    pub fn acted(&self) -> bool {
        self.deeds.iter().any(|d| d.state == DeedState::Done)
    }
}

impl Key {
    /// Where it stands, for a person: `Copy the files / call 2`.
    pub fn place(&self) -> String {
        let path: String = self.path.iter().map(|p| format!("{p} / ")).collect();
        format!("{path}call {}", self.number)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.place(), self.name, self.args)
    }
}

macro_rules! is_word {
    ($t:ident { $($v:ident = $w:literal),* }) => {
        impl $t {
            /// The word in the journal.
            pub fn word(self) -> &'static str {
                match self { $($t::$v => $w),* }
            }
            /// From the word in the journal.
            pub fn of(word: &str) -> Option<Self> {
                match word { $($w => Some($t::$v),)* _ => None }
            }
        }
    };
}
is_word!(CallState { Begun = "begun", Done = "done", Failed = "failed" });
is_word!(DeedState { Planned = "planned", Begun = "begun", Done = "done", Failed = "failed", NotDone = "not done" });
