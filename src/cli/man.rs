//! `mig man`.

use super::{command, page};
use crate::error::{Error, Kind, Result};
use crate::text::nearest::nearest;
use clap::Args;

/// Print the manual page of mig or of one of its commands
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig man | man -l -
  mig man run > mig-run.1")]
pub struct ManArgs {
    /// A command of mig; left out, mig itself
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Prints it.
///
/// # Errors
/// When there is no such command.
pub fn run(args: &ManArgs) -> Result<u8> {
    let mut whole = command();
    // The options of every command belong on the page of each, and others may name them.
    whole.build();
    let wanted = match &args.command {
        None => whole,
        Some(name) => match whole.find_subcommand(name) {
            Some(c) => c.clone().name(format!("mig-{name}")).display_name(format!("mig-{name}")),
            None => {
                let names: Vec<&str> = whole.get_subcommands().map(clap::Command::get_name).collect();
                let mut error = Error::bad_input(format!("there is no command {name:?}"));
                if let Some(known) = nearest(name, names.iter().copied()) {
                    error = error.hint(format!("did you mean: mig man {known}"));
                }
                return error.hint(format!("commands: {}", names.join(", "))).err();
            }
        },
    };
    let mut out = vec![];
    clap_mangen::Man::new(wanted)
        .render(&mut out)
        .map_err(|e| Box::new(Error::new(Kind::Bug, format!("cannot write the manual page: {e}"))))?;
    page(&String::from_utf8_lossy(&out));
    Ok(0)
}
