//! A run in the journal, as a whole.

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// A process executes it, or died while it did.
    Running,
    /// A step failed, an expectation was false, the operator stopped it.
    Stopped,
    /// Only the operator can say how a deed ended.
    Asking,
    Done,
    RollingBack,
    RolledBack,
    /// Its leases and undo material are gone: rollback has ended.
    Finished,
}

impl RunState {
    pub fn word(self) -> &'static str {
        match self {
            RunState::Running => "running",
            RunState::Stopped => "stopped",
            RunState::Asking => "asking",
            RunState::Done => "done",
            RunState::RollingBack => "rolling back",
            RunState::RolledBack => "rolled back",
            RunState::Finished => "finished",
        }
    }
    pub fn of(word: &str) -> Option<Self> {
        [
            RunState::Running,
            RunState::Stopped,
            RunState::Asking,
            RunState::Done,
            RunState::RollingBack,
            RunState::RolledBack,
            RunState::Finished,
        ]
        .into_iter()
        .find(|s| s.word() == word)
    }
    /// Whether `mig resume` has something to do.
    pub fn can_resume(self) -> bool {
        matches!(self, RunState::Running | RunState::Stopped | RunState::Asking)
    }
    /// Whether `mig rollback` has something to do.
    pub fn can_roll_back(self) -> bool {
        self.can_resume() || matches!(self, RunState::Done | RunState::RollingBack)
    }
}

/// What is pinned when a run begins.
#[derive(Debug, Clone)]
pub struct NewRun {
    pub id: String,
    pub playbook: String,
    pub file: String,
    /// JSON of the bound parameters.
    pub params: serde_json::Value,
    pub inventory: String,
    pub inventory_file: String,
    pub lab: String,
    /// (name, file, text); the empty name is the playbook.
    pub scripts: Vec<(String, String, String)>,
}

#[derive(Debug, Clone)]
pub struct RunRow {
    pub id: String,
    pub playbook: String,
    pub file: String,
    pub state: RunState,
    pub why: String,
    pub params: serde_json::Value,
    pub inventory: String,
    pub inventory_file: String,
    pub lab: String,
    pub version: String,
    pub began_ms: i64,
    pub ended_ms: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct StepRow {
    pub path: Vec<String>,
    pub is_cutover: bool,
    pub budget_ms: Option<u64>,
    pub began_ms: i64,
    pub ended_ms: Option<i64>,
    pub state: String,
}
