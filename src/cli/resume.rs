//! `mig resume [RUN]`.

use clap::Args;
use std::path::PathBuf;

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
