//! What could come next in a line: names, methods, option keys and their choices.

use super::scan::{Frame, Spot, scan};
use crate::contract::Spec;
use crate::script::memory::{Known, Memory};
use crate::script::options;
use crate::script::verbs::VERBS;
use serde_json::Value;

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Suggestion {
    /// What is put in the place of the word at hand.
    pub text: String,
    /// What is shown in the list.
    pub shown: String,
}

/// The names of the inventory.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub hosts: Vec<String>,
    pub groups: Vec<String>,
    pub secrets: Vec<String>,
    pub modules: Vec<String>,
}

const KEYWORDS: &[&str] = &["let", "const", "if", "else", "for", "in", "while", "fn", "import", "true", "false"];
/// What can be asked of a text and of what a command printed.
const OF_TEXT: &[&str] = &["lines()", "json()", "yaml()", "contains(", "trim()", "len()", "split("];
const OF_LIST: &[&str] = &["len()", "filter(|x| ", "map(|x| ", "find(|x| ", "all(|x| ", "some(|x| ", "contains("];

/// What could stand at the end of the text, and from where on it would stand.
#[must_use]
pub fn complete(text: &str, memory: &Memory, names: &Inventory, table: &[Spec]) -> (usize, Vec<Suggestion>) {
    let spot = scan(text);
    if spot.comment {
        return (text.len(), vec![]);
    }
    if let Some((quote, from)) = spot.quote {
        let begun = &text[from..];
        let words = if quote == '"' { in_text(&spot, names, table) } else { vec![] };
        let close = |w: String| Suggestion { text: format!("{w}\""), shown: w };
        return (from, fitting(begun, words.into_iter().map(close).collect()));
    }
    let begun = &text[spot.word..];
    let all = match (&spot.dot, spot.frames.last()) {
        (Some(before), _) => behind_dot(before, memory, table),
        (None, Some(map)) if map.open == '#' && map.key.is_none() => keys(&spot, map, table),
        (None, Some(map)) if map.open == '#' => {
            let mut all = values(&spot, map, table);
            all.extend(anywhere(memory, table));
            all
        }
        _ => anywhere(memory, table),
    };
    (spot.word, fitting(begun, all))
}

fn fitting(begun: &str, mut all: Vec<Suggestion>) -> Vec<Suggestion> {
    all.retain(|s| s.text.starts_with(begun) && s.text != begun);
    all.sort();
    all.dedup();
    all
}

fn plain(word: &str) -> Suggestion {
    Suggestion { text: word.into(), shown: word.into() }
}
fn called(word: &str) -> Suggestion {
    Suggestion { text: format!("{word}("), shown: word.into() }
}

/// Names that may stand anywhere.
fn anywhere(memory: &Memory, table: &[Spec]) -> Vec<Suggestion> {
    let variables = memory.names().into_keys().map(|n| plain(&n));
    let functions = memory.functions().into_iter().filter(|(_, _, is_method)| !is_method).map(|(n, ..)| called(&n));
    let language = VERBS.iter().map(|v| v.name).filter(|n| *n != "params").chain(table.iter().map(|s| s.name));
    let modules = memory.aliases().into_iter().map(|a| Suggestion { text: format!("{a}::"), shown: a.into() });
    variables
        .chain(functions)
        .chain(language.map(called))
        .chain(modules)
        .chain(KEYWORDS.iter().map(|k| plain(k)))
        .collect()
}

/// What can be asked of the value in front of the dot.
fn behind_dot(before: &str, memory: &Memory, table: &[Spec]) -> Vec<Suggestion> {
    let known = memory.names().get(before).cloned();
    let of_host = || {
        let methods = table.iter().filter(|s| takes_host(s)).map(|s| called(s.name));
        let more = memory.methods().into_iter().map(|m| called(&m));
        methods.chain(more).chain([plain("name"), plain("address")])
    };
    match known {
        Some(Known::Host) => of_host().collect(),
        Some(Known::Map(keys)) => {
            keys.iter().map(|k| plain(k)).chain(OF_TEXT.iter().take(3).map(|m| plain(m))).collect()
        }
        Some(Known::Text) => OF_TEXT.iter().map(|m| plain(m)).collect(),
        Some(Known::List) => OF_LIST.iter().map(|m| plain(m)).collect(),
        Some(Known::Other) => vec![],
        // An argument of a closure, or the result of a call: it may be anything.
        None => of_host().chain(OF_TEXT.iter().chain(OF_LIST).map(|m| plain(m))).collect(),
    }
}

/// Whether a primitive can stand behind a host.
fn takes_host(spec: &Spec) -> bool {
    let first = spec.positional.first().copied().unwrap_or_default();
    let schema = (spec.schema)();
    schema.pointer(&format!("/properties/{first}")).is_some_and(|s| options::takes(s).contains("host"))
}

/// The call whose options the map at the end is, and whether one stands in front of its dot.
fn call_of<'a>(spot: &'a Spot, map: &Frame) -> Option<&'a str> {
    let outer = spot.frames.len().checked_sub(2).and_then(|n| spot.frames.get(n))?;
    (outer.open == '(' && map.open == '#').then_some(outer.call.as_deref()?)
}

