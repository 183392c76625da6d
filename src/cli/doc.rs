//! `mig doc [NAME]`.

use clap::Args;

/// Explain a primitive or a function of the stdlib
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig doc                 everything there is, one line each
  mig doc write_file      its arguments, options and examples")]
pub struct DocArgs {
    /// What to explain; left out, all names are listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}
