//! A line that was typed, and what became of it.

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Done,
    /// It was only shown what it would do.
    Dry,
    Failed,
    Stopped,
    Undone,
}

impl How {
    /// The word for `:history`.
    pub fn word(self) -> &'static str {
        match self {
            How::Done => "",
            How::Dry => "dry",
            How::Failed => "failed",
            How::Stopped => "stopped",
            How::Undone => "undone",
        }
    }
}

/// One line of the session.
#[derive(Debug, Clone)]
pub struct Line {
    pub number: usize,
    pub label: String,
    pub text: String,
    pub how: How,
    /// Dry, it would have changed something; what only looks is as good dry as in earnest.
    pub would_change: bool,
}
