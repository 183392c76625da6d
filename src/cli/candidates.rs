//! What Tab offers: playbooks, runs, steps, calls, hosts, parameters and names of the reference.
//!
//! Deliberately not here: any error. Whoever presses Tab wants no page; what cannot be read offers
//! nothing.

use super::gathered::gather;
use super::{command, fork, playbook, playbook_names};
use crate::inventory::Inventory;
use crate::journal::{CallState, Journal, RunRow, RunState};
use crate::reference;
use crate::script::{ParamKind, ParamSpec, declared};
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Names of playbooks, and files that are some.
pub struct Playbooks;

impl ValueCompleter for Playbooks {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let typed = current.to_string_lossy();
        let names = playbook_names().into_iter().filter(|n| n.starts_with(typed.as_ref()));
        let about = |name: &str| playbook(name).ok().and_then(|s| fork::says_of_itself(&s.text));
        let one = |name: String| CompletionCandidate::new(&name).help(about(&name).map(Into::into));
        let mut all: Vec<CompletionCandidate> = names.map(one).collect();
        let is_one = |p: &Path| p.extension().is_some_and(|e| e == "rhai");
        all.extend(PathCompleter::any().filter(is_one).complete(current));
        all
    }
}

/// The runs that fit, by id, each with its playbook and how it ended.
pub fn runs(fits: fn(RunState) -> bool) -> Vec<CompletionCandidate> {
    let all = journal().and_then(|j| j.runs().ok()).unwrap_or_default();
    let one = |r: RunRow| {
        let help = format!("{}, {}", r.playbook, r.state.word());
        CompletionCandidate::new(r.id.to_string()).help(Some(help.into()))
    };
    all.into_iter().filter(|r| fits(r.state)).map(one).collect()
}

/// The steps of the run that the line names, or of the only one that can be taken back.
pub fn steps() -> Vec<CompletionCandidate> {
    let of = |journal: &Journal| journal.steps(&the_run(journal, RunState::can_roll_back)?.id).ok();
    let steps = journal().and_then(|j| of(&j)).unwrap_or_default();
    steps.iter().filter_map(|s| s.path.last()).map(CompletionCandidate::new).collect()
}

/// The calls of the run that the line names whose end nobody saw.
pub fn calls() -> Vec<CompletionCandidate> {
    let of = |journal: &Journal| journal.calls(&the_run(journal, RunState::can_roll_back)?.id).ok();
    let mut calls = journal().and_then(|j| of(&j)).unwrap_or_default();
    calls.retain(|c| c.state == CallState::Begun && !c.past);
    let one = |c: &crate::journal::Call| {
        let help = format!("{}, {}", c.key.place(), c.state.word());
        CompletionCandidate::new(c.seq.to_string()).help(Some(help.into()))
    };
    calls.iter().map(one).collect()
}

/// The hosts of the inventory.
pub fn hosts() -> Vec<CompletionCandidate> {
    host_names().into_iter().map(CompletionCandidate::new).collect()
}

fn host_names() -> Vec<String> {
    let named = word_behind(&["-i", "--inventory"]).map(PathBuf::from);
    let of_env = std::env::var_os("MIG_INVENTORY").filter(|v| !v.is_empty()).map(PathBuf::from);
    let file = named.or(of_env).unwrap_or_else(|| "inventory.yml".into());
    let text = crate::world::files::find_text(&file, 1 << 20).ok().flatten().unwrap_or_default();
    let read = |text: String| Inventory::parse(&file.display().to_string(), text.as_bytes()).ok();
    let hosts = read(text).map(|i| i.order).unwrap_or_default();
    hosts.iter().map(ToString::to_string).collect()
}

/// What can be forked; behind `--diff`, the forks that are here.
pub fn forks() -> Vec<CompletionCandidate> {
    if words().iter().any(|w| w == "--diff") {
        return fork::forked().into_iter().map(CompletionCandidate::new).collect();
    }
    let one = |(name, about): (String, String)| CompletionCandidate::new(name).help(Some(about.into()));
    fork::shipped().into_iter().map(one).collect()
}

