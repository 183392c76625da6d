//! The way to a value: keys of maps and numbers of list items.

use std::fmt;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Name(String),
    /// An item of a list, from 0; in a map the key that is written so.
    Index(usize),
}

/// The keys from the top of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Key>);

impl Path {
    /// # Errors
    /// A path needs a key.
    pub fn new(keys: Vec<Key>) -> Result<Self, String> {
        if keys.is_empty() { Err("the path has no key".into()) } else { Ok(Path(keys)) }
    }
    /// Keys with dots between them; a key of digits may be the number of an item.
    ///
    /// # Errors
    /// An empty key, as in `a..b`.
    pub fn dotted(text: &str) -> Result<Self, String> {
        if text.split('.').any(str::is_empty) {
            return Err(format!("{text:?} has an empty key; give a list of keys where one has a dot in it"));
        }
        let key = |k: &str| match k.parse() {
            Ok(n) if k == format!("{n}") => Key::Index(n),
            _ => Key::Name(k.into()),
        };
        Path::new(text.split('.').map(key).collect())
    }
    pub fn keys(&self) -> &[Key] {
        &self.0
    }
    /// The first keys, for a message.
    pub(super) fn up_to(&self, n: usize) -> String {
        self.0.iter().take(n).map(Key::name).collect::<Vec<_>>().join(".")
    }
}

impl Key {
    /// As a key of a map.
    pub fn name(&self) -> String {
        match self {
            Key::Name(name) => name.clone(),
            Key::Index(n) => n.to_string(),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.up_to(self.0.len()))
    }
}
