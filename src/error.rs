//! The one error that reaches a person, and the list of exit codes.
//!
//! Rooms may have richer errors inside; at their border they become this: what was wrong, where,
//! and what to type next. Secrets never get this far: see [`crate::secret`].

use std::fmt;

/// What sort of end this is. Each has one exit code; this list is the documentation of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something that was typed or written is wrong. Nothing was sent to any host.
    BadInput,
    /// Policy, a point of no return, or the preflight says no.
    Refused,
    /// A step failed. The run can be resumed or rolled back.
    StepFailed,
    /// Only the operator can answer what is asked.
    NeedsAnswer,
    /// Another run holds the machine or the run.
    LockHeld,
    /// The operator stopped it.
    Stopped,
    /// A bug in mig.
    Bug,
}

impl Kind {
    /// Every kind, for the documentation and its test.
    pub const ALL: &[Kind] =
        &[Kind::BadInput, Kind::Refused, Kind::StepFailed, Kind::NeedsAnswer, Kind::LockHeld, Kind::Stopped, Kind::Bug];

    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            Kind::BadInput => 2,
            Kind::Refused => 3,
            Kind::StepFailed => 4,
            Kind::NeedsAnswer => 5,
            Kind::LockHeld => 6,
            Kind::Stopped => 130,
            Kind::Bug => 70,
        }
    }

    /// One clause for the documentation and for `--json`.
    pub fn means(self) -> &'static str {
        match self {
            Kind::BadInput => "bad input; nothing was sent to any host",
            Kind::Refused => "refused (policy, point of no return, preflight)",
            Kind::StepFailed => "a step failed; the run can be resumed or rolled back",
            Kind::NeedsAnswer => "an answer of the operator is needed",
            Kind::LockHeld => "a lock is held",
            Kind::Stopped => "stopped by the operator",
            Kind::Bug => "a bug in mig",
        }
    }
}

/// A place in a text that somebody wrote. Lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// A file, or what stands for one: `--set domain`, `<repl>`.
    pub file: String,
    pub line: usize,
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}", self.file),
            (line, 0) => write!(f, "{}:{line}", self.file),
            (line, column) => write!(f, "{}:{line}:{column}", self.file),
        }
    }
}

/// What was wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    pub kind: Kind,
    /// A lower-case fragment that names the thing and what was found.
    pub message: String,
    pub place: Option<Place>,
    /// The text at `place`, with a caret, ready to print; several lines.
    pub excerpt: Option<String>,
    /// What can be typed or changed next, one line each.
    pub hints: Vec<String>,
}

pub type Result<T, E = Box<Error>> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), place: None, excerpt: None, hints: vec![] }
    }
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(Kind::BadInput, message)
    }
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Kind::Bug, message)
    }
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
    #[must_use]
    pub fn excerpt(mut self, text: impl Into<String>) -> Self {
        self.excerpt = Some(text.into());
        self
    }
    /// The same error as an `Err`, boxed.
    pub fn err<T>(self) -> Result<T> {
        Err(Box::new(self))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        write!(f, "{}", self.message)?;
        if let Some(excerpt) = &self.excerpt {
            write!(f, "\n{}", excerpt.trim_end_matches('\n'))?;
        }
        for hint in &self.hints {
            write!(f, "\n  {hint}")?;
        }
        Ok(())
    }
}
impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_differ() {
        let mut codes: Vec<u8> = Kind::ALL.iter().map(|k| k.exit_code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Kind::ALL.len());
    }

    #[test]
    fn an_error_says_where_what_and_what_next() {
        let place = Place { file: "inventory.yml".into(), line: 3, column: 1 };
        let e = Error::bad_input("unknown key \"hosst\"").at(place).hint("known: hosts, groups");
        assert_eq!(e.to_string(), "inventory.yml:3:1: unknown key \"hosst\"\n  known: hosts, groups");
    }
}
