//! A value that exists but that this process does not have: planning, or lost in a crash.
//! Whoever looks at it stops the run; keeping it and handing it on is free.
//!
//! Rhai has no hook for "anything at all is done to it", so every way to look is listed here. What
//! is not listed must fail by itself in Rhai, and [`or_unknown`] gives that failure its real name.

use super::lower::lower;
use super::play::{Eval, Play};
use crate::contract::{Failure, Halt, Stop};
use crate::run::{Gate, Mode};
use rhai::{Dynamic, Engine, EvalAltResult, Map, NativeCallContext, Position};
use serde_json::Value;
use std::sync::Arc;

/// The value.
#[derive(Clone)]
pub struct Unknown {
    pub why: String,
    gate: Arc<Gate>,
}

/// How Rhai's own messages call its type.
const NAME: &str = "value that only a run can give";

/// How Rhai's own messages call the type of a captured variable.
pub const SHARED: &str = "alloc::sync::Arc<";

/// Functions of one argument that look at it.
const ONE: &[&str] = &["to_string", "print", "debug", "to_debug", "to_json"];
/// Functions of two arguments that look at either.
const TWO: &[&str] = &["+=", "-=", "*=", "/=", "contains", "&", "|", "^", "..", "..="];
/// What comes out of these is not known either; nobody has looked yet. So a plan sees as far as it can.
const ONE_ON: &[&str] = &["!", "-", "len", "is_empty", "lines", "json", "yaml", "to_int", "to_float", "keys", "values"];
const TWO_ON: &[&str] = &["==", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "%", "**", "starts_with", "ends_with"];

impl Unknown {
    pub fn value(gate: &Arc<Gate>, why: impl Into<String>) -> Dynamic {
        Dynamic::from(Unknown { why: why.into(), gate: gate.clone() })
    }
}

/// Registers every way to look at it.
pub fn register(e: &mut Engine, play: &Arc<Play>) {
    e.register_type_with_name::<Unknown>(NAME);
    for name in ONE {
        let p = play.clone();
        e.register_fn(*name, move |c: NativeCallContext, u: Unknown| looked_at(&p, &c, &u));
    }
    for name in TWO {
        let (p, q) = (play.clone(), play.clone());
        e.register_fn(*name, move |c: NativeCallContext, u: Unknown, _: Dynamic| looked_at(&p, &c, &u));
        e.register_fn(*name, move |c: NativeCallContext, _: Dynamic, u: Unknown| looked_at(&q, &c, &u));
    }
    for name in ONE_ON {
        e.register_fn(*name, |u: Unknown| u);
    }
    for name in TWO_ON {
        e.register_fn(*name, |u: Unknown, _: Dynamic| u);
        e.register_fn(*name, |_: Dynamic, u: Unknown| u);
    }
    e.register_indexer_get(|u: &mut Unknown, _: Dynamic| u.clone());
    e.register_iterator::<Unknown>();
    // A map may hold one: its text would need the value.
    let p = play.clone();
    e.register_fn("to_json", move |c: NativeCallContext, m: Map| -> Eval {
        match lower(&m.into()) {
            Ok(json) if has_secret(&json) => {
                let f = Failure::new("a map with a secret in it cannot become JSON text: nobody here has the value");
                p.raise(&c, f.hint("join the text with +: \"{\\\"password\\\": \\\"\" + secret(\"name\") + ...").into())
            }
            Ok(json) => Ok(json.to_string().into()),
            Err(halt) => p.raise(&c, halt),
        }
    });
    // Any function or method that has no overload for it. `Ok(None)` leaves the real error as it is.
    let p = play.clone();
    #[expect(deprecated, reason = "Rhai marks it so to say that it may change")]
    e.on_missing_function(move |_, args, _, _| match args.iter().find_map(|a| a.read_lock::<Unknown>()) {
        // The place is filled in where the error leaves its closure.
        Some(u) => p.raise_at(&None, Position::NONE, only_a_run(&u.why)),
        None => Ok(None),
    });
}

/// `if`, `for` and the like raise Rhai's own errors on such a value; they name its type.
pub fn or_unknown<T>(play: &Play, result: Eval<T>) -> Eval<T> {
    result.or_else(|e| {
        let text = e.to_string();
        let is_named = [NAME, std::any::type_name::<Unknown>()].iter().any(|n| text.contains(n));
        // Of a captured variable Rhai names only the cell around its value. While planning that is
        // taken for a value of a run; if it was a mistake, the run says so.
        let is_hidden = play.gate.mode == Mode::Plan && text.contains(SHARED);
        if !(is_named || is_hidden) || play.gate.is_poisoned() {
            return Err(e);
        }
        let place = play.place_of_error(&e);
        play.raise_at(&place, Position::NONE, only_a_run("a condition or a loop needs it"))
    })
}

/// A loop over it: the iterator cannot fail, so it poisons, and the next operation stops.
impl IntoIterator for Unknown {
    type Item = Dynamic;
    type IntoIter = std::iter::Empty<Dynamic>;
    fn into_iter(self) -> Self::IntoIter {
        let _ = self.gate.poison::<()>(Stop::OnlyARun(self.why));
        std::iter::empty()
    }
}

fn has_secret(v: &Value) -> bool {
    match v {
        Value::Array(items) => items.iter().any(has_secret),
        Value::Object(o) => o.contains_key("$text") || o.values().any(has_secret),
        _ => false,
    }
}

fn looked_at(play: &Play, ctx: &NativeCallContext, u: &Unknown) -> Eval {
    play.raise(ctx, only_a_run(&u.why))
}

fn only_a_run(why: &str) -> Halt {
    Halt::Stop(Stop::OnlyARun(why.into()))
}

/// Whether an error is a stop rather than a failure.
pub fn is_stop(e: &EvalAltResult) -> bool {
    matches!(e.unwrap_inner(), EvalAltResult::ErrorTerminated(..))
}
