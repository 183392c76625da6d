//! A command for a host: text for `sh`, or a list of arguments that no shell looks at.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A command for a host. As JSON: a text goes to `sh -c`, a list is an argv with no shell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a command: a text for sh, or a list of texts")]
pub enum Command {
    Shell(String),
    Argv(Vec<String>),
}

impl Command {
    /// One text for `sh`: an argv comes out quoted, word by word.
    pub fn to_sh(&self) -> String {
        match self {
            Command::Shell(text) => text.clone(),
            Command::Argv(words) => words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" "),
        }
    }
    /// From words that are known here.
    pub fn argv<S: Into<String>>(words: impl IntoIterator<Item = S>) -> Self {
        Command::Argv(words.into_iter().map(Into::into).collect())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sh())
    }
}

impl schemars::JsonSchema for Command {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Command".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "x-type": "text or list" })
    }
}

/// Quotes one word for a POSIX shell; plain words stay as they are.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argv_is_quoted_word_by_word() {
        let c = Command::argv(["rm", "--", "a b", "it's", "$x", ""]);
        assert_eq!(c.to_sh(), r"rm -- 'a b' 'it'\''s' '$x' ''");
    }
}
