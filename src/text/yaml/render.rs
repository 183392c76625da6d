//! A value as it is written in YAML, so that readers of 1.1 and of 1.2 take it for the same.

use super::scalar::{Meaning, Scalar, Style};

/// A value of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    Text(String),
    Int(i64),
    Bool(bool),
}

/// Whether a scalar is this value already.
pub(super) fn is_it(scalar: &Scalar, value: &Plain) -> bool {
    match value {
        Plain::Text(text) => scalar.text == *text && scalar.meaning() == Meaning::Text,
        Plain::Int(n) => scalar.meaning() == Meaning::Int(*n),
        Plain::Bool(b) => scalar.meaning() == Meaning::Bool(*b),
    }
}

/// Writes a value in a style, or in quotes where the style cannot hold it.
pub(super) fn render(value: &Plain, style: Style) -> String {
    let text = match value {
        Plain::Int(n) => return n.to_string(),
        Plain::Bool(b) => return b.to_string(),
        Plain::Text(text) => text,
    };
    let is_simple =
        text.chars().all(|c| !c.is_control() && !matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}'));
    match style {
        Style::Plain if is_plain(text) => text.clone(),
        Style::SingleQuoted if is_simple => format!("'{}'", text.replace('\'', "''")),
        _ => quoted(text),
    }
}

/// Whether a text can stand without quotes, also within `[ ]`, and still be a text to every reader.
pub(super) fn is_plain(text: &str) -> bool {
    let first = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '.' | '$' | '(' | '+' | '^' | ';');
    let good = |c: char| {
        !c.is_control() && !matches!(c, ',' | '[' | ']' | '{' | '}' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    text.starts_with(first)
        && text.chars().all(good)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with([':', ' '])
        && text.trim() == text
        && Scalar { text: text.into(), style: Style::Plain }.meaning() == Meaning::Text
}

/// In double quotes, in which everything can stand.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
