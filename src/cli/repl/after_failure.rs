//! A run of a playbook that failed, on a terminal: lines can be typed into it, with the variables
//! that the playbook had, and then it may go on.

use super::args::prompt;
use super::history;
use super::talk::{Left, Talk};
use crate::cli::ground::Ground;
use crate::cli::run::hands;
use crate::cli::wrong::Wrong;
use crate::cli::{Globals, Person};
use crate::contract::{Answer, Listener, Operator, Question};
use crate::error::Kind;
use crate::journal::{Journal, Record};
use crate::lab::OpenLab;
use crate::report::{Paint, Typed};
use crate::script::Memory;
use serde_json::Value;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};

/// The run that failed, and what it leaves.
pub struct Failed<'a> {
    pub globals: &'a Globals,
    pub ground: &'a Ground,
    pub journal: &'a Journal,
    pub record: Arc<Record>,
    pub run: &'a str,
    pub params: &'a Value,
    pub lab: Option<&'a OpenLab>,
    pub memory: Memory,
}

/// Offers it, and stays until it is left. `Some`: the run is to go on, with `--retry` or without.
///
/// # Errors
/// The journal, or the world cannot be opened again.
pub fn after_failure(failed: Failed, code: u8) -> Result<Option<bool>, Wrong> {
    let Failed { globals, ground, journal, record, run, params, lab, memory } = failed;
    let is_there = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    if code != Kind::StepFailed.exit_code() || !is_there || globals.yes || globals.json {
        return Ok(None);
    }
    let person = Arc::new(Person::new(false, None));
    let text = "\nOpen a prompt here, with the playbook's variables? What you type belongs to the run.".to_string();
    if !matches!(person.ask(&Question::Confirm { text, default: false }), Ok(Answer::Yes)) {
        return Ok(None);
    }
    let operator = hands(lab, person, false);
    let paint = Paint { colours: globals.colours() };
    let shown = Arc::new(Typed::new(Box::new(std::io::stdout()), paint));
    let listener: Arc<dyn Listener> = shown.clone();
    let world = ground.open(run, globals, lab, listener, operator.clone())?;
    let memory = Arc::new(Mutex::new(memory));
    let place = lab.map_or(ground.file.clone(), |lab| format!("lab of {}", lab.name()));
    let typed = |(_, event): &(i64, Value)| event.get("typed").and_then(Value::as_u64);
    let last = journal.moments(run)?.iter().filter_map(typed).max().unwrap_or(0);
    let mut reader = prompt(ground, memory.clone(), history::file_of(&globals.state()?, &place), globals)?;
    let mut talk = Talk {
        globals,
        ground,
        world: world.clone(),
        operator,
        shown,
        journal,
        run: run.into(),
        params: params.clone(),
        is_own: false,
        lab,
        record: Some(record),
        held: None,
        memory,
        lines: vec![],
        next: usize::try_from(last).unwrap_or(0) + 1,
        is_dry: ground.inventory.production,
        live: None,
        dry: None,
    };
    talk.greets(&reader, &format!("run {run}"));
    talk.shown.page(":resume lets the run go on, :quit leaves it as it is.");
    let left = talk.go(&mut reader);
    world.close();
    match left? {
        Left::GoOn { retry } => Ok(Some(retry)),
        Left::Quit(_) => Ok(None),
    }
}
