//! `mig run PLAYBOOK`.

use super::drive::{Drive, From};
use super::gathered::{checked, gather};
use super::ground::{Ground, faces};
use super::lab_hands::LabHands;
use super::start::help_of;
use super::wrong::Wrong;
use super::{Globals, exit, in_lab, page};
use crate::contract::{Answer, Operator, Question};
use crate::error::{Error, Kind};
use crate::journal::{Journal, NewRun};
use crate::lab::OpenLab;
use crate::name::HostName;
use crate::report;
use crate::run::Shown;
use crate::script;
use clap::Args;
use std::sync::Arc;

/// Run a playbook: check, ask, plan, ask again, act
///
/// Checks the script, asks for missing parameters, looks at every host, shows the plan and asks
/// whether to go on. Everything done is journaled first, so that a run that was stopped anywhere
/// can be resumed or rolled back.
#[derive(Debug, Clone, Args)]
#[command(
    disable_help_flag = true,
    override_usage = "mig run PLAYBOOK [OPTIONS]",
    after_help = "Examples:
  mig run conductor --help                         the parameters of a playbook
  mig run conductor --lab --yes                    rehearse it here, without a question
  mig run ./move.rhai -i site.yml --set domain=pryv.me"
)]
pub struct RunArgs {
    /// A file, or the name of a shipped playbook
    #[arg(value_name = "PLAYBOOK", required_unless_present = "help")]
    pub playbook: Option<String>,

    /// Prints this help; with a playbook, its parameters too
    #[arg(short, long)]
    pub help: bool,
}

/// Runs a playbook, or only plans it.
///
/// # Errors
/// Everything that is wrong before the first deed; what happens after it has a page of its own.
pub fn run(name: &'static str, given: Option<&str>, help: bool, globals: &Globals) -> Result<u8, Wrong> {
    let Some(given) = given else {
        return Ok(help_of(name));
    };
    let (script, playbook) = gather(given)?;
    if help {
        let code = help_of(name);
        page(&format!("\nParameters of {}:\n{}", playbook.name, script::help(&script::declared(&playbook)?)));
        return Ok(code);
    }
    checked(&playbook)?;
    let state = globals.state()?;
    // The lab is entered before the first thread starts: a process with threads cannot.
    let lab = if globals.lab { Some(in_lab::for_a_run(&script, globals)?) } else { None };
    if let Some(lab) = &lab {
        in_lab::enter(lab)?;
        crate::fault::arm().map_err(Error::bad_input)?;
    }
    let mut ground = match &lab {
        Some(lab) => Ground::parse("the lab's inventory", lab.inventory().as_bytes())?,
        None => Ground::read(globals)?,
    };
    ground.playbook = given.into();
    let (face, person) = faces(globals);
    let operator = hands(lab.as_ref(), person, globals.yes);
    let params = ground.bind(&playbook, globals, &*operator)?;
    let run = new_id();
    let world = ground.open(&run, globals, lab.as_ref(), face.listener(), operator.clone())?;
    let memory = Default::default();
    let mut drive = Drive { globals, ground, playbook, params, face, operator, world, run, memory };
    if name == "plan" {
        return drive.plan().map(|_| 0);
    }
    let shown = drive.plan()?;
    if let Some(code) = wanted(&drive, &shown)? {
        return Ok(code);
    }
    has_secrets(&drive, &shown)?;
    let journal = Journal::open(&state)?;
    let scripts = scripts_of(&drive.playbook);
    let begun = NewRun {
        id: drive.run.clone(),
        playbook: given.into(),
        file: drive.playbook.file.clone(),
        params: drive.params.clone(),
        inventory: drive.ground.text.clone(),
        inventory_file: drive.ground.file.clone(),
        lab: lab.as_ref().map(|l| l.folder().display().to_string()).unwrap_or_default(),
        scripts,
    };
    let _held = journal.hold_named(&drive.run, "run")?;
    let record = Arc::new(journal.begin(&begun)?);
    let from = From { journal: &journal, record, shown: Some(shown), retry: false };
    let code = drive.live_with_a_prompt(from, lab.as_ref())?;
    match (&lab, code) {
        (Some(lab), 0) => lab_holds(lab, lab.after_run(), globals),
        _ => Ok(code),
    }
}

/// Asks whether the plan is wanted. `Some`: it is not, or nothing is to be done.
fn wanted(drive: &Drive, shown: &Shown) -> Result<Option<u8>, Wrong> {
    if drive.globals.yes {
        return Ok(None);
    }
    if !drive.operator.is_there() {
        return Err(Error::new(Kind::Refused, "the plan is not confirmed, and standard input is not a terminal")
            .hint("nothing was changed on any host")
            .hint("confirm it beforehand with --yes, or run it in a terminal")
            .into());
    }
    let hosts: Vec<&HostName> = shown.hosts.iter().collect();
    let real = if drive.ground.inventory.production { " These machines are marked `production`." } else { "" };
    let text = format!("Run it on {}?{real}", if hosts.is_empty() { "no host".into() } else { report::some(&hosts) });
    match drive.operator.ask(&Question::Confirm { text, default: false }) {
        Ok(Answer::Yes) => Ok(None),
        Ok(_) => {
            page("Nothing was changed.");
            Ok(Some(Kind::Stopped.exit_code()))
        }
        Err(halt) => Err(exit::error_of_halt(&halt).into()),
    }
}

/// A secret that cannot be had is said before the first deed, not by the deed that needs it.
fn has_secrets(drive: &Drive, shown: &Shown) -> Result<(), Wrong> {
    let wrong: Vec<Error> = shown
        .secrets
        .iter()
        .filter_map(|name| drive.world.has_secret(name).err())
        .map(|e| match e.kind {
            Kind::BadInput => Error { kind: Kind::Refused, ..*e }.hint("Nothing was changed on any host."),
            _ => *e,
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Wrong(wrong)) }
}

/// Whoever answers: the person, and in a lab whoever is played there.
pub(super) fn hands(lab: Option<&OpenLab>, person: Arc<super::Person>, yes: bool) -> Arc<dyn Operator> {
    match lab {
        Some(lab) => Arc::new(LabHands { lab: lab.clone(), person, yes }),
        None => person,
    }
}

/// Makes the lab's checks; the exit code.
pub(super) fn lab_holds(lab: &OpenLab, checks: &[crate::lab::Check], globals: &Globals) -> Result<u8, Wrong> {
    let mut wrong = vec![];
    for check in checks {
        if let Some(what) = lab.check(check)? {
            wrong.push(Error::new(Kind::StepFailed, format!("the lab is not as it must be: {what}")));
        }
    }
    if !globals.json {
        let n = checks.len() - wrong.len();
        page(&format!("lab: {n} of {} checks hold; the lab stays open: mig lab {} --close", checks.len(), lab.name()));
    }
    if wrong.is_empty() { Ok(0) } else { Err(Wrong(wrong)) }
}

pub(super) fn scripts_of(playbook: &script::Playbook) -> Vec<(String, String, String)> {
    let modules = playbook.modules.iter().map(|(name, (file, text))| (name.clone(), file.clone(), text.clone()));
    std::iter::once((String::new(), playbook.file.clone(), playbook.text.clone())).chain(modules).collect()
}

/// Twelve random hex digits.
pub(super) fn new_id() -> String {
    hex::encode(rand::random::<[u8; 6]>())
}
