//! `wait_until`: polls a closure of readings. One call of the lane; the polls are not recorded.

use super::options::{Options, closure, text};
use crate::contract::{Halt, Outcome, Stop, failed, unknown};
use crate::run::Wait;
use crate::script::closure::{call_in, store, unshared};
use crate::script::errors::{self, failure_of};
use crate::script::lower::words;
use crate::script::play::{Eval, Play, here};
use crate::script::unknown::{Unknown, is_stop, or_unknown};
use rhai::{Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};
use std::sync::Arc;
use std::time::Duration;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("wait_until", move |c: NativeCallContext, what: Dynamic, body: Dynamic| {
        wait_until(&p, &c, &what, Ok(Options::none("wait_until")), &body)
    });
    let p = play.clone();
    e.register_fn("wait_until", move |c: NativeCallContext, what: Dynamic, options: Dynamic, body: Dynamic| {
        wait_until(&p, &c, &what, Options::of("wait_until", &options), &body)
    });
}

fn wait_until(play: &Play, c: &NativeCallContext, what: &Dynamic, o: Outcome<Options>, body: &Dynamic) -> Eval {
    let asked = || {
        let o = o?;
        let wait = Wait {
            what: text("wait_until", "what is awaited", what)?,
            every_ms: o.time("every", Duration::from_secs(5), Duration::from_millis(1))?,
            timeout_ms: o.time("timeout", Duration::from_secs(600), Duration::from_millis(1))?,
            hold_ms: o.time("hold", Duration::ZERO, Duration::ZERO)?,
        };
        if wait.every_ms > wait.timeout_ms {
            return failed("wait_until: every is longer than timeout, so it would look only once");
        }
        if wait.hold_ms > wait.timeout_ms {
            return failed("wait_until: hold is longer than timeout, so it could never be held");
        }
        Ok((wait, closure("wait_until", "the last argument", body)?))
    };
    let (wait, body) = asked().or_else(|h| play.raise(c, h))?;
    let lane = here(c)?;
    let mut poll = poll("wait_until", play, c, &body)?;
    play.give(c, play.gate.wait_until(&lane, &wait, &mut poll))
}

/// The closure as the gate polls it: with its own copy of what it captured, for it runs a
/// different number of times in every run; in a lane that only looks.
pub fn poll<'a>(
    verb: &'static str,
    play: &'a Play,
    c: &'a NativeCallContext,
    body: &FnPtr,
) -> Eval<impl FnMut() -> Outcome + 'a> {
    let body = unshared(body);
    let (data, looking) = (store(c), play.gate.lane(here(c)?.path(), true));
    Ok(move || match or_unknown(play, call_in(looking.clone(), c.engine(), &data, &unshared(&body), ())) {
        Ok(v) => {
            let v = v.flatten();
            if let Some(u) = v.read_lock::<Unknown>() {
                return Ok(unknown(u.why.clone()));
            }
            match v.as_bool() {
                Ok(b) => Ok(b.into()),
                Err(_) => play.gate.poison(Stop::Refused(format!(
                    "{verb}: its closure must give true or false, it gave {}",
                    words(&v)
                ))),
            }
        }
        Err(e) if is_stop(&e) => Err(play.halt_of(&e)),
        // A reading that fails is "not yet"; a script that is wrong will never be right.
        Err(e) => match is_wrong(&e) {
            false => Err(Halt::from(failure_of(&e, play.setting.table))),
            true => {
                let f = failure_of(&e, play.setting.table);
                let place = play.place_of_error(&e).map_or(String::new(), |p| format!("{p}: "));
                play.gate.poison(Stop::Refused(format!("{place}{}", f.message)))
            }
        },
    })
}

/// Whether an error is a fault of the script, which no waiting mends.
fn is_wrong(e: &EvalAltResult) -> bool {
    use EvalAltResult as E;
    matches!(
        errors::innermost(e, "").0,
        E::ErrorFunctionNotFound(..)
            | E::ErrorVariableNotFound(..)
            | E::ErrorMismatchDataType(..)
            | E::ErrorTooManyOperations(_)
            | E::ErrorStackOverflow(_)
            | E::ErrorUnboundThis(_)
    )
}
