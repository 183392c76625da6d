//! `mig run PLAYBOOK`.

use clap::Args;

/// Run a playbook: check, ask, plan, ask again, act
///
/// Checks the script, asks for missing parameters, looks at every host, shows the plan and asks
/// whether to go on. Everything done is journaled first, so that a run that was stopped anywhere
/// can be resumed or rolled back.
#[derive(Debug, Clone, Args)]
#[command(
    disable_help_flag = true,
    after_help = "Examples:
  mig run conductor --help                         the parameters of a playbook
  mig run conductor --lab --yes                    rehearse it here, without a question
  mig run ./move.rhai -i site.yml --set domain=pryv.me"
)]
pub struct RunArgs {
    /// A file, or the name of a shipped playbook
    #[arg(value_name = "PLAYBOOK", required_unless_present = "help")]
    pub playbook: Option<String>,

    /// Prints this help; with a playbook, its parameters too
    #[arg(short, long)]
    pub help: bool,
}
