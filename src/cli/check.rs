//! `mig check PLAYBOOK...`.

use clap::{Args, ValueEnum};

/// Say everything that can be said about a playbook without running it
///
/// Syntax, unknown names with the nearest known one, numbers of arguments, unknown options,
/// misspelt variables, missing imports. Reaches no host.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig check conductor
  mig check playbooks/*.rhai --format json")]
pub struct CheckArgs {
    /// Files, or names of shipped playbooks
    #[arg(value_name = "PLAYBOOK", required = true)]
    pub playbooks: Vec<String>,

    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: the line, with a caret
    Text,
    /// For editors: one object a finding
    Json,
}
