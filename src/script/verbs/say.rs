//! `note`, `print`, `debug` and `point_of_no_return`: words for the report.

use super::options::{known, text};
use crate::script::play::{Eval, Play, here};
use rhai::{Array, Dynamic, Engine, EvalAltResult, ImmutableString, Map, NativeCallContext};
use std::sync::Arc;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("note", move |c: NativeCallContext, v: Dynamic| note(&p, &c, "to_string", v));
    // Rhai hands what these two give to a printer of its own, which is silent.
    for (name, how) in [("print", "to_string"), ("debug", "to_debug")] {
        printer::<Dynamic>(e, play, name, how);
        // The packages have these two for some types, and the exact type wins.
        printer::<ImmutableString>(e, play, name, how);
        printer::<Array>(e, play, name, how);
        printer::<Map>(e, play, name, how);
        printer::<bool>(e, play, name, how);
        printer::<char>(e, play, name, how);
        printer::<i64>(e, play, name, how);
        printer::<f64>(e, play, name, how);
        printer::<()>(e, play, name, how);
    }
    let p = play.clone();
    e.register_fn("point_of_no_return", move |c: NativeCallContext, reason: Dynamic| {
        let reason = text("point_of_no_return", "the reason", &reason).or_else(|h| p.raise(&c, h))?;
        let lane = here(&c)?;
        p.gate.point_of_no_return(&lane, &reason).or_else(|h| p.raise(&c, h))
    });
}

fn printer<T: Clone + Send + Sync + 'static>(e: &mut Engine, play: &Arc<Play>, name: &'static str, how: &'static str) {
    let p = play.clone();
    e.register_fn(name, move |c: NativeCallContext, v: T| note(&p, &c, how, Dynamic::from(v)).map(|()| String::new()));
}

fn note(play: &Play, c: &NativeCallContext, how: &str, v: Dynamic) -> Eval<()> {
    let v = known(&v).or_else(|h| play.raise(c, h))?;
    let text = match v.is_string() && how == "to_string" {
        true => v.to_string(),
        false => c.call_native_fn::<String>(how, (v.clone(),)).unwrap_or_else(|_: Box<EvalAltResult>| v.to_string()),
    };
    let lane = here(c)?;
    play.gate.note(&lane, &text).or_else(|h| play.raise(c, h))
}
