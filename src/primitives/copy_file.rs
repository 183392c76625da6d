use super::mode::Mode;
use super::owner::Owner;
use super::place::{file_at, mode_of_new, needs_folder, owner_of_new, put, seen};
use crate::contract::{Args, Change, Example, Failure, FileState, Given, Look, Outcome, Plan, Source, Step, failed};
use crate::name::{HostName, RemotePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Copy a file from one host to another.
///
/// All or nothing: the new file is written beside the old one, checked by its digest, and put in its
/// place. When content, owner and mode are equal already, nothing is done. Either host may be the
/// operator's own machine, where the inventory names it.
///
/// Symbolic links and folders are refused, and so is a folder that is missing on the destination. A
/// file that is replaced comes back in a rollback.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyFile {
    /// Host that has the file.
    from: HostName,
    /// File to copy.
    path: RemotePath,
    /// Host that gets it.
    to: HostName,
    /// Where it goes on `to`: the path of the file, not of its folder. Default: the same path.
    #[serde(default)]
    at: Option<RemotePath>,
    /// Owner on `to`: a user, `user:group`, or numbers. Default: the numbers it has on `from` where root
    /// writes it, else the user that writes it.
    #[serde(default)]
    owner: Option<Owner>,
    /// Permission bits on `to`, as a text of octal digits. Default: those it has on `from`.
    #[serde(default)]
    mode: Option<Mode>,
}

impl Args for CopyFile {
    const NAME: &'static str = "copy_file";
    const POSITIONAL: &'static [&'static str] = &["from", "path", "to"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.copy_file("/etc/app/app.conf", dest)"#,
            given: &[Given::File("source: /etc/app/app.conf", "port 80\n"), Given::Folder("dest: /etc/app")],
            does: &["dest: copy /etc/app/app.conf of source to /etc/app/app.conf (8 bytes)"],
            undo: &["dest: remove /etc/app/app.conf"],
            gives: "",
        },
        Example {
            script: r#"source.copy_file("/etc/app/app.conf", dest, #{ at: "/etc/app/new.conf", owner: "app", mode: "0600" })"#,
            given: &[
                Given::File("source: /etc/app/app.conf", "port 80\n"),
                Given::File("dest: /etc/app/new.conf", "port 8080\n"),
                Given::Prints("dest: id -u -- app", "999\n"),
                Given::Prints("dest: id -g -- app", "998\n"),
            ],
            does: &["dest: copy /etc/app/app.conf of source to /etc/app/new.conf (8 bytes)"],
            undo: &["dest: write /etc/app/new.conf (8 -> 10 bytes)"],
            gives: "",
        },
        Example {
            script: r#"source.copy_file("/etc/app/app.conf", dest)"#,
            given: &[
                Given::File("source: /etc/app/app.conf", "port 80\n"),
                Given::File("dest: /etc/app/app.conf", "port 80\n"),
            ],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for CopyFile {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let at = self.at.as_ref().unwrap_or(&self.path);
        if self.from == self.to && *at == self.path {
            return Err(Failure::new(format!("copy_file: {at} on {} would be copied onto itself", self.to))
                .hint("name another host, or another path with `at`")
                .into());
        }
        let Some(source) = file_at(&self.from, &self.path, look)? else {
            return failed(format!("copy_file: there is no file {} on {}", self.path, self.from));
        };
        let old = file_at(&self.to, at, look)?;
        if old.is_none() {
            needs_folder(&self.to, at, look)?;
        }
        let new = FileState {
            owner: owner_of_new(&self.to, self.owner.as_ref(), Some(&source), look)?,
            mode: mode_of_new(self.mode, Some(&source), source.mode),
            ..source
        };
        if old.as_ref() == Some(&new) {
            return Ok(Plan::Already);
        }
        let source = Source::File { host: self.from.clone(), path: self.path.clone() };
        Ok(Plan::Do(vec![put(&self.to, at, old, Some(new), source, look)?]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        seen(done, look)
    }
}
