//! One session: what is typed is checked, done through the gate, shown, and remembered.

use super::line::{How, Line};
use super::reader::{Next, Reader};
use crate::cli::exit::show_all;
use crate::cli::gathered::gather_script;
use crate::cli::ground::Ground;
use crate::cli::wrong::Wrong;
use crate::cli::{Globals, Script, exit, signals};
use crate::contract::{Halt, Listener, Operator, Stop};
use crate::error::{Error, Kind};
use crate::journal::{Held, Journal, NewRun, Record};
use crate::lab::OpenLab;
use crate::primitives::ALL;
use crate::report::Typed;
use crate::run::{Gate, Mode, Setting, typed_label};
use crate::script::{self, Memory, Typed as Came};
use crate::world::Remote;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// As which file the text of a run of typed lines is recorded.
pub const TYPED_FILE: &str = "(typed)";

/// One session.
pub struct Talk<'a> {
    pub globals: &'a Globals,
    pub ground: &'a Ground,
    pub world: Arc<Remote>,
    pub operator: Arc<dyn Operator>,
    pub shown: Arc<Typed>,
    pub journal: &'a Journal,
    /// The run that lines are typed into, and its parameters.
    pub run: String,
    pub params: Value,
    /// The session is the run; else a playbook's run has stopped, and lines are typed into it.
    pub is_own: bool,
    pub lab: Option<&'a OpenLab>,
    pub record: Option<Arc<Record>>,
    pub held: Option<Held>,
    pub memory: Arc<Mutex<Memory>>,
    pub lines: Vec<Line>,
    /// The number of the next line.
    pub next: usize,
    pub is_dry: bool,
    /// Lives until it is poisoned; then another one takes its place.
    pub live: Option<Arc<Gate>>,
    pub dry: Option<Arc<Gate>>,
}

/// How a session was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Quit(u8),
    /// The playbook's run is to go on.
    GoOn {
        retry: bool,
    },
}

