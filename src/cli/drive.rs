//! One road for plan, run and resume: a playbook on its ground, evaluated against a gate, and what is
//! said and kept when it ends.

use super::backwards::Backwards;
use super::ground::Ground;
use super::wrong::Wrong;
use super::{Face, Globals, exit, page, signals};
use crate::contract::{Event, Failure, Halt, Listener, Operator, Stop};
use crate::error::{Error, Kind};
use crate::journal::{Journal, Record, RunState};
use crate::report::{self, Paint, Story};
use crate::run::{Gate, Mode, Setting, Shown, open_leases};
use crate::script::{self, End, Playbook};
use crate::world::Remote;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// What every command about a run holds.
pub struct Drive<'a> {
    pub globals: &'a Globals,
    pub ground: Ground,
    pub playbook: Playbook,
    pub params: Value,
    pub face: Face,
    pub operator: Arc<dyn Operator>,
    pub world: Arc<Remote>,
    /// The run's id.
    pub run: String,
    /// The variables that the playbook had when it ended last.
    pub memory: Mutex<script::Memory>,
}

impl Drop for Drive<'_> {
    fn drop(&mut self) {
        // The gate, which whoever hears Ctrl-C still holds, has the world too.
        self.world.close();
    }
}

/// Hears everything and hands it to several.
pub struct Both(pub Vec<Arc<dyn Listener>>);
impl Listener for Both {
    fn hear(&self, event: &Event) {
        self.0.iter().for_each(|l| l.hear(event));
    }
}

/// Keeps what was heard, for a page.
#[derive(Default)]
struct Kept(Mutex<Vec<Event>>);
impl Listener for Kept {
    fn hear(&self, event: &Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

/// What a live pass goes on from.
pub struct From<'a> {
    pub journal: &'a Journal,
    pub record: Arc<Record>,
    pub shown: Option<Shown>,
    pub retry: bool,
}

impl Drive<'_> {
    pub(super) fn gate(&self, mode: Mode, listener: Arc<dyn Listener>) -> Setting {
        Setting {
            mode,
            params: self.params.clone(),
            secrets: self.ground.inventory.secrets.keys().cloned().collect(),
            world: self.world.clone(),
            listener,
            operator: self.operator.clone(),
            record: None,
            calls: vec![],
            hosts: vec![],
            steps: vec![],
            shown: None,
            yes: self.globals.yes,
            retry: false,
        }
    }

    /// Plans, and shows it. An `Err` is the preflight's no.
    ///
    /// # Errors
    /// The playbook failed before its first change, or stopped.
    pub fn plan(&self) -> Result<Shown, Wrong> {
        let kept = Arc::new(Kept::default());
        let listener: Arc<dyn Listener> = match &self.face {
            Face::Json(j) => j.clone(),
            _ => kept.clone(),
        };
        listener.hear(&Event::RunBegins {
            run: self.run.clone(),
            playbook: self.playbook.name.clone(),
            mode: "plan".into(),
        });
        let gate = Arc::new(Gate::new(self.gate(Mode::Plan, listener.clone())));
        let asked = gate.clone();
        signals::ask_to_stop(move || asked.interrupt());
        let end = script::run(&gate, &self.playbook, &self.ground.setting());
        let shown = gate.shown();
        let state = match &end {
            End::Done(_) => "planned",
            End::Failed { .. } | End::Stopped(_) => "refused",
        };
        listener.hear(&Event::RunEnds { run: self.run.clone(), state: state.into(), tally: gate.tally() });
        let events = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !events.is_empty() {
            page(&report::plan(&events, Paint { colours: self.globals.colours() }));
        }
        match end {
            End::Done(_) => Ok(shown),
            End::Failed { error, failure } => {
                let mut error = *error;
                error.kind = if error.kind == Kind::Bug { Kind::Bug } else { Kind::Refused };
                if let Some(output) = &failure.output {
                    error = error.hint(output.trim_end());
                }
                Err(error.hint("Nothing was changed on any host.").into())
            }
            End::Stopped(stop) => Err(at_its_place(exit::error_of(&stop), &gate).into()),
        }
    }

