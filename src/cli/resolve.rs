//! `mig resolve RUN CALL`.

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
pub enum Resolution {
    Done,
    NotDone,
    Failed(i64),
    Undo,
}

impl ResolveArgs {
    pub fn resolution(&self) -> Resolution {
        match &self.answer {
            Answer { failed: Some(code), .. } => Resolution::Failed(*code),
            Answer { undo: true, .. } => Resolution::Undo,
            Answer { not_done: true, .. } => Resolution::NotDone,
            // clap has seen to it that one of them is given.
            Answer { .. } => Resolution::Done,
        }
    }
}
