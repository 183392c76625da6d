//! An engine and a scope, ready to evaluate: a whole playbook at once, or line by line.

use super::errors::error_of;
use super::play::{Eval, Here, Play, Setting};
use super::playbook::Playbook;
use super::resolver::Resolver;
use super::unknown::or_unknown;
use super::{calls, comparing, engine, predicates, unknown, verbs};
use crate::error::Error;
use crate::run::{Gate, Lane};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};
use std::sync::Arc;

/// One evaluation: its engine, its variables, its lane.
///
/// Evaluating needs a stack of [`super::STACK`] bytes; see [`super::run`].
pub struct Session {
    pub(super) engine: Engine,
    pub(super) scope: Scope<'static>,
    pub(super) play: Arc<Play>,
    pub(super) lane: Arc<Lane>,
}

impl Session {
    /// Sets up everything that a playbook can use. `declares`: it calls `params`.
    pub fn new(gate: &Arc<Gate>, playbook: &Playbook, setting: &Setting, declares: bool) -> Self {
        let play = Arc::new(Play::new(gate, setting, &playbook.file, declares));
        let mut engine = engine::bare(Resolver::new(&playbook.modules, setting.table));
        // A stop that was swallowed stops again at the next operation, wherever that is.
        let g = gate.clone();
        engine.on_progress(move |_| g.is_poisoned().then_some(Dynamic::UNIT));
        unknown::register(&mut engine, &play);
        predicates::register(&mut engine, &play);
        comparing::register(&mut engine, &play);
        calls::register(&mut engine, &play);
        verbs::register(&mut engine, &play);
        let lane = gate.lane(vec![], false);
        engine.set_default_tag(Dynamic::from(Here(lane.clone())));
        Session { engine, scope: Scope::new(), play, lane }
    }

    /// Evaluates a text in the session's variables, which stay: for one line after another. The
    /// text form of the value comes back, empty for none.
    ///
    /// # Errors
    /// What went wrong, with `file` for its place.
    pub fn line(&mut self, file: &str, text: &str) -> Result<String, Error> {
        let table = self.play.setting.table;
        let wrong = |e: &EvalAltResult| error_of(e, file, table, &|f| (f == file).then(|| text.to_string()));
        let mut ast = self.engine.compile_with_scope(&self.scope, text).map_err(|e| wrong(&e.into()))?;
        ast.set_source(file);
        let v = self.eval(&ast).map_err(|e| wrong(&e))?;
        Ok(if v.is_unit() { String::new() } else { v.to_string() })
    }

    /// The names of the variables there are: for completion.
    pub fn names(&self) -> Vec<String> {
        self.scope.iter_raw().map(|(name, ..)| name.to_string()).collect()
    }

    pub(super) fn eval(&mut self, ast: &AST) -> Eval {
        let result = self.engine.eval_ast_with_scope::<Dynamic>(&mut self.scope, ast);
        or_unknown(&self.play, result).inspect_err(|e| self.play.keep_place(e))
    }
}
