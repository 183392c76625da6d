//! Closures that leave their lane: each gets its own copy of what it captured.
//!
//! A captured variable is shared and locked while a method runs on it; branches that share one
//! fail at random with "Data race detected", and sums depend on timing.

use super::play::{Eval, Here};
use crate::run::Lane;
use rhai::{Array, Dynamic, Engine, FnPtr, FuncArgs, Map, NativeCallContext};
use std::sync::Arc;

/// What a closure needs to be called from another thread.
#[expect(deprecated, reason = "Rhai marks it so to say that it may change")]
pub type Stored = rhai::NativeCallContextStore;

/// A closure with its own copy of what it captured, also inside captured closures.
pub fn unshared(f: &FnPtr) -> FnPtr {
    let mut f = f.clone();
    let own: Vec<Dynamic> = f.curry().iter().map(unshared_value).collect();
    f.set_curry(own);
    f
}

/// A value that shares nothing with the one it is a copy of.
pub fn unshared_value(v: &Dynamic) -> Dynamic {
    let v = v.flatten_clone();
    if let Some(f) = v.read_lock::<FnPtr>() {
        return Dynamic::from(unshared(&f));
    }
    if let Some(a) = v.read_lock::<Array>() {
        return a.iter().map(unshared_value).collect::<Array>().into();
    }
    if let Some(m) = v.read_lock::<Map>() {
        return Dynamic::from_map(m.iter().map(|(k, v)| (k.clone(), unshared_value(v))).collect());
    }
    v
}

/// Calls a closure in another lane.
#[expect(deprecated, reason = "Rhai marks it so to say that it may change")]
pub fn call_in(lane: Arc<Lane>, engine: &Engine, data: &Stored, body: &FnPtr, args: impl FuncArgs) -> Eval {
    let mut data = data.clone();
    data.global.tag = Dynamic::from(Here(lane));
    body.call_within_context(&data.create_context(engine), args)
}

/// Keeps what a closure needs to be called from another thread.
#[expect(deprecated, reason = "Rhai marks it so to say that it may change")]
pub fn store(ctx: &NativeCallContext) -> Stored {
    ctx.store_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_does_not_change_what_was_captured() {
        let e = Engine::new();
        let ast =
            e.compile("let n = 1; let m = #{ a: [1] }; let f = || { n += 1; m.a.push(2); n }; [f, n, m]").unwrap();
        let got: Array = e.eval_ast(&ast).unwrap();
        let f = got[0].clone().cast::<FnPtr>();
        let copy = unshared(&f);
        assert_eq!(copy.call::<i64>(&e, &ast, ()).unwrap(), 2);
        // The original still sees the old values: its captured variables were not touched.
        assert_eq!(f.call::<i64>(&e, &ast, ()).unwrap(), 2);
        assert!(!copy.curry()[0].is_shared());
    }
}
