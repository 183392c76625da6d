//! A run of a playbook that failed, on a terminal: lines can be typed into it, with the variables
//! that the playbook had, and then it may go on.

use super::args::prompt;
use super::history;
use super::talk::{Left, Talk};
use crate::cli::drive::{Drive, From};
use crate::cli::ground::{Ground, faces};
use crate::cli::run::hands;
use crate::cli::wrong::Wrong;
use crate::cli::{Globals, Person};
use crate::contract::{Answer, Listener, Operator, Question};
use crate::error::{Error, Kind};
use crate::journal::{Journal, Record, Row, RunState};
use crate::lab::OpenLab;
use crate::report::{Paint, Typed};
use crate::run::{Gate, Mode};
use crate::script::{Memory, look_inside};
use serde_json::Value;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};

impl Drive<'_> {
    /// Runs, or goes on; after a failure on a terminal lines may be typed into the run, and it may
    /// go on from there. Gives the exit code.
    ///
    /// # Errors
    /// The journal, or the playbook does not ask for what is recorded.
    pub fn live_with_a_prompt(&mut self, from: From, lab: Option<&OpenLab>) -> Result<u8, Wrong> {
        let mut from = from;
        loop {
            let code = self.live(&from)?;
            let memory = std::mem::take(&mut *self.memory.lock().unwrap_or_else(PoisonError::into_inner));
            let failed = Failed {
                globals: self.globals,
                ground: &self.ground,
                journal: from.journal,
                record: from.record.clone(),
                run: &self.run,
                params: &self.params,
                lab,
                memory,
            };
            let Some(retry) = failed.offers_a_prompt(code)? else { return Ok(code) };
            // Its screen has ended, and its world may be closed: both are opened anew.
            let (face, person) = faces(self.globals);
            self.operator = hands(lab, person, self.globals.yes);
            self.face = face;
            self.world.close();
            let (face, operator) = (self.face.listener(), self.operator.clone());
            self.world = self.ground.open(&self.run, self.globals, lab, face, operator)?;
            self.verify(from.journal, &from.record)?;
            from.record.commit("running", 0, vec![Row::run_is(RunState::Running, "")]).map_err(Error::bad_input)?;
            from = From { shown: None, retry, ..from };
        }
    }
}

impl Drive<'_> {
    /// Adds the variables of the step that failed to those outside of steps, when a prompt will be
    /// offered. The record must not be cut yet: what was read since the last deed belongs to them.
    ///
    /// # Errors
    /// The journal.
    pub(in crate::cli) fn remembers_the_inside(&self, from: &From) -> Result<(), Wrong> {
        if !is_offered(self.globals, Kind::StepFailed.exit_code()) {
            return Ok(());
        }
        from.record.commit("flush", 0, vec![]).map_err(Error::bad_input)?;
        let (calls, steps) = (from.journal.calls(&self.run)?, from.journal.steps(&self.run)?);
        let gate = || {
            let mut setting = self.gate(Mode::Verify, Arc::new(()));
            setting.record = Some(from.record.clone());
            setting.calls.clone_from(&calls);
            setting.steps.clone_from(&steps);
            Arc::new(Gate::new(setting))
        };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        look_inside(&gate, &self.playbook, &self.ground.setting(), &mut memory);
        Ok(())
    }
}

/// Whether there is somebody to whom a prompt can be offered, and a reason to.
fn is_offered(globals: &Globals, code: u8) -> bool {
    let is_there = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    code == Kind::StepFailed.exit_code() && is_there && !globals.yes && !globals.json
}

/// The run that failed, and what it leaves.
struct Failed<'a> {
    globals: &'a Globals,
    ground: &'a Ground,
    journal: &'a Journal,
    record: Arc<Record>,
    run: &'a str,
    params: &'a Value,
    lab: Option<&'a OpenLab>,
    memory: Memory,
}

impl Failed<'_> {
    /// Offers it, and stays until it is left. `Some`: the run is to go on, with `--retry` or without.
    ///
    /// # Errors
    /// The journal, or the world cannot be opened again.
    fn offers_a_prompt(self, code: u8) -> Result<Option<bool>, Wrong> {
        let Failed { globals, ground, journal, record, run, params, lab, memory } = self;
        if !is_offered(globals, code) {
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
}
