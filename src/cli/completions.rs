//! `mig completions SHELL`.

use super::completing::VARIABLE;
use super::page;
use crate::error::{Error, Kind, Result};
use clap::Args;
use clap_complete::env::Shells;

/// Print the completions of a shell
///
/// The shell then asks mig, so that it knows the playbooks that lie there, the runs in the journal
/// and the hosts of the inventory. mig must be on the PATH.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig completions bash > ~/.local/share/bash-completion/completions/mig
  mig completions zsh > ~/.zfunc/_mig          and in ~/.zshrc, before compinit: fpath=(~/.zfunc $fpath)
  mig completions fish > ~/.config/fish/completions/mig.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish", "elvish", "powershell"])]
    pub shell: String,
}

/// Prints them.
///
/// # Errors
/// None so far.
pub fn run(args: &CompletionsArgs) -> Result<u8> {
    let wrong = |what: String| Box::new(Error::new(Kind::Bug, format!("no completions for {}: {what}", args.shell)));
    let shells = Shells::builtins();
    let shell = shells.completer(&args.shell).ok_or_else(|| wrong("unknown".into()))?;
    let mut out = vec![];
    shell.write_registration(VARIABLE, "mig", "mig", "mig", &mut out).map_err(|e| wrong(e.to_string()))?;
    page(&String::from_utf8_lossy(&out));
    Ok(0)
}
