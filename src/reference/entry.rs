//! What the reference says of one primitive or verb, whatever form it is shown in.

use super::example;
use crate::contract::{Class, KINDS, Spec, VERBS, Verb, VerbOption};
use crate::primitives::ALL;
use serde_json::Value;

/// One name of the reference.
pub struct Entry {
    pub name: &'static str,
    /// "verb", "kind of parameter", "reading", "change" or "lease".
    pub class: &'static str,
    /// The sentence that stands alone.
    pub summary: String,
    /// The other paragraphs, each on one line.
    pub body: Vec<String>,
    /// How it is called: the short form, and the full one where there are two.
    pub calls: Vec<String>,
    /// The same for editors: names with types.
    pub forms: Vec<Vec<(String, &'static str)>>,
    /// What is given by position. Verbs explain theirs in the text.
    pub positional: Vec<Argument>,
    pub options: Vec<Argument>,
    pub gives: &'static str,
    pub examples: Vec<Shown>,
}

/// How a list of all names is divided: a title, and the classes under it.
pub const SECTIONS: [(&str, &[&str]); 4] = [
    ("Verbs", &["verb"]),
    ("Kinds of parameters", &["kind of parameter"]),
    ("Readings", &["reading"]),
    ("Changes", &["change", "lease"]),
];

pub struct Argument {
    pub name: String,
    /// "host", "path", "text or list", "duration", ...
    pub kind: String,
    /// As it is written in a script.
    pub default: Option<String>,
    pub doc: String,
}

/// An example: lines of a playbook, and what comes of them.
pub struct Shown {
    pub script: &'static str,
    pub outcome: Vec<String>,
}

/// Every entry, in the order of the tables: verbs, kinds of parameters, primitives.
pub fn entries() -> impl Iterator<Item = Entry> {
    let verbs = VERBS.iter().map(|v| of_verb("verb", v));
    let kinds = KINDS.iter().map(|v| of_verb("kind of parameter", v));
    verbs.chain(kinds).chain(ALL.iter().map(of_primitive))
}

fn of_primitive(spec: &'static Spec) -> Entry {
    let schema = (spec.schema)();
    let doc = schema["description"].as_str().unwrap_or_default();
    let (summary, body) = paragraphs(doc);
    let argument = |name: &str| argument(name, &schema["properties"][name]);
    let names = schema["properties"].as_object().into_iter().flat_map(|p| p.keys());
    let mut options: Vec<Argument> =
        names.filter(|n| !spec.positional.contains(&n.as_str())).map(|n| argument(n)).collect();
    options.sort_by(|a, b| a.name.cmp(&b.name));
    let positional: Vec<Argument> = spec.positional.iter().map(|n| argument(n)).collect();
    Entry {
        name: spec.name,
        class: match spec.class {
            Class::Reading => "reading",
            Class::Change => "change",
            Class::Lease => "lease",
        },
        summary,
        body,
        calls: calls(spec.name, &positional, !options.is_empty()),
        forms: forms(&positional, !options.is_empty()),
        positional,
        options,
        gives: spec.gives,
        examples: spec.examples.iter().map(|x| Shown { script: x.script, outcome: example::outcome(x) }).collect(),
    }
}

fn of_verb(class: &'static str, verb: &'static Verb) -> Entry {
    let (summary, body) = paragraphs(verb.doc);
    let option = |o: &VerbOption| Argument {
        name: o.name.into(),
        kind: o.kind.into(),
        default: (!o.default.is_empty()).then(|| o.default.into()),
        doc: o.doc.into(),
    };
    let inside = verb.signature.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    let names: Vec<&str> = inside.split(',').map(str::trim).collect();
    // What may be left out is the options, else what comes last.
    let shorter = verb.takes.contains(&(names.len() - 1)).then(|| {
        let out = names.iter().position(|n| *n == "options").unwrap_or(names.len() - 1);
        names.iter().enumerate().filter(|(n, _)| *n != out).map(|(_, name)| *name).collect::<Vec<_>>()
    });
    let forms: Vec<Vec<&str>> = shorter.into_iter().chain([names]).collect();
    let typed = |name: &&str| (name.to_string(), if *name == "options" { "Map" } else { "?" });
    Entry {
        name: verb.name,
        class,
        summary,
        body,
        calls: forms.iter().map(|f| format!("{}({})", verb.name, f.join(", "))).collect(),
        forms: forms.iter().map(|f| f.iter().map(typed).collect()).collect(),
        positional: vec![],
        options: verb.options.iter().map(option).collect(),
        gives: verb.gives,
        examples: vec![Shown { script: verb.example, outcome: vec![] }],
    }
}

/// The first paragraph, and the others, each joined to one line.
fn paragraphs(doc: &str) -> (String, Vec<String>) {
    let mut all = doc.split("\n\n").map(joined).filter(|p| !p.is_empty());
    (all.next().unwrap_or_default(), all.collect())
}

fn joined(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn argument(name: &str, property: &Value) -> Argument {
    Argument {
        name: name.into(),
        kind: kind(property),
        default: property.get("default").filter(|d| !d.is_null()).map(example::as_script),
        doc: joined(property["description"].as_str().unwrap_or_default()),
    }
}

/// The kind of an argument in the words of the reference.
fn kind(property: &Value) -> String {
    if let Some(words) = property.get("x-type").and_then(Value::as_str) {
        return words.into();
    }
    if let Some(words) = property.get("enum").and_then(Value::as_array) {
        return words.iter().filter(|w| !w.is_null()).map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    let name = match &property["type"] {
        // `["string", "null"]`: it may be left out.
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|t| *t != "null"),
        other => other.as_str(),
    };
    match name {
        Some("string") => "text".into(),
        Some("integer") => "int".into(),
        Some("boolean") => "bool".into(),
        Some("array") => format!("list of {}", kind(&property["items"])),
        Some("object") => "map".into(),
        other => other.unwrap_or("any value").into(),
    }
}

fn editor_type(kind: &str) -> &'static str {
    match kind {
        "host" => "Host",
        "text" | "path" | "duration" => "String",
        "bool" => "bool",
        k if k.starts_with("int") => "int",
        k if k.starts_with("list") => "Array",
        k if k.starts_with('"') => "String",
        _ => "?",
    }
}

fn forms(positional: &[Argument], has_options: bool) -> Vec<Vec<(String, &'static str)>> {
    let plain: Vec<_> = positional.iter().map(|a| (a.name.clone(), editor_type(&a.kind))).collect();
    let full = has_options.then(|| [plain.clone(), vec![("options".to_string(), "Map")]].concat());
    [plain].into_iter().chain(full).collect()
}

/// `host.ssh(command)` and `host.ssh(command, #{ ... })`: what takes a host first is its method.
fn calls(name: &str, positional: &[Argument], has_options: bool) -> Vec<String> {
    let (subject, objects) = match positional.split_first() {
        Some((first, rest)) if first.kind == "host" => (format!("{}.", first.name), rest),
        _ => (String::new(), positional),
    };
    let mut words: Vec<&str> = objects.iter().map(|a| a.name.as_str()).collect();
    let plain = format!("{subject}{name}({})", words.join(", "));
    words.push("#{ ... }");
    let full = format!("{subject}{name}({})", words.join(", "));
    if has_options { vec![plain, full] } else { vec![plain] }
}
