//! One line of a file: the edit itself is `text::line_edit`.

use super::place::{edited, read_to_edit, seen};
use crate::contract::{Args, Change, Example, Given, Look, Outcome, Plan, Step, failed};
use crate::name::{HostName, RemotePath};
use crate::text::line_edit::{Edited, LineEdit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Change one line of a file, and leave every other byte as it is.
///
/// The line that `matching` finds becomes `line`; without `line` it goes; without `matching`, or when it
/// finds nothing, `line` is added. More than one line that fits is refused, and they are shown. Lines
/// that begin with `#` count only where no other line fits. Owner and mode stay. A rollback brings back
/// the file byte for byte.
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
    /// Line that is to be there, without its line ending. Default: the matching line only goes; a comment
    /// never does.
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
        let (from, old) = read_to_edit("edit_line", host, file, look)?;
        let (matching, line, after) = (self.matching.as_deref(), self.line.as_deref(), self.after.as_deref());
        let done = LineEdit::new(matching, line, after, self.comment_old).and_then(|e| e.apply(&old));
        let new = match done {
            Ok(Edited::Already) => return Ok(Plan::Already),
            Ok(Edited::Changed(new)) => new,
            Err(why) => return failed(format!("edit_line: {file} on {host}: {why}")),
        };
        Ok(Plan::Do(vec![edited(host, file, (from, old), new, look)?]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        seen(done, look)
    }
}
