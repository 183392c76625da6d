//! `expect` and `expect_equal`: what must hold, or the run stops.

use super::options::{known, text};
use crate::contract::{Halt, Outcome, failed};
use crate::script::lower::{lower, word, words};
use crate::script::play::{Play, here};
use crate::script::unknown::Unknown;
use rhai::{Dynamic, Engine, NativeCallContext};
use serde_json::Value;
use std::sync::Arc;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("expect", move |c: NativeCallContext, holds: Dynamic, what: Dynamic| {
        let asked = || Ok((condition(&holds)?, text("expect", "what must hold", &what)?));
        let (holds, what) = asked().or_else(|h| p.raise(&c, h))?;
        let lane = here(&c)?;
        p.gate.expect(&lane, holds, &what, None).or_else(|h| p.raise(&c, h))
    });
    let p = play.clone();
    e.register_fn("expect_equal", move |c: NativeCallContext, left: Dynamic, right: Dynamic, what: Dynamic| {
        let asked = || {
            let what = text("expect_equal", "what must be equal", &what)?;
            let (Some(left), Some(right)) = (side(&left)?, side(&right)?) else { return Ok((None, what, None)) };
            let both = format!("left:  {}\nright: {}", shown(&left), shown(&right));
            Ok((Some(is_equal(&left, &right)), what, Some(both)))
        };
        let (holds, what, both) = asked().or_else(|h| p.raise(&c, h))?;
        let lane = here(&c)?;
        p.gate.expect(&lane, holds, &what, both).or_else(|h| p.raise(&c, h))
    });
}

/// `None`: only a run can tell.
fn condition(holds: &Dynamic) -> Outcome<Option<bool>> {
    if holds.flatten_clone().is::<Unknown>() {
        return Ok(None);
    }
    let v = known(holds)?;
    v.as_bool().map(Some).or_else(|_| failed(format!("expect needs true or false, found {}", words(&v))))
}

/// One side as JSON; `None`: it is, or it holds, a value that only a run can give.
fn side(v: &Dynamic) -> Outcome<Option<Value>> {
    if word(v) == "secret" {
        return failed("expect_equal: a secret cannot be compared: its value exists only while acting");
    }
    match lower(v) {
        Ok(v) => Ok(Some(v)),
        Err(Halt::Stop(_)) => Ok(None),
        Err(halt) => Err(halt),
    }
}

/// Numbers are equal by value, as in the script: `1 == 1.0`.
fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| is_equal(a, b)))
        }
        _ => a == b,
    }
}

fn shown(v: &Value) -> String {
    match v {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equality_is_by_value() {
        assert!(is_equal(&json!({ "a": [1, 2.0] }), &json!({ "a": [1.0, 2] })));
        assert!(!is_equal(&json!([1]), &json!([1, 2])));
        assert!(!is_equal(&json!("1"), &json!(1)));
    }

    #[test]
    fn row_28_a_condition_is_true_or_false() {
        let Err(Halt::Failed(f)) = condition(&Dynamic::from(3_i64)) else { panic!("accepted") };
        assert_eq!(f.message, "expect needs true or false, found int 3");
    }
}
