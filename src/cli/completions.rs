//! `mig completions SHELL`.

use super::{command, page};
use crate::error::Result;
use clap::Args;
use clap_complete::Shell;

/// Print the completions of a shell
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig completions bash > ~/.local/share/bash-completion/completions/mig
  mig completions fish > ~/.config/fish/completions/mig.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// Prints them.
///
/// # Errors
/// None so far.
pub fn run(args: &CompletionsArgs) -> Result<u8> {
    let mut out = vec![];
    clap_complete::generate(args.shell, &mut command(), "mig", &mut out);
    page(&String::from_utf8_lossy(&out));
    Ok(0)
}
