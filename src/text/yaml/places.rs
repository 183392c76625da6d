//! Where things stand in a YAML text, and what a fault of syntax is called.

use super::node::Span;
use super::read::Fault;
use crate::text::position::Lines;

/// From the parser's character indexes to bytes, and from bytes to places.
pub(super) struct Places<'a> {
    pub(super) source: &'a str,
    pub(super) lines: Lines<'a>,
    /// The byte of each character; not kept for ASCII, where they are the same.
    bytes: Option<Vec<usize>>,
}

impl<'a> Places<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let bytes = (!source.is_ascii()).then(|| source.char_indices().map(|(byte, _)| byte).collect());
        Places { source, lines: Lines::new(source), bytes }
    }

    pub(super) fn byte(&self, index: usize) -> usize {
        match &self.bytes {
            Some(bytes) => bytes.get(index).copied().unwrap_or(self.source.len()),
            None => index.min(self.source.len()),
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let (line, column) = self.lines.at(start);
        let length = self.source.get(start..end).map_or(1, |s| s.lines().next().unwrap_or_default().chars().count());
        Span { start, end, line, column, length }
    }

    /// A fault of syntax, with the causes that people meet said in their words.
    pub(super) fn syntax(&self, at: usize, info: &str) -> Fault {
        let mut span = self.span(at, at + 1);
        // The scanner reports a tab where it stops; the tab itself may stand on either side.
        if info.contains("tab")
            && let Some(tab) = self.tabs().into_iter().find(|tab| tab.end >= at)
        {
            span = tab;
            return Fault {
                message: "a tab stands in the indentation".into(),
                span,
                hints: vec!["indent with blanks: YAML does not allow tabs there".into()],
            };
        }
        let (message, hint) = if info.contains("unknown anchor") {
            ("an alias (*name) names no anchor", "write the value itself; text that begins with * needs quotes")
        } else if info.contains("recursion limit") {
            ("lists and maps stand too deep in each other", "at most 32 levels are read")
        } else if info.contains("mapping values are not allowed") {
            ("a \": \" stands where no key can be", "put quotes around a text that contains \": \"")
        } else if info.contains("did not find expected ',' or '}'") {
            ("a map in { } is not closed, or a comma is missing", "close it with }, and put a comma between entries")
        } else if info.contains("did not find expected ',' or ']'") || info.contains("expected ',' or ']'") {
            ("a list in [ ] is not closed, or a comma is missing", "close it with ], and put a comma between items")
        } else if info.contains("did not find expected key") {
            ("a key is expected here", "check the indentation: keys of one map begin in the same column")
        } else {
            return Fault {
                message: format!("this is not YAML: {info}"),
                span,
                hints: vec!["check indentation, quotes and brackets at and before this place".into()],
            };
        };
        Fault { message: message.into(), span, hints: vec![hint.into()] }
    }

    /// The tabs in the blanks that lines begin with; lines of blanks and comments do not count.
    pub(super) fn tabs(&self) -> Vec<Span> {
        let mut found = vec![];
        let mut start = 0;
        for line in self.source.split_inclusive(['\n', '\r']) {
            let rest = line.trim_start_matches([' ', '\t']);
            let blanks = &line[..line.len() - rest.len()];
            if let Some(tab) = blanks.find('\t')
                && !rest.trim_end().is_empty()
                && !rest.starts_with('#')
            {
                found.push(self.span(start + tab, start + tab + 1));
            }
            start += line.len();
        }
        found
    }
}
