//! From the words on the command line to a command, and from its end to the exit code.

use super::exit::show_all;
use super::wrong::Wrong;
use super::{
    Cli, Command, check, command, completions, doc, finish, fork, journal, lab, man, repl, resolve, resume, rollback,
    run, runs, show, test, unlock,
};
use crate::error::Kind;
use clap::FromArgMatches;
use clap::error::ErrorKind;
use std::ffi::OsString;
use std::io::Write;
use std::panic;

/// Runs mig with these words, the first of which is its own name, and returns the exit code.
/// A panic is a bug: it says so, and is exit code 70.
pub fn start(words: impl IntoIterator<Item = OsString>) -> u8 {
    panic::set_hook(Box::new(|what| {
        // When standard error is closed the exit code still tells.
        let _ = writeln!(
            std::io::stderr(),
            "error: mig has a bug: {what}\nWhat was done is in the journal: `mig runs` lists it, `mig resume` goes on.\n\
             Please report this, with what you typed and `mig --version`."
        );
    }));
    let words: Vec<OsString> = words.into_iter().collect();
    panic::catch_unwind(|| begin(&words)).unwrap_or(Kind::Bug.exit_code())
}

fn begin(words: &[OsString]) -> u8 {
    if super::completing::answered(words) {
        return 0;
    }
    log();
    let parsed = command().try_get_matches_from(words).and_then(|m| Cli::from_arg_matches(&m));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(e) => {
            // Help and version go to standard output and are no error. Whoever closed it has read enough.
            let _ = e.print();
            if e.use_stderr() && e.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                let _ = writeln!(std::io::stderr(), "Nothing was sent to any host.");
            }
            return if e.use_stderr() { Kind::BadInput.exit_code() } else { 0 };
        }
    };
    dispatch(&cli).unwrap_or_else(|wrong| show_all(&wrong, Some(&cli.globals)))
}

fn dispatch(cli: &Cli) -> Result<u8, Wrong> {
    let globals = &cli.globals;
    match &cli.command {
        Command::Run(args) => run::run("run", args.playbook.as_deref(), args.help, globals),
        Command::Plan(args) => run::run("plan", args.playbook.as_deref(), args.help, globals),
        Command::Resume(args) => resume::run(args, globals),
        Command::Rollback(args) => rollback::run(args, globals),
        Command::Resolve(args) => resolve::run(args, globals),
        Command::Finish(args) => finish::run(args, globals),
        Command::Runs(_) => runs::run(globals),
        Command::Unlock(args) => unlock::run(args, globals),
        Command::Show(args) => show::run(args, globals),
        Command::Check(args) => check::run(args, globals),
        Command::Fork(args) => fork::run(args, globals),
        Command::Doc(args) => doc::run(args),
        Command::Lab(args) => lab::run(args, globals),
        Command::Repl(args) => repl::run(args, globals),
        Command::Test(args) => test::run(args, globals),
        Command::Journal(args) => journal::run(args, globals),
        Command::Completions(args) => Ok(completions::run(args)?),
        Command::Man(args) => Ok(man::run(args)?),
    }
}

/// Prints the help of a command that has a `--help` of its own.
pub(super) fn help_of(name: &str) -> u8 {
    let mut whole = command();
    whole.build();
    if let Some(c) = whole.find_subcommand_mut(name) {
        let _ = c.print_long_help();
    }
    0
}

/// `MIG_LOG=debug` (or any filter of that kind) tells on standard error what mig does inside.
fn log() {
    if let Ok(filter) = std::env::var("MIG_LOG") {
        let filter = tracing_subscriber::EnvFilter::builder().parse_lossy(filter);
        // A second subscriber is refused; the first one goes on.
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    }
}
