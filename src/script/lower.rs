//! Rhai to JSON, once. The same JSON is the key of a call, the journal's and the primitive's.

use super::host::Host;
use super::secret_handle::{MARK, SecretHandle};
use super::unknown::Unknown;
use crate::contract::{Failure, Halt, Outcome, Stop, failed};
use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};
use serde_json::{Map as Object, Number, Value};

/// Hosts become names, secrets their pieces; an unknown value stops, a closure is refused.
pub fn lower(v: &Dynamic) -> Outcome {
    let v = v.flatten_clone();
    if let Some(u) = v.read_lock::<Unknown>() {
        return Err(Halt::Stop(Stop::OnlyARun(u.why.clone())));
    }
    if let Some(h) = v.read_lock::<Host>() {
        return Ok(h.name.clone().into());
    }
    if let Some(s) = v.read_lock::<SecretHandle>() {
        return serde_json::to_value(&s.0).or_else(|e| failed(e.to_string()));
    }
    if let Some(a) = v.read_lock::<Array>() {
        return a.iter().map(lower).collect::<Outcome<Vec<_>>>().map(Value::Array);
    }
    if let Some(m) = v.read_lock::<Map>() {
        let pairs = m.iter().map(|(k, v)| Ok((k.to_string(), lower(v)?)));
        return pairs.collect::<Outcome<Object<_, _>>>().map(Value::Object);
    }
    if let Some(s) = v.read_lock::<ImmutableString>() {
        return plain(&s);
    }
    if let Ok(f) = v.as_float() {
        // Journals hold JSON, and JSON has neither NaN nor infinity.
        return Number::from_f64(f).map(Value::Number).map_or_else(|| failed(format!("{f} is not a number")), Ok);
    }
    if let Ok(n) = v.as_int() {
        return Ok(n.into());
    }
    if let Ok(b) = v.as_bool() {
        return Ok(b.into());
    }
    if let Ok(c) = v.as_char() {
        return Ok(c.to_string().into());
    }
    if v.is_unit() {
        return Ok(Value::Null);
    }
    failed(format!("{} cannot stand here", words(&v)))
}

/// A text in which somebody printed a secret: the mark would be sent in place of the value.
fn plain(s: &str) -> Outcome {
    if s.contains(MARK) {
        let f = Failure::new("a secret was put into a text with ${...}, which gives its name, not its value");
        return Err(f.hint("join it with +: \"user:\" + secret(\"name\")").into());
    }
    Ok(s.into())
}

/// What a value is, in the words of the reference.
pub fn word(v: &Dynamic) -> &'static str {
    let v = v.flatten_clone();
    match () {
        () if v.is_string() || v.is_char() => "text",
        () if v.is_int() => "int",
        () if v.is_float() => "a number with a fraction",
        () if v.is_bool() => "bool",
        () if v.is_array() => "list",
        () if v.is_map() => "map",
        () if v.is_fnptr() => "closure",
        () if v.is_unit() => "nothing",
        () if v.is::<Host>() => "host",
        () if v.is::<SecretHandle>() => "secret",
        () if v.is::<Unknown>() => "a value that only a run can give",
        () => "another kind of value",
    }
}

/// What a value is and, where it is short, what it holds: `int 42`, `text "x"`.
pub fn words(v: &Dynamic) -> String {
    let v = v.flatten_clone();
    if v.read_lock::<FnPtr>().is_some() {
        return "a closure".into();
    }
    match word(&v) {
        "text" => {
            let text = v.to_string();
            let short: String = text.chars().take(40).collect();
            let dots = if short.len() < text.len() { "..." } else { "" };
            format!("text {short:?}{dots}")
        }
        w @ ("int" | "bool") => format!("{w} {v}"),
        w => w.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn eval(text: &str) -> Dynamic {
        let mut e = rhai::Engine::new();
        super::super::host::register(&mut e);
        super::super::secret_handle::register(&mut e);
        e.register_fn("secret", |name: &str| SecretHandle::of(name));
        e.register_fn("host", |name: &str| Host { name: name.into(), address: String::new() });
        e.eval(text).unwrap()
    }

    #[test]
    fn every_value_has_one_form() {
        let v = eval(r#"#{ b: [1, 2.5, true, (), 'c'], a: host("h"), s: "x" + secret("pw") }"#);
        let json = lower(&v).unwrap();
        assert_eq!(
            json,
            json!({ "a": "h", "b": [1, 2.5, true, null, "c"], "s": { "$text": ["x", { "$secret": "pw" }] } })
        );
        // Sorted, whatever the order in the script: it is compared on resume.
        assert!(json.to_string().starts_with(r#"{"a":"#));
    }

    #[test]
    fn captured_values_are_flattened() {
        assert_eq!(lower(&eval("let x = [1]; let f = || x; f.call(); x")).unwrap(), json!([1]));
    }

    #[test]
    fn what_json_cannot_hold_is_refused() {
        for (text, why) in [
            ("|x| x", "a closure cannot stand here"),
            ("0.0 / 0.0", "NaN is not a number"),
            ("[[|| 1]]", "a closure"),
            (r#"`-p${secret("pw")}`"#, "gives its name, not its value"),
        ] {
            let Err(Halt::Failed(f)) = lower(&eval(text)) else { panic!("{text}") };
            assert!(f.message.contains(why), "{text}: {}", f.message);
        }
    }
}
