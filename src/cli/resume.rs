//! `mig resume [RUN]`.

use super::drive::{Drive, From};
use super::gathered::{checked, gather};
use super::ground::{Ground, faces};
use super::run::{hands, lab_holds, scripts_of};
use super::the_run::the_run;
use super::wrong::Wrong;
use super::{Globals, in_lab, repl};
use crate::error::Error;
use crate::journal::{Journal, Row, RunRow, RunState};
use crate::script::Playbook;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Go on where a run stopped
///
/// What was done is answered from the journal and not done again; a deed that was begun is settled
/// by looking first. Uses the playbook as it was when the run began.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig resume                           the only run that can go on
  mig resume 7f3a --edited move.rhai   with a playbook that was mended meanwhile")]
pub struct ResumeArgs {
    /// The run, or the first letters of its id; left out, the only one that fits
    #[arg(value_name = "RUN")]
    pub run: Option<String>,

    /// Makes the call that failed once more
    #[arg(long)]
    pub retry: bool,

    /// Goes on with this playbook, when everything done so far is the same in it
    #[arg(long, value_name = "FILE")]
    pub edited: Option<PathBuf>,
}

/// Goes on where a run stopped.
///
/// # Errors
/// No run fits, it is held, or the playbook does not ask for what is recorded.
pub fn run(args: &ResumeArgs, globals: &Globals) -> Result<u8, Wrong> {
    let state = globals.state()?;
    let journal = Journal::open(&state)?;
    let run = the_run(&journal, args.run.as_deref(), RunState::can_resume, "resume")?;
    let lab = in_lab::enter_of_run(&run, globals)?;
    let _held = journal.hold(&run, "resume")?;
    if repl::is_typed_run(&run) {
        return repl::resume(&run, &journal, lab.as_ref(), globals);
    }
    let playbook = match &args.edited {
        Some(file) => {
            let (_, playbook) = gather(&file.display().to_string())?;
            checked(&playbook)?;
            playbook
        }
        None => pinned(&journal, &run)?,
    };
    let mut ground = pinned_ground(&run, globals)?;
    ground.playbook.clone_from(&run.playbook);
    let (face, person) = faces(globals);
    let operator = hands(lab.as_ref(), person, globals.yes);
    let world = ground.open(&run.id, globals, lab.as_ref(), face.listener(), operator.clone())?;
    let (params, memory) = (run.params.clone(), Default::default());
    let mut drive = Drive { globals, ground, playbook, params, face, operator, world, run: run.id.clone(), memory };
    let record = Arc::new(journal.record(&run.id)?);
    drive.verify(&journal, &record)?;
    if args.edited.is_some() {
        let scripts = scripts_of(&drive.playbook);
        let rows = std::iter::once(Row::no_scripts()).chain(scripts.iter().map(|(n, f, t)| Row::script(n, f, t)));
        record.commit("edited", 0, rows.collect()).map_err(Error::bad_input)?;
    }
    record.commit("running", 0, vec![Row::run_is(RunState::Running, "")]).map_err(Error::bad_input)?;
    let from = From { journal: &journal, record, shown: None, retry: args.retry };
    let code = drive.live_with_a_prompt(from, lab.as_ref())?;
    match (&lab, code) {
        (Some(lab), 0) => lab_holds(lab, lab.after_run(), globals),
        _ => Ok(code),
    }
}

/// The playbook as it was when the run began.
fn pinned(journal: &Journal, run: &RunRow) -> Result<Playbook, Wrong> {
    let mut playbook = Playbook {
        name: stem(&run.playbook),
        file: run.file.clone(),
        text: String::new(),
        modules: Default::default(),
    };
    for (name, file, text) in journal.scripts(&run.id)? {
        match name.is_empty() {
            true => (playbook.file, playbook.text) = (file, text),
            false => drop(playbook.modules.insert(name, (file, text))),
        }
    }
    Ok(playbook)
}

fn stem(given: &str) -> String {
    let name = given.rsplit('/').next().unwrap_or(given);
    name.strip_suffix(".rhai").unwrap_or(name).into()
}

/// The inventory as it was when the run began; with `-i` another one: an address may have changed,
/// the machines may not, which their keys and machine-ids tell.
pub(super) fn pinned_ground(run: &RunRow, globals: &Globals) -> Result<Ground, Wrong> {
    match &globals.inventory {
        Some(_) if run.lab.is_empty() => Ground::read(globals),
        _ => Ground::parse(&run.inventory_file, run.inventory.as_bytes()),
    }
}
