//! A playbook being evaluated: the gate it calls, where it stands, and how it ends.

use super::errors;
use super::host::Host;
use super::inside::Watch;
use super::secret_handle::SecretHandle;
use super::unknown::{Unknown, is_stop};
use crate::contract::{Failure, Halt, Outcome, Spec, Stop};
use crate::error::Place;
use crate::run::{Gate, Lane};
use rhai::{Array, Dynamic, EvalAltResult, NativeCallContext, Position};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, OnceLock};

pub type Eval<T = Dynamic> = Result<T, Box<EvalAltResult>>;

/// What a playbook finds when it begins: the primitives, and the machines by name.
#[derive(Clone)]
pub struct Setting {
    pub table: &'static [Spec],
    /// The hosts of the inventory, with the address of each.
    pub hosts: BTreeMap<String, String>,
    /// The groups of the inventory, each with the names of its hosts.
    pub groups: BTreeMap<String, Vec<String>>,
}

/// One evaluation of one playbook.
pub struct Play {
    pub gate: Arc<Gate>,
    pub setting: Setting,
    /// The file whose positions have no other name.
    pub file: String,
    /// The playbook calls `params`, so that `host("...")` before it declares one.
    pub declares: bool,
    /// `params` was called.
    pub is_bound: AtomicBool,
    /// The order in which parameters were declared.
    pub declared: AtomicUsize,
    /// Who looks for the variables of a step that failed.
    pub watch: OnceLock<Arc<Watch>>,
}

/// Which lane the code being evaluated belongs to: carried by the engine's `tag`, which Rhai hands
/// down every call and which a branch replaces in its own copy.
#[derive(Clone)]
pub struct Here(pub Arc<Lane>);

/// The reason of a stop, inside the error that carries it.
#[derive(Clone)]
struct Stopped(Stop);

impl Play {
    pub fn new(gate: &Arc<Gate>, setting: &Setting, file: &str, declares: bool) -> Self {
        Play {
            gate: gate.clone(),
            setting: setting.clone(),
            file: file.into(),
            declares,
            is_bound: AtomicBool::new(false),
            declared: AtomicUsize::new(0),
            watch: OnceLock::new(),
        }
    }

    /// The host of this name.
    ///
    /// # Errors
    /// Names the nearest, and those there are.
    pub fn host(&self, name: &str) -> Outcome<Host> {
        let Some(address) = self.setting.hosts.get(name) else {
            let mut f = Failure::new(format!("{name:?} is not a host of the inventory"));
            let names: Vec<&str> = self.setting.hosts.keys().map(String::as_str).collect();
            if let Some(near) = crate::text::nearest::nearest(name, names.iter().copied()) {
                f = f.hint(format!("did you mean {near}?"));
            }
            return Err(f.hint(format!("hosts: {}", names.join(", "))).into());
        };
        Ok(Host { name: name.into(), address: address.clone() })
    }

    /// An answer of the gate, as the script sees it.
    pub fn give(&self, ctx: &NativeCallContext, answer: Outcome) -> Eval {
        match answer {
            Ok(v) => Ok(self.value(&v)),
            Err(halt) => self.raise(ctx, halt),
        }
    }

    /// JSON to Rhai: what a secret or an unknown value was, it is again.
    pub fn value(&self, v: &Value) -> Dynamic {
        match v {
            Value::Null => Dynamic::UNIT,
            Value::Bool(b) => (*b).into(),
            Value::Number(n) => n.as_i64().map(Dynamic::from).or(n.as_f64().map(Dynamic::from)).unwrap_or_default(),
            Value::String(s) => s.clone().into(),
            Value::Array(items) => items.iter().map(|v| self.value(v)).collect::<Array>().into(),
            Value::Object(o) => {
                if let Some(why) = crate::contract::unknown_why(v) {
                    return Unknown::value(&self.gate, why);
                }
                if o.contains_key("$text")
                    && let Ok(text) = serde_json::from_value(v.clone())
                {
                    return Dynamic::from(SecretHandle(text));
                }
                Dynamic::from_map(o.iter().map(|(k, v)| (k.as_str().into(), self.value(v))).collect())
            }
        }
    }

    /// An outcome, with the place of the call.
    pub fn raise<T>(&self, ctx: &NativeCallContext, halt: Halt) -> Eval<T> {
        let pos = ctx.call_position();
        self.raise_at(&self.place(ctx.call_source(), pos), pos, halt)
    }

    /// A failure may be caught, and knows its place; a stop may not, and poisons the run.
    pub fn raise_at<T>(&self, place: &Option<Place>, pos: Position, halt: Halt) -> Eval<T> {
        Err(Box::new(match halt {
            Halt::Failed(f) => EvalAltResult::ErrorRuntime(errors::thrown(*f, place.as_ref()), pos),
            Halt::Stop(stop) => {
                if stop != Stop::Edge {
                    let _ = self.gate.poison::<()>(stop.clone());
                    // Now, for Rhai gives a stop the place of each closure it leaves.
                    if let Some(place) = place {
                        self.gate.stopped_at(&place.to_string());
                    }
                }
                EvalAltResult::ErrorTerminated(Dynamic::from(Stopped(stop)), pos)
            }
        }))
    }

    /// What an error of a closure is to the gate.
    pub fn halt_of(&self, e: &EvalAltResult) -> Halt {
        if let Some(stop) = self.gate.stopped() {
            return Halt::Stop(stop);
        }
        match e.unwrap_inner() {
            EvalAltResult::ErrorTerminated(token, _) => {
                Halt::Stop(token.read_lock::<Stopped>().map_or(Stop::Edge, |s| s.0.clone()))
            }
            _ => errors::failure_of(e, self.setting.table).into(),
        }
    }

    /// Keeps where a stop happened, if nobody kept it before.
    pub fn keep_place(&self, e: &EvalAltResult) {
        if is_stop(e)
            && self.gate.is_poisoned()
            && let Some(place) = self.place_of_error(e)
        {
            self.gate.stopped_at(&place.to_string());
        }
    }

    pub fn place(&self, source: Option<&str>, pos: Position) -> Option<Place> {
        errors::place(source.unwrap_or(&self.file), pos)
    }

    pub fn place_of_error(&self, e: &EvalAltResult) -> Option<Place> {
        errors::innermost(e, &self.file).1
    }
}

/// The lane of the code that makes this call.
///
/// # Errors
/// When the engine was set up without one, which is a fault of this room.
pub fn here(ctx: &NativeCallContext) -> Eval<Arc<Lane>> {
    let lane = ctx.tag().and_then(|t| t.read_lock::<Here>().map(|h| h.0.clone()));
    lane.ok_or_else(|| "bug: this evaluation has no lane".into())
}
