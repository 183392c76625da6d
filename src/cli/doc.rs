//! `mig doc [NAME]`.

use super::page;
use super::wrong::Wrong;
use crate::reference;
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

/// Prints the reference.
///
/// # Errors
/// There is nothing of this name.
pub fn run(args: &DocArgs) -> Result<u8, Wrong> {
    page(&reference::terminal(args.name.as_deref())?);
    Ok(0)
}
