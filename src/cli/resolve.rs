//! `mig resolve RUN CALL`.

use super::drive::the_run;
use super::wrong::Wrong;
use super::{Globals, page};
use crate::error::Error;
use crate::journal::{Journal, RunState};
use crate::run::{Resolution, resolve};
use clap::Args;

/// Answer for a call whose outcome cannot be known
///
/// Look at the host, then say what you found. The run goes on with `mig resume`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig resolve 7f3a 12 --done           it happened
  mig resolve 7f3a 12 --not-done       it did not: resume does it
  mig resolve 7f3a 12 --failed 3       it ended with exit code 3")]
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
    let how = match args.said() {
        Said::Done => Resolution::Done,
        Said::NotDone => Resolution::NotDone,
        Said::Failed(code) => Resolution::Failed(code),
        Said::Undo => Resolution::Undo,
    };
    let rows = resolve(call, how).map_err(Error::bad_input)?;
    journal.record(&run.id)?.commit("resolve", call.seq, rows).map_err(Error::bad_input)?;
    let then = match run.state {
        RunState::RollingBack => format!("mig rollback {}", run.id),
        _ => format!("mig resume {}", run.id),
    };
    page(&format!("call {} is answered for; go on with: {then}", call.seq));
    Ok(0)
}
