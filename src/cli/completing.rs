//! What a shell completes is asked of mig itself, so that it knows the playbooks that lie there, the
//! runs of the journal and the hosts of the inventory.
//!
//! Here stands which argument takes what; `candidates.rs` finds it.

use super::candidates::{Playbooks, Settings, calls, commands, forks, hosts, names, runs, steps};
use super::command;
use crate::journal::RunState;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};
use clap_complete::env::CompleteEnv;
use std::ffi::OsString;

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
    ("resume", "run", RunState::can_resume),
    ("rollback", "run", RunState::can_roll_back),
    ("resolve", "run", RunState::can_roll_back),
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
    whole = with(whole, "fork", "name", |a| a.add(ArgValueCandidates::new(forks)));
    whole = with(whole, "rollback", "to", |a| a.add(ArgValueCandidates::new(steps)));
    whole = with(whole, "resolve", "call", |a| a.add(ArgValueCandidates::new(calls)));
    whole = whole.mut_arg("set", |a| a.add(ArgValueCompleter::new(Settings)));
    whole = with(whole, "unlock", "host", |a| a.add(ArgValueCandidates::new(hosts)));
    whole = with(whole, "doc", "name", |a| a.add(ArgValueCandidates::new(names)));
    with(whole, "man", "command", |a| a.add(ArgValueCandidates::new(commands)))
}

fn with(whole: clap::Command, name: &str, arg: &str, add: impl Fn(clap::Arg) -> clap::Arg) -> clap::Command {
    whole.mut_subcommand(name, |c| {
        let is_there = c.get_arguments().any(|a| a.get_id() == arg);
        if is_there { numbered(c).mut_arg(arg, add) } else { c }
    })
}

/// With the place of each argument that has no option: changing one puts it behind the others.
fn numbered(c: clap::Command) -> clap::Command {
    let places: Vec<clap::Id> = c.get_positionals().map(|a| a.get_id().clone()).collect();
    let is_numbered = c.get_positionals().all(|a| a.get_index().is_some());
    match is_numbered {
        true => c,
        false => places.into_iter().enumerate().fold(c, |c, (n, id)| c.mut_arg(id, |a| a.index(n + 1))),
    }
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
        for (name, arg) in [
            ("unlock", "host"),
            ("doc", "name"),
            ("man", "command"),
            ("fork", "name"),
            ("rollback", "to"),
            ("resolve", "call"),
        ] {
            has(name, arg);
        }
    }
}
