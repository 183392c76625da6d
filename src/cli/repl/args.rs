//! `mig repl`.

use super::editor::Prompt;
use super::history;
use super::pipe::Pipe;
use super::reader::Reader;
use super::talk::{Left, Talk, params};
use crate::cli::ground::Ground;
use crate::cli::run::{hands, new_id};
use crate::cli::wrong::Wrong;
use crate::cli::{Globals, Person, in_lab, playbook, shipped};
use crate::contract::Listener;
use crate::error::Error;
use crate::journal::Journal;
use crate::report::{Paint, Typed};
use crate::script::{Inventory, Memory};
use clap::Args;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};

/// Type lines of a playbook, done one by one
///
/// The language of playbooks over the machines of the inventory; each machine and each parameter is
/// known by its name. What is typed is a run: locked, journaled, and taken back with :undo or
/// `mig rollback`. :save writes it as a playbook. Without a terminal the lines come from standard
/// input, and the first that fails is the last.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  mig repl -i site.yml                 on machines marked `production: true` it begins dry
  mig repl --lab conductor             in the lab of a playbook
  echo 'dest.ssh(\"uptime\")' | mig repl -i site.yml")]
pub struct ReplArgs {
    /// With --lab: the playbook in whose lab lines are typed
    #[arg(value_name = "NAME", requires = "lab")]
    pub name: Option<String>,
}

/// Opens a session and stays in it until it is left.
///
/// # Errors
/// The inventory, the lab or the journal.
pub fn run(args: &ReplArgs, globals: &Globals) -> Result<u8, Wrong> {
    if globals.json {
        return Err(Error::bad_input("a session of typed lines is not told as JSON")
            .hint("what it did is: mig show RUN --json")
            .into());
    }
    let state = globals.state()?;
    // The lab is entered before the first thread starts: a process with threads cannot.
    let lab = match (&args.name, globals.lab) {
        (Some(name), true) => Some(in_lab::for_a_run(&playbook(name)?, globals)?),
        (None, true) => {
            return Err(Error::bad_input("in which lab? --lab needs the name of a playbook here")
                .hint(format!("playbooks: {}", shipped::playbook_names().join(", ")))
                .hint("mig repl --lab conductor")
                .into());
        }
        (_, false) => None,
    };
    if let Some(lab) = &lab {
        in_lab::enter(lab)?;
        crate::fault::arm().map_err(Error::bad_input)?;
    }
    let mut ground = match &lab {
        Some(lab) => Ground::parse("the lab's inventory", lab.inventory().as_bytes())?,
        None => Ground::read(globals)?,
    };
    ground.playbook = "repl".into();
    let journal = Journal::open(&state)?;
    let is_terminal = std::io::stdin().is_terminal();
    let paint = Paint { colours: globals.colours() };
    let shown = Arc::new(Typed::new(Box::new(std::io::stdout()), paint));
    let operator = hands(lab.as_ref(), Arc::new(Person::new(globals.yes, None)), globals.yes);
    let listener: Arc<dyn Listener> = shown.clone();
    let run = new_id();
    let world = ground.open(&run, globals, lab.as_ref(), listener, operator.clone())?;
    let params = params(&ground, globals);
    let memory = Arc::new(Mutex::new(Memory::new(&ground.setting(), &params)));
    let place = lab.as_ref().map_or(ground.file.clone(), |lab| format!("lab of {}", lab.name()));
    let mut talk = Talk {
        globals,
        ground: &ground,
        world: world.clone(),
        operator,
        shown,
        journal: &journal,
        run,
        params,
        is_own: true,
        lab: lab.as_ref(),
        record: None,
        held: None,
        memory: memory.clone(),
        lines: vec![],
        next: 1,
        is_dry: ground.inventory.production,
        live: None,
        dry: None,
    };
    let mut reader: Box<dyn Reader> = match is_terminal {
        true => Box::new(prompt(&ground, memory, history::file_of(&state, &place), globals)?),
        false => Box::new(Pipe),
    };
    talk.greets(&*reader, &place);
    let left = talk.go(&mut *reader);
    world.close();
    match left? {
        Left::Quit(code) => Ok(code),
        Left::GoOn { .. } => Ok(0),
    }
}

/// The prompt over an inventory.
///
/// # Errors
/// The terminal cannot be used.
pub(super) fn prompt(
    ground: &Ground,
    memory: Arc<Mutex<Memory>>,
    history: std::path::PathBuf,
    globals: &Globals,
) -> Result<Prompt, Wrong> {
    let setting = ground.setting();
    let names = Inventory {
        hosts: setting.hosts.keys().cloned().collect(),
        groups: setting.groups.keys().cloned().collect(),
        secrets: ground.inventory.secrets.keys().map(ToString::to_string).collect(),
        modules: shipped::module_names(),
    };
    Prompt::new(memory, names, history, globals.colours())
        .map_err(|e| Error::bad_input(format!("the terminal cannot be used: {e}")).into())
}

impl Talk<'_> {
    /// The first words of a session, for a person.
    pub(super) fn greets(&self, reader: &dyn Reader, place: &str) {
        if !reader.is_terminal() {
            return;
        }
        let hosts: Vec<String> = self.ground.setting().hosts.into_keys().collect();
        let hosts = if hosts.is_empty() { "no hosts".into() } else { hosts.join(", ") };
        self.shown.page(&format!("{place}: {hosts}. :help says what can be typed."));
        if self.is_dry {
            self.shown
                .page("These machines are marked `production`: lines only show what they would do, until :plan off.");
        }
    }
}
