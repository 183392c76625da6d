//! Comparisons that look into lists and maps, where a value that only a run can give may lie.
//!
//! Rhai's own take whatever does not answer `true` for "not equal": a plan would go the wrong way
//! without a word. Here what cannot be told yet is unknown.

use super::play::{Eval, Play};
use super::unknown::Unknown;
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, NativeCallContext};
use std::sync::Arc;

/// Registers `==`, `!=`, `in`, `contains` and `index_of` for lists and maps; they win over the packages'.
pub fn register(e: &mut Engine, play: &Arc<Play>) {
    for (name, wanted) in [("==", true), ("!=", false)] {
        let p = play.clone();
        e.register_fn(name, move |c: NativeCallContext, a: Array, b: Array| -> Eval {
            Ok(told(&p, equal(&c, &a.into(), &b.into())?.map(|is| is == wanted)))
        });
        let p = play.clone();
        e.register_fn(name, move |c: NativeCallContext, a: Map, b: Map| -> Eval {
            Ok(told(&p, equal(&c, &a.into(), &b.into())?.map(|is| is == wanted)))
        });
    }
    let p = play.clone();
    e.register_fn("contains", move |c: NativeCallContext, list: Array, v: Dynamic| -> Eval {
        Ok(told(&p, position(&c, &list, &v)?.map(|n| n >= 0)))
    });
    let p = play.clone();
    e.register_fn("index_of", move |c: NativeCallContext, list: Array, v: Dynamic| -> Eval {
        Ok(told(&p, position(&c, &list, &v)?))
    });
}

/// What can be told, or that it cannot be told yet.
fn told<T: Into<Dynamic>>(play: &Play, answer: Option<T>) -> Dynamic {
    answer.map_or_else(|| Unknown::value(&play.gate, "it is compared with what only a run can give"), Into::into)
}

/// Where a value stands in a list, -1 for nowhere; `None` if that depends on an unknown value.
fn position(c: &NativeCallContext, list: &Array, v: &Dynamic) -> Eval<Option<i64>> {
    for (n, item) in (0_i64..).zip(list) {
        match equal(c, item, v)? {
            Some(true) => return Ok(Some(n)),
            Some(false) => {}
            None => return Ok(None),
        }
    }
    Ok(Some(-1))
}

/// `None` if it depends on an unknown value.
fn equal(c: &NativeCallContext, a: &Dynamic, b: &Dynamic) -> Eval<Option<bool>> {
    let (a, b) = (a.flatten_clone(), b.flatten_clone());
    if a.is::<Unknown>() || b.is::<Unknown>() {
        return Ok(None);
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Array>(), b.read_lock::<Array>()) {
        return if a.len() == b.len() { all(c, a.iter().zip(b.iter())) } else { Ok(Some(false)) };
    }
    if let (Some(a), Some(b)) = (a.read_lock::<Map>(), b.read_lock::<Map>()) {
        return if a.keys().eq(b.keys()) { all(c, a.values().zip(b.values())) } else { Ok(Some(false)) };
    }
    match c.call_native_fn_raw("==", true, &mut [&mut a.clone(), &mut b.clone()]) {
        Ok(answer) => Ok(Some(answer.as_bool().unwrap_or(false))),
        // Values of two types that nobody compares are not equal.
        Err(e) if matches!(*e, EvalAltResult::ErrorFunctionNotFound(..)) => Ok(Some(a.is_unit() && b.is_unit())),
        Err(e) => Err(e),
    }
}

/// Whether all pairs are equal. One that differs is enough to say no.
fn all<'a>(c: &NativeCallContext, pairs: impl Iterator<Item = (&'a Dynamic, &'a Dynamic)>) -> Eval<Option<bool>> {
    let mut answer = Some(true);
    for (a, b) in pairs {
        match equal(c, a, b)? {
            Some(true) => {}
            Some(false) => return Ok(Some(false)),
            None => answer = None,
        }
    }
    Ok(answer)
}
