//! What a playbook can be seen to touch: hosts, files, services, commands, the network, the cloud.
//!
//! Read from the text alone: what only a run knows stands as `{name}`, and what a command does
//! inside nobody sees. So it is a list to read, and no boundary.

use super::functions::Names;
use super::source::{Source, variable};
use super::walk::{Call, Walk};
use crate::contract::{Class, Spec};
use crate::error::Place;
use crate::script::errors::place;
use crate::script::playbook::Playbook;
use rhai::{Expr, Stmt};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that a playbook can be seen to touch.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Capability {
    /// `hosts`, `files`, `services`, `commands`, `network`, `cloud`, `secrets`, or `other`.
    pub area: &'static str,
    /// The primitive or verb; for a host the kind of its parameter.
    pub call: String,
    /// On which host, where that can be seen.
    pub host: Option<String>,
    /// Its arguments, as far as they can be seen.
    pub what: String,
    pub changes: bool,
    pub place: Place,
}

/// What one walk saw.
pub struct Touch {
    seen: Capability,
    function: Option<String>,
    called: String,
}

/// In which order areas are listed.
pub const AREAS: &[&str] = &["hosts", "files", "services", "commands", "network", "cloud", "secrets", "other"];

/// Everything that a playbook and the functions it calls can be seen to touch.
pub fn capabilities(playbook: &Playbook, table: &'static [Spec]) -> Vec<Capability> {
    let main = (None, &playbook.file, &playbook.text);
    let modules = playbook.modules.iter().map(|(path, (place, text))| (Some(path.as_str()), place, text));
    let sources: Vec<Source> = std::iter::once(main)
        .chain(modules)
        .filter_map(|(path, file, text)| Source::parse(path, file, text).0)
        .collect();
    let names = Names::of(&sources, table);
    let mut touched = vec![];
    for source in &sources {
        let mut walk = Walk::new(source, &names);
        walk.walk();
        touched.append(&mut walk.touched);
    }
    let reached = reached(&touched);
    let is_reached = |t: &Touch| t.function.as_ref().is_none_or(|f| reached.contains(f));
    let mut all: Vec<Capability> =
        touched.into_iter().filter(|t| is_reached(t) && !t.seen.area.is_empty()).map(|t| t.seen).collect();
    let order = |area: &str| AREAS.iter().position(|a| *a == area);
    all.sort_by(|a, b| (order(a.area), &a.place).cmp(&(order(b.area), &b.place)));
    all.dedup();
    all
}

/// The functions that are called, from the playbook on.
fn reached(touched: &[Touch]) -> BTreeSet<String> {
    let mut calls: BTreeMap<Option<&str>, BTreeSet<&str>> = BTreeMap::new();
    for t in touched {
        calls.entry(t.function.as_deref()).or_default().insert(&t.called);
    }
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = calls.get(&None).into_iter().flatten().copied().collect();
    while let Some(name) = next.pop() {
        if reached.insert(name.to_string()) {
            next.extend(calls.get(&Some(name)).into_iter().flatten().copied());
        }
    }
    reached
}

/// Notes one call.
pub fn note(w: &mut Walk, c: &Call) {
    let Some(place) = place(&w.source.file, c.pos) else { return };
    declared(w, c);
    if w.touched.iter().any(|t| t.seen.place == place && t.seen.call == c.name()) {
        return;
    }
    let args = c.args();
    let constants = constants(w.source);
    let say = |e: &Expr| shown(e, &constants);
    let seen = |area, host, what: String, changes| {
        let place = place.clone();
        Capability { area, call: c.name().into(), host, what, changes, place }
    };
    let seen = if let Some(spec) = w.names.spec(c.name()) {
        let is_host = spec.positional.first() == Some(&"host");
        let host = args.first().filter(|_| is_host).map(|e| say(e));
        let rest = args.iter().skip(usize::from(is_host)).take(spec.positional.len() - usize::from(is_host));
        let what = rest.map(|e| say(e)).collect::<Vec<_>>().join("  ");
        seen(area(spec.name), host, what, spec.class != Class::Reading)
    } else {
        let what = args.first().map(|e| say(e)).unwrap_or_default();
        match c.name() {
            "host" | "hosts" => seen("hosts", None, what, false),
            "secret" => seen("secrets", None, what, false),
            _ => seen("", None, String::new(), false),
        }
    };
    w.touched.push(Touch { seen, function: w.function.clone(), called: c.name().into() });
}

