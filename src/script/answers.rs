//! What a script can do with an answer: its lines, or the JSON or YAML in it.
//!
//! On a text, on what `capture` gives (then its `stdout` is meant), and on what a web server answers
//! (then its `body`).

use super::play::Eval;
use crate::contract::Failure;
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map, NativeCallContext, Position};
use serde_json::Value;

/// Registers `.lines()`, `.json()` and `.yaml()`.
pub fn register(e: &mut Engine) {
    e.register_fn("lines", |text: &str| lines(text));
    e.register_fn("lines", |c: NativeCallContext, m: Map| Ok::<_, Box<EvalAltResult>>(lines(&text_of(&c, &m)?)));
    e.register_fn("json", |c: NativeCallContext, text: &str| json(&c, text));
    e.register_fn("json", |c: NativeCallContext, m: Map| json(&c, &text_of(&c, &m)?));
    e.register_fn("yaml", |c: NativeCallContext, text: &str| yaml(&c, text));
    e.register_fn("yaml", |c: NativeCallContext, m: Map| yaml(&c, &text_of(&c, &m)?));
}

fn lines(text: &str) -> Array {
    text.lines().map(|l| l.to_string().into()).collect()
}

fn json(c: &NativeCallContext, text: &str) -> Eval {
    let parsed: Result<Value, _> = serde_json::from_str(text);
    parsed.map(|v| of_json(&v)).or_else(|e| refuse(c, format!("the text is not JSON: {e}")))
}

fn yaml(c: &NativeCallContext, text: &str) -> Eval {
    let parsed: Result<Value, _> = serde_yaml::from_str(text);
    parsed.map(|v| of_json(&v)).or_else(|e| refuse(c, format!("the text is not YAML: {e}")))
}

fn text_of(c: &NativeCallContext, m: &Map) -> Eval<String> {
    let text = |key: &str| m.get(key).map(|v| v.flatten_clone().into_immutable_string());
    match text("stdout").or_else(|| text("body")) {
        Some(Ok(text)) => Ok(text.to_string()),
        _ => refuse(
            c,
            format!("this map has no text under stdout or body, as what capture and http_get give has: {}", keys(m)),
        ),
    }
}

fn keys(m: &Map) -> String {
    m.keys().map(|k| k.as_str()).collect::<Vec<_>>().join(", ")
}

/// JSON that somebody else wrote: plain values only, so no text of a host becomes a secret or a
/// value that only a run can give.
fn of_json(v: &Value) -> Dynamic {
    match v {
        Value::Null => Dynamic::UNIT,
        Value::Bool(b) => (*b).into(),
        Value::Number(n) => n.as_i64().map(Dynamic::from).or(n.as_f64().map(Dynamic::from)).unwrap_or_default(),
        Value::String(s) => s.clone().into(),
        Value::Array(items) => items.iter().map(of_json).collect::<Array>().into(),
        Value::Object(o) => Dynamic::from_map(o.iter().map(|(k, v)| (k.as_str().into(), of_json(v))).collect()),
    }
}

fn refuse<T>(c: &NativeCallContext, message: String) -> Eval<T> {
    let f = Failure::new(message);
    let place = super::errors::place(c.call_source().unwrap_or_default(), c.call_position());
    Err(Box::new(EvalAltResult::ErrorRuntime(super::errors::thrown(f, place.as_ref()), Position::NONE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval<T: Clone + Send + Sync + 'static>(text: &str) -> Eval<T> {
        let mut e = Engine::new();
        register(&mut e);
        e.eval(text)
    }

    #[test]
    fn an_answer_is_read_as_lines_json_or_yaml() {
        assert_eq!(eval::<Array>(r#""a\r\nb\n".lines()"#).unwrap().len(), 2);
        assert_eq!(eval::<i64>(r#"#{ stdout: `{"a":[1,2]}` }.json().a[1]"#).unwrap(), 2);
        assert_eq!(eval::<String>(r#""a: {b: c}".yaml().a.b"#).unwrap(), "c");
        assert_eq!(eval::<Array>(r#"#{ stdout: "x\n", code: 0 }.lines()"#).unwrap().len(), 1);
        assert_eq!(eval::<i64>(r#"#{ body: `{"a":3}`, status: 200 }.json().a"#).unwrap(), 3);
    }

    #[test]
    fn what_cannot_be_read_is_said_and_can_be_caught() {
        for text in [r#""{".json()"#, r#""a: [".yaml()"#, r#"#{ code: 0 }.lines()"#] {
            let caught =
                eval::<String>(&format!("let m = \"\"; try {{ {text}; }} catch (e) {{ m = e.message; }} m")).unwrap();
            assert!(
                caught.contains("not JSON") || caught.contains("not YAML") || caught.contains("no text"),
                "{caught}"
            );
        }
    }

    #[test]
    fn a_host_cannot_make_up_secrets() {
        assert!(eval::<bool>(r#"`{"$text":[{"$secret":"pw"}]}`.json().type_of() == "map""#).unwrap());
    }
}
