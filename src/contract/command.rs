//! A command for a host: text for `sh`, or a list of arguments that no shell looks at.

use crate::name::ContainerName;
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
    /// The same in a container of Docker, by the client on its host: without a terminal, and with
    /// standard input only where `options` has `-i`. They go to `docker exec`.
    pub fn in_container(&self, container: &ContainerName, options: &[&str]) -> Self {
        let docker = ["docker", "exec"].iter().chain(options).copied().chain([container.as_ref()]).map(String::from);
        Command::Argv(match self {
            Command::Argv(words) => docker.chain(words.iter().cloned()).collect(),
            Command::Shell(text) => docker.chain(["sh".into(), "-c".into(), text.clone()]).collect(),
        })
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

    #[test]
    fn in_a_container_a_text_goes_to_its_sh_and_a_list_to_no_shell() {
        let web = ContainerName::parse("web").unwrap();
        let list = Command::argv(["ls", "a b"]).in_container(&web, &["-w", "/srv"]);
        assert_eq!(list, Command::argv(["docker", "exec", "-w", "/srv", "web", "ls", "a b"]));
        let text = Command::Shell("ls; ls".into()).in_container(&web, &[]);
        assert_eq!(text, Command::argv(["docker", "exec", "web", "sh", "-c", "ls; ls"]));
    }
}