/// The options that the call still knows.
fn keys(spot: &Spot, map: &Frame, table: &[Spec]) -> Vec<Suggestion> {
    let Some(call) = call_of(spot, map) else { return vec![] };
    let verb = VERBS.iter().find(|v| v.name == call);
    let of_verb = verb.into_iter().flat_map(|v| v.options.iter().map(|(k, what)| (k.to_string(), what.to_string())));
    let spec = table.iter().find(|s| s.name == call);
    let of_spec = spec.into_iter().flat_map(|s| options::of(s).into_iter().map(|o| (o.name, o.takes)));
    let unused = of_verb.chain(of_spec).filter(|(key, _)| !map.keys.contains(key));
    unused.map(|(key, what)| Suggestion { text: format!("{key}: "), shown: format!("{key}: {what}") }).collect()
}

/// What an option may be: its choices, in quotes.
fn values(spot: &Spot, map: &Frame, table: &[Spec]) -> Vec<Suggestion> {
    choices_of_option(spot, map, table).into_iter().map(|c| Suggestion { text: format!("\"{c}\""), shown: c }).collect()
}

fn choices_of_option(spot: &Spot, map: &Frame, table: &[Spec]) -> Vec<String> {
    let (Some(call), Some(key)) = (call_of(spot, map), map.key.as_deref()) else { return vec![] };
    if (call, key) == ("cutover", "on_failure") {
        return ["ask", "rollback", "stop"].map(String::from).into();
    }
    let Some(spec) = table.iter().find(|s| s.name == call) else { return vec![] };
    choices(&(spec.schema)(), key)
}

/// What may stand inside the text that is open.
fn in_text(spot: &Spot, names: &Inventory, table: &[Spec]) -> Vec<String> {
    if spot.before == "import" {
        return names.modules.clone();
    }
    let Some(frame) = spot.frames.last() else { return vec![] };
    if frame.open == '#' {
        return choices_of_option(spot, frame, table);
    }
    match frame.call.as_deref() {
        Some("host") => names.hosts.clone(),
        Some("hosts") => names.groups.clone(),
        Some("secret") => names.secrets.clone(),
        Some(call) => {
            let Some(spec) = table.iter().find(|s| s.name == call) else { return vec![] };
            let at = frame.commas + usize::from(frame.receiver.is_some());
            spec.positional.get(at).map_or_else(Vec::new, |name| choices(&(spec.schema)(), name))
        }
        None => vec![],
    }
}

/// The words that an argument takes, if it takes only those.
fn choices(schema: &Value, name: &str) -> Vec<String> {
    let mut found = vec![];
    if let Some(of) = schema.pointer(&format!("/properties/{name}")) {
        gather(schema, of, &mut found);
    }
    found
}

fn gather(whole: &Value, of: &Value, found: &mut Vec<String>) {
    let words = of.get("enum").and_then(Value::as_array).into_iter().flatten();
    found.extend(words.chain(of.get("const")).filter_map(Value::as_str).map(String::from));
    for key in ["anyOf", "oneOf", "allOf"] {
        of.get(key).and_then(Value::as_array).into_iter().flatten().for_each(|form| gather(whole, form, found));
    }
    if let Some(path) = of.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'))
        && let Some(target) = whole.pointer(path)
    {
        gather(whole, target, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::calls::tests::TABLE;
    use crate::script::play::Setting;
    use serde_json::json;

    fn said(text: &str) -> Vec<String> {
        let hosts = ["dest", "source", "r-1"].map(|h| (h.to_string(), "192.0.2.1".to_string()));
        let groups = [("routers".to_string(), vec!["dest".to_string()])];
        let setting = Setting { table: TABLE, hosts: hosts.into(), groups: groups.into() };
        let memory = Memory::new(&setting, &json!({ "domain": "pryv.me" }));
        let names = Inventory {
            hosts: setting.hosts.keys().cloned().collect(),
            groups: vec!["routers".into()],
            secrets: vec!["pw".into()],
            modules: vec!["std/ssr".into()],
        };
        let (from, all) = complete(text, &memory, &names, TABLE);
        all.into_iter().map(|s| format!("{}{}", &text[..from], s.text)).collect()
    }

    #[test]
    fn names_methods_keys_and_hosts_are_completed() {
        assert_eq!(said("so"), ["source"]);
        assert_eq!(said("expe"), ["expect(", "expect_equal("]);
        assert_eq!(said("rs"), ["rsync("]);
        assert_eq!(said("dest.rs"), ["dest.rsync("]);
        assert_eq!(said("dest.na"), ["dest.name"]);
        assert_eq!(said("domain.js"), ["domain.json()"]);
        assert_eq!(said("host(\"r"), ["host(\"r-1\""]);
        assert_eq!(said("hosts(\""), ["hosts(\"routers\""]);
        assert_eq!(said("secret(\""), ["secret(\"pw\""]);
        assert_eq!(said("import \"std"), ["import \"std/ssr\""]);
        assert_eq!(said("rsync(source, \"/x\", dest, #{ max"), ["rsync(source, \"/x\", dest, #{ max_delete: "]);
        assert_eq!(said("rsync(source, \"/x\", dest, #{ checksum: true, ch"), Vec::<String>::new());
        assert_eq!(said("cutover(\"x\", #{ on_failure: \"r"), ["cutover(\"x\", #{ on_failure: \"rollback\""]);
        assert_eq!(said("r-1"), Vec::<String>::new());
    }
}
