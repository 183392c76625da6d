//! The person at the terminal, or nobody.

use super::Outcome;

/// Something only the operator can say.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Yes or no; `default` is what Enter means.
    Confirm { text: String, default: bool },
    /// One of several words; the first letter is enough.
    Choose { text: String, choices: Vec<String> },
    /// A line of text.
    Line { text: String },
    /// A line that is not shown while typed.
    Hidden { text: String },
}

#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Yes,
    No,
    Text(String),
}

/// Asks the operator. Without a terminal every question is `Stop::NoAnswer`, which says what
/// would have been asked and how to answer it beforehand.
pub trait Operator: Send + Sync {
    fn ask(&self, question: &Question) -> Outcome<Answer>;
    /// Whether somebody is there at all.
    fn is_there(&self) -> bool;
    /// Something is to be done by hand and will be watched, not asked about. A person has read it
    /// already; a lab does it here.
    ///
    /// # Errors
    /// It cannot be done.
    fn instruct(&self, text: &str) -> Outcome<()> {
        let _ = text;
        Ok(())
    }
}
