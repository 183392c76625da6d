//! What Rhai says when something goes wrong, in the words of a playbook and with its place.
//!
//! Never a type of Rust; never only a symptom where the near miss is known.

use super::engine::{MAX_CALL_LEVELS, MAX_LIST, MAX_MAP, MAX_OPERATIONS, MAX_TEXT};
use super::verbs::VERBS;
use crate::contract::{Failure, Spec};
use crate::error::{Error, Kind, Place};
use crate::text::nearest::nearest;
use rhai::{Dynamic, EvalAltResult, ImmutableString, Map, Position};

/// A position of Rhai as a place in a file.
pub fn place(file: &str, pos: Position) -> Option<Place> {
    let column = pos.position().unwrap_or(0);
    pos.line().map(|line| Place { file: file.into(), line, column })
}

/// The error at the bottom of a chain of calls, and where it happened: the innermost place known.
pub fn innermost<'a>(e: &'a EvalAltResult, file: &str) -> (&'a EvalAltResult, Option<Place>) {
    match e {
        EvalAltResult::ErrorInFunctionCall(_, source, inner, pos) => {
            let (found, at) = innermost(inner, if source.is_empty() { file } else { source });
            (found, at.or_else(|| place(file, *pos)))
        }
        EvalAltResult::ErrorInModule(_, inner, pos) => {
            let (found, at) = innermost(inner, file);
            (found, at.or_else(|| place(file, *pos)))
        }
        EvalAltResult::ErrorRuntime(thrown, pos) => (e, place_in(thrown).or_else(|| place(file, *pos))),
        other => (other, place(file, other.position())),
    }
}

/// A failure as a script catches it: `e.message`, `e.code`, `e.output`, `e.hints`, `e.place`.
pub fn thrown(f: Failure, at: Option<&Place>) -> Dynamic {
    let mut map = Map::new();
    map.insert("message".into(), f.message.into());
    map.insert("code".into(), f.code.into());
    map.insert("output".into(), f.output.unwrap_or_default().into());
    map.insert("hints".into(), f.hints.into_iter().map(Dynamic::from).collect::<Vec<_>>().into());
    if let Some(at) = at {
        map.insert("place".into(), at.to_string().into());
    }
    Dynamic::from_map(map)
}

/// The place that a failure carries, also after it was caught and thrown again.
fn place_in(thrown: &Dynamic) -> Option<Place> {
    let map = thrown.read_lock::<Map>()?;
    let text = map.get("place")?.clone().into_immutable_string().ok()?;
    let mut parts = text.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    Some(Place { file: parts.next()?.into(), line, column })
}

/// What an error is to the gate: a failure that replay can give again.
pub fn failure_of(e: &EvalAltResult, table: &[Spec]) -> Failure {
    let (inner, _) = innermost(e, "");
    if let EvalAltResult::ErrorRuntime(thrown, _) = inner {
        if let Some(map) = thrown.read_lock::<Map>() {
            let text = |key: &str| map.get(key).and_then(|v| v.clone().into_immutable_string().ok());
            if let Some(message) = text("message") {
                let hints = map.get("hints").and_then(|v| v.clone().into_typed_array::<ImmutableString>().ok());
                return Failure {
                    message: message.into(),
                    code: map.get("code").and_then(|v| v.as_int().ok()).unwrap_or(1),
                    output: text("output").filter(|o| !o.is_empty()).map(Into::into),
                    hints: hints.unwrap_or_default().into_iter().map(Into::into).collect(),
                };
            }
        }
        return Failure::new(thrown.to_string());
    }
    let (message, hints) = said(inner, table);
    Failure { message, code: 1, output: None, hints }
}

/// What an error is to a person; `text_of` gives the text of a file, for the excerpt.
pub fn error_of(e: &EvalAltResult, file: &str, table: &[Spec], text_of: &dyn Fn(&str) -> Option<String>) -> Error {
    let f = failure_of(e, table);
    let mut error = Error::new(Kind::StepFailed, f.message);
    error.hints = f.hints;
    error.place = innermost(e, file).1;
    with_excerpt(error, 1, text_of)
}

/// Adds the line at its place, with a caret under `len` characters.
pub fn with_excerpt(mut error: Error, len: usize, text_of: &dyn Fn(&str) -> Option<String>) -> Error {
    if let Some(at) = &error.place
        && let Some(text) = text_of(&at.file)
    {
        let excerpt = crate::text::excerpt::excerpt(&text, at.line, at.column, len);
        error.excerpt = Some(excerpt).filter(|e| !e.is_empty());
    }
    error
}

