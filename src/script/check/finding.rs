//! One thing that is wrong with a playbook.

use crate::error::{Error, Place};
use crate::script::errors::with_excerpt;

/// One thing that is wrong, with its place: for a person, and for an editor.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Finding {
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
    /// From an error that has a place.
    pub fn of(e: Error, len: usize, text_of: &dyn Fn(&str) -> Option<String>) -> Self {
        let e = with_excerpt(e, len, text_of);
        Finding {
            place: e.place.unwrap_or(Place { file: String::new(), line: 0, column: 0 }),
            len,
            message: e.message,
            hint: Some(e.hints.join("; ")).filter(|h| !h.is_empty()),
            excerpt: e.excerpt,
        }
    }
}
