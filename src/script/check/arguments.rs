//! The options and literal arguments of one call.

use super::literal::{has_open_quote, misfit, word};
use super::walk::{Call, Walk};
use crate::contract::Spec;
use crate::script::calls::no_such_option;
use crate::script::options;
use crate::script::verbs::{Verb, unknown_option};
use crate::text::duration;
use crate::text::nearest::nearest;
use rhai::Expr;
use serde_json::Value;

/// Looks at one call of a primitive or a verb.
pub fn check(w: &mut Walk, c: &Call) {
    if !c.call.namespace.is_empty() {
        return;
    }
    if let Some(spec) = w.names.spec(c.name()) {
        primitive(w, c, spec);
    } else if let Some(verb) = w.names.verb(c.name()) {
        options_of_verb(w, c, verb);
    }
}

fn primitive(w: &mut Walk, c: &Call, spec: &'static Spec) {
    let schema = (spec.schema)();
    let properties = schema.get("properties").cloned().unwrap_or_default();
    let args = c.args();
    for (name, arg) in spec.positional.iter().zip(&args) {
        if let Some(schema) = properties.get(*name) {
            argument(w, spec.name, name, schema, arg);
        }
    }
    let Some(last) = args.get(spec.positional.len()) else { return };
    let Expr::Map(map, _) = last else { return not_a_map(w, spec.name, last) };
    let known = options::of(spec);
    for (key, value) in &map.0 {
        match known.iter().find(|o| o.name == key.name.as_str()) {
            Some(option) => argument(w, spec.name, &option.name, &option.schema, value),
            None if spec.positional.contains(&key.name.as_str()) => {
                let message = format!("{}: {} is given by position, it is no option", spec.name, key.name);
                w.say(key.pos, key.name.chars().count(), message, None);
            }
            None => {
                let f = no_such_option(spec, &key.name, &known);
                w.say(key.pos, key.name.chars().count(), f.message, f.hints.into_iter().next());
            }
        }
    }
}

fn argument(w: &mut Walk, call: &str, name: &str, schema: &Value, value: &Expr) {
    if let Some(why) = misfit(schema, value) {
        return w.say(value.position(), length(value), format!("{call}: {name}: {why}"), None);
    }
    if let Expr::StringConstant(text, pos) = value
        // A text or a list is a command.
        && options::takes(schema).contains("list")
        && has_open_quote(text)
    {
        let hint = "close the quote, or use a list of arguments, which needs none: [\"echo\", \"it's\"]".to_string();
        w.say(*pos, length(value), format!("{call}: {name} has a quote that is never closed"), Some(hint));
    }
}

/// Options are a map; a variable may hold one, a literal of another kind does not.
fn not_a_map(w: &mut Walk, call: &str, value: &Expr) {
    if super::literal::json_type(value).is_some() {
        let message = format!("{call}: options must be a map, as #{{ ... }}, found {}", word(value));
        w.say(value.position(), length(value), message, None);
    }
}

fn options_of_verb(w: &mut Walk, c: &Call, verb: &'static Verb) {
    if verb.options.is_empty() {
        return;
    }
    for arg in c.args() {
        let Expr::Map(map, _) = arg else { continue };
        for (key, value) in &map.0 {
            if !verb.options.iter().any(|(name, _)| *name == key.name.as_str()) {
                let near = nearest(&key.name, verb.options.iter().map(|(name, _)| *name));
                let f = unknown_option(verb.name, &key.name, near, verb.options);
                w.say(key.pos, key.name.chars().count(), f.message, f.hints.into_iter().next());
                continue;
            }
            if let Some(why) = verb_option_misfit(&key.name, value) {
                w.say(value.position(), length(value), format!("{}: {}: {why}", verb.name, key.name), None);
            }
        }
    }
}

/// The options of verbs are few: lengths of time, counts, and the word of a cutover.
fn verb_option_misfit(name: &str, value: &Expr) -> Option<String> {
    let kind = super::literal::json_type(value)?;
    match (name, value) {
        ("every" | "timeout" | "hold" | "budget", Expr::StringConstant(text, _)) => duration::parse(text).err(),
        ("every" | "timeout" | "hold" | "budget", _) if kind != "string" => {
            Some(format!("must be a length of time as text, \"5m\", found {}", word(value)))
        }
        ("at_once" | "first" | "max_failures", Expr::IntegerConstant(n, _)) => {
            (*n < i64::from(name == "at_once")).then(|| format!("{n} is too few"))
        }
        ("at_once" | "first" | "max_failures", _) => Some(format!("must be a whole number, found {}", word(value))),
        ("on_failure", Expr::StringConstant(text, _)) => {
            let is_one = ["ask", "rollback", "stop"].contains(&text.as_str());
            (!is_one).then(|| format!("must be \"ask\", \"rollback\" or \"stop\", found {}", word(value)))
        }
        ("done_when", _) if kind != "closure" => Some(format!("must be a closure, as || ..., found {}", word(value))),
        ("undo", _) if kind != "string" => Some(format!("must be text, found {}", word(value))),
        _ => None,
    }
}

/// How many characters of the line a literal takes; the caret stands under them.
fn length(e: &Expr) -> usize {
    match e {
        Expr::StringConstant(s, _) => s.lines().next().unwrap_or_default().chars().count() + 2,
        Expr::IntegerConstant(n, _) => n.to_string().len(),
        Expr::BoolConstant(b, _) => b.to_string().len(),
        _ => 1,
    }
}
