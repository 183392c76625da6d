//! What a configuration is made of: directives, their words, and blocks.

use std::ops::Range;

/// One word of a directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its bytes in the source, quotes included.
    pub span: Range<usize>,
    /// What nginx takes it for: quotes and escapes undone.
    pub text: Vec<u8>,
}

/// A directive, from its name to its `;` or to the end of its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// The name first; never empty.
    pub words: Vec<Word>,
    /// Up to behind the `;` or the `}`.
    pub span: Range<usize>,
    pub block: Option<Block>,
}

/// What stands between `{` and `}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Where the `{` is.
    pub open: usize,
    /// Where the `}` is.
    pub close: usize,
    /// Empty for a block of Lua, which is not looked into.
    pub children: Vec<Directive>,
}

impl Directive {
    /// Whether the name is this one.
    pub fn is(&self, name: &str) -> bool {
        self.words.first().is_some_and(|w| w.text == name.as_bytes())
    }
    /// The word at a place; the name is the first.
    pub fn word(&self, n: usize) -> Option<&Word> {
        self.words.get(n)
    }
    /// The directives in its block; none when it has none.
    pub fn children(&self) -> &[Directive] {
        self.block.as_ref().map_or(&[], |b| &b.children)
    }
}

impl Word {
    /// For a message: at most 80 characters, none of which a terminal would act upon.
    pub fn shown(&self) -> String {
        shown(&self.text)
    }
}

/// Bytes for a message.
pub fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