/// The hosts that are parameters: their names stand in front of their declarations.
fn declared(w: &mut Walk, c: &Call) {
    let ("params", Some(Expr::Map(map, _))) = (c.name(), c.call.args.first()) else { return };
    for (key, value) in &map.0 {
        let (Expr::FnCall(call, pos), constants) = (value, BTreeMap::new()) else { continue };
        let area = match call.name.as_str() {
            "host" | "hosts" => "hosts",
            "secret" => "secrets",
            _ => continue,
        };
        let Some(place) = place(&w.source.file, *pos) else { continue };
        let about = call.args.first().map(|e| shown(e, &constants)).unwrap_or_default();
        let what = format!("{}, a parameter: {about}", key.name);
        let seen = Capability { area, call: call.name.to_string(), host: None, what, changes: false, place };
        w.touched.push(Touch { seen, function: w.function.clone(), called: String::new() });
    }
}

/// What a primitive is about.
pub fn area(name: &str) -> &'static str {
    match name {
        "ssh" | "capture" | "docker_exec" => "commands",
        "systemd" | "docker" | "docker_info" | "docker_logs" | "daemon" | "daemon_info" | "close" | "redis_info"
        | "redis_replicaof" => "services",
        "reboot" | "machine" => "hosts",
        "ssh_trust" | "ssh_tunnel" | "port_open" | "dig" | "dig_all" => "network",
        "rsync" | "copy_file" | "write_file" | "remove_file" | "read_file" | "file_info" => "files",
        _ if name.starts_with("edit_") => "files",
        _ if name.starts_with("http_") => "network",
        _ if name.starts_with("aws_") => "cloud",
        _ => "other",
    }
}

/// `const NAME = "text"` of a file.
fn constants(source: &Source) -> BTreeMap<&str, &Expr> {
    fn constant(s: &Stmt) -> Option<(&str, &Expr)> {
        match s {
            Stmt::Var(x, ..) => match &x.1 {
                e @ (Expr::StringConstant(..) | Expr::InterpolatedString(..) | Expr::IntegerConstant(..)) => {
                    x.0.name.chars().all(|c| !c.is_lowercase()).then_some((x.0.name.as_str(), e))
                }
                _ => None,
            },
            _ => None,
        }
    }
    source.statements.iter().filter_map(constant).collect()
}

/// An argument as far as the text tells it.
fn shown(e: &Expr, constants: &BTreeMap<&str, &Expr>) -> String {
    match e {
        Expr::StringConstant(s, _) => s.to_string(),
        Expr::IntegerConstant(n, _) => n.to_string(),
        Expr::BoolConstant(b, _) => b.to_string(),
        Expr::ThisPtr(_) => "{this}".into(),
        Expr::InterpolatedString(parts, _) => parts.iter().map(|p| shown(p, constants)).collect(),
        Expr::Array(parts, _) => parts.iter().map(|p| shown(p, constants)).collect::<Vec<_>>().join(" "),
        // `${...}` is a block of its own.
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Expr(e)] => shown(e, constants),
            _ => "{...}".into(),
        },
        Expr::Variable(..) => match variable(e) {
            Some(name) => constants.get(name).map_or_else(|| format!("{{{name}}}"), |c| shown(c, constants)),
            None => "{...}".into(),
        },
        Expr::Dot(x, ..) => match (variable(&x.lhs), &x.rhs) {
            (Some(name), Expr::Property(p, _)) => format!("{{{name}.{}}}", p.2),
            _ => "{...}".into(),
        },
        _ => "{...}".into(),
    }
}
