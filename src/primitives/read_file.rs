use crate::contract::{Args, Command, Example, Failure, Found, Given, Look, Outcome, Reading, failed};
use crate::name::{HostName, RemotePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LIMIT: u64 = 4 << 20;
const LOOK_MS: u64 = 30_000;

/// Read a file as a text.
///
/// It must be UTF-8, and have at most 4 MiB. A symbolic link is followed. What it gives is kept in the
/// journal: files with secrets are copied, not read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadFile {
    /// Host on which the file lies.
    host: HostName,
    /// File to read.
    path: RemotePath,
}

impl Args for ReadFile {
    const NAME: &'static str = "read_file";
    const POSITIONAL: &'static [&'static str] = &["host", "path"];
    const EXAMPLES: &'static [Example] = &[Example {
        script: r#"source.read_file("/etc/hostname")"#,
        given: &[Given::File("source: /etc/hostname", "old-1\n")],
        does: &[],
        undo: &[],
        gives: r#""old-1\n""#,
    }];
}

impl Reading for ReadFile {
    type Output = String;
    const GIVES: &'static str = "the text, with the newline at its end";

    fn read(&self, look: &dyn Look) -> Outcome<String> {
        let ReadFile { host, path } = self;
        let file = match look.find(host, path)? {
            Found::Link { .. } => self.target(look)?,
            _ => path.clone(),
        };
        match look.find(host, &file)? {
            Found::File(state) if state.size > LIMIT => {
                failed(format!("read_file: {path} on {host} has {} bytes; at most 4 MiB are read", state.size))
            }
            Found::File(_) => {
                let Some((_, bytes)) = look.bytes(host, &file, LIMIT)? else {
                    return self.missing();
                };
                String::from_utf8(bytes).or_else(|e| {
                    let at = e.utf8_error().valid_up_to();
                    failed(format!("read_file: {path} on {host} is not a text: byte {at} is not UTF-8"))
                })
            }
            Found::Nothing => self.missing(),
            Found::Folder { .. } => failed(format!("read_file: {path} on {host} is a folder; a file is needed")),
            Found::Link { target } => {
                failed(format!("read_file: {path} on {host} leads to the link {target}, and no further"))
            }
            Found::Other { what } => failed(format!("read_file: {path} on {host} is no file, but a {what}")),
        }
    }
}

impl ReadFile {
    fn target(&self, look: &dyn Look) -> Outcome<RemotePath> {
        let argv = Command::argv(["readlink", "-f", "--", self.path.as_ref()]);
        let answer = look.run(&self.host, &argv, LOOK_MS)?;
        let target = answer.stdout.strip_suffix('\n').unwrap_or(&answer.stdout);
        match RemotePath::parse(target) {
            Ok(target) if answer.code == 0 => Ok(target),
            _ => failed(format!("read_file: {} on {} is a link that leads nowhere", self.path, self.host)),
        }
    }
    fn missing<T>(&self) -> Outcome<T> {
        let failure = Failure::new(format!("read_file: there is no file {} on {}", self.path, self.host));
        Err(failure.hint("file_info tells whether a file is there, without failing").into())
    }
}
