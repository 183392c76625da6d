//! A step can be read alone: it assigns to nothing outside, and `this` means nothing in it.

use super::finding::Level;
use super::source::variable;
use super::walk::{Call, Walk};
use rhai::{Expr, Position};

/// An assignment: its left side must not begin with a captured variable.
pub fn assigned(w: &mut Walk, lhs: &Expr) {
    let (Some((name, pos)), Some(captured)) = (root(lhs), &w.captured) else { return };
    let is_local = w.locals.iter().flatten().any(|l| l == name);
    if is_local || !captured.iter().any(|c| c == name) {
        return;
    }
    let message = format!("{name} is assigned inside a step or a branch, but it belongs to what is around it");
    let hint = format!("hand the value on as the result of the closure: let {name} = step(\"...\", || ...);");
    w.say(pos, name.chars().count(), message, Some(hint));
}

/// The variable that an assignment reaches: `a` in `a.b[1]`.
fn root(e: &Expr) -> Option<(&str, Position)> {
    match e {
        Expr::Variable(_, _, pos) => variable(e).map(|name| (name, *pos)),
        Expr::Dot(x, ..) | Expr::Index(x, ..) => root(&x.lhs),
        _ => None,
    }
}

/// Methods of lists and maps that change them in place.
const CHANGING: &[&str] = &[
    "append",
    "clear",
    "dedup",
    "drain",
    "extract",
    "fill_with",
    "insert",
    "mixin",
    "pad",
    "pop",
    "push",
    "remove",
    "retain",
    "reverse",
    "set",
    "shift",
    "sort",
    "splice",
    "truncate",
];

/// `list.push(...)` on what stands around a step: no assignment, and lost in a branch all the same.
pub fn changed(w: &mut Walk, c: &Call) {
    let (Some((name, pos)), Some(captured)) = (c.receiver.and_then(root), &w.captured) else { return };
    let is_local = w.locals.iter().flatten().any(|l| l == name);
    let is_method_of_a_host = w.names.spec(c.name()).is_some() || w.names.is_method(c.name());
    if is_local || is_method_of_a_host || !captured.iter().any(|n| n == name) || !CHANGING.contains(&c.name()) {
        return;
    }
    let message =
        format!("{name}.{} changes what is around the step; in a branch of on_each it changes a copy", c.name());
    let hint = format!("give the new value back as the result of the closure: let {name} = step(\"...\", || ...);");
    w.say_as(Level::Warning, pos, name.chars().count(), message, Some(hint));
}

/// `this` in a closure that a verb calls.
pub fn this(w: &mut Walk, pos: Position) {
    if w.this_is_unbound {
        let hint = "name it before the closure: let me = this;".to_string();
        w.say(pos, 4, "this means nothing inside the closure of a step".into(), Some(hint));
    }
}
