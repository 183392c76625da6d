//! Gives the engine the modules that were gathered with the playbook, and no other.
//!
//! Deliberately not here: files. Whoever loads a playbook hands their texts in; running it reads
//! nothing, so a resume sees what the run saw.

use super::verbs::VERBS;
use crate::contract::Spec;
use rhai::{Dynamic, Engine, EvalAltResult, Module, ModuleResolver, Position, Scope, Shared};
use std::any::TypeId;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

type SharedModule = Shared<Module>;

/// The modules of one playbook: import path to place and text.
#[derive(Clone, Default)]
pub struct Resolver {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    texts: BTreeMap<String, (String, String)>,
    table: &'static [Spec],
    ready: Mutex<HashMap<String, SharedModule>>,
}

impl Resolver {
    pub fn new(texts: &BTreeMap<String, (String, String)>, table: &'static [Spec]) -> Self {
        let inner = Inner { texts: texts.clone(), table, ready: Mutex::default() };
        Resolver { inner: Arc::new(inner) }
    }

    /// An engine in which nothing can be done: modules define functions and constants.
    fn loading(&self) -> Engine {
        let mut e = super::engine::bare(self.clone());
        let names = VERBS.iter().map(|v| v.name).chain(self.inner.table.iter().map(|s| s.name));
        for name in names {
            for n in 0..6 {
                let message = format!("{name}: steps cannot run while a module is loaded");
                e.register_raw_fn(name, vec![TypeId::of::<Dynamic>(); n], move |ctx, _| -> Result<Dynamic, _> {
                    let error = Dynamic::from(message.clone());
                    Err(Box::new(EvalAltResult::ErrorRuntime(error, ctx.call_position())))
                });
            }
        }
        e
    }
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        _: &Engine,
        _: Option<&str>,
        path: &str,
        pos: Position,
    ) -> Result<SharedModule, Box<EvalAltResult>> {
        let ready = |inner: &Inner| inner.ready.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(module) = ready(&self.inner) {
            return Ok(module);
        }
        let Some((place, text)) = self.inner.texts.get(path) else {
            return Err(Box::new(EvalAltResult::ErrorModuleNotFound(path.into(), pos)));
        };
        let engine = self.loading();
        // The place in front of every error of the module is its own file.
        let inside =
            |e: Box<EvalAltResult>| Box::new(EvalAltResult::ErrorInFunctionCall(path.into(), place.clone(), e, pos));
        let mut ast = engine.compile(text).map_err(|e| inside(e.into()))?;
        ast.set_source(place.as_str());
        let module: SharedModule = Module::eval_ast_as_new(Scope::new(), &ast, &engine).map_err(inside)?.into();
        self.inner.ready.lock().unwrap_or_else(PoisonError::into_inner).insert(path.into(), module.clone());
        Ok(module)
    }
}
