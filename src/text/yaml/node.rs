//! The tree: nodes with their places, and what was met that not every reader allows.

use super::scalar::Scalar;

/// A piece of the source: bytes from `start` up to `end`, and where `start` is for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub end: usize,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// In characters.
    pub length: usize,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub value: Value,
    /// The value itself, quotes and brackets included, anchor and tag not. For a scalar these are
    /// the bytes to replace when its value changes; a value that is missing (`key:`) has none, and
    /// `start` is right behind the colon.
    pub span: Span,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// Entries in the order in which they are written, duplicates included.
    Map(Vec<Entry>),
    /// `*name`, not followed.
    Alias(String),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: Node,
    pub value: Node,
}

impl Node {
    /// The scalar, if it is one.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The value of a key, if this is a map that has it; of a duplicate key the first.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => {
                entries.iter().find(|e| e.key.scalar().is_some_and(|s| s.text == key)).map(|e| &e.value)
            }
            _ => None,
        }
    }

    /// What it is, for a sentence: "text", "a list".
    pub fn describe(&self) -> String {
        match &self.value {
            Value::Scalar(scalar) => scalar.describe(),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a map".into(),
            Value::Alias(_) => "an alias".into(),
        }
    }
}

/// A whole text.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The documents of the text; none if it is empty or only comments.
    pub documents: Vec<Node>,
    /// What a reader may want to refuse, in the order of the source.
    pub features: Vec<Feature>,
}

/// Something that readers of YAML disagree about, or that a reader may not allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    pub kind: FeatureKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FeatureKind {
    /// The same key again in one map; `first` is where it was.
    DuplicateKey { key: String, first: Span },
    /// A key that is not a scalar.
    ComplexKey,
    /// `&name`.
    Anchor(String),
    /// `*name`.
    Alias(String),
    /// `<<:`.
    MergeKey,
    /// `!name`, as it is written.
    Tag(String),
    /// A second document, or one after it.
    NextDocument,
    /// A tab in the blanks that a line begins with, outside of quoted and block scalars.
    TabIndentation,
}
