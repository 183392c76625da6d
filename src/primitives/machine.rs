//! What a machine says of itself.

use crate::contract::{self, Args, Example, Look, Outcome, Reading};
use crate::name::HostName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tell what a machine is, and what it has.
///
/// Its system, its identity, its free disk, its programs, and the user that commands run as.
///
/// It is what the machine said when it was first reached, but for the free disk, which is asked now.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Host to look at.
    host: HostName,
}

impl Args for Machine {
    const NAME: &'static str = "machine";
    const POSITIONAL: &'static [&'static str] = &["host"];
    const EXAMPLES: &'static [Example] = &[Example {
        script: "source.machine()",
        given: &[],
        does: &[],
        undo: &[],
        gives: r#"{ "os": "Debian GNU/Linux 12 (bookworm)", "kernel": "6.1.0", "hostname": "source",
  "machine_id": "machine-of-source", "boot_id": "boot-1-of-source",
  "uid": 0, "gid": 0, "user": "root", "home": "/root",
  "free": { "/": 1000000000, "/tmp": 1000000000 },
  "programs": { "rsync": "/usr/bin/rsync", "systemctl": "/usr/bin/systemctl" } }"#,
    }];
}

/// What `machine` gives.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    #[serde(flatten)]
    machine: contract::Machine,
    /// Bytes by folder.
    free: BTreeMap<String, u64>,
}

impl Reading for Machine {
    type Output = Told;
    const GIVES: &'static str = "a map: `os`, `kernel`, `hostname`, `machine_id`, `boot_id`, `uid`, `gid`, `user` and `home` of the \
                                 user that commands run as, `free` (bytes by folder), `programs` (paths by name; absent when not found)";

    fn read(&self, look: &dyn Look) -> Outcome<Told> {
        Ok(Told { machine: look.machine(&self.host)?, free: look.free(&self.host)? })
    }
}
