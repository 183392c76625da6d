//! `mig finish [RUN]`.

use super::drive::the_run;
use super::ground::faces;
use super::resume::pinned_ground;
use super::wrong::Wrong;
use super::{Globals, exit, in_lab, page};
use crate::contract::{Answer, Operator, Question, World};
use crate::error::{Error, Kind};
use crate::journal::{Journal, Row, RunState};
use clap::Args;

/// End a run for good: what a rollback would need goes
///
/// Closes what is still open on the hosts and removes the files that were kept aside. After that
/// the run cannot be rolled back any more. Lists what it could not remove.
#[derive(Debug, Clone, Args)]
pub struct FinishArgs {
    /// The run, or the first letters of its id; left out, the only one that fits
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Ends a run for good.
///
/// # Errors
/// It is not over, or the person says no.
pub fn run(args: &FinishArgs, globals: &Globals) -> Result<u8, Wrong> {
    let state = globals.state()?;
    let journal = Journal::open(&state)?;
    let can = |s: RunState| matches!(s, RunState::Done | RunState::RolledBack);
    let run = the_run(&journal, args.run.as_deref(), can, "finish")?;
    let lab = match run.lab.is_empty() {
        true => None,
        false => in_lab::of_run(&run, globals).ok(),
    };
    if let Some(lab) = &lab {
        in_lab::enter(lab)?;
    }
    let _held = journal.hold(&run, "finish")?;
    let (face, person) = faces(globals);
    if run.state == RunState::Done {
        let text = format!("Run {} cannot be rolled back after this. End it?", run.id);
        match person.ask(&Question::Confirm { text, default: true }) {
            Ok(Answer::Yes) => {}
            Ok(_) => return Ok(Kind::Stopped.exit_code()),
            Err(halt) => return Err(exit::error_of_halt(&halt).into()),
        }
    }
    let hosts = journal.hosts(&run.id)?;
    let mut left = vec![];
    if run.lab.is_empty() || lab.is_some() {
        let ground = pinned_ground(&run, globals)?;
        let world = ground.open(&run.id, globals, lab.as_ref(), face.listener(), person.clone())?;
        left = world.finish(&hosts);
    }
    face.end();
    let record = journal.record(&run.id)?;
    record.commit("finished", 0, vec![Row::run_is(RunState::Finished, "")]).map_err(Error::bad_input)?;
    if let Some(lab) = lab {
        lab.close()?;
    }
    page(&match run.state {
        RunState::RolledBack => format!("run {} is ended; it had been rolled back", run.id),
        _ => format!("run {} is ended; it cannot be rolled back any more", run.id),
    });
    if left.is_empty() {
        return Ok(0);
    }
    Err(left
        .iter()
        .fold(Error::new(Kind::StepFailed, "this could not be removed; please do so by hand"), |e, l| e.hint(l))
        .into())
}
