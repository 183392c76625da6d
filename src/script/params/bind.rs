//! Binding: from what was given to what the playbook asked for, every wrong thing said at once.

use super::spec::{ParamKind, ParamSpec, fits};
use crate::error::{Error, Place};
use crate::text::nearest::nearest;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What somebody gave for a parameter, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub value: GivenValue,
    /// The line of the inventory, or `--set NAME`.
    pub place: Place,
}

#[derive(Debug, Clone, PartialEq)]
pub enum GivenValue {
    /// From `--set` or a question: read by the kind of the parameter.
    Text(String),
    /// From the inventory: it has a type already.
    Value(Value),
}

/// The names that exist in the inventory.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub hosts: Vec<String>,
    pub groups: BTreeMap<String, Vec<String>>,
    pub secrets: Vec<String>,
}

/// Binds every parameter: a JSON object, hosts by name, durations as text.
///
/// # Errors
/// All that is wrong: missing ones, unknown names, wrong values, hosts that do not exist.
pub fn bind(specs: &[ParamSpec], given: &BTreeMap<String, Given>, known: &Known) -> Result<Value, Vec<Error>> {
    let mut errors = vec![];
    for (name, g) in given {
        if !specs.iter().any(|s| s.name == *name) {
            errors.push(unknown(name, g, specs));
        }
    }
    let mut bound = Map::new();
    for spec in specs {
        match one(spec, given.get(&spec.name), known) {
            Ok(value) => drop(bound.insert(spec.name.clone(), value)),
            Err(e) => errors.push(*e),
        }
    }
    if errors.is_empty() { Ok(Value::Object(bound)) } else { Err(errors) }
}

fn unknown(name: &str, g: &Given, specs: &[ParamSpec]) -> Error {
    let e = Error::bad_input(format!("the playbook has no parameter \"{name}\"")).at(g.place.clone());
    let names: Vec<&str> = specs.iter().map(|s| s.name.as_str()).collect();
    let e = match nearest(name, names.iter().copied()) {
        Some(near) => e.hint(format!("did you mean {near}?")),
        None => e,
    };
    match names.is_empty() {
        true => e.hint("it has no parameters at all"),
        false => e.hint(format!("parameters: {}", names.join(", "))),
    }
}

fn one(spec: &ParamSpec, given: Option<&Given>, known: &Known) -> Result<Value, Box<Error>> {
    let place = given.map(|g| g.place.clone()).or_else(|| spec.place.clone());
    let wrong = |why: String| {
        let e = Error::bad_input(format!("{} ({}): {why}", spec.name, spec.kind.word()));
        let e = match &place {
            Some(at) => e.at(at.clone()),
            None => e,
        };
        Box::new(match (&spec.place, given) {
            (Some(declared), Some(_)) => e.hint(format!("{} is declared at {declared}: {}", spec.name, spec.about)),
            _ => e,
        })
    };
    let value = match given {
        Some(g) => match &g.value {
            GivenValue::Text(text) => read(spec, text),
            GivenValue::Value(v) => Ok(v.clone()),
        }
        .map_err(&wrong)?,
        None => by_itself(spec, known).ok_or_else(|| missing(spec))?,
    };
    fits(spec.kind, &spec.choices, &value).map_err(&wrong)?;
    match spec.kind {
        ParamKind::Host => exists(&value, &known.hosts, "host").map_err(&wrong),
        ParamKind::Secret => exists(&value, &known.secrets, "secret").map_err(&wrong),
        ParamKind::Hosts => hosts(&value, known).map_err(&wrong),
        _ => Ok(value),
    }
}

/// What a parameter is when nobody gave it: its default, or what bears its name.
fn by_itself(spec: &ParamSpec, known: &Known) -> Option<Value> {
    let named = match spec.kind {
        ParamKind::Host => known.hosts.contains(&spec.name),
        ParamKind::Hosts => known.groups.contains_key(&spec.name),
        ParamKind::Secret => known.secrets.contains(&spec.name),
        _ => false,
    };
    if named { Some(spec.name.clone().into()) } else { spec.default.clone() }
}

fn missing(spec: &ParamSpec) -> Box<Error> {
    let name = &spec.name;
    let e = Error::bad_input(format!("{name} ({}) is missing: {}", spec.kind.word(), spec.about));
    let e = match &spec.place {
        Some(at) => e.at(at.clone()),
        None => e,
    };
    Box::new(match spec.kind {
        ParamKind::Host => e.hint(format!("name a host of the inventory {name}, or --set {name}=HOST")),
        ParamKind::Hosts => e.hint(format!("name a group of the inventory {name}, or --set {name}=HOST,HOST")),
        ParamKind::Secret => e.hint(format!("give the inventory a secret {name}, or --set {name}=SECRET")),
        ParamKind::Choice => e.hint(format!("--set {name}={}", spec.choices.join("|"))),
        _ => e.hint(format!("--set {name}=..., or params: {{ {name}: ... }} in the inventory")),
    })
}

/// A text of the command line, read by the kind.
fn read(spec: &ParamSpec, text: &str) -> Result<Value, String> {
    Ok(match spec.kind {
        ParamKind::Int => match text.parse::<i64>() {
            Ok(n) => n.into(),
            Err(_) => return Err(format!("must be a whole number, found {text:?}")),
        },
        ParamKind::Bool => match text {
            "true" => true.into(),
            "false" => false.into(),
            _ => return Err(format!("must be true or false, found {text:?}")),
        },
        ParamKind::List => split(text),
        ParamKind::Hosts if text.contains(',') => split(text),
        _ => text.into(),
    })
}

