//! Every function that is called exists, and takes as many arguments as it is given.

use super::source::{Closure, Source};
use super::walk::{Call, Walk};
use crate::contract::Spec;
use crate::script::engine;
use crate::script::errors::usage;
use crate::script::options;
use crate::script::resolver::Resolver;
use crate::script::verbs::{VERBS, Verb};
use crate::text::nearest::nearest;
use rhai::Expr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Name to the numbers of arguments it takes.
type Counts = BTreeMap<String, BTreeSet<usize>>;

/// Words of the language that look like calls.
const KEYWORDS: &[&str] = &["call", "curry", "Fn", "is_shared", "is_def_var", "is_def_fn", "type_of"];

/// Every function that a playbook can call.
pub struct Names<'a> {
    pub table: &'static [Spec],
    /// Methods that modules add to hosts and other values.
    methods: Counts,
    modules: BTreeMap<&'a str, &'a Source>,
    /// Functions that were defined before, by name and number of arguments.
    earlier: Counts,
}

impl<'a> Names<'a> {
    pub fn of(sources: &'a [Source], table: &'static [Spec]) -> Self {
        let mut methods = Counts::new();
        for body in sources.iter().flat_map(|s| &s.bodies).filter(|b| b.this_type.is_some()) {
            methods.entry(body.name.clone()).or_default().insert(body.params.len());
        }
        let modules = sources.iter().filter_map(|s| Some((s.path.as_deref()?, s))).collect();
        Names { table, methods, modules, earlier: Counts::new() }
    }
    /// The same, with the functions and methods that were defined before.
    pub fn knowing(mut self, functions: &[(String, usize, bool)]) -> Self {
        for (name, n, is_method) in functions {
            let counts = if *is_method { &mut self.methods } else { &mut self.earlier };
            counts.entry(name.clone()).or_default().insert(*n);
        }
        self
    }
    pub fn verb(&self, name: &str) -> Option<&'static Verb> {
        VERBS.iter().find(|v| v.name == name)
    }
    /// A method that a module, or an earlier line, adds to hosts and other values.
    pub fn is_method(&self, name: &str) -> bool {
        self.methods.contains_key(name)
    }
    pub fn spec(&self, name: &str) -> Option<&'static Spec> {
        self.table.iter().find(|s| s.name == name)
    }
}

/// The functions of the language itself: the same in every engine of this room.
fn built_in() -> &'static Counts {
    static BUILT_IN: OnceLock<Counts> = OnceLock::new();
    BUILT_IN.get_or_init(|| {
        let engine = engine::bare(Resolver::default());
        let mut counts = Counts::new();
        let all =
            engine.collect_fn_metadata(None, |f| Some((f.metadata.name.to_string(), f.metadata.num_params)), true);
        for (name, n) in all {
            counts.entry(name).or_default().insert(n);
        }
        counts
    })
}

/// Looks at one call.
pub fn check(w: &mut Walk, c: &Call) {
    let name = c.name();
    if KEYWORDS.contains(&name) || !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return;
    }
    if !c.call.namespace.is_empty() {
        return in_module(w, c);
    }
    let given = c.args().len();
    if let Some(verb) = w.names.verb(name) {
        if !verb.takes.contains(&given) {
            wrong_count(w, c, given, &many(verb.takes.iter().copied()));
        }
        return;
    }
    if let Some(spec) = w.names.spec(name) {
        let least = spec.positional.len();
        let most = least + usize::from(!options::of(spec).is_empty());
        if given < least || given > most {
            wrong_count(w, c, given, &many(least..=most));
        }
        return;
    }
    if is_own(w, c) || w.source.keys.iter().any(|k| k == name) && c.receiver.is_some() {
        return;
    }
    let counts = built_in().get(name);
    if counts.is_some_and(|counts| counts.contains(&given)) {
        return;
    }
    let own = w.source.bodies.iter().filter(|b| !b.name.starts_with("anon$"));
    let earlier = w.names.earlier.get(name).into_iter().flatten().copied();
    let own: BTreeSet<usize> = own.filter(|b| b.name == name).map(|b| b.params.len()).chain(earlier).collect();
    let methods = w.names.methods.get(name);
    if counts.is_some() || !own.is_empty() || methods.is_some() {
        let known: BTreeSet<usize> = match counts {
            Some(counts) => counts.iter().map(|n| n - usize::from(c.receiver.is_some() && *n > 0)).collect(),
            None => own.into_iter().chain(methods.into_iter().flatten().copied()).collect(),
        };
        return wrong_count(w, c, c.call.args.len(), &many(known.into_iter()));
    }
    let message = match c.receiver {
        Some(_) => format!("unknown method {name}"),
        None => format!("unknown function {name}"),
    };
    let hint = near(w, name).map(|near| format!("did you mean {near}?"));
    w.say(c.pos, c.len(), message, hint);
}