/// The message and the hints for what Rhai itself found.
fn said(e: &EvalAltResult, table: &[Spec]) -> (String, Vec<String>) {
    use EvalAltResult as E;
    let plain = |message: String| (message, vec![]);
    match e {
        E::ErrorParsing(kind, _) => super::check::syntax_said(kind),
        E::ErrorVariableNotFound(name, _) => plain(format!("unknown variable {name}")),
        E::ErrorPropertyNotFound(name, _) => plain(format!("there is no property {name} here")),
        E::ErrorIndexNotFound(key, _) => plain(format!("there is no entry {key} here")),
        E::ErrorFunctionNotFound(signature, _) => function_not_found(signature, table),
        E::ErrorModuleNotFound(path, _) => (format!("no module \"{path}\""), vec![super::playbook::IMPORTS.into()]),
        E::ErrorMismatchDataType(wanted, found, _) | E::ErrorMismatchOutputType(wanted, found, _) => {
            plain(format!("{} is needed here, found {}", humane(wanted), humane(found)))
        }
        E::ErrorIndexingType(what, _) => plain(format!("{} cannot be indexed", humane(what))),
        E::ErrorDotExpr(what, _) => plain(format!("cannot be reached with a dot: {}", humane(what))),
        E::ErrorArrayBounds(0, index, _) => plain(format!("the list is empty; there is no item {index}")),
        E::ErrorArrayBounds(n, index, _) => plain(format!("the list has {n} items; there is no item {index}")),
        E::ErrorStringBounds(n, index, _) => plain(format!("the text has {n} characters; there is no {index}")),
        E::ErrorFor(_) => plain("a loop needs a list, a map or a range".into()),
        E::ErrorUnboundThis(_) => (
            "this means nothing here".into(),
            vec!["inside a closure of a method, name it before: let me = this;".into()],
        ),
        E::ErrorAssignmentToConstant(name, _) => plain(format!("{name} is a constant")),
        E::ErrorTooManyOperations(_) => (
            format!("more than {MAX_OPERATIONS} operations: a loop that does not end?"),
            vec!["to wait for something use wait_until".into()],
        ),
        E::ErrorStackOverflow(_) => {
            plain(format!("calls are nested more than {MAX_CALL_LEVELS} deep: a function that calls itself for ever?"))
        }
        E::ErrorTooManyVariables(_) => plain("too many variables".into()),
        E::ErrorTooManyModules(_) => plain("more than 64 modules are imported".into()),
        E::ErrorDataTooLarge(what, _) => plain(too_large(what)),
        E::ErrorArithmetic(why, _) => plain(lower_case(why)),
        E::ErrorDataRace(what, _) => (
            format!("{} is being changed from two places at once", raced(what)),
            vec!["a closure cannot use what is gone through meanwhile: go through a copy, let list = p.list;".into()],
        ),
        E::ErrorTerminated(..) => plain("the run was stopped".into()),
        other => {
            let mut text = other.to_string();
            if let Some(at) = text.rfind(" (line ") {
                text.truncate(at);
            }
            plain(lower_case(&humane(&text)))
        }
    }
}

/// What is changed twice: `argument #1 of function 'all'`, or the name of a variable.
fn raced(what: &str) -> String {
    match what.split('\'').nth(1) {
        Some(function) if what.starts_with("argument") => format!("what {function} goes through"),
        _ => what.into(),
    }
}

/// Which limit a value is over.
fn too_large(what: &str) -> String {
    let what = what.to_lowercase();
    match () {
        () if what.contains("array") => format!("the list would have more than {MAX_LIST} items"),
        () if what.contains("map") => format!("the map would have more than {MAX_MAP} entries"),
        () => format!("the text would be longer than {} MiB", MAX_TEXT >> 20),
    }
}

/// `ssh (Host, i64)`: either the name is unknown, or it does not take these arguments.
fn function_not_found(signature: &str, table: &[Spec]) -> (String, Vec<String>) {
    let (name, arguments) = signature.split_once(" (").unwrap_or((signature, ""));
    if let Some(usage) = usage(name, table) {
        return (format!("{name} does not take these arguments"), vec![format!("it is called so: {usage}")]);
    }
    if name.starts_with("anon$") {
        let n = arguments.trim_end_matches(')').split(", ").filter(|a| !a.is_empty()).count();
        let many = if n == 1 { "1 argument".into() } else { format!("{n} arguments") };
        return (format!("the closure is called with {many}, which it does not take"), vec![]);
    }
    if name.chars().next().is_some_and(char::is_alphabetic) {
        let known = VERBS.iter().map(|v| v.name).chain(table.iter().map(|s| s.name));
        let hint = nearest(name, known).map(|near| format!("did you mean {near}?"));
        // A function of Rhai exists for other arguments: they are worth saying.
        let types = humane(arguments.trim_end_matches(')'));
        return (format!("no function {name} for ({types})"), hint.into_iter().collect());
    }
    let types = humane(arguments.trim_end_matches(')')).replace(", ", " and ");
    (format!("{name} cannot be used with {types}"), vec![])
}

/// How a verb or a primitive is called.
pub fn usage(name: &str, table: &[Spec]) -> Option<String> {
    let verb = VERBS.iter().find(|v| v.name == name).map(|v| v.usage.to_string());
    verb.or_else(|| {
        let spec = table.iter().find(|s| s.name == name)?;
        Some(match super::options::of(spec).is_empty() {
            true => format!("{name}({})", spec.positional.join(", ")),
            false => format!("{name}({}, #{{ options }})", spec.positional.join(", ")),
        })
    })
}

