//! An edit as the pieces it replaces. What no piece covers stays by construction.

use std::ops::Range;

/// A piece of the old text, and what stands there afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    pub span: Range<usize>,
    pub new: Vec<u8>,
}

impl Splice {
    pub(super) fn at(at: usize, new: impl Into<Vec<u8>>) -> Self {
        Splice { span: at..at, new: new.into() }
    }
    pub(super) fn over(span: Range<usize>, new: impl Into<Vec<u8>>) -> Self {
        Splice { span, new: new.into() }
    }
}

/// Returns the text with the pieces replaced. They are sorted, and do not overlap; of two at one
/// place the first comes first.
pub fn apply(text: &[u8], splices: &[Splice]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + splices.iter().map(|s| s.new.len()).sum::<usize>());
    let mut at = 0;
    for splice in splices {
        out.extend_from_slice(text.get(at..splice.span.start).unwrap_or_default());
        out.extend_from_slice(&splice.new);
        at = splice.span.end.max(at);
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    out
}
