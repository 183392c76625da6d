//! A process of the run that is kept running on a host.

use super::duration::Duration;
use super::leased::opens;
use super::shell::check_quotes;
use crate::contract::{Args, Change, Command, Example, Given, LeasedProcess, Look, Outcome, Plan};
use crate::name::{HostName, LeaseName, RemotePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keep a process running on a host, for the length of the run.
///
/// It runs by itself, whoever is connected, with nothing on its standard input. When it ends, well or
/// not, it is started again: after 1 second, then 2, and so on up to 30; after a minute of running the
/// count begins anew. What it prints goes to a log in the run's folder (`log` of the answer; past 4 MiB
/// the next start begins a new one and keeps one old). It must stay in the foreground. After a reboot of
/// the host it is started again by `reboot`, or by the next `mig resume`. `daemon_info` tells how it is.
///
/// The call ends when `ready` says so, or else when it has run for a second.
///
/// It is gone, with all the processes that it began, after `close`, after a rollback and after `mig finish`,
/// also when the run was killed: they get TERM, and KILL after 5 seconds. What keeps running for good is a
/// matter for `systemd`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Daemon {
    /// Host on which it runs.
    host: HostName,
    /// What it is called in this run.
    name: LeaseName,
    /// What is run. A text goes to `sh`; a list is a program with its arguments.
    command: Command,
    /// Folder in which it is started. Default: `/`.
    #[serde(default)]
    cwd: Option<RemotePath>,
    /// Command that changes nothing and exits 0 once the process does its work.
    #[serde(default)]
    ready: Option<Command>,
    /// How long it may take until it is up, as a text with a unit.
    #[serde(default = "half_a_minute")]
    timeout: Duration,
}

fn half_a_minute() -> Duration {
    Duration::seconds(30)
}

impl Args for Daemon {
    const NAME: &'static str = "daemon";
    const POSITIONAL: &'static [&'static str] = &["host", "name", "command"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.daemon("watch", ["tcpdump", "-n", "port", "53"])"#,
            given: &[],
            does: &["source: keep watch running: tcpdump -n port 53"],
            undo: &["source: close the process watch"],
            gives: "",
        },
        Example {
            script: r#"dest.daemon("page", "python3 -m http.server 8080", #{ cwd: "/srv/page", ready: "curl -fs http://127.0.0.1:8080/" })"#,
            given: &[Given::Folder("dest: /var/lib/mig/run/lease.watch")],
            does: &["dest: keep page running: python3 -m http.server 8080"],
            undo: &["dest: close the process page"],
            gives: "",
        },
    ];
}

impl Change for Daemon {
    const GIVES: &'static str = "a map for `close`, with `name`, `host` and `log` (a file on the host)";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        check_quotes("daemon: command", &self.host, &self.command, look)?;
        if let Some(ready) = &self.ready {
            check_quotes("daemon: ready", &self.host, ready, look)?;
        }
        let process = LeasedProcess {
            command: Some(self.command.clone()),
            cwd: self.cwd.clone(),
            ready: self.ready.clone(),
            tunnel: None,
        };
        opens(Self::NAME, look, &self.host, &self.name, (None, Some(process)), self.timeout.ms())
    }

    /// The deed itself ends only when it is so.
    fn patience_ms(&self) -> Option<u64> {
        None
    }
}
