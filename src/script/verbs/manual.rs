//! `manual` and `confirm`: what only a person can do, or say.

use super::options::{Options, text};
use super::wait::poll;
use crate::contract::Outcome;
use crate::run::Manual;
use crate::script::play::{Eval, Play, here};
use rhai::{Dynamic, Engine, NativeCallContext};
use std::sync::Arc;
use std::time::Duration;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("manual", move |c: NativeCallContext, what: Dynamic| {
        manual(&p, &c, &what, Ok(Options::none("manual")))
    });
    let p = play.clone();
    e.register_fn("manual", move |c: NativeCallContext, what: Dynamic, options: Dynamic| {
        manual(&p, &c, &what, Options::of("manual", &options))
    });
    let p = play.clone();
    e.register_fn("confirm", move |c: NativeCallContext, question: Dynamic| {
        let question = text("confirm", "the question", &question).or_else(|h| p.raise(&c, h))?;
        let lane = here(&c)?;
        p.give(&c, p.gate.confirm(&lane, &question))
    });
}

fn manual(play: &Play, c: &NativeCallContext, what: &Dynamic, o: Outcome<Options>) -> Eval {
    let asked = || {
        let o = o?;
        let manual = Manual {
            text: text("manual", "the instruction", what)?,
            undo: o.text("undo")?,
            off: o.host("off")?,
            every_ms: o.time("every", Duration::from_secs(5), Duration::from_millis(1))?,
            timeout_ms: o.time("timeout", Duration::from_secs(24 * 3600), Duration::from_millis(1))?,
        };
        Ok((manual, o.closure("done_when")?))
    };
    let (manual, done_when) = asked().or_else(|h| play.raise(c, h))?;
    let lane = here(c)?;
    let answer = match done_when {
        None => play.gate.manual(&lane, &manual, None),
        Some(body) => {
            let mut poll = poll("manual", play, c, &body)?;
            play.gate.manual(&lane, &manual, Some(&mut poll))
        }
    };
    play.give(c, answer)
}
