//! `mig rollback [RUN]`.

use clap::Args;

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
