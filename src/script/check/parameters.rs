//! `params` stands once, first and outside; and only what it declares is read from it.

use super::finding::Level;
use super::source::variable;
use super::walk::{Call, Walk};
use crate::name::RESERVED;
use crate::script::params::ParamKind;
use crate::text::nearest::nearest;
use rhai::{Expr, Position};

/// What the walk has seen of parameters so far.
#[derive(Default)]
pub struct Seen {
    /// Calls of `params`, with the depth each stands at.
    calls: Vec<(Position, usize)>,
    /// The first thing that is done before `params`.
    before: Option<(String, Position)>,
    /// The variable that holds the parameters, and their names.
    variable: Option<(String, Vec<String>)>,
    /// Where each of these names stands.
    declared: Vec<(String, Position)>,
    read: Vec<String>,
    /// They are handed on as a whole: anything may read them.
    handed_on: bool,
    /// The walk is among the arguments of `params`: `host("...")` says what a parameter is.
    pub declares: bool,
    /// `host("...")` elsewhere, with why no host can be called so. What stands before `params`
    /// declares too, where there is one.
    impossible: Vec<(Position, usize, String, bool)>,
}

/// `host("r 1")` names a host of the inventory: no host can be called so.
pub fn named(w: &mut Walk, c: &Call) {
    let names_one = matches!(c.name(), "host" | "hosts") && !w.params.declares;
    let [Expr::StringConstant(text, pos)] = c.args()[..] else { return };
    let Err(why) = crate::name::HostName::parse(text) else { return };
    if names_one {
        let why = why.replace("a host name", if c.name() == "hosts" { "the name of a group" } else { "a host name" });
        let before = w.params.calls.is_empty();
        w.params.impossible.push((*pos, text.chars().count() + 2, format!("{}: {why}", c.name()), before));
    }
}

/// A call: of `params`, or of something that stands before it.
pub fn called(w: &mut Walk, c: &Call) {
    if c.name() != "params" {
        let acts = w.names.verb(c.name()).is_some() || w.names.spec(c.name()).is_some();
        let declares = ParamKind::ALL.iter().any(|k| k.word() == c.name());
        if acts && !declares && w.params.calls.is_empty() && w.params.before.is_none() && w.depth == 0 {
            w.params.before = Some((c.name().into(), c.pos));
        }
        if acts && w.source.path.is_some() && w.depth == 0 {
            let message = format!("{}: steps cannot run while a module is loaded", c.name());
            w.say(c.pos, c.len(), message, Some("put it into a function of the module".into()));
        }
        return;
    }
    w.params.calls.push((c.pos, w.depth));
    if let Some(Expr::Map(x, _)) = c.call.args.first() {
        for (key, _) in x.0.iter().filter(|(key, _)| RESERVED.contains(&key.name.as_str())) {
            let message =
                format!("\"{}\" is a reserved word of the language: p.{} cannot be written", key.name, key.name);
            w.say(key.pos, key.name.chars().count(), message, Some("call the parameter otherwise".into()));
        }
    }
}

/// `let p = params(#{ ... })`.
pub fn bound(w: &mut Walk, name: &str, value: &Expr) {
    let Expr::FnCall(call, _) = value else { return };
    if let ("params", Some(Expr::Map(x, _))) = (call.name.as_str(), call.args.first()) {
        w.params.declared = x.0.iter().map(|(key, _)| (key.name.to_string(), key.pos)).collect();
        w.params.variable = Some((name.into(), x.0.iter().map(|(key, _)| key.name.to_string()).collect()));
    }
}

/// The variable that holds the parameters, otherwise than in front of a dot.
pub fn handed_on(w: &mut Walk, e: &Expr) {
    let holder = w.params.variable.as_ref().map(|(holder, _)| holder.as_str());
    w.params.handed_on |= holder.is_some() && variable(e) == holder;
}

/// `p.sorce`. Whether it is a parameter that is read.
pub fn read(w: &mut Walk, lhs: &Expr, rhs: &Expr) -> bool {
    let rhs = match rhs {
        Expr::Dot(x, ..) | Expr::Index(x, ..) => &x.lhs,
        other => other,
    };
    let (Expr::Variable(..), Expr::Property(x, pos)) = (lhs, rhs) else { return false };
    let Some((holder, names)) = &w.params.variable else { return false };
    let property = x.2.as_str();
    if variable(lhs) != Some(holder) {
        return false;
    }
    w.params.read.push(property.into());
    if names.iter().any(|n| n == property) {
        return true;
    }
    let hint = match nearest(property, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("parameters: {}", names.join(", ")),
    };
    w.say(*pos, property.chars().count(), format!("there is no parameter {property}"), Some(hint));
    true
}

/// When all has been seen.
pub fn at_the_end(w: &mut Walk) {
    let calls = std::mem::take(&mut w.params.calls);
    let is_module = w.source.path.is_some();
    for (pos, len, message, before) in std::mem::take(&mut w.params.impossible) {
        if calls.is_empty() || !before {
            w.say(pos, len, message, None);
        }
    }
    for (n, (pos, depth)) in calls.iter().enumerate() {
        let (message, hint) = match n {
            _ if is_module => ("a module has no parameters of its own", "hand them to its functions as arguments"),
            0 if *depth > 0 => ("params stands outside of if, step and fn", "as the first thing a playbook does"),
            0 => continue,
            _ => ("params is called a second time", "declare all parameters in one call"),
        };
        w.say(*pos, 6, message.into(), Some(hint.into()));
    }
    let declared = std::mem::take(&mut w.params.declared);
    for (name, pos) in declared {
        if !w.params.handed_on && !w.params.read.contains(&name) {
            let hint = Some("take it out, or use it: a value given for it changes nothing".to_string());
            w.say_as(Level::Warning, pos, name.chars().count(), format!("the parameter {name} is never read"), hint);
        }
    }
    if let (Some((name, pos)), false) = (w.params.before.take(), calls.is_empty()) {
        let hint = "move params(...) up: mig run --help evaluates a playbook up to it".to_string();
        w.say(pos, name.chars().count(), format!("{name} stands before params, which comes first"), Some(hint));
    }
}
