//! What a list goes through is held while it calls a closure: the closure cannot use it.
//!
//! Rhai locks the variable at the head of `p.list.all(|x| ...)` until the last call behind it has
//! answered. A closure that captured the same variable then ends with "is being changed from two
//! places at once".

use super::source::{closure_of, variable};
use super::walk::Walk;
use rhai::{Expr, FnCallExpr, Position};

/// Methods of the language that call the closure they are given. Others may keep it for later.
const CALLING: &[&str] = &[
    "all",
    "dedup",
    "drain",
    "filter",
    "find",
    "find_map",
    "for_each",
    "index_of",
    "map",
    "reduce",
    "reduce_rev",
    "retain",
    "some",
    "sort",
];

/// `head.a.b(...).c(...)`, where it begins: each closure in it must leave `head` alone.
pub fn chain(w: &mut Walk, head: &Expr, rest: &Expr) {
    let (Some(name), Expr::Variable(_, _, pos)) = (variable(head), head) else { return };
    let mut path = vec![name.to_string()];
    let found = held(name, rest, &mut path);
    if let Some(method) = found {
        say(w, name, *pos, &path.join("."), method);
    }
}

/// The first method of a chain with a closure that captured its head. `path` grows by the
/// properties that stand before it.
fn held<'a>(name: &str, rest: &'a Expr, path: &mut Vec<String>) -> Option<&'a str> {
    match rest {
        Expr::MethodCall(call, _) => calls_back(name, call).then_some(call.name.as_str()),
        Expr::Property(x, _) => {
            path.push(x.2.to_string());
            None
        }
        Expr::Dot(x, ..) | Expr::Index(x, ..) => held(name, &x.lhs, path).or_else(|| held(name, &x.rhs, path)),
        _ => None,
    }
}

fn calls_back(name: &str, call: &FnCallExpr) -> bool {
    let captures = |e: &Expr| closure_of(e).is_some_and(|c| c.captured.iter().any(|n| n == name));
    CALLING.contains(&call.name.as_str()) && call.args.iter().any(captures)
}

fn say(w: &mut Walk, name: &str, pos: Position, path: &str, method: &str) {
    let message = format!("{name} is held while {method} goes through it: the closure cannot use {name} meanwhile");
    let copy = path.rsplit('.').next().filter(|last| *last != name).unwrap_or("copy");
    let hint = format!("go through a copy of its own: let {copy} = {path}; then {copy}.{method}(...)");
    w.say(pos, name.chars().count(), message, Some(hint));
}