/// `--set NAME=VALUE`: the parameters of the playbook that the line names, and what one may be.
pub struct Settings;

impl ValueCompleter for Settings {
    fn complete(&self, current: &OsStr) -> Vec<CompletionCandidate> {
        let typed = current.to_string_lossy();
        let all = parameters();
        let candidates: Vec<(String, Option<String>)> = match typed.split_once('=') {
            None => all.iter().map(|p| (format!("{}=", p.name), Some(p.about.clone()))).collect(),
            Some((name, _)) => {
                let values = all.iter().find(|p| p.name == name).map(values).unwrap_or_default();
                values.into_iter().map(|v| (format!("{name}={v}"), None)).collect()
            }
        };
        let fitting = candidates.into_iter().filter(|(c, _)| c.starts_with(typed.as_ref()));
        fitting.map(|(c, help)| CompletionCandidate::new(c).help(help.map(Into::into))).collect()
    }
}

fn values(p: &ParamSpec) -> Vec<String> {
    match p.kind {
        ParamKind::Choice => p.choices.clone(),
        ParamKind::Bool => vec!["true".into(), "false".into()],
        ParamKind::Host | ParamKind::Hosts => host_names(),
        _ => vec![],
    }
}

/// The parameters of the first playbook that the line names.
fn parameters() -> Vec<ParamSpec> {
    let takes_one = ["run", "plan", "check", "test"];
    let all = words();
    let at = all.iter().position(|w| takes_one.iter().any(|c| w == *c)).map_or(all.len(), |at| at + 1);
    let is_word = |w: &&OsString| !w.is_empty() && !w.to_string_lossy().starts_with('-');
    let one = |w: &OsString| declared(&gather(&w.to_string_lossy()).ok()?.1).ok();
    all.iter().skip(at).filter(is_word).find_map(one).unwrap_or_default()
}

/// The names of the reference.
pub fn names() -> Vec<CompletionCandidate> {
    reference::entries().map(|e| CompletionCandidate::new(e.name)).collect()
}

/// The commands of mig.
pub fn commands() -> Vec<CompletionCandidate> {
    let whole = command();
    let one = |c: &clap::Command| CompletionCandidate::new(c.get_name()).help(c.get_about().cloned());
    whole.get_subcommands().map(one).collect()
}

/// The state folder that the line or the environment names.
fn state() -> Option<PathBuf> {
    let globals = super::Globals { state: word_behind(&["--state"]).map(PathBuf::from), ..bare()? };
    globals.state().ok()
}

/// The options of every command, none of them given.
fn bare() -> Option<super::Globals> {
    use clap::FromArgMatches;
    let matches = command().try_get_matches_from(["mig", "runs"]).ok()?;
    super::Globals::from_arg_matches(&matches).ok()
}

/// The journal, if there is one: opening would make it.
fn journal() -> Option<Journal> {
    let state = state()?;
    if !state.join("journal.db").exists() {
        return None;
    }
    Journal::open(&state).ok()
}

/// The run whose id the line has the beginning of, or the only one that fits.
fn the_run(journal: &Journal, fits: fn(RunState) -> bool) -> Option<RunRow> {
    let all: Vec<RunRow> = journal.runs().ok()?.into_iter().filter(|r| fits(r.state)).collect();
    let words = words();
    let named = |r: &&RunRow| words.iter().filter_map(|w| w.to_str()).any(|w| !w.is_empty() && r.id.starts_with(w));
    let mut found: Vec<&RunRow> = all.iter().filter(named).collect();
    if found.is_empty() {
        found = all.iter().collect();
    }
    if let [one] = found[..] { Some(one.clone()) } else { None }
}

/// The words of the line that is completed.
fn words() -> Vec<OsString> {
    let all: Vec<OsString> = std::env::args_os().collect();
    let at = all.iter().position(|w| w == "--").map_or(1, |at| at + 1);
    all.into_iter().skip(at).collect()
}

/// The word behind one of these options.
fn word_behind(options: &[&str]) -> Option<OsString> {
    let words = words();
    let at = words.iter().rposition(|w| options.iter().any(|o| w == *o))?;
    words.get(at + 1).cloned()
}
