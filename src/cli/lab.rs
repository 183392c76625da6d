//! `mig lab PLAYBOOK`.

use super::in_lab::source_of;
use super::wrong::Wrong;
use super::{Globals, page, playbook};
use crate::error::Error;
use crate::lab;
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

/// Opens a lab and keeps it open, or closes it.
///
/// # Errors
/// It has none, or it cannot be opened.
pub fn run(args: &LabArgs, globals: &Globals) -> Result<u8, Wrong> {
    let script = playbook(&args.playbook)?;
    let state = globals.state()?;
    let open: Vec<_> = lab::find(&state).into_iter().filter(|l| l.name() == script.name).collect();
    if args.close {
        if open.is_empty() {
            return Err(Error::bad_input(format!("the lab of {} is not open", script.name)).into());
        }
        for lab in open {
            lab.close()?;
        }
        page(&format!("the lab of {} is closed", script.name));
        return Ok(0);
    }
    let lab = match open.into_iter().next() {
        Some(lab) => lab,
        None => lab::open(&source_of(&script)?, &state)?,
    };
    let hosts: Vec<&str> = lab.settings().hosts.keys().map(String::as_str).collect();
    page(&format!(
        "the lab of {} is open: {}\n\nreach its machines with\n  ssh -F {} {}\nrun its playbook in it with\n  mig run {} --lab\nclose it with\n  mig lab {} --close\n\nits inventory, as seen from inside:\n{}",
        script.name,
        hosts.join(", "),
        lab.ssh_config_path().display(),
        hosts.first().unwrap_or(&"HOST"),
        args.playbook,
        args.playbook,
        lab.inventory(),
    ));
    Ok(0)
}
