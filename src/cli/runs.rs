//! `mig runs`.

use super::wrong::Wrong;
use super::{Globals, page};
use crate::journal::{Journal, RunState, now_ms};
use crate::report::{self, Paint, RunLine};
use crate::run::open_leases;
use clap::Args;

/// List the runs: state, age, hosts, and the size of what a rollback needs
#[derive(Debug, Clone, Args)]
pub struct RunsArgs {}

/// Lists the runs.
///
/// # Errors
/// The journal.
pub fn run(globals: &Globals) -> Result<u8, Wrong> {
    let journal = Journal::open(&globals.state()?)?;
    let mut lines = vec![];
    for run in journal.runs()? {
        let hosts = journal.hosts(&run.id)?;
        let gone = matches!(run.state, RunState::Finished) || hosts.is_empty();
        // Asking every host would make a list slow: it is as it was when the run last came to an end.
        let moments = journal.moments(&run.id)?;
        let kept = moments.iter().rev().find_map(|(_, event)| event.get("kept")?.as_u64());
        lines.push(RunLine {
            age_ms: u64::try_from(now_ms() - run.began_ms).unwrap_or(0),
            hosts: hosts.iter().map(|h| h.host.to_string()).collect(),
            kept_bytes: if gone { Some(0) } else { kept },
            open: if gone { 0 } else { open_leases(&journal.calls(&run.id)?).len() },
            is_live: journal.is_held(&run.id),
            state: run.state.word().into(),
            playbook: run.playbook,
            id: run.id,
        });
    }
    if globals.json {
        for l in &lines {
            page(&serde_json::json!({ "run": l.id, "playbook": l.playbook, "state": l.state, "age_ms": l.age_ms, "hosts": l.hosts, "kept_bytes": l.kept_bytes, "open": l.open, "live": l.is_live }).to_string());
        }
        return Ok(0);
    }
    page(&report::runs(&lines, Paint { colours: globals.colours() }));
    Ok(0)
}
