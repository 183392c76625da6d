//! What is known of a value before a run: the type of a literal, and the text of one.

use super::source::closure_of;
use crate::script::options::{takes, types};
use rhai::Expr;
use serde_json::Value;

/// The JSON type of a literal; `None` for everything that only a run can tell.
pub fn json_type(e: &Expr) -> Option<&'static str> {
    if closure_of(e).is_some() {
        return Some("closure");
    }
    match e {
        Expr::StringConstant(..) | Expr::InterpolatedString(..) | Expr::CharConstant(..) => Some("string"),
        Expr::IntegerConstant(..) => Some("integer"),
        Expr::FloatConstant(..) => Some("number"),
        Expr::BoolConstant(..) => Some("boolean"),
        Expr::Array(..) => Some("array"),
        Expr::Map(..) => Some("object"),
        _ => None,
    }
}

/// The literal in the words of the reference.
pub fn word(e: &Expr) -> String {
    match (e, json_type(e)) {
        (Expr::StringConstant(s, _), _) => format!("text {:?}", s.as_str()),
        (Expr::IntegerConstant(n, _), _) => format!("int {n}"),
        (Expr::BoolConstant(b, _), _) => b.to_string(),
        (_, Some("string")) => "text".into(),
        (_, Some("number")) => "a number with a fraction".into(),
        (_, Some("array")) => "a list".into(),
        (_, Some("object")) => "a map".into(),
        (_, Some(other)) => format!("a {other}"),
        _ => "a value".into(),
    }
}

/// Why a literal is not what a schema takes; `None` where it is, or where only a run can tell.
pub fn misfit(schema: &Value, e: &Expr) -> Option<String> {
    let found = json_type(e)?;
    if !accepts(schema, found) {
        return Some(format!("must be {}, found {}", takes(schema), word(e)));
    }
    let Expr::StringConstant(text, _) = e else { return None };
    match takes(schema).as_str() {
        "path" => return crate::name::RemotePath::parse(text).err(),
        "host" => return crate::name::HostName::parse(text).err(),
        "DNS name" => return crate::name::DnsName::parse(text).err(),
        "duration" => return crate::text::duration::parse(text).err(),
        _ => {}
    }
    let choices = schema.get("enum").and_then(Value::as_array)?;
    let is_one = choices.iter().any(|c| c.as_str() == Some(text));
    (!is_one).then(|| format!("must be {}, found {}", takes(schema), word(e)))
}

fn accepts(schema: &Value, found: &str) -> bool {
    if found == "closure" {
        return false;
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(forms) = schema.get(key).and_then(Value::as_array) {
            return forms.iter().any(|f| accepts(f, found));
        }
    }
    let types = types(schema);
    let says_null_only = schema.get("type").is_some() && types.is_empty();
    (types.is_empty() && !says_null_only) || types.contains(&found) || (found == "integer" && types.contains(&"number"))
}

/// Whether a shell command of one line has a quote that is never closed.
pub fn has_open_quote(text: &str) -> bool {
    if text.contains('\n') {
        return false;
    }
    let mut open: Option<char> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (open, c) {
            (Some('\''), '\'') | (Some('"'), '"') => open = None,
            (Some('\''), _) => {}
            (_, '\\') => drop(chars.next()),
            (None, '\'' | '"') => open = Some(c),
            // A comment: quotes in it open nothing.
            (None, '#') => return false,
            _ => {}
        }
    }
    open.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_33_an_open_quote_is_seen() {
        for open in ["echo 'a", "echo \"a", "echo it's", "echo \"a'"] {
            assert!(has_open_quote(open), "{open}");
        }
        for closed in ["echo 'a\"'", "echo \"it's\"", r"echo it\'s", "echo # it's", "cat <<E\nit's\nE", ""] {
            assert!(!has_open_quote(closed), "{closed}");
        }
    }
}
