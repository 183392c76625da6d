use super::mode::Mode;
use super::owner::Owner;
use super::place::{file_at, mode_of_new, needs_folder, owner_of_new, put, seen};
use crate::contract::{Args, Bytes, Change, Example, FileState, Given, Look, Outcome, Plan, Source, Step, failed};
use crate::name::{HostName, RemotePath};
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a journal should hold of a file; a larger one is a file to copy.
const LIMIT: usize = 4 << 20;

/// Write a text to a file.
///
/// All or nothing: the new file is written beside the old one and put in its place. The folder must be
/// there. When content, owner and mode are equal already, nothing is done.
///
/// A text with a secret in it is known by the secret's name only, also to the journal. Whether a file
/// holds it already cannot be known without reading it, so such a file is written on every run; done is
/// it when a file with the wished owner and mode lies there. A file that is replaced comes back in a
/// rollback.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteFile {
    /// Host on which the file lies.
    host: HostName,
    /// File to write.
    path: RemotePath,
    /// Whole content, at most 4 MiB; may hold secrets. A newline at its end is yours to write.
    text: Text,
    /// Owner: a user, `user:group`, or numbers. Default: kept where root writes it; a new file belongs to
    /// the user that writes it.
    #[serde(default)]
    owner: Option<Owner>,
    /// Permission bits, as a text of octal digits. Default: kept; a new file gets "0644". With a secret in
    /// the text others get nothing, and a new file gets "0600".
    #[serde(default)]
    mode: Option<Mode>,
}

impl Args for WriteFile {
    const NAME: &'static str = "write_file";
    const POSITIONAL: &'static [&'static str] = &["host", "path", "text"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dest.write_file("/etc/motd", "moved\n")"#,
            given: &[Given::File("dest: /etc/motd", "hello\n")],
            does: &["dest: write /etc/motd (6 -> 6 bytes)"],
            undo: &["dest: write /etc/motd (6 -> 6 bytes)"],
            gives: "",
        },
        Example {
            script: r#"dest.write_file("/etc/app/port", "80\n", #{ owner: "33:33", mode: "0640" })"#,
            given: &[Given::Folder("dest: /etc/app")],
            does: &["dest: create /etc/app/port (3 bytes)"],
            undo: &["dest: remove /etc/app/port"],
            gives: "",
        },
        Example {
            script: r#"dest.write_file("/etc/app/password", secret("password"))"#,
            given: &[Given::Folder("dest: /etc/app")],
            does: &["dest: create /etc/app/password (a secret)"],
            undo: &["dest: remove /etc/app/password"],
            gives: "",
        },
        Example {
            script: r#"dest.write_file("/etc/motd", "hello\n")"#,
            given: &[Given::File("dest: /etc/motd", "hello\n")],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for WriteFile {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let old = file_at(&self.host, &self.path, look)?;
        if old.is_none() {
            needs_folder(&self.host, &self.path, look)?;
        }
        let new = self.wished(old.as_ref(), look)?;
        if new.sha256.is_some() && old.as_ref() == Some(&new) {
            return Ok(Plan::Already);
        }
        let source = match &self.text {
            Text::Plain(text) => Source::Bytes(Bytes(text.clone().into_bytes())),
            secret @ Text::Mixed { .. } => Source::Secret(secret.clone()),
        };
        Ok(Plan::Do(vec![put(&self.host, &self.path, old, Some(new), source, look)?]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        seen(done, look)
    }
}

impl WriteFile {
    fn wished(&self, old: Option<&FileState>, look: &dyn Look) -> Outcome<FileState> {
        let owner = owner_of_new(&self.host, self.owner.as_ref(), old, look)?;
        match &self.text {
            Text::Plain(text) if text.len() > LIMIT => failed(format!(
                "write_file: the text for {} has {} bytes, and at most 4 MiB are written; use copy_file",
                self.path,
                text.len()
            )),
            Text::Plain(text) => Ok(FileState::of(text.as_bytes(), owner, mode_of_new(self.mode, old, 0o644))),
            Text::Mixed { .. } => {
                let kept = old.map(|o| FileState { mode: o.mode & !0o007, ..o.clone() });
                let mode = mode_of_new(self.mode, kept.as_ref(), 0o600);
                Ok(FileState { sha256: None, size: 0, owner, mode })
            }
        }
    }
}
