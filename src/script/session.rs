//! An engine and a scope, ready to evaluate: a whole playbook at once, or line by line.

use super::engine::STACK;
use super::errors::{error_of, failure_of};
use super::inside::Watch;
use super::lower::lower;
use super::memory::Memory;
use super::play::{Eval, Here, Play, Setting};
use super::playbook::Playbook;
use super::resolver::Resolver;
use super::unknown::{Unknown, is_stop, or_unknown};
use super::{calls, comparing, engine, predicates, unknown, verbs};
use crate::contract::{Failure, Halt, Stop};
use crate::error::Error;
use crate::run::{Gate, Lane};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Map, Scope};
use std::sync::Arc;
use std::thread;

/// One evaluation: its engine, its variables, its lane.
///
/// Evaluating needs a stack of [`super::STACK`] bytes; see [`super::run`].
pub struct Session {
    pub(super) engine: Engine,
    pub(super) scope: Scope<'static>,
    pub(super) play: Arc<Play>,
    pub(super) lane: Arc<Lane>,
}

/// What a typed line came to, for whoever shows it.
pub enum Typed {
    /// Its value as text; empty for nothing.
    Gives(String),
    /// What a command printed: standard output and error, and its exit code.
    Output(String, String, i64),
    /// Only a run can tell, for this reason.
    Unknown(String),
    /// `error` is for the page, `failure` for what is told beside it.
    Failed {
        error: Box<Error>,
        failure: Box<Failure>,
    },
    Stopped(Stop),
}

impl Session {
    /// Sets up everything that a playbook can use. `declares`: it calls `params`.
    pub fn new(gate: &Arc<Gate>, playbook: &Playbook, setting: &Setting, declares: bool) -> Self {
        let play = Arc::new(Play::new(gate, setting, &playbook.file, declares));
        let lane = gate.lane(vec![], false);
        let engine = speaking(&play, Resolver::new(&playbook.modules, setting.table), &lane);
        Session { engine, scope: Scope::new(), play, lane }
    }

    /// Lets somebody see which variables are read.
    pub(super) fn tells(&mut self, watch: &Arc<Watch>) {
        watch.listen(&mut self.engine);
        let _ = self.play.watch.set(watch.clone());
    }

    pub(super) fn eval(&mut self, ast: &AST) -> Eval {
        let result = self.engine.eval_ast_with_scope::<Dynamic>(&mut self.scope, ast);
        or_unknown(&self.play, result).inspect_err(|e| self.play.keep_place(e))
    }

    /// What a playbook leaves: for lines that are typed after it.
    pub(super) fn leaves(self, playbook: &Playbook, ast: &AST) -> Memory {
        let mut memory = Memory { scope: self.scope, modules: playbook.modules.clone(), ..Memory::default() };
        memory.keep(ast);
        memory
    }
}

/// Evaluates one typed line in its lane. What it defines is remembered when it succeeds; a line
/// that fails leaves the names as they were.
pub fn line(gate: &Arc<Gate>, lane: &Arc<Lane>, setting: &Setting, memory: &mut Memory, text: (&str, &str)) -> Typed {
    let (file, text) = text;
    let table = setting.table;
    let lines = text.lines().count().max(1);
    let wrong = |e: &EvalAltResult| {
        let mut error = error_of(e, file, table, &|f| (f == file).then(|| text.to_string()));
        // A function of an earlier line keeps its own positions, which say nothing here.
        if error.place.as_ref().is_some_and(|p| p.file == file && p.line > lines) {
            error.place = None;
        }
        error
    };
    let play = Arc::new(Play::new(gate, setting, file, false));
    let mut engine = speaking(&play, Resolver::new(&memory.modules, table), lane);
    if let Err(e) = memory.import_into(&mut engine) {
        return failed(wrong(&e));
    }
    let mut ast = match engine.compile_with_scope(&memory.scope, text) {
        Ok(ast) => ast,
        Err(e) => return failed(super::check::syntax_error(&e, file, &|f| (f == file).then(|| text.to_string()))),
    };
    ast.set_source(file);
    // A closure kept in a variable is a name: its body must outlive the line it stood in.
    let whole = memory.functions.merge(&ast);
    let mut scope = memory.scope.clone();
    let evaluate = || or_unknown(&play, engine.eval_ast_with_scope::<Dynamic>(&mut scope, &whole));
    let result = thread::scope(|s| {
        let big = thread::Builder::new().name("line".into()).stack_size(STACK).spawn_scoped(s, evaluate);
        big.ok().and_then(|t| t.join().ok())
    });
    let Some(result) = result.map(|r| r.inspect_err(|e| play.keep_place(e))) else {
        return failed(Error::bug("the evaluation of the line panicked"));
    };
    let halt = result.as_ref().err().map(|e| play.halt_of(e));
    match gate.branch_ends(lane, halt.as_ref().map_or(Ok(()), Err)) {
        // The gate has said what the line would need.
        Ok(crate::run::Ended::Unknown(_)) => return Typed::Gives(String::new()),
        Err(Halt::Stop(stop)) => return Typed::Stopped(stop),
        _ => {}
    }
    if let Some(stop) = gate.stopped() {
        return Typed::Stopped(stop);
    }
    match result {
        Ok(v) => {
            memory.scope = scope;
            memory.keep(&ast);
            shown(&engine, v)
        }
        Err(e) if is_stop(&e) => match play.halt_of(&e) {
            Halt::Stop(stop) => Typed::Stopped(stop),
            Halt::Failed(_) => Typed::Stopped(Stop::Edge),
        },
        Err(e) => Typed::Failed { error: Box::new(wrong(&e)), failure: Box::new(failure_of(&e, table)) },
    }
}

fn failed(error: Error) -> Typed {
    let failure = Box::new(Failure::new(error.message.clone()));
    Typed::Failed { error: Box::new(error), failure }
}

/// An engine with every verb and primitive, whose code belongs to this lane.
fn speaking(play: &Arc<Play>, modules: Resolver, lane: &Arc<Lane>) -> Engine {
    let mut engine = engine::bare(modules);
    // A stop that was swallowed stops again at the next operation, wherever that is.
    let g = play.gate.clone();
    engine.on_progress(move |_| g.is_poisoned().then_some(Dynamic::UNIT));
    unknown::register(&mut engine, play);
    predicates::register(&mut engine, play);
    comparing::register(&mut engine, play);
    calls::register(&mut engine, play);
    verbs::register(&mut engine, play);
    engine.set_default_tag(Dynamic::from(Here(lane.clone())));
    engine
}

/// A value as text, without looking at what nobody has.
fn shown(engine: &Engine, v: Dynamic) -> Typed {
    let v = v.flatten();
    if let Some(u) = v.read_lock::<Unknown>() {
        return Typed::Unknown(u.why.clone());
    }
    if v.is_unit() {
        return Typed::Gives(String::new());
    }
    if let Some(map) = v.read_lock::<Map>()
        && let (Some(out), Some(err), Some(code)) = (map.get("stdout"), map.get("stderr"), map.get("code"))
    {
        return Typed::Output(out.to_string(), err.to_string(), code.as_int().unwrap_or_default());
    }
    if let Ok(json) = lower(&v)
        && (json.is_object() || json.is_array())
    {
        return Typed::Gives(serde_json::to_string_pretty(&json).unwrap_or_default());
    }
    let mut scope = Scope::new();
    let rough = v.to_string();
    scope.push_dynamic("v", v);
    Typed::Gives(engine.eval_expression_with_scope(&mut scope, "v.to_string()").unwrap_or(rough))
}
