//! `mig unlock`.

use clap::Args;

/// Release the lock of a run that is gone
///
/// A lock is never taken away by itself. Make sure first that the run which holds it does not go
/// on: the message that named the lock says who, where and since when.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  mig unlock dest --lock-id 7f3a-1c9e")]
pub struct UnlockArgs {
    /// The host of the inventory that is locked; left out, every host on which this lock is found
    #[arg(value_name = "HOST")]
    pub host: Option<String>,

    /// The id of the lock, as the message showed it
    #[arg(long, value_name = "ID", required = true)]
    pub lock_id: String,
}
