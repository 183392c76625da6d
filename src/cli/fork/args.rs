//! What is typed behind `mig fork`.

use super::super::wrong::Wrong;
use super::super::{Globals, page};
use super::compare::{compare, in_a_word};
use super::copy::copy;
use super::found::{Found, forks, the_fork};
use super::upstream;
use crate::report::Paint;
use clap::Args;
use std::path::PathBuf;

/// Copy a shipped playbook, with its lab and its modules, to change it
///
/// What it came from is remembered beside it, in NAME.fork.json: keep that file with the others. Nothing
/// is ever overwritten.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig fork conductor                 ./conductor.rhai, ./conductor.lab and ./stdlib
  mig fork conductor playbooks       a fork that `mig run conductor` takes from here on
  mig fork --list                    what is shipped, and the forks here
  mig fork --diff conductor          what the fork changed, and what mig has changed since")]
pub struct ForkArgs {
    /// A shipped playbook; with --diff, the name or the file of a fork, or all of them when left out
    #[arg(value_name = "NAME", required_unless_present_any = ["list", "diff"])]
    pub name: Option<String>,

    /// Where the copy goes; left out, the current folder
    #[arg(value_name = "FOLDER", conflicts_with_all = ["list", "diff"])]
    pub folder: Option<PathBuf>,

    /// Lists the shipped playbooks, and the forks in this folder and in ./playbooks
    #[arg(long, conflicts_with_all = ["name", "diff"])]
    pub list: bool,

    /// Shows what a fork changed, and what mig has changed since
    #[arg(long)]
    pub diff: bool,
}

/// Copies, lists or compares.
///
/// # Errors
/// No such playbook or fork, something is in the way, or a file cannot be read or written.
pub fn run(args: &ForkArgs, globals: &Globals) -> Result<u8, Wrong> {
    let paint = Paint { colours: globals.colours() };
    if args.list {
        return list(globals, paint);
    }
    if args.diff {
        let all = match &args.name {
            Some(name) => vec![the_fork(name)?],
            None => forks()?,
        };
        if all.is_empty() {
            page("There is no fork here or in ./playbooks. `mig fork --list` lists what can be forked.");
        }
        for fork in &all {
            let compared = compare(fork)?;
            page(&if globals.json { compared.json(fork) } else { compared.render(fork, paint) });
        }
        return Ok(0);
    }
    let folder = args.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    page(&copy(args.name.as_deref().unwrap_or_default(), &folder, paint)?);
    Ok(0)
}

fn list(globals: &Globals, paint: Paint) -> Result<u8, Wrong> {
    let forks: Vec<(Found, String)> =
        forks()?.into_iter().map(|f| compare(&f).map(|c| (f, in_a_word(&c)))).collect::<Result<_, _>>()?;
    if globals.json {
        for name in upstream::names() {
            page(&serde_json::json!({ "shipped": name, "about": upstream::about(&name) }).to_string());
        }
        for (fork, word) in &forks {
            page(
                &serde_json::json!({ "fork": fork.script(), "of": fork.origin.playbook, "mig": fork.origin.mig, "state": word })
                    .to_string(),
            );
        }
        return Ok(0);
    }
    page(&format!("Shipped with mig {}:", upstream::VERSION));
    let names = upstream::names();
    let widest = names.iter().map(String::len).max().unwrap_or(0);
    for name in names {
        page(&format!("  {}  {}", paint.name(&format!("{name:<widest$}")), upstream::about(&name)));
    }
    page(if forks.is_empty() { "\nNo forks here or in ./playbooks." } else { "\nForks:" });
    for (fork, word) in &forks {
        let of = format!("of {} {}", fork.origin.playbook, fork.origin.mig);
        page(&format!("  {}  {}  {word}", paint.name(&fork.script()), paint.dim(&of)));
    }
    Ok(0)
}
