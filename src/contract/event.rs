//! What happens, as it happens: from the gate and the world to whoever shows it.

use super::{Failure, Step};
use crate::name::HostName;
use serde::Serialize;

/// One thing that happened. `path` is the step path, outermost first; `key` is "primitive host ...".
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    RunBegins {
        run: String,
        playbook: String,
        mode: String,
    },
    StepBegins {
        path: Vec<String>,
        is_cutover: bool,
        budget_ms: Option<u64>,
    },
    /// `replayed`: nothing in it acted; the journal answered.
    StepEnds {
        path: Vec<String>,
        ok: bool,
        took_ms: u64,
        replayed: bool,
    },
    /// Planning: what a call would do. An empty list: it is already so, or `note` says.
    Planned {
        path: Vec<String>,
        call: String,
        steps: Vec<Step>,
        diffs: Vec<String>,
        note: Option<String>,
    },
    CallBegins {
        path: Vec<String>,
        call: String,
        id: i64,
    },
    DeedBegins {
        path: Vec<String>,
        deed: String,
        host: Option<HostName>,
    },
    /// `how`: "done", "already so", "replayed", "settled", "failed".
    CallEnds {
        path: Vec<String>,
        call: String,
        id: i64,
        how: String,
        took_ms: u64,
        failure: Option<Failure>,
    },
    /// Output of the command at hand, as it comes; escape sequences are already made harmless.
    Output {
        host: HostName,
        is_stderr: bool,
        text: String,
    },
    /// Bytes copied so far.
    Progress {
        host: HostName,
        what: String,
        done: u64,
        total: u64,
    },
    /// A wait goes on: what was seen last.
    Waiting {
        path: Vec<String>,
        what: String,
        last: String,
        left_ms: u64,
    },
    Expected {
        path: Vec<String>,
        what: String,
        holds: Option<bool>,
    },
    Note {
        path: Vec<String>,
        text: String,
    },
    PointOfNoReturn {
        path: Vec<String>,
        reason: String,
    },
    /// The connection to a host: lost, back, pinned, and so on.
    Connection {
        host: HostName,
        text: String,
    },
    CutoverEnds {
        path: Vec<String>,
        took_ms: u64,
        budget_ms: u64,
    },
    /// Rollback: one deed is being taken back; `how` as in `CallEnds`, or "left".
    Undo {
        deed: String,
        how: String,
        why: Option<String>,
    },
    Warning {
        text: String,
    },
    RunEnds {
        run: String,
        state: String,
        tally: Tally,
    },
}

/// A run in numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tally {
    pub calls: usize,
    pub deeds: usize,
    pub already: usize,
    pub replayed: usize,
    pub took_ms: u64,
    /// The sum of the cutovers.
    pub outage_ms: Option<u64>,
}

/// Hears what happens. Must not block for long, and must never fail.
pub trait Listener: Send + Sync {
    fn hear(&self, event: &Event);
}

impl Listener for () {
    fn hear(&self, _: &Event) {}
}