/// `a,b`: blanks around a name are not part of it.
fn split(text: &str) -> Value {
    text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(String::from).collect::<Vec<_>>().into()
}

fn exists(v: &Value, names: &[String], what: &str) -> Result<Value, String> {
    let name = v.as_str().unwrap_or_default();
    if names.iter().any(|n| n == name) {
        return Ok(v.clone());
    }
    let near = nearest(name, names.iter().map(String::as_str)).map(|n| format!("; did you mean {n}?"));
    let all = if names.is_empty() { "it has none".into() } else { format!("it has {}", names.join(", ")) };
    Err(format!("the inventory has no {what} \"{name}\"{} ({all})", near.unwrap_or_default()))
}

/// A group, or the name of one host, or a list of hosts: always a list in the end.
fn hosts(v: &Value, known: &Known) -> Result<Value, String> {
    let names: Vec<String> = match v {
        Value::String(name) => match known.groups.get(name) {
            Some(members) => members.clone(),
            None => vec![name.clone()],
        },
        Value::Array(names) => names.iter().filter_map(|n| n.as_str().map(String::from)).collect(),
        _ => vec![],
    };
    let all: Vec<String> = known.hosts.iter().chain(known.groups.keys()).cloned().collect();
    for name in &names {
        if !known.hosts.contains(name) {
            exists(&name.clone().into(), &all, "host or group").map(drop)?;
            return Err(format!("\"{name}\" is a group; in a list only hosts may stand"));
        }
        if names.iter().filter(|n| *n == name).count() > 1 {
            return Err(format!("host \"{name}\" is named twice"));
        }
    }
    if names.is_empty() { Err("names no host".into()) } else { Ok(names.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::params::declared;
    use crate::script::playbook::Playbook;
    use serde_json::json;

    fn specs() -> Vec<ParamSpec> {
        let text = r#"let p = params(#{
            source: host("the old one"), dest: host("the new one"), routers: hosts("all routers"),
            root: path("root", "/var/x"), n: int("how many"), fast: bool("hurry", false),
            pause: duration("between", "5m"), mode: choice("how", ["a", "b"]), users: list("users"),
            pw: secret("the password"),
        });"#;
        declared(&Playbook::load("p", "p.rhai", text, &|_| None).unwrap()).unwrap()
    }
    fn known() -> Known {
        Known {
            hosts: ["source", "dest", "r1", "r2"].map(String::from).into(),
            groups: [("routers".to_string(), vec!["r1".to_string(), "r2".into()])].into(),
            secrets: vec!["pw".into()],
        }
    }
    fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, Given> {
        let place = |name: &str| Place { file: format!("--set {name}"), line: 0, column: 0 };
        let one =
            |(n, v): &(&str, &str)| (n.to_string(), Given { value: GivenValue::Text(v.to_string()), place: place(n) });
        pairs.iter().map(one).collect()
    }

    #[test]
    fn hosts_secrets_and_defaults_come_by_themselves() {
        let bound = bind(&specs(), &given(&[("n", "3"), ("mode", "a"), ("users", "ann, bob")]), &known()).unwrap();
        assert_eq!(
            bound,
            json!({ "source": "source", "dest": "dest", "routers": ["r1", "r2"], "root": "/var/x", "n": 3,
                "fast": false, "pause": "5m", "mode": "a", "users": ["ann", "bob"], "pw": "pw" })
        );
    }

    #[test]
    fn row_9_everything_that_is_missing_or_unknown_is_said_at_once() {
        let errors = bind(&specs(), &given(&[("moed", "a")]), &known()).unwrap_err();
        let said = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        for wanted in [
            "--set moed: the playbook has no parameter \"moed\"\n  did you mean mode?",
            "p.rhai:3:46: n (int) is missing: how many",
            "--set n=...",
            "mode (choice) is missing: how\n  --set mode=a|b",
            "users (list) is missing: users",
        ] {
            assert!(said.contains(wanted), "{wanted}\n---\n{said}");
        }
    }

    #[test]
    fn row_9_a_wrong_value_is_said_with_its_kind_and_where_it_is_declared() {
        for (name, value, wanted) in [
            (
                "n",
                "three",
                "--set n: n (int): must be a whole number, found \"three\"\n  n is declared at p.rhai:3:46: how many",
            ),
            ("fast", "yes", "must be true or false"),
            ("root", "../x", "must be absolute"),
            ("pause", "5", "the unit is missing"),
            ("mode", "c", "must be one of a, b"),
            ("pw", "pww", "the inventory has no secret \"pww\"; did you mean pw?"),
        ] {
            let errors = bind(&specs(), &given(&[(name, value)]), &known()).unwrap_err();
            assert!(errors.iter().any(|e| e.to_string().contains(wanted)), "{name}: {errors:?}");
        }
    }

    #[test]
    fn row_29_a_host_that_is_not_in_the_inventory_is_named_with_those_that_are() {
        for (name, value, wanted) in [
            ("source", "dst", "the inventory has no host \"dst\"; did you mean dest? (it has source, dest, r1, r2)"),
            ("routers", "r1,r3", "the inventory has no host or group \"r3\""),
            ("routers", "r1,r1", "is named twice"),
            ("routers", "r1,routers", "\"routers\" is a group"),
        ] {
            let errors = bind(&specs(), &given(&[(name, value)]), &known()).unwrap_err();
            assert!(errors.iter().any(|e| e.to_string().contains(wanted)), "{name}: {errors:?}");
        }
    }
}
