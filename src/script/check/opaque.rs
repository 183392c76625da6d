//! A command of the playbook's own that says neither how it is taken back nor how it is seen.
//!
//! It may be right so: hence a note. Options that come from a variable are not judged.

use super::finding::Level;
use super::walk::{Call, Walk};
use crate::contract::Class;
use crate::script::options;
use rhai::Expr;

/// Looks at one call of a primitive that takes both `undo` and `check`.
pub fn check(w: &mut Walk, c: &Call) {
    let Some(spec) = w.names.spec(c.name()).filter(|s| s.class == Class::Change) else { return };
    let known = options::of(spec);
    if !["undo", "check"].iter().all(|name| known.iter().any(|o| o.name == *name)) {
        return;
    }
    let args = c.args();
    let says = match args.get(spec.positional.len()) {
        None => args.len() < spec.positional.len(),
        Some(Expr::Map(map, _)) => map.0.iter().any(|(key, _)| ["undo", "check"].contains(&key.name.as_str())),
        Some(_) => true,
    };
    if says {
        return;
    }
    let message = format!("{} calls {} with neither undo nor check: it cannot be taken back", w.part, spec.name);
    let hint = "give it #{ check: ..., undo: ... }; undo: false says that there is nothing to take back".to_string();
    w.say_as(Level::Note, c.pos, c.len(), message, Some(hint));
}