    /// Verifies what is recorded against the playbook: nothing acts, and all drift is said.
    ///
    /// # Errors
    /// Drift.
    pub fn verify(&self, journal: &Journal, record: &Arc<Record>) -> Result<(), Wrong> {
        let mut setting = self.gate(Mode::Verify, Arc::new(()));
        setting.record = Some(record.clone());
        setting.calls = journal.calls(&self.run)?;
        setting.steps = journal.steps(&self.run)?;
        let gate = Arc::new(Gate::new(setting));
        let end = script::run(&gate, &self.playbook, &self.ground.setting());
        let drift = match (gate.stopped(), &end) {
            (Some(Stop::Edge) | None, End::Stopped(_)) => None,
            (Some(stop), _) => Some(exit::error_of(&stop)),
            // It fails before it comes to what is recorded, or what is recorded is not asked for.
            (None, End::Failed { error, .. }) if gate.leftovers().is_some() => Some(Error {
                kind: Kind::Refused,
                message: format!("the playbook fails before it comes to what is recorded: {}", error.message),
                ..(**error).clone()
            }),
            (None, End::Failed { .. }) => None,
            (None, End::Done(_)) => gate.leftovers().map(Error::refused),
        };
        match drift {
            None => Ok(()),
            Some(error) => Err(at_its_place(error, &gate)
                .hint(format!(
                    "nothing was done; go on with a playbook that keeps what was done: mig resume {} --edited FILE",
                    self.run
                ))
                .hint(format!("or take the run back: mig rollback {}", self.run))
                .into()),
        }
    }

    /// Runs, or goes on. Gives the exit code.
    ///
    /// # Errors
    /// The journal.
    pub fn live(&self, from: &From) -> Result<u8, Wrong> {
        let story = Arc::new(Story::default());
        let listener: Arc<dyn Listener> = Arc::new(Both(vec![self.face.listener(), story.clone()]));
        let mut setting = self.gate(Mode::Live, listener.clone());
        setting.record = Some(from.record.clone());
        setting.calls = from.journal.calls(&self.run)?;
        setting.hosts = from.journal.hosts(&self.run)?;
        setting.steps = from.journal.steps(&self.run)?;
        setting.shown = from.shown.clone();
        setting.retry = from.retry;
        listener.hear(&Event::RunBegins {
            run: self.run.clone(),
            playbook: self.playbook.name.clone(),
            mode: "run".into(),
        });
        let gate = Arc::new(Gate::new(setting));
        let asked = gate.clone();
        signals::ask_to_stop(move || asked.interrupt());
        let has_acted = |calls: &[crate::journal::Call]| calls.iter().any(|c| !c.deeds.is_empty());
        let before = has_acted(&from.journal.calls(&self.run)?);
        // What the plan would change is locked before anything is changed; a run that has begun
        // holds its locks, unless somebody released them.
        let wanted: Vec<_> = match (&from.shown, before) {
            (Some(shown), _) => shown.hosts.clone(),
            (None, false) => from.journal.hosts(&self.run)?.into_iter().map(|h| h.host).collect(),
            // What a boot has ended meanwhile is started again.
            (None, true) => open_leases(&from.journal.calls(&self.run)?).into_iter().map(|l| l.host).collect(),
        };
        let end = match gate.take_locks(&wanted) {
            // What was typed into the run and cut off comes first: the playbook stands on it.
            Ok(()) => match gate.finish_typed(self.ground.setting().table) {
                Ok(_) => {
                    let (end, memory) = script::run_keeping(&gate, &self.playbook, &self.ground.setting());
                    *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = memory;
                    end
                }
                Err(Halt::Stop(stop)) => End::Stopped(stop),
                Err(Halt::Failed(failure)) => End::Stopped(Stop::Fault(failure.message)),
            },
            Err(Halt::Stop(stop)) => End::Stopped(stop),
            Err(Halt::Failed(failure)) => End::Stopped(Stop::Fault(failure.message)),
        };
        // Whatever the script made of it, a stop is a stop.
        let end = match gate.stopped() {
            Some(stop) => End::Stopped(stop),
            None => end,
        };
        let end = match (end, gate.leftovers()) {
            (End::Done(_), Some(left)) => End::Stopped(Stop::Drift(left)),
            (end, _) => end,
        };
        let (halt, state) = match &end {
            End::Done(_) => (None, RunState::Done),
            End::Failed { failure, .. } => (Some(Halt::Failed(failure.clone())), RunState::Stopped),
            End::Stopped(stop) => (Some(Halt::Stop(stop.clone())), state_after(stop)),
        };
        if matches!(end, End::Failed { .. }) {
            self.remembers_the_inside(from)?;
        }
        // Before the end is noted: a run that dies in between is simply resumed once more. A run
        // that stopped half way keeps its machines; one that has done nothing has no reason to.
        let kept = match state {
            RunState::Done => gate.release(true),
            _ if !has_acted(&from.journal.calls(&self.run)?) => gate.release(false),
            _ => 0,
        };
        self.keep(from.journal, &gate, halt.as_ref(), state);
        listener.hear(&Event::RunEnds { run: self.run.clone(), state: state.word().into(), tally: gate.tally() });
        self.face.end();
        let Some(halt) = halt else {
            if !self.globals.json {
                page(&story.summary(&self.run, "run", &[], Paint { colours: self.globals.colours() }));
                if kept > 0 {
                    page(&format!("  for that, {} of files stay on the hosts until then", report::bytes(kept)));
                }
                for lease in open_leases(&from.journal.calls(&self.run)?) {
                    page(&format!("  open until then: {}", report::harmless::line(&lease.to_string())));
                }
            }
            return Ok(0);
        };
        let kind = match &halt {
            Halt::Failed(_) => Kind::StepFailed,
            Halt::Stop(stop) => exit::kind_of(stop),
        };
        let mut failure = story.failure(&self.run, &halt);
        if let End::Failed { error, .. } = &end {
            failure.hints.extend(error.place.iter().map(|p| format!("at {p}")));
            if matches!(error.kind, Kind::Bug) {
                failure.hints.push("this is a bug in mig; please report it".into());
            }
        } else if let Some(place) = gate.place_of_stop() {
            failure.hints.push(format!("at {place}"));
        }
        if self.globals.json {
            exit::json_failure(&failure, kind);
        } else {
            page(&failure.render(Paint { colours: self.globals.colours() }));
        }
        if let Halt::Stop(Stop::RollBack(_)) = halt {
            return self.roll_back(from);
        }
        Ok(kind.exit_code())
    }