/// Names of Rust types, replaced by words of the reference.
fn humane(text: &str) -> String {
    // The type of a captured variable: only the cell around its value is named.
    let mut text = match text.find(super::unknown::SHARED) {
        Some(at) => format!("{}another kind of value", &text[..at]),
        None => text.to_string(),
    };
    for (rust, word) in [
        ("&str | ImmutableString | String", "text"),
        ("mig::script::host::Host", "host"),
        ("mig::script::secret_handle::SecretHandle", "secret"),
        ("rhai::types::fn_ptr::FnPtr", "closure"),
        ("ImmutableString", "text"),
        ("&str", "text"),
        ("String", "text"),
        ("string", "text"),
        ("FnPtr", "closure"),
        ("Fn", "closure"),
        ("Host", "host"),
        ("i64", "int"),
        ("f64", "float"),
        ("Array", "list"),
        ("array", "list"),
        ("Map", "map"),
        ("Dynamic", "any value"),
        ("()", "nothing"),
    ] {
        text = replace_word(&text, rust, word);
    }
    text
}

/// Replaces whole words only.
fn replace_word(text: &str, from: &str, to: &str) -> String {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, after) = (&rest[..at], &rest[at + from.len()..]);
        out.push_str(before);
        let inside = is_part(before.chars().next_back().or(out.chars().next_back())) || is_part(after.chars().next());
        let worded = from.starts_with(char::is_alphabetic);
        out.push_str(if inside && worded { from } else { to });
        rest = after;
    }
    out + rest
}

/// Messages are fragments: they begin small, unless the first word is all capitals.
pub fn lower_case(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(a), Some(b)) if a.is_uppercase() && !b.is_uppercase() => a.to_lowercase().chain(chars).collect(),
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(text: &str) -> String {
        let mut e = super::super::engine::bare(super::super::resolver::Resolver::default());
        e.set_max_operations(200_000);
        let error = e.run(text).unwrap_err();
        error_of(&error, "p.rhai", &[], &|_| Some(text.into())).to_string()
    }

    #[test]
    fn row_25_limits_are_named_with_their_line() {
        for (text, wanted) in [
            ("let n = 0;\nloop { n += 1; }", "operations: a loop that does not end?"),
            ("fn f(n) { f(n + 1) }\nf(0)", "nested more than 64 deep"),
            ("let s = \"x\";\nfor i in 0..40 { s += s; }", "longer than 16 MiB"),
            ("let a = [0];\nfor i in 0..40 { a += a; }", "more than 1000000 items"),
        ] {
            let said = says(text);
            assert!(said.contains(wanted) && said.starts_with("p.rhai:"), "{text}: {said}");
        }
        let nested = format!("let x = {}1{};", "(".repeat(5000), ")".repeat(5000));
        assert!(says(&nested).contains("nested too deep"), "{}", says(&nested));
    }

    #[test]
    fn row_25_limits_cannot_be_caught() {
        let said = says("try { loop { } } catch { }");
        assert!(said.contains("operations"), "{said}");
    }

    #[test]
    fn no_type_of_rust_is_ever_shown() {
        for (text, wanted) in [
            ("1 + [2]", "+ cannot be used with int and list"),
            ("\"a\" * 3", "* cannot be used with text and int"),
            ("let x = 3; if x { }", "bool is needed here, found int"),
            ("let x = 5; x.foo", "cannot"),
            ("[1][4]", "the list has 1 items; there is no item 4"),
            ("let n = 5; for x in n { }", "a loop needs a list"),
            ("#{ a: 1 }.b", "no property b"),
            ("let f = |x| x; f.call(1, 2)", "the closure is called with 2 arguments"),
            ("[1].map(|a, b, c| a)", "the closure is called with"),
            ("1 / 0", "division by zero"),
            ("let l = [1]; l.map(|x| l.len() + x)", "what map goes through is being changed from two places at once"),
            ("let m = #{ l: [1] }; m.l.all(|x| m.len() > 0)", "what all goes through is being changed"),
        ] {
            let said = says(text);
            assert!(said.contains(wanted), "{text}: {said}");
            for rust in ["i64", "ImmutableString", "rhai::", "Dynamic", "FnPtr"] {
                assert!(!said.contains(rust), "{text}: {said}");
            }
        }
    }

    #[test]
    fn the_place_is_the_innermost_one_and_survives_being_thrown_again() {
        let said = says("fn f(x) {\n  x.nope\n}\nf(#{})");
        assert!(said.starts_with("p.rhai:2:"), "{said}");
        let thrown = thrown(Failure::new("it failed"), Some(&Place { file: "a:b.rhai".into(), line: 3, column: 4 }));
        let e = EvalAltResult::ErrorRuntime(thrown, Position::new(9, 9));
        let error = error_of(&e, "p.rhai", &[], &|_| None);
        assert_eq!(error.to_string(), "a:b.rhai:3:4: it failed");
    }
}
