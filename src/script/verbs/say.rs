//! `note`, `print`, `debug` and `point_of_no_return`: words for the report.

use super::options::{known, text};
use crate::script::play::{Eval, Play, here};
use rhai::{Dynamic, Engine, EvalAltResult, NativeCallContext};
use std::sync::Arc;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("note", move |c: NativeCallContext, v: Dynamic| note(&p, &c, "to_string", v));
    // Rhai hands what these two give to a printer of its own, which is silent.
    for (name, how) in [("print", "to_string"), ("debug", "to_debug")] {
        let p = play.clone();
        e.register_fn(name, move |c: NativeCallContext, v: Dynamic| note(&p, &c, how, v).map(|()| String::new()));
    }
    let p = play.clone();
    e.register_fn("point_of_no_return", move |c: NativeCallContext, reason: Dynamic| {
        let reason = text("point_of_no_return", "the reason", &reason).or_else(|h| p.raise(&c, h))?;
        let lane = here(&c)?;
        p.gate.point_of_no_return(&lane, &reason).or_else(|h| p.raise(&c, h))
    });
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
