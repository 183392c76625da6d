//! Evaluates a playbook against the gate: plan, verify, run and resume are the gate's modes.

use super::engine::STACK;
use super::errors::{error_of, failure_of};
use super::inside::Watch;
use super::lower::lower;
use super::memory::Memory;
use super::play::Setting;
use super::playbook::Playbook;
use super::session::Session;
use super::unknown::is_stop;
use crate::contract::{Failure, Halt, Stop, unknown};
use crate::error::{Error, Kind};
use crate::run::{Ended, Gate};
use rhai::EvalAltResult;
use serde_json::Value;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// How a playbook ended.
pub enum End {
    /// With the value of its last expression, as far as JSON can hold it.
    Done(Value),
    /// A step failed, or the script did. `error` is for the page, `failure` for the journal.
    Failed { error: Box<Error>, failure: Box<Failure> },
    /// It must not go on; whatever the script made of it.
    Stopped(Stop),
}

/// Evaluates a playbook.
pub fn run(gate: &Arc<Gate>, playbook: &Playbook, setting: &Setting) -> End {
    run_into(gate, playbook, setting, &mut Memory::default(), None)
}

/// Evaluates a playbook, and keeps its variables for lines that are typed after it.
pub fn run_keeping(gate: &Arc<Gate>, playbook: &Playbook, setting: &Setting) -> (End, Memory) {
    let mut memory = Memory::default();
    let end = run_into(gate, playbook, setting, &mut memory, None);
    (end, memory)
}

/// The same, on a thread of its own that has the stack which deep scripts need. `watch` is told of
/// each variable that is read.
pub(super) fn run_into(
    gate: &Arc<Gate>,
    playbook: &Playbook,
    setting: &Setting,
    memory: &mut Memory,
    watch: Option<&Arc<Watch>>,
) -> End {
    let evaluate = move || catch_unwind(AssertUnwindSafe(|| here(gate, playbook, setting, memory, watch)));
    let ended = thread::scope(|s| {
        let big = thread::Builder::new().name("playbook".into()).stack_size(STACK).spawn_scoped(s, evaluate);
        big.map_err(|e| format!("no thread could be started: {e}"))
            .and_then(|t| t.join().map_err(|_| "the evaluating thread died".to_string()))
    });
    match ended {
        Ok(Ok(end)) => end,
        Ok(Err(panic)) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default();
            bug(format!("the evaluation of the playbook panicked: {text}"))
        }
        Err(why) => bug(why),
    }
}

fn bug(message: String) -> End {
    let failure = Box::new(Failure::new(message.clone()));
    End::Failed { error: Box::new(Error::bug(message).hint("this is a bug in mig; the run can be resumed")), failure }
}

fn here(
    gate: &Arc<Gate>,
    playbook: &Playbook,
    setting: &Setting,
    memory: &mut Memory,
    watch: Option<&Arc<Watch>>,
) -> End {
    let declares = match playbook.calls_params() {
        Ok(declares) => declares,
        Err(error) => return wrong_text(*error),
    };
    let mut session = Session::new(gate, playbook, setting, declares);
    if let Some(watch) = watch {
        session.tells(watch);
    }
    let text_of = |file: &str| playbook.text_of(file);
    let mut ast = match session.engine.compile(&playbook.text) {
        Ok(ast) => ast,
        Err(e) => return wrong_text(super::check::syntax_error(&e, &playbook.file, &text_of)),
    };
    ast.set_source(playbook.file.as_str());
    let result = session.eval(&ast);
    let (play, lane) = (session.play.clone(), session.lane.clone());
    *memory = session.leaves(playbook, &ast);
    let halt = result.as_ref().err().map(|e| play.halt_of(e));
    match gate.branch_ends(&lane, halt.as_ref().map_or(Ok(()), Err)) {
        Ok(Ended::AsItDid) => {}
        Ok(Ended::Unknown(why)) => return End::Done(unknown(why)),
        Err(Halt::Stop(stop)) => return End::Stopped(stop),
        Err(Halt::Failed(f)) => {
            return End::Failed { error: Box::new(Error::new(Kind::StepFailed, f.message.clone())), failure: f };
        }
    }
    // Whatever the script says, a stop is a stop: it may have been swallowed.
    if let Some(stop) = gate.stopped() {
        return End::Stopped(stop);
    }
    match result {
        // A value that JSON cannot hold (a closure) interests nobody.
        Ok(v) => End::Done(lower(&v).unwrap_or(Value::Null)),
        Err(e) if is_stop(&e) => match play.halt_of(&e) {
            Halt::Stop(stop) => End::Stopped(stop),
            Halt::Failed(_) => End::Stopped(Stop::Edge),
        },
        Err(e) => failed(&e, playbook, setting),
    }
}

fn failed(e: &EvalAltResult, playbook: &Playbook, setting: &Setting) -> End {
    let text_of = |file: &str| playbook.text_of(file);
    End::Failed {
        error: Box::new(error_of(e, &playbook.file, setting.table, &text_of)),
        failure: Box::new(failure_of(e, setting.table)),
    }
}

/// The text does not parse: nothing was evaluated.
fn wrong_text(error: Error) -> End {
    let failure = Box::new(Failure::new(error.message.clone()));
    End::Failed { error: Box::new(error), failure }
}
