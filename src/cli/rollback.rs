//! `mig rollback [RUN]`.

use super::backwards::Backwards;
use super::ground::faces;
use super::resume::pinned_ground;
use super::run::{hands, lab_holds};
use super::the_run::the_run;
use super::wrong::Wrong;
use super::{Globals, in_lab};
use crate::journal::{Journal, RunState};
use clap::Args;
use std::sync::Arc;

/// Take a run back, newest deed first
///
/// Works from the journal alone. Nothing is overwritten that somebody else changed since: both
/// sides are shown and asked about. May itself be stopped and repeated.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig rollback                         the only run that can be taken back
  mig rollback 7f3a --to \"Copy the files\"")]
pub struct RollbackArgs {
    /// The run, or the first letters of its id; left out, the only one that fits
    #[arg(value_name = "RUN")]
    pub run: Option<String>,

    /// Stops once this step is taken back; what came before it stays
    #[arg(long, value_name = "STEP")]
    pub to: Option<String>,

    /// Goes on behind the point of no return
    #[arg(long)]
    pub past_no_return: bool,
}

/// Takes a run back, from the journal alone.
///
/// # Errors
/// No run fits, it is held, or something could not be taken back.
pub fn run(args: &RollbackArgs, globals: &Globals) -> Result<u8, Wrong> {
    let state = globals.state()?;
    let journal = Journal::open(&state)?;
    let run = the_run(&journal, args.run.as_deref(), RunState::can_roll_back, "roll back")?;
    let lab = in_lab::enter_of_run(&run, globals)?;
    let _held = journal.hold(&run, "rollback")?;
    let mut ground = pinned_ground(&run, globals)?;
    ground.playbook.clone_from(&run.playbook);
    let (face, person) = faces(globals);
    let operator = hands(lab.as_ref(), person, globals.yes);
    let world = ground.open(&run.id, globals, lab.as_ref(), face.listener(), operator.clone())?;
    let back = Backwards { globals, face: &face, operator, world, run: &run.id, playbook: &run.playbook };
    let record = Arc::new(journal.record(&run.id)?);
    let code = back.go(&journal, record, args.to.clone(), args.past_no_return)?;
    match (&lab, &args.to, code) {
        (Some(lab), None, 0) => lab_holds(lab, lab.after_rollback(), globals),
        _ => Ok(code),
    }
}
