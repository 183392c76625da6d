//! `filter`, `find`, `all` and `some` of lists, which Rhai's own take anything but `true` for false.
//!
//! A value that only a run can give would be "no" to them, and the plan would go the wrong way
//! without a word; here it stops, and what is neither true nor false is refused.

use super::lower::words;
use super::play::{Eval, Play};
use super::unknown::Unknown;
use crate::contract::{Failure, Halt, Stop};
use rhai::{Array, Dynamic, Engine, EvalAltResult, FnPtr, NativeCallContext};
use std::sync::Arc;

/// Registers them; they win over the packages'.
pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("filter", move |c: NativeCallContext, list: Array, f: FnPtr| -> Eval<Array> {
        let mut kept = vec![];
        for (n, item) in list.into_iter().enumerate() {
            if holds(&p, &c, &f, &item, n)? {
                kept.push(item);
            }
        }
        Ok(kept)
    });
    let p = play.clone();
    e.register_fn("find", move |c: NativeCallContext, list: Array, f: FnPtr| -> Eval {
        for (n, item) in list.into_iter().enumerate() {
            if holds(&p, &c, &f, &item, n)? {
                return Ok(item);
            }
        }
        Ok(Dynamic::UNIT)
    });
    let p = play.clone();
    e.register_fn("all", move |c: NativeCallContext, list: Array, f: FnPtr| -> Eval<bool> {
        first(&p, &c, &list, &f, false).map(|found| !found)
    });
    let p = play.clone();
    e.register_fn("some", move |c: NativeCallContext, list: Array, f: FnPtr| first(&p, &c, &list, &f, true));
}

/// Whether the closure gives `wanted` for any item.
fn first(play: &Play, c: &NativeCallContext, list: &Array, f: &FnPtr, wanted: bool) -> Eval<bool> {
    for (n, item) in list.iter().enumerate() {
        if holds(play, c, f, item, n)? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds(play: &Play, c: &NativeCallContext, f: &FnPtr, item: &Dynamic, n: usize) -> Eval<bool> {
    let v = call(c, f, item, n)?.flatten();
    if let Some(u) = v.read_lock::<Unknown>() {
        return play.raise(c, Halt::Stop(Stop::OnlyARun(u.why.clone())));
    }
    v.as_bool().or_else(|_| {
        let message = format!("{}: its closure must give true or false, it gave {}", c.fn_name(), words(&v));
        play.raise(c, Failure::new(message).into())
    })
}

/// As Rhai calls such closures: with `this` alone, with the item, or with the item and its index.
fn call(c: &NativeCallContext, f: &FnPtr, item: &Dynamic, n: usize) -> Eval {
    let is_missing =
        |e: &EvalAltResult| matches!(e, EvalAltResult::ErrorFunctionNotFound(s, _) if s.starts_with(f.fn_name()));
    let mut this = item.clone();
    let index = i64::try_from(n).unwrap_or(i64::MAX);
    match f.call_raw(c, Some(&mut this), []) {
        Err(e) if is_missing(&e) => match f.call_raw(c, None, [item.clone()]) {
            Err(e) if is_missing(&e) => f.call_raw(c, None, [item.clone(), index.into()]),
            result => result,
        },
        result => result,
    }
}
