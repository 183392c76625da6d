//! Quoted scalars whose further lines are not indented enough.
//!
//! By the letter of YAML the lines of a quoted scalar must be indented deeper than its key. Most
//! readers do not ask for that, and files of real systems lean on it (Pryv's `platform.yml`); the
//! parser here does. So it is given a text in which the line breaks of such scalars are blanks:
//! every character keeps its place, and the value is read from the original.

use saphyr_parser::{Event, Parser};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How many scalars of a text may need this. Each costs a reading from the start.
const MOST: usize = 256;

/// A text with some of its quoted scalars joined to one line.
pub(super) struct Joined<'a> {
    source: &'a str,
    text: Cow<'a, str>,
    /// Where the joined scalars begin, in bytes.
    starts: BTreeSet<usize>,
}

impl<'a> Joined<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Joined { source, text: source.into(), starts: BTreeSet::new() }
    }

    /// The text for the parser.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Joins the lines of the quoted scalar that begins at a byte. Returns false if that is no
    /// cure: it is not closed, has one line, or a document ends inside it.
    pub(super) fn join(&mut self, start: usize) -> bool {
        let Some(length) = quoted(&self.source[start..]) else { return false };
        let raw = &self.source[start..start + length];
        let ends = raw.lines().skip(1).any(|line| line.starts_with("---") || line.starts_with("..."));
        if self.starts.len() >= MOST || ends || !raw.contains(['\n', '\r']) || !self.starts.insert(start) {
            return false;
        }
        self.text.to_mut().replace_range(start..start + length, &raw.replace(['\n', '\r', '\t'], " "));
        true
    }

    /// The value of a scalar that was joined, its lines folded as they are written.
    pub(super) fn folded(&self, start: usize, end: usize) -> Option<String> {
        if !self.starts.contains(&start) {
            return None;
        }
        Parser::new_from_str(self.source.get(start..end)?).flatten().find_map(|(event, _)| match event {
            Event::Scalar(text, ..) => Some(text.into_owned()),
            _ => None,
        })
    }
}

/// The length of the quoted scalar that a text begins with, quotes included.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut rest = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if c == '\\' && quote == '"' {
            rest.next();
        } else if c == quote {
            if quote == '"' || rest.peek().is_none_or(|(_, next)| *next != '\'') {
                return Some(at + 1);
            }
            rest.next();
        }
    }
    None
}