/// The closure that a verb calls takes what the verb hands it.
pub fn closure(w: &mut Walk, c: &Call, closure: &Closure, at: &Expr) {
    let Some(verb) = w.names.verb(c.name()).filter(|v| v.runs) else { return };
    let Some(body) = w.source.body(&closure.name) else { return };
    let own = body.params.len() - closure.captured.len().min(body.params.len());
    if own != verb.hands {
        let is = if verb.hands == 1 { "one argument, as |h| ..." } else { "no arguments, as || ..." };
        let hint = format!("it is called so: {}", verb.usage);
        w.say(at.position(), 1, format!("the closure of {} takes {is}, this one takes {own}", verb.name), Some(hint));
    }
}

/// A function of this file, or a method of any file that is imported.
fn is_own(w: &Walk, c: &Call) -> bool {
    let (name, n) = (c.name(), c.call.args.len());
    let own = w.source.bodies.iter().any(|b| b.name == name && b.params.len() == n);
    let earlier = w.names.earlier.get(name).is_some_and(|counts| counts.contains(&n));
    own || earlier || (c.receiver.is_some() && w.names.methods.get(name).is_some_and(|counts| counts.contains(&n)))
}

fn near<'a>(w: &'a Walk, name: &str) -> Option<&'a str> {
    let own = w.source.bodies.iter().map(|b| b.name.as_str()).filter(|n| !n.starts_with("anon$"));
    let table = w.names.table.iter().map(|s| s.name);
    let methods = w.names.methods.keys().map(String::as_str);
    let language = built_in().keys().map(String::as_str).filter(|n| n.starts_with(char::is_alphabetic));
    let earlier = w.names.earlier.keys().map(String::as_str);
    let first = nearest(name, table.chain(VERBS.iter().map(|v| v.name)).chain(own).chain(methods).chain(earlier));
    first.or_else(|| nearest(name, language))
}

/// `alias::function(...)`.
fn in_module(w: &mut Walk, c: &Call) {
    let alias = c.call.namespace.to_string();
    let alias = alias.trim_end_matches("::");
    let Some(module) = w.source.aliases.get(alias).and_then(|path| w.names.modules.get(path.as_str())) else { return };
    let functions: Vec<(&str, usize)> = module
        .bodies
        .iter()
        .filter(|b| !b.name.starts_with("anon$"))
        .map(|b| (b.name.as_str(), b.params.len()))
        .collect();
    let (name, given) = (c.name(), c.call.args.len());
    if functions.contains(&(name, given)) {
        return;
    }
    let counts: Vec<usize> = functions.iter().filter(|(n, _)| *n == name).map(|(_, n)| *n).collect();
    if !counts.is_empty() {
        return wrong_count(w, c, given, &many(counts.into_iter()));
    }
    let hint = nearest(name, functions.iter().map(|(n, _)| *n)).map(|near| format!("did you mean {alias}::{near}?"));
    w.say(c.pos, c.len(), format!("module {alias} has no function {name}"), hint);
}

fn wrong_count(w: &mut Walk, c: &Call, given: usize, takes: &str) {
    let arguments = if takes == "1" { "argument" } else { "arguments" };
    let message = format!("{} takes {takes} {arguments}, {given} given", c.name());
    let hint = usage(c.name(), w.names.table).map(|usage| format!("it is called so: {usage}"));
    w.say(c.pos, c.len(), message, hint);
}

fn many(counts: impl Iterator<Item = usize>) -> String {
    counts.map(|n| n.to_string()).collect::<Vec<_>>().join(" or ")
}
