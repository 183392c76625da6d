//! One thing that is to be said of a playbook, and how much it matters.

use crate::error::{Error, Place};
use crate::script::errors::with_excerpt;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A run would stop there, or do what nobody wants: `mig run` refuses the playbook.
    Error,
    /// Most likely not what was meant.
    Warning,
    /// Right as it is, and worth knowing before a run.
    Note,
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => "note",
        }
    }
}

/// One thing that is wrong, with its place: for a person, and for an editor.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Finding {
    pub level: Level,
    pub place: Place,
    /// How many characters are meant, from the place on.
    pub len: usize,
    pub message: String,
    pub hint: Option<String>,
    /// The line with a caret, ready to print.
    pub excerpt: Option<String>,
}

impl Finding {
    /// The same as an error: exit code 2, nothing was sent to any host.
    pub fn to_error(&self) -> Error {
        let mut e = Error::bad_input(&self.message).at(self.place.clone());
        e.excerpt = self.excerpt.clone();
        e.hints = self.hint.iter().cloned().collect();
        e
    }
    /// Whether a playbook with it is refused.
    pub fn is_error(&self) -> bool {
        self.level == Level::Error
    }
    /// From an error that has a place.
    pub fn of(e: Error, len: usize, text_of: &dyn Fn(&str) -> Option<String>) -> Self {
        let e = with_excerpt(e, len, text_of);
        Finding {
            level: Level::Error,
            place: e.place.unwrap_or(Place { file: String::new(), line: 0, column: 0 }),
            len,
            message: e.message,
            hint: Some(e.hints.join("; ")).filter(|h| !h.is_empty()),
            excerpt: e.excerpt,
        }
    }
}
