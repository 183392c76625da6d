//! The one road from a call to the world: answer from the journal, or plan, record, act, record.

use super::Lane;
use crate::contract::{Halt, Outcome, Spec, Stop};
use serde_json::Value;
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Nothing is recorded and nothing acts; planned writes go into the overlay.
    Plan,
    /// Recorded calls answer; a lane ends where its record ends. Shows drift before anything acts.
    Verify,
    /// Run and resume: recorded calls answer, the others are made.
    Live,
}

/// What `wait_until` was asked.
pub struct Wait {
    pub what: String,
    pub every_ms: u64,
    pub timeout_ms: u64,
    /// It must have been seen true for so long without a break; only observed time counts.
    pub hold_ms: u64,
}

/// What `cutover` was asked.
#[derive(Clone)]
pub struct Cutover {
    pub budget_ms: u64,
    pub on_failure: OnFailure,
}
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    Ask,
    Rollback,
    /// The run stops as at any failed step.
    Stop,
}

/// What `manual` was asked.
pub struct Manual {
    pub text: String,
    /// The instruction that takes it back.
    pub undo: Option<String>,
    pub every_ms: u64,
    pub timeout_ms: u64,
}

/// How a step ended, for whoever called its closure.
pub enum Ended {
    /// As its closure did.
    AsItDid,
    /// Planning: it needed a value that only a run can give. Its result is unknown, for this reason;
    /// the plan goes on behind it, and the error of the closure is to be dropped.
    Unknown(String),
}

pub struct Gate {
    pub mode: Mode,
}

#[allow(unused_variables, clippy::todo)]
impl Gate {
    /// The parameters of the run, bound: a JSON object, hosts by name.
    pub fn params(&self) -> &Value {
        todo!()
    }
    /// A new lane. `looking`: for the closure of a wait, with the path of its lane as `base`.
    pub fn lane(&self, base: Vec<String>, looking: bool) -> Arc<Lane> {
        todo!()
    }
    /// Why the run must not go on, if it must not.
    pub fn stopped(&self) -> Option<Stop> {
        todo!()
    }
    /// Cheap; asked at every operation of the script.
    pub fn is_poisoned(&self) -> bool {
        todo!()
    }
    /// Records the stop (the first one wins) and gives it back as an error.
    pub fn poison<T>(&self, stop: Stop) -> Outcome<T> {
        todo!()
    }
    /// Keeps where the script stood when it raised the stop: `file:line:col`. The first place wins.
    pub fn stopped_at(&self, place: &str) {}
    /// `Err` when the run is poisoned or the lane has replayed all it has.
    pub fn alive(&self, lane: &Lane) -> Outcome<()> {
        todo!()
    }
    /// One use of a primitive.
    pub fn call(&self, lane: &Lane, spec: &Spec, args: Value) -> Outcome {
        todo!()
    }
    /// Opens a step and gives its path.
    pub fn step_begins(&self, lane: &Lane, title: &str, cutover: Option<&Cutover>) -> Outcome<Vec<String>> {
        todo!()
    }
    /// Closes it. `result` is what its closure came to. An `Err` (drift) wins over the closure's result.
    pub fn step_ends(
        &self,
        lane: &Lane,
        path: &[String],
        cutover: Option<&Cutover>,
        result: Result<(), &Halt>,
    ) -> Outcome<Ended> {
        todo!()
    }
    /// Polls until it is true. `poll` gives the value of the closure; a failing reading is "not yet".
    pub fn wait_until(&self, lane: &Lane, wait: &Wait, poll: &mut dyn FnMut() -> Outcome) -> Outcome {
        todo!()
    }
    /// Shows the instruction, and waits for the person or for `done_when`.
    pub fn manual(&self, lane: &Lane, manual: &Manual, done_when: Option<&mut dyn FnMut() -> Outcome>) -> Outcome {
        todo!()
    }
    pub fn confirm(&self, lane: &Lane, question: &str) -> Outcome {
        todo!()
    }
    /// `holds`: `None` while planning, when only a run can tell. `detail` shows both sides.
    pub fn expect(&self, lane: &Lane, holds: Option<bool>, what: &str, detail: Option<String>) -> Outcome<()> {
        todo!()
    }
    pub fn note(&self, lane: &Lane, text: &str) -> Outcome<()> {
        todo!()
    }
    pub fn point_of_no_return(&self, lane: &Lane, reason: &str) -> Outcome<()> {
        todo!()
    }
    /// Whether the inventory has a secret of this name; `Err` names those it has.
    pub fn has_secret(&self, name: &str) -> Outcome<()> {
        todo!()
    }
    /// Takes the slot of an `on_each` in its lane: the path and number that its branches stand under,
    /// and the sequence number to give to [`Gate::close`] (`None` when it is over already).
    pub fn open(&self, lane: &Lane, args: Value) -> Outcome<(Vec<String>, u32, Option<i64>)> {
        todo!()
    }
    pub fn close(&self, seq: Option<i64>) {}
    /// A branch ended (or its lane did): what the journal has in it and nobody asked for is drift.
    pub fn branch_ends(&self, lane: &Lane, result: Result<(), &Halt>) -> Outcome<Ended> {
        todo!()
    }
    /// Ends a lane at its edge (verifying).
    pub fn lane_stops_at_edge<T>(&self, lane: &Lane) -> Outcome<T> {
        todo!()
    }
}