impl Talk<'_> {
    /// Reads and does lines until the end.
    ///
    /// # Errors
    /// The journal.
    pub fn go(&mut self, reader: &mut dyn Reader) -> Result<Left, Wrong> {
        let mut code = 0;
        loop {
            let prompt = if self.is_dry { "dry> " } else { "mig> " };
            self.at_the_prompt(reader);
            if signals::is_told_to_end() {
                code = Kind::Stopped.exit_code();
                break;
            }
            let text = match reader.next(prompt) {
                Next::Line(text) => text,
                Next::Dropped => continue,
                Next::End => break,
            };
            if text.trim().is_empty() {
                continue;
            }
            let did = match self.secret_in(&text) {
                Some(name) => Err(Error::bad_input(format!("this line holds the value of the secret \"{name}\""))
                    .hint(format!("write secret(\"{name}\") instead; the line was neither done nor kept"))
                    .into()),
                None => {
                    reader.remember(&text);
                    match text.trim().starts_with(':') {
                        true => match self.command(text.trim(), reader) {
                            Ok(Some(left)) => return Ok(left),
                            Ok(None) => Ok(0),
                            Err(wrong) => Err(wrong),
                        },
                        false => self.line(&text),
                    }
                }
            };
            let ended = did.unwrap_or_else(|wrong| show_all(&wrong, Some(self.globals)));
            if ended != 0 && !reader.is_terminal() {
                // Later lines lean on this one: in a pipe nobody could see that they must not.
                code = ended;
                break;
            }
        }
        self.leave(reader, code).map(Left::Quit)
    }

    /// Nothing runs: a signal ends the process here, with the terminal as it was found.
    fn at_the_prompt(&self, reader: &dyn Reader) {
        let before = if reader.is_terminal() { rustix::termios::tcgetattr(std::io::stdin()).ok() } else { None };
        let world = self.world.clone();
        signals::ask_to_leave(reader.is_terminal(), move || {
            if let Some(before) = &before {
                let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, before);
            }
            world.close();
        });
    }

    /// The name of the secret whose value stands in a text.
    fn secret_in(&self, text: &str) -> Option<String> {
        let told = self.world.redacted(text);
        let by_world = (told != text).then(|| told.split("‹secret:").nth(1)?.split('›').next().map(String::from));
        by_world.flatten().or_else(|| self.ground.secret_in(text))
    }

    pub fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does one line. Gives the exit code that it is worth.
    ///
    /// # Errors
    /// It is wrong, and nothing was done; or the journal.
    pub fn line(&mut self, text: &str) -> Result<u8, Wrong> {
        let number = self.next;
        let file = format!("line {number}");
        let script = Script { name: "repl".into(), file: file.clone(), path: Some("line".into()), text: text.into() };
        let playbook = gather_script(&script)?;
        let findings = script::check_line(&playbook, &self.memory(), ALL);
        let errors: Vec<_> = findings.iter().filter(|f| f.is_error()).map(script::Finding::to_error).collect();
        if !errors.is_empty() {
            return Err(Wrong(errors));
        }
        self.memory().take_modules(&playbook.modules);
        let gate = self.gate(text)?;
        self.next += 1;
        let label = typed_label(number, text);
        let halted = |halt: Halt| Wrong::from(exit::error_of_halt(&halt));
        let before = gate.shown().deeds;
        let lane = gate.line_begins(number, &label, text).map_err(halted)?;
        self.world.cut_short(false);
        let (asked, world) = (gate.clone(), self.world.clone());
        signals::ask_line_to_stop(move || {
            asked.interrupt();
            world.cut_short(true);
        });
        let setting = self.ground.setting();
        let came = script::line(&gate, &lane, &setting, &mut self.memory(), (&file, text));
        // Only a poisoned gate was asked to stop; a signal from here on is the prompt's.
        let has_printed = self.shown.end_of_line();
        let (code, how) = self.tell(&came, has_printed, &gate);
        let word = match how {
            How::Done | How::Dry => "done",
            How::Failed => "failed",
            _ => "stopped",
        };
        gate.line_ends(&lane, number, word).map_err(halted)?;
        if how == How::Stopped && self.record.is_some() && !self.is_dry {
            let calls = self.journal.calls(&self.run)?;
            gate.line_was_stopped(&lane, &calls).map_err(halted)?;
        }
        let would_change = self.is_dry && gate.shown().deeds > before;
        self.lines.push(Line { number, label, text: text.into(), how, would_change });
        Ok(code)
    }

    /// Shows what a line came to.
    fn tell(&self, came: &Came, has_printed: bool, gate: &Gate) -> (u8, How) {
        let done = if self.is_dry { How::Dry } else { How::Done };
        match came {
            Came::Gives(text) => {
                // What a change answers says nothing that was not shown.
                if !text.is_empty()
                    && serde_json::from_str::<Value>(text).ok() != Some(serde_json::json!({ "changed": true }))
                {
                    self.shown.page(&crate::report::harmless::lines(text));
                }
                (0, done)
            }
            Came::Output(out, err, code) => {
                if !has_printed {
                    let whole = [out.trim_end(), err.trim_end()].join("\n");
                    self.shown.page(crate::report::harmless::lines(whole.trim()).as_str());
                }
                if *code != 0 {
                    self.shown.page(&format!("exit code {code}"));
                }
                (0, done)
            }
            Came::Unknown(why) => {
                if self.is_dry && why != "it is already so" {
                    self.shown.page(&crate::report::harmless::lines(&format!("known only when it is done: {why}")));
                }
                (0, done)
            }
            Came::Failed { error, failure } => {
                if let Some(output) = failure.output.as_deref().filter(|_| !has_printed) {
                    self.shown.page(&crate::report::harmless::lines(output));
                }
                (exit::show_error(error, Some(self.globals)), How::Failed)
            }
            Came::Stopped(Stop::Interrupted) => {
                self.shown.page("stopped; :undo takes back what the line had done");
                (Kind::Stopped.exit_code(), How::Stopped)
            }
            Came::Stopped(stop) => {
                let mut error = exit::error_of(stop);
                if let Some(place) = gate.place_of_stop() {
                    error = error.hint(format!("at {place}"));
                }
                if let Stop::Ask { call, .. } = stop {
                    error = error.hint(format!(
                        "look, leave with :quit, and say how it ended: mig resolve {} {call} --done, or --not-done",
                        self.run
                    ));
                }
                (exit::show_error(&error, Some(self.globals)), How::Stopped)
            }
        }
    }

    /// The gate for a line: dry, or in earnest.
    fn gate(&mut self, text: &str) -> Result<Arc<Gate>, Wrong> {
        let known = if self.is_dry { &self.dry } else { &self.live };
        let has_to_begin = !self.is_dry && self.record.is_none() && self.acts(text);
        if let Some(gate) = known.as_ref().filter(|g| !g.is_poisoned() && !has_to_begin) {
            return Ok(gate.clone());
        }
        if has_to_begin {
            self.begin()?;
        }
        let gate = self.open_gate()?;
        match self.is_dry {
            true => self.dry = Some(gate.clone()),
            false => self.live = Some(gate.clone()),
        }
        Ok(gate)
    }

    /// A gate over what the journal has now.
    pub fn open_gate(&self) -> Result<Arc<Gate>, Wrong> {
        let (calls, hosts, steps) = match &self.record {
            Some(_) => (self.journal.calls(&self.run)?, self.journal.hosts(&self.run)?, self.journal.steps(&self.run)?),
            None => Default::default(),
        };
        let listener: Arc<dyn Listener> = self.shown.clone();
        Ok(Arc::new(Gate::new(Setting {
            mode: if self.is_dry { Mode::Plan } else { Mode::Live },
            params: self.params.clone(),
            secrets: self.ground.inventory.secrets.keys().cloned().collect(),
            world: self.world.clone(),
            listener,
            operator: self.operator.clone(),
            record: self.record.clone().filter(|_| !self.is_dry),
            calls,
            hosts,
            steps,
            shown: None,
            yes: self.globals.yes,
            retry: false,
        })))
    }

    /// Whether a line may do anything that a journal must have.
    fn acts(&self, text: &str) -> bool {
        script::names_a_call(text, ALL) || !self.memory().functions().is_empty() || !self.memory().methods().is_empty()
    }

    /// The session becomes a run, with the first line that may act.
    fn begin(&mut self) -> Result<(), Wrong> {
        let begun = NewRun {
            id: self.run.clone(),
            playbook: "repl".into(),
            file: TYPED_FILE.into(),
            params: self.params.clone(),
            inventory: self.ground.text.clone(),
            inventory_file: self.ground.file.clone(),
            lab: self.lab.map(|l| l.folder().display().to_string()).unwrap_or_default(),
            scripts: vec![(String::new(), TYPED_FILE.into(), String::new())],
        };
        self.held = Some(self.journal.hold_named(&self.run, "repl")?);
        self.record = Some(Arc::new(self.journal.begin(&begun)?));
        self.live = None;
        Ok(())
    }
}

/// Plain values of the inventory's parameters and of `--set`.
pub fn params(ground: &Ground, globals: &Globals) -> Value {
    let mut all: BTreeMap<String, Value> = ground.inventory.params.clone().into_iter().collect();
    for set in &globals.set {
        all.insert(set.name.clone(), Value::String(set.value.clone()));
    }
    all.into_iter().collect::<serde_json::Map<_, _>>().into()
}
