//! `mig resolve RUN CALL`.

use super::ground::faces;
use super::resume::pinned_ground;
use super::run::hands;
use super::the_run::the_run;
use super::wrong::Wrong;
use super::{Globals, exit, in_lab, page};
use crate::error::{Error, Kind};
use crate::journal::{Call, CallState, Journal, RunRow, RunState};
use crate::run::{Back, Resolution, Rollback, open_question, open_undo, resolve};
use clap::Args;
use std::sync::{Arc, Mutex};

/// Answer for a call whose outcome cannot be known
///
/// Look at the host, then say what you found. The run goes on with `mig resume`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig resolve 7f3a 12 --done           it happened
  mig resolve 7f3a 12 --not-done       it did not: resume does it
  mig resolve 7f3a 12 --failed 3       it ended with exit code 3
  mig resolve 7f3a 12 --undo           take it back now; resume does it again")]
pub struct ResolveArgs {
    /// The run, or the first letters of its id
    #[arg(value_name = "RUN")]
    pub run: String,

    /// The number of the call, as the question showed it
    #[arg(value_name = "CALL")]
    pub call: i64,

    #[command(flatten)]
    pub answer: Answer,
}

#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Answer {
    /// It happened, and it succeeded
    #[arg(long)]
    done: bool,

    /// It never happened
    #[arg(long)]
    not_done: bool,

    /// It happened and ended with this exit code
    #[arg(long, value_name = "CODE", value_parser = clap::value_parser!(i64).range(1..=255))]
    failed: Option<i64>,

    /// Take it back, whatever happened, and regard it as not done
    #[arg(long)]
    undo: bool,
}

/// What the operator says about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    Done,
    NotDone,
    Failed(i64),
    Undo,
}

impl ResolveArgs {
    pub fn said(&self) -> Said {
        match &self.answer {
            Answer { failed: Some(code), .. } => Said::Failed(*code),
            Answer { undo: true, .. } => Said::Undo,
            Answer { not_done: true, .. } => Said::NotDone,
            // clap has seen to it that one of them is given.
            Answer { .. } => Said::Done,
        }
    }
}

/// Answers for a call.
///
/// # Errors
/// There is nothing to answer for.
pub fn run(args: &ResolveArgs, globals: &Globals) -> Result<u8, Wrong> {
    let journal = Journal::open(&globals.state()?)?;
    let run = the_run(&journal, Some(&args.run), RunState::can_roll_back, "resolve")?;
    let _held = journal.hold(&run, "resolve")?;
    let calls = journal.calls(&run.id)?;
    let Some(call) = calls.iter().find(|c| c.seq == args.call) else {
        return Err(Error::bad_input(format!("run {} has no call {}", run.id, args.call))
            .hint(format!("mig show {}", run.id))
            .into());
    };
    let (id, seq) = (&run.id, call.seq);
    let how = match args.said() {
        Said::Done => Resolution::Done,
        Said::NotDone => Resolution::NotDone,
        Said::Failed(code) => Resolution::Failed(code),
        Said::Undo => return take_back(&journal, &run, call, globals),
    };
    let is_undo = open_undo(call).is_some();
    let rows = resolve(call, how).map_err(|why| {
        Error::bad_input(why)
            .hint(format!("mig show {id}"))
            .hint(format!("to take it back: mig resolve {id} {seq} --undo"))
    })?;
    journal.record(id)?.commit("resolve", seq, rows).map_err(Error::bad_input)?;
    let (what, then) = match (run.state, is_undo) {
        (RunState::RollingBack, true) => ("the undo of call", format!("mig rollback {id}")),
        (_, true) => ("the undo of call", format!("mig resolve {id} {seq} --undo")),
        (RunState::RollingBack, false) => ("call", format!("mig rollback {id}")),
        (_, false) => ("call", format!("mig resume {id}")),
    };
    page(&format!("{what} {seq} is answered for; go on with: {then}"));
    Ok(0)
}

/// Takes back what the call may have done, the way a rollback does, so that a resume does it again.
fn take_back(journal: &Journal, run: &RunRow, call: &Call, globals: &Globals) -> Result<u8, Wrong> {
    let (id, seq) = (&run.id, call.seq);
    let is_begun = call.state == CallState::Begun && call.deeds.iter().any(|d| !d.undo.is_empty());
    if open_question(call).is_none() && !is_begun {
        let state = call.state.word();
        return Err(Error::bad_input(format!("call {seq} is {state}; nothing to resolve"))
            .hint(format!("what was done is taken back by: mig rollback {id}"))
            .into());
    }
    if run.state == RunState::RollingBack {
        return Err(Error::bad_input(format!("run {id} is being rolled back; its undo comes by itself"))
            .hint(format!("say how call {seq} ended: --done, --not-done or --failed CODE"))
            .into());
    }
    let lab = in_lab::enter_of_run(run, globals)?;
    let mut ground = pinned_ground(run, globals)?;
    ground.playbook.clone_from(&run.playbook);
    let (face, person) = faces(globals);
    let operator = hands(lab.as_ref(), person, globals.yes);
    let world = ground.open(id, globals, lab.as_ref(), face.listener(), operator.clone())?;
    let back = Rollback {
        record: Arc::new(journal.record(id)?),
        calls: vec![],
        hosts: journal.hosts(id)?,
        world,
        listener: face.listener(),
        operator,
        to: None,
        past_no_return: false,
        yes: true,
        prepared: Mutex::default(),
        stop: Arc::default(),
    };
    let end = back.undo_call(call);
    face.end();
    let wrong = |kind, text: String| Err(Error::new(kind, text).hint(format!("mig show {id}")).into());
    match end {
        Ok(Back::Done(_)) => {
            page(&format!("call {seq} is taken back, and counts as not done; go on with: mig resume {id}"));
            Ok(0)
        }
        Ok(Back::Ask { text, .. }) => wrong(Kind::NeedsAnswer, format!("the undo of call {seq}: {text}")),
        Ok(Back::Stopped(text) | Back::NoReturn(text) | Back::NoStep(text)) => Err(Error::new(Kind::StepFailed, text)
            .hint(format!("put the cause right and say it again: mig resolve {id} {seq} --undo"))
            .into()),
        Ok(Back::Halted(stop)) => Err(exit::error_of(&stop).into()),
        Err(why) => wrong(Kind::StepFailed, why),
    }
}
