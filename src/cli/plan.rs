//! `mig plan PLAYBOOK`.

use clap::Args;

/// Show what a run would do; changes nothing anywhere
///
/// Runs the playbook with real readings of the hosts and prints every step, each deed with its
/// difference and its undo, what cannot be undone, and what only the run can tell.
#[derive(Debug, Clone, Args)]
#[command(
    disable_help_flag = true,
    override_usage = "mig plan PLAYBOOK [OPTIONS]",
    after_help = "Examples:
  mig plan conductor --lab
  mig plan ./move.rhai -i site.yml --json"
)]
pub struct PlanArgs {
    /// A file, or the name of a shipped playbook
    #[arg(value_name = "PLAYBOOK", required_unless_present = "help")]
    pub playbook: Option<String>,

    /// Prints this help; with a playbook, its parameters too
    #[arg(short, long)]
    pub help: bool,
}
