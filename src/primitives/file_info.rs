use crate::contract::{Args, Example, Found, Given, Look, Outcome, Reading};
use crate::name::{HostName, RemotePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tell what lies at a path.
///
/// A missing file is an answer, not a failure. A symbolic link is not followed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileInfo {
    /// Host to look at.
    host: HostName,
    /// Path to look at.
    path: RemotePath,
}

/// What lies at a path; what does not apply is absent.
#[derive(Debug, Default, Serialize)]
pub struct Info {
    exists: bool,
    /// "file", "folder", "link" or "other"; "nothing" when nothing is there.
    kind: &'static str,
    size: Option<u64>,
    sha256: Option<String>,
    owner: Option<String>,
    mode: Option<String>,
    /// Where a link points.
    target: Option<String>,
}

impl Args for FileInfo {
    const NAME: &'static str = "file_info";
    const POSITIONAL: &'static [&'static str] = &["host", "path"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.file_info("/etc/hostname")"#,
            given: &[Given::File("source: /etc/hostname", "old-1\n")],
            does: &[],
            undo: &[],
            gives: r#"{ "exists": true, "kind": "file", "size": 6,
  "sha256": "055fb83c6b1214a0263b35c28b8c0e9507b877559da493622dc7c25dd6fe1e0e",
  "owner": "0:0", "mode": "0644", "target": null }"#,
        },
        Example {
            script: r#"source.file_info("/etc/missing")"#,
            given: &[],
            does: &[],
            undo: &[],
            gives: r#"{ "exists": false, "kind": "nothing", "size": null, "sha256": null, "owner": null, "mode": null, "target": null }"#,
        },
    ];
}

impl Reading for FileInfo {
    type Output = Info;
    const GIVES: &'static str = "a map: `exists`, `kind` (\"file\", \"folder\", \"link\", \"other\" or \"nothing\"), `size` in bytes, \
                                 `sha256`, `owner` (numeric \"uid:gid\"), `mode` (\"0644\"), `target` of a link; what does not apply is `()`";

    fn read(&self, look: &dyn Look) -> Outcome<Info> {
        let there = |kind| Info { exists: true, kind, ..Info::default() };
        let bits = |mode: u32| Some(format!("{mode:04o}"));
        Ok(match look.find(&self.host, &self.path)? {
            Found::Nothing => Info { kind: "nothing", ..Info::default() },
            Found::File(f) => Info {
                // A planned write of a secret has no size that anybody knows.
                size: f.sha256.is_some().then_some(f.size),
                sha256: f.sha256,
                owner: Some(f.owner),
                mode: bits(f.mode),
                ..there("file")
            },
            Found::Folder { owner, mode } => Info { owner: Some(owner), mode: bits(mode), ..there("folder") },
            Found::Link { target } => Info { target: Some(target), ..there("link") },
            Found::Other { .. } => there("other"),
        })
    }
}
