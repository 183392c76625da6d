//! `mig show RUN`.

use super::the_run::the_run;
use super::wrong::Wrong;
use super::{Globals, page};
use crate::journal::{Journal, now_ms};
use crate::report::{Paint, ShownRun, html};
use crate::world::files::write_private;
use clap::Args;
use std::path::PathBuf;

/// Show one run, step by step, and what a rollback of it would do now
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// The run, or the first letters of its id; left out, the only one there is
    #[arg(value_name = "RUN")]
    pub run: Option<String>,

    /// Writes the same as one page for a browser into this file, which must not exist
    #[arg(long, value_name = "FILE", conflicts_with = "json")]
    pub html: Option<PathBuf>,
}

/// Shows one run.
///
/// # Errors
/// No run fits; the file of the page is there already, or cannot be written.
pub fn run(args: &ShowArgs, globals: &Globals) -> Result<u8, Wrong> {
    let journal = Journal::open(&globals.state()?)?;
    let run = the_run(&journal, args.run.as_deref(), |_| true, "show")?;
    let (steps, calls) = (journal.steps(&run.id)?, journal.calls(&run.id)?);
    if globals.json {
        for call in &calls {
            let deeds: Vec<_> = call
                .deeds
                .iter()
                .map(|d| serde_json::json!({ "deed": d.step.deed, "undo": d.step.undo, "state": d.state.word(), "undone": d.undo }))
                .collect();
            let line = serde_json::json!({
                "call": call.seq, "path": call.key.path, "primitive": call.key.name, "arguments": call.key.args,
                "state": call.state.word(), "answer": call.answer, "past": call.past,
                "began_ms": call.began_ms, "ended_ms": call.ended_ms, "deeds": deeds,
            });
            page(&line.to_string());
        }
        return Ok(0);
    }
    let (hosts, moments) = (journal.hosts(&run.id)?, journal.moments(&run.id)?);
    let shown =
        ShownRun { run: &run, steps: &steps, calls: &calls, hosts: &hosts, moments: &moments, now_ms: now_ms() };
    if let Some(file) = &args.html {
        // What the run wrote stands in it: for the operator alone until they say otherwise.
        write_private(file, &html(&shown))?;
        page(&format!("run {} is in {}, readable by you alone", run.id, file.display()));
        return Ok(0);
    }
    page(&shown.render(Paint { colours: globals.colours() }));
    Ok(0)
}