    /// Brings the run to rest in the journal. When the journal itself is what failed, the last
    /// state in it stands, and a resume goes on from there.
    fn keep(&self, journal: &Journal, gate: &Gate, halt: Option<&Halt>, state: RunState) {
        let said = match halt {
            None => gate.rests(state, "").err(),
            // Only a failure makes history of what came after the last acting call; a crash, a
            // drift or a question must find everything as it was.
            Some(Halt::Failed(f)) => match gate.cut(journal, &f.message) {
                Ok(cut) => cut.err(),
                Err(e) => Some(Failure::new(e.message).into()),
            },
            Some(Halt::Stop(Stop::Fault(_))) => None,
            Some(Halt::Stop(stop)) => gate.rests(state, &exit::error_of(stop).message).err(),
        };
        if let Some(halt) = said {
            let error = exit::error_of_halt(&halt);
            exit::show_error(&error, Some(self.globals));
        }
    }

    /// Takes all of the run back. Gives the exit code.
    fn roll_back(&self, from: &From) -> Result<u8, Wrong> {
        let back = Backwards {
            globals: self.globals,
            face: &self.face,
            operator: self.operator.clone(),
            world: self.world.clone(),
            run: &self.run,
            playbook: &self.playbook.name,
        };
        back.go(from.journal, from.record.clone(), None, false)
    }
}

fn state_after(stop: &Stop) -> RunState {
    match stop {
        Stop::Ask { .. } => RunState::Asking,
        _ => RunState::Stopped,
    }
}

fn at_its_place(mut error: Error, gate: &Gate) -> Error {
    if let Some(place) = gate.place_of_stop()
        && error.place.is_none()
    {
        error.hints.push(format!("at {place}"));
    }
    error
}
