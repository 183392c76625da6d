//! `mig lab PLAYBOOK`.

use clap::Args;

/// Open the lab of a playbook and keep it open
///
/// Prints the inventory of the lab and how to reach its machines with a plain ssh.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig lab conductor
  mig lab conductor --close")]
pub struct LabArgs {
    /// A file, or the name of a shipped playbook
    #[arg(value_name = "PLAYBOOK")]
    pub playbook: String,

    /// Closes it, with everything in it
    #[arg(long)]
    pub close: bool,
}
