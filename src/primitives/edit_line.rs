use super::place::{file_at, owner_of_new, seen};
use crate::contract::{
    Args, Bytes, Change, Deed, Example, FileState, Given, Look, Outcome, Plan, Put, Source, Step, Undo, failed,
};
use crate::name::{HostName, RemotePath};
use crate::text::line_edit::{LineEdit, edit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const LIMIT: u64 = 4 << 20;

/// Change one line of a file, and leave every other byte as it is.
///
/// The line that `matching` finds becomes `line`; without `line` it goes; without `matching`, or when it
/// finds nothing, `line` is added. More than one line that fits is refused, and they are shown. Owner
/// and mode stay. A rollback brings back the file byte for byte.
///
/// Both texts of the file are kept in the journal: a file with secrets in it is better written by its
/// own program.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EditLine {
    /// Host on which the file lies.
    host: HostName,
    /// File to edit, at most 4 MiB.
    file: RemotePath,
    /// Regular expression for the line that goes; `^` and `$` are the ends of a line. Default: none goes.
    #[serde(default)]
    matching: Option<String>,
    /// Line that is to be there, without its line ending. Default: the matching line only goes.
    #[serde(default)]
    line: Option<String>,
    /// Regular expression for the one line behind which a new line goes. Default: the end of the file.
    #[serde(default)]
    after: Option<String>,
    /// Whether the old line stays above the new one as a `#` comment.
    #[serde(default)]
    comment_old: bool,
}

impl Args for EditLine {
    const NAME: &'static str = "edit_line";
    const POSITIONAL: &'static [&'static str] = &["host", "file"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dest.edit_line("/etc/app.conf", #{ matching: "^port ", line: "port 443", comment_old: true })"#,
            given: &[Given::File("dest: /etc/app.conf", "name a\nport 80\n")],
            does: &["dest: write /etc/app.conf (15 -> 26 bytes)"],
            undo: &["dest: write /etc/app.conf (26 -> 15 bytes)"],
            gives: "",
        },
        Example {
            script: r#"dest.edit_line("/etc/app.conf", #{ line: "debug off", after: "^name " })"#,
            given: &[Given::File("dest: /etc/app.conf", "name a\nport 80\n")],
            does: &["dest: write /etc/app.conf (15 -> 25 bytes)"],
            undo: &["dest: write /etc/app.conf (25 -> 15 bytes)"],
            gives: "",
        },
        Example {
            script: r#"dest.edit_line("/etc/app.conf", #{ matching: "^port ", line: "port 443" })"#,
            given: &[Given::File("dest: /etc/app.conf", "name a\nport 443\n")],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for EditLine {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let EditLine { host, file, .. } = self;
        let size = match file_at(host, file, look)? {
            None => return failed(format!("edit_line: there is no file {file} on {host}")),
            Some(state) => state.size,
        };
        if size > LIMIT {
            return failed(format!("edit_line: {file} on {host} has {size} bytes; at most 4 MiB are edited"));
        }
        let Some((from, old)) = look.bytes(host, file, LIMIT)? else {
            return failed(format!("edit_line: {file} on {host} went away while it was read"));
        };
        let wanted = LineEdit {
            matching: self.matching.clone(),
            line: self.line.clone(),
            after: self.after.clone(),
            comment_old: self.comment_old,
        };
        let new = match edit(&old, &wanted) {
            Ok(None) => return Ok(Plan::Already),
            Ok(Some(new)) => new,
            Err(why) => return failed(format!("edit_line: {file} on {host}: {why}")),
        };
        // Who may not give a file away writes it as their own: the old owner comes with the undo.
        let owner = owner_of_new(host, None, Some(&from), look)?;
        let put = Put {
            host: host.clone(),
            path: file.clone(),
            to: Some(FileState::of(&new, owner, from.mode)),
            from: Some(from),
            source: Source::Bytes(Bytes(new)),
            keep: None,
        };
        let undo = Undo::By(vec![Deed::Put(put.reversed(Some(Bytes(old))))]);
        Ok(Plan::Do(vec![Step { deed: Deed::Put(put), undo }]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        seen(done, look)
    }
}
