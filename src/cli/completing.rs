//! What a shell completes is asked of mig itself, so that it knows the playbooks that lie there, the
//! runs of the journal and the hosts of the inventory.
//!
//! Deliberately not here: any error. Whoever presses Tab wants no page; what cannot be read offers
//! nothing.

use super::{command, playbook_names};
use crate::error::Error;
use crate::inventory::Inventory;
use crate::journal::{Journal, RunState};
use crate::reference;
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use clap_complete::env::CompleteEnv;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Says to a mig that a shell has started it to complete a line, and which shell.
pub const VARIABLE: &str = "MIG_COMPLETE";

/// Which arguments take what.
const PLAYBOOKS: &[(&str, &str)] = &[
    ("run", "playbook"),
    ("plan", "playbook"),
    ("check", "playbooks"),
    ("test", "playbooks"),
    ("lab", "playbook"),
    ("repl", "name"),
];
/// A command, its argument, and whether a run in such a state fits it.
type Fits = (&'static str, &'static str, fn(RunState) -> bool);
const RUNS: &[Fits] = &[
    ("resume", "run", |s| !matches!(s, RunState::Done | RunState::Finished | RunState::RolledBack)),
    ("rollback", "run", |s| !matches!(s, RunState::Finished | RunState::RolledBack)),
    ("resolve", "run", |s| !matches!(s, RunState::Done | RunState::Finished | RunState::RolledBack)),
    ("finish", "run", |s| !matches!(s, RunState::Finished)),
    ("show", "run", |_| true),
];

/// Answers a shell, if one has started us to ask. `true`: it was answered, and there is nothing else to do.
pub fn answered(words: &[OsString]) -> bool {
    if std::env::var_os(VARIABLE).is_none() {
        return false;
    }
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(whole).var(VARIABLE).try_complete(words.to_vec(), here.as_deref()).unwrap_or(true)
}

/// The command line with what its arguments can be.
fn whole() -> clap::Command {
    let mut whole = command();
    for (name, arg) in PLAYBOOKS {
        whole = with(whole, name, arg, |a| a.add(ArgValueCompleter::new(Playbooks)));
    }
    for (name, arg, fits) in RUNS {
        whole = with(whole, name, arg, |a| a.add(ArgValueCandidates::new(|| runs(*fits))));
    }
    whole = with(whole, "unlock", "host", |a| a.add(ArgValueCandidates::new(hosts)));
    whole = with(whole, "doc", "name", |a| a.add(ArgValueCandidates::new(names)));
    with(whole, "man", "command", |a| a.add(ArgValueCandidates::new(commands)))
}

fn with(whole: clap::Command, name: &str, arg: &str, add: impl Fn(clap::Arg) -> clap::Arg) -> clap::Command {
    whole.mut_subcommand(name, |c| {
        let is_there = c.get_arguments().any(|a| a.get_id() == arg);
        if is_there { c.mut_arg(arg, add) } else { c }
    })
}

/// Names of playbooks, and files that are some.
struct Playbooks;

impl ValueCompleter for Playbooks {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let typed = current.to_string_lossy();
        let names = playbook_names().into_iter().filter(|n| n.starts_with(typed.as_ref()));
        let mut all: Vec<CompletionCandidate> = names.map(CompletionCandidate::new).collect();
        let is_one = |p: &Path| p.extension().is_some_and(|e| e == "rhai");
        all.extend(PathCompleter::any().filter(is_one).complete(current));
        all
    }
}

fn runs(fits: fn(RunState) -> bool) -> Vec<CompletionCandidate> {
    let Some(state) = state() else { return vec![] };
    // Opening would make one.
    if !state.join("journal.db").exists() {
        return vec![];
    }
    let all = Journal::open(&state).and_then(|j| j.runs()).unwrap_or_default();
    let one = |r: crate::journal::RunRow| {
        let help = format!("{}, {}", r.playbook, r.state.word());
        CompletionCandidate::new(r.id.to_string()).help(Some(help.into()))
    };
    all.into_iter().filter(|r| fits(r.state)).map(one).collect()
}

fn hosts() -> Vec<CompletionCandidate> {
    let named = word_behind(&["-i", "--inventory"]).map(PathBuf::from);
    let of_env = std::env::var_os("MIG_INVENTORY").filter(|v| !v.is_empty()).map(PathBuf::from);
    let file = named.or(of_env).unwrap_or_else(|| "inventory.yml".into());
    let text = crate::world::files::find_text(&file, 1 << 20).ok().flatten().unwrap_or_default();
    let read = |text: String| Inventory::parse(&file.display().to_string(), text.as_bytes()).ok();
    let hosts = read(text).map(|i| i.order).unwrap_or_default();
    hosts.iter().map(|h| CompletionCandidate::new(h.to_string())).collect()
}

fn names() -> Vec<CompletionCandidate> {
    reference::entries().map(|e| CompletionCandidate::new(e.name)).collect()
}

fn commands() -> Vec<CompletionCandidate> {
    let whole = command();
    let one = |c: &clap::Command| CompletionCandidate::new(c.get_name()).help(c.get_about().cloned());
    whole.get_subcommands().map(one).collect()
}

/// The state folder that the line or the environment names.
fn state() -> Option<PathBuf> {
    let globals = super::Globals { state: word_behind(&["--state"]).map(PathBuf::from), ..bare()? };
    globals.state().map_err(|e: Box<Error>| e).ok()
}

/// The options of every command, none of them given.
fn bare() -> Option<super::Globals> {
    use clap::FromArgMatches;
    let matches = command().try_get_matches_from(["mig", "runs"]).ok()?;
    super::Globals::from_arg_matches(&matches).ok()
}

/// The word behind one of these options, in the line that is completed.
fn word_behind(options: &[&str]) -> Option<OsString> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let at = words.iter().rposition(|w| options.iter().any(|o| w == *o))?;
    words.get(at + 1).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_that_is_named_here_exists() {
        let whole = command();
        let has = |name: &str, arg: &str| {
            let c = whole.find_subcommand(name).unwrap();
            assert!(c.get_arguments().any(|a| a.get_id() == arg), "{name} {arg}");
        };
        PLAYBOOKS.iter().for_each(|(name, arg)| has(name, arg));
        RUNS.iter().for_each(|(name, arg, _)| has(name, arg));
        for (name, arg) in [("unlock", "host"), ("doc", "name"), ("man", "command")] {
            has(name, arg);
        }
    }
}
