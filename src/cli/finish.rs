//! `mig finish [RUN]`.

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
