//! The commands, and the page that lists them.

use super::*;
use clap::{CommandFactory, Parser, Subcommand};
use std::fmt::Write as _;

/// Runs migration playbooks: moves a running server over plain SSH, planned, journaled, resumable
/// and undoable
#[derive(Debug, Parser)]
#[command(name = "mig", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Run(RunArgs),
    Plan(PlanArgs),
    Resume(ResumeArgs),
    Rollback(RollbackArgs),
    Resolve(ResolveArgs),
    Finish(FinishArgs),
    Runs(RunsArgs),
    Show(ShowArgs),
    Unlock(UnlockArgs),
    Journal(JournalArgs),
    Check(CheckArgs),
    Test(TestArgs),
    Fork(ForkArgs),
    Lab(LabArgs),
    Repl(ReplArgs),
    Doc(DocArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// In which order and under which headings `mig --help` lists the commands.
const GROUPS: &[(&str, &[&str])] = &[
    ("Move something", &["run", "plan", "repl"]),
    ("When a run stopped", &["resume", "rollback", "resolve", "finish"]),
    ("Look back", &["runs", "show", "unlock", "journal"]),
    ("Write playbooks", &["fork", "check", "test", "lab", "doc"]),
    ("Set up", &["completions", "man"]),
];

const EXAMPLES: &str = "\
Examples:
  mig run conductor --lab              rehearse a shipped playbook on this machine
  mig plan conductor -i site.yml       what would be done; changes nothing anywhere
  mig run conductor -i site.yml        do it, after showing the plan and asking
  mig resume                           go on where a run stopped
  mig rollback                         take a run back, newest first

Exit codes:
  0 done · 2 bad input, nothing was sent to any host · 3 refused · 4 a step failed
  5 an answer is needed · 6 a lock is held · 130 stopped by the operator · 70 a bug in mig";

/// The whole command line as clap sees it, with its own page for `--help`.
pub fn command() -> clap::Command {
    let plain = Cli::command();
    let mut list = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(list, "{title}:");
        for name in *names {
            let about = plain.find_subcommand(name).and_then(clap::Command::get_about);
            let _ = writeln!(list, "  {name:<12} {}", about.map(ToString::to_string).unwrap_or_default());
        }
        list.push('\n');
    }
    plain
        .help_template(format!(
            "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{list}Options of every command:\n{{options}}{{after-help}}"
        ))
        .after_help(format!("`mig COMMAND --help` says more.\n\n{EXAMPLES}"))
        .subcommand_value_name("COMMAND")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clap_finds_no_fault() {
        command().debug_assert();
    }

    #[test]
    fn every_command_is_listed_once_and_says_what_it_does() {
        let plain = Cli::command();
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let mut known: Vec<&str> = plain.get_subcommands().map(clap::Command::get_name).collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
        for c in plain.get_subcommands() {
            let about = c.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(about.len() > 10 && about.len() < 78, "{}: {about}", c.get_name());
        }
    }
}
