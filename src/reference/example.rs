//! What comes of an example, line by line; and JSON as a script would write it.

use crate::contract::{Example, Given, PortState};
use serde_json::Value;

/// What is given, and what is done and undone, or what is answered.
pub fn outcome(x: &Example) -> Vec<String> {
    let given = x.given.iter().map(|g| format!("given  {}", given(g)));
    let does = x.does.iter().map(|d| format!("does   {d}"));
    let undo = x.undo.iter().map(|d| format!("undo   {d}"));
    let mut lines: Vec<String> = given.chain(does).chain(undo).collect();
    if !x.gives.is_empty() {
        let mut answer = x.gives.lines();
        lines.extend(answer.next().map(|l| format!("gives  {l}")));
        lines.extend(answer.map(|l| format!("       {}", l.trim())));
    } else if x.does.is_empty() {
        lines.push("does   nothing: it is already so".into());
    } else if x.undo.is_empty() {
        lines.push("undo   not needed".into());
    }
    lines
}

fn given(g: &Given) -> String {
    match g {
        Given::File(place, text) => format!("{place} holds {}", shortened(text)),
        Given::Folder(place) => format!("{place} is a folder"),
        Given::Prints(command, text) => format!("`{command}` prints {}", shortened(text)),
        Given::Exits(command, code) => format!("`{command}` exits {code}"),
        Given::Aws(ask, json) => format!("AWS, asked for {ask}, answers {json}"),
        Given::Port(seen, state) => {
            let (from, to) = seen.split_once(' ').unwrap_or(("here", seen));
            let state = match state {
                PortState::Open => "is open",
                PortState::Refused => "is refused",
                PortState::TimedOut => "does not answer",
                PortState::Unreachable => "cannot be reached",
                PortState::NoSuchHost => "does not resolve",
            };
            format!("{to} {state}, seen from {from}")
        }
        Given::Answers(request, status, body) => format!("`{request}` is answered {status} {}", shortened(body)),
        Given::Names(question, status, answers) => match answers {
            [] => format!("{question} is answered {status}"),
            answers => format!("{question} is answered {status}: {}", answers.join(", ")),
        },
    }
}

/// A text in quotes, of at most three lines.
fn shortened(text: &str) -> String {
    let mut lines = text.split_inclusive('\n');
    let first: String = lines.by_ref().take(3).collect();
    let more = if lines.next().is_some() { " ..." } else { "" };
    format!("{first:?}{more}")
}

/// A JSON value as it is written in a script.
pub fn as_script(value: &Value) -> String {
    match value {
        Value::Null => "()".into(),
        Value::Array(items) => format!("[{}]", items.iter().map(as_script).collect::<Vec<_>>().join(", ")),
        Value::Object(map) if map.is_empty() => "#{}".into(),
        Value::Object(map) => {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k}: {}", as_script(v))).collect();
            format!("#{{ {} }}", pairs.join(", "))
        }
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_read_as_in_a_script() {
        assert_eq!(as_script(&json!([0, "a", null, { "b": true }])), r#"[0, "a", (), #{ b: true }]"#);
    }
}
