//! `step` and `cutover`: headings, and the part in which the service is away.

use super::options::{Options, closure, text};
use crate::contract::{Outcome, failed};
use crate::run::{Cutover, Ended, OnFailure};
use crate::script::play::{Eval, Play, here};
use crate::script::unknown::{Unknown, or_unknown};
use rhai::{Dynamic, Engine, FnPtr, NativeCallContext};
use std::sync::Arc;
use std::time::Duration;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("step", move |c: NativeCallContext, title: Dynamic, body: Dynamic| {
        let asked =
            text("step", "the title", &title).and_then(|title| Ok((title, closure("step", "the body", &body)?)));
        let (title, body) = asked.or_else(|h| p.raise(&c, h))?;
        step(&p, &c, &title, None, &body)
    });
    let p = play.clone();
    e.register_fn("cutover", move |c: NativeCallContext, title: Dynamic, body: Dynamic| {
        cutover(&p, &c, &title, Ok(Options::none("cutover")), &body)
    });
    let p = play.clone();
    e.register_fn("cutover", move |c: NativeCallContext, title: Dynamic, options: Dynamic, body: Dynamic| {
        cutover(&p, &c, &title, Options::of("cutover", &options), &body)
    });
}

fn cutover(play: &Play, c: &NativeCallContext, title: &Dynamic, o: Outcome<Options>, body: &Dynamic) -> Eval {
    let asked = || {
        let o = o?;
        let budget_ms = o.time("budget", Duration::from_secs(300), Duration::from_secs(1))?;
        let on_failure = match o.text("on_failure")?.as_deref() {
            None | Some("ask") => OnFailure::Ask,
            Some("rollback") => OnFailure::Rollback,
            Some("stop") => OnFailure::Stop,
            Some(other) => {
                return failed(format!("cutover: on_failure is \"ask\", \"rollback\" or \"stop\", found {other:?}"));
            }
        };
        let title = text("cutover", "the title", title)?;
        Ok((title, Cutover { budget_ms, on_failure }, closure("cutover", "the body", body)?))
    };
    let (title, cutover, body) = asked().or_else(|h| play.raise(c, h))?;
    step(play, c, &title, Some(&cutover), &body)
}

fn step(play: &Play, c: &NativeCallContext, title: &str, cutover: Option<&Cutover>, body: &FnPtr) -> Eval {
    let lane = here(c)?;
    let path = play.gate.step_begins(&lane, title, cutover).or_else(|h| play.raise(c, h))?;
    let result = or_unknown(play, body.call_within_context::<Dynamic>(c, ()));
    let halt = result.as_ref().err().map(|e| {
        play.keep_place(e);
        play.halt_of(e)
    });
    match play.gate.step_ends(&lane, &path, cutover, halt.as_ref().map_or(Ok(()), Err)) {
        Ok(Ended::AsItDid) => result,
        Ok(Ended::Unknown(why)) => Ok(Unknown::value(&play.gate, why)),
        Err(h) => play.raise(c, h),
    }
}
