//! A key with which one host logs in to another one.

use super::duration::Duration;
use super::endpoint::Endpoint;
use super::leased::{named, opens};
use crate::contract::{Args, Change, Example, Given, LeasedKey, Look, Outcome, Plan, failed};
use crate::name::{HostName, LeaseName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Let one host log in to another, with a key of its own.
///
/// The key is made on `from` and never leaves it. `to` lets it in only from the addresses of `from`,
/// without a terminal and without forwarding, for `valid` at the longest where its sshd knows such a
/// thing (OpenSSH 7.7), and with `restrict` for one command alone, whatever is asked for. The line stands
/// first in `~/.ssh/authorized_keys` of the user that the inventory names for `to`; all else in that file
/// stays byte for byte. The host key of `to` is pinned for `from` in a file of the run.
///
/// It is gone after `close`, after a rollback and after `mig finish`, also when the run was killed.
/// `rsync` and `ssh_tunnel` need no such key: each makes its own.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SshTrust {
    /// Host that logs in.
    from: HostName,
    /// Host that lets it in.
    to: HostName,
    /// The one command that may run on `to`; it finds what was asked for in `SSH_ORIGINAL_COMMAND`. Left
    /// out, any may, as the user that the inventory names.
    #[serde(default)]
    restrict: Option<String>,
    /// Instead of commands: what may be connected to from `to`, each a port of it or `address:port`.
    #[serde(default)]
    permit_open: Vec<Endpoint>,
    /// After that it opens nothing any more, as a text with a unit.
    #[serde(default = "a_week")]
    valid: Duration,
    /// What it is called in this run. Default: `to-` and the name of `to`.
    #[serde(default)]
    name: Option<LeaseName>,
}

fn a_week() -> Duration {
    Duration::hours(24 * 7)
}

impl Args for SshTrust {
    const NAME: &'static str = "ssh_trust";
    const POSITIONAL: &'static [&'static str] = &["from", "to"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.ssh_trust(dest, #{ restrict: "/opt/vendor/receive" })"#,
            given: &[],
            does: &["source: a key that opens dest for `/opt/vendor/receive` alone"],
            undo: &["source: close the key to-dest"],
            gives: "",
        },
        Example {
            script: r#"source.ssh_trust(dest, #{ permit_open: [5432], valid: "2h", name: "replica" })"#,
            given: &[Given::Folder("source: /var/lib/mig/run/lease.to-dest")],
            does: &["source: a key that opens dest for connections to 127.0.0.1:5432 alone"],
            undo: &["source: close the key replica"],
            gives: "",
        },
    ];
}

impl Change for SshTrust {
    const GIVES: &'static str = "a map for `close`, with `name`, `host`, `to`, `identity` (the file of the key on `from`) \
                                 and `ssh` (the beginning of a command on `from` that runs something on `to`)";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let what = Self::NAME;
        if self.restrict.as_ref().is_some_and(|r| r.trim().is_empty()) {
            return failed(format!("{what}: restrict is empty; a command is needed, or leave it out"));
        }
        if self.restrict.as_ref().is_some_and(|r| r.contains(['\n', '\r', '\0']) || r.ends_with('\\')) {
            return failed(format!(
                "{what}: restrict must be one line, and not end with \\; put a script on {}",
                self.to
            ));
        }
        if self.restrict.is_some() && !self.permit_open.is_empty() {
            return failed(format!(
                "{what}: restrict and permit_open exclude each other; make two keys, each with a name"
            ));
        }
        let name = named(what, self.name.as_ref(), &format!("to-{}", self.to))?;
        let key = LeasedKey {
            to: self.to.clone(),
            command: self.restrict.clone(),
            open: self.permit_open.iter().map(Endpoint::text).collect(),
            listen: vec![],
            valid_ms: self.valid.ms(),
        };
        opens(what, look, &self.from, &name, (Some(key), None), 60_000)
    }

    /// The deed itself ends only when it is so.
    fn patience_ms(&self) -> Option<u64> {
        None
    }
}
