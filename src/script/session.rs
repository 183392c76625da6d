//! An engine and a scope, ready to evaluate: a whole playbook at once, or line by line.

use super::errors::error_of;
use super::play::{Eval, Here, Play, Setting};
use super::playbook::Playbook;
use super::resolver::Resolver;
use super::unknown::{Unknown, or_unknown};
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
    /// The functions and closures of the lines so far.
    functions: AST,
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
        Session { engine, scope: Scope::new(), play, lane, functions: AST::empty() }
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
        // A closure kept in a variable is a name: its body must outlive the line it stood in.
        let whole = self.functions.merge(&ast);
        self.functions = whole.clone_functions_only();
        let v = self.eval(&whole).map_err(|e| wrong(&e))?;
        Ok(self.shown(v))
    }

    /// A value as text, without looking at what nobody has.
    fn shown(&self, v: Dynamic) -> String {
        if let Some(u) = v.read_lock::<Unknown>() {
            return format!("known only in a run: {}", u.why);
        }
        if v.is_unit() {
            return String::new();
        }
        let mut scope = Scope::new();
        let rough = v.to_string();
        scope.push_dynamic("v", v);
        self.engine.eval_expression_with_scope(&mut scope, "v.to_string()").unwrap_or(rough)
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
