use super::place::{file_at, put, seen};
use crate::contract::{Args, Change, Example, Given, Look, Outcome, Plan, Source, Step};
use crate::name::{HostName, RemotePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Remove a file.
///
/// Nothing is done when nothing lies there. Folders and symbolic links are refused. The file comes back
/// in a rollback, with its owner and mode.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveFile {
    /// Host on which the file lies.
    host: HostName,
    /// File that goes.
    path: RemotePath,
}

impl Args for RemoveFile {
    const NAME: &'static str = "remove_file";
    const POSITIONAL: &'static [&'static str] = &["host", "path"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.remove_file("/etc/cron.d/app")"#,
            given: &[Given::File("source: /etc/cron.d/app", "* * * * * root true\n")],
            does: &["source: remove /etc/cron.d/app"],
            undo: &["source: create /etc/cron.d/app (20 bytes)"],
            gives: "",
        },
        Example {
            script: r#"source.remove_file("/etc/cron.d/app")"#,
            given: &[Given::Folder("source: /etc/cron.d")],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for RemoveFile {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        match file_at(&self.host, &self.path, look)? {
            None => Ok(Plan::Already),
            old => Ok(Plan::Do(vec![put(&self.host, &self.path, old, None, Source::Nothing, look)?])),
        }
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        seen(done, look)
    }
}
