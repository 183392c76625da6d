//! How a tunnel or another process of the run is.

use crate::contract::{Args, Example, Given, Look, Outcome, Phase, Reading};
use crate::name::{HostName, LeaseName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tell how a tunnel or a process of this run is.
///
/// `state` is one of `up`, `starting` (it runs, and a tunnel has not got through yet), `waiting` (it ended,
/// and is started again after a pause), `gone` (nobody looks after it: the host has rebooted; the next
/// `mig resume` starts it again), `key` (of `ssh_trust`, which has no process) and `none`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaemonInfo {
    /// Host on which it runs.
    host: HostName,
    /// What it is called: `name` of the answer of `ssh_tunnel` or `daemon`.
    name: LeaseName,
}

/// What is told.
#[derive(Debug, Serialize)]
pub struct Told {
    state: &'static str,
    up: bool,
    /// Seconds since 1970, by the clock of the host.
    since: i64,
    seconds: i64,
    restarts: i64,
    last_exit: Option<i64>,
    last_error: String,
    log_end: String,
}

impl Args for DaemonInfo {
    const NAME: &'static str = "daemon_info";
    const POSITIONAL: &'static [&'static str] = &["host", "name"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dest.daemon_info("tunnel-6380")"#,
            given: &[Given::Folder("dest: /var/lib/mig/run/lease.tunnel-6380")],
            does: &[],
            undo: &[],
            gives: r#"{"state":"up","up":true,"since":1700000000,"seconds":60,"restarts":0,"last_exit":null,"last_error":"","log_end":""}"#,
        },
        Example {
            script: r#"dest.daemon_info("watch")"#,
            given: &[],
            does: &[],
            undo: &[],
            gives: r#"{"state":"none","up":false,"since":0,"seconds":0,"restarts":0,"last_exit":null,"last_error":"","log_end":""}"#,
        },
    ];
}

impl Reading for DaemonInfo {
    type Output = Told;
    const GIVES: &'static str = "a map: `state`, `up`, `since` (seconds since 1970, by the clock of the host), `seconds` (for \
                                 how long it has been in that state), `restarts`, `last_exit` (exit code, or nothing), \
                                 `last_error` (the last line before it ended) and `log_end` (the last 20 lines)";

    fn read(&self, look: &dyn Look) -> Outcome<Told> {
        let state = look.lease(&self.host, &self.name)?;
        Ok(Told {
            state: state.phase.word(),
            up: state.phase == Phase::Up,
            since: state.since,
            seconds: state.seconds,
            restarts: state.restarts,
            last_exit: state.last_exit,
            last_error: state.last_error,
            log_end: state.log_end,
        })
    }
}
