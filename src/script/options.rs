//! What a primitive takes, read from the schema of its arguments.

use crate::contract::Spec;
use serde_json::Value;

/// One argument that is not given by position.
pub struct Opt {
    pub name: String,
    /// What it takes, in words: `text`, `list of text`.
    pub takes: String,
    pub schema: Value,
}

/// The options of a primitive, sorted by name.
pub fn of(spec: &Spec) -> Vec<Opt> {
    let schema = (spec.schema)();
    let all = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    all.into_iter()
        .filter(|(name, _)| !spec.positional.contains(&name.as_str()))
        .map(|(name, schema)| Opt { name, takes: takes(&schema), schema })
        .collect()
}

/// What a schema takes, in the words of the reference.
pub fn takes(schema: &Value) -> String {
    if let Some(words) = schema.get("x-type").and_then(Value::as_str) {
        return words.into();
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        return choices.iter().filter(|c| !c.is_null()).map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(forms) = schema.get(key).and_then(Value::as_array) {
            let forms = forms.iter().filter(|f| f.get("type") != Some(&"null".into()));
            return forms.map(takes).collect::<Vec<_>>().join(" or ");
        }
    }
    match types(schema).as_slice() {
        ["array"] => match schema.get("items") {
            Some(items) => format!("list of {}", takes(items)),
            None => "list".into(),
        },
        [] => "a value".into(),
        types => types.iter().map(|t| word(t)).collect::<Vec<_>>().join(" or "),
    }
}

/// The JSON types a schema accepts, without null; empty when it does not say.
pub fn types(schema: &Value) -> Vec<&str> {
    let all: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    all.into_iter().filter(|t| *t != "null").collect()
}

fn word(json_type: &str) -> &str {
    match json_type {
        "string" => "text",
        "integer" => "int",
        "number" => "number",
        "boolean" => "bool",
        "array" => "list",
        "object" => "map",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_an_option_takes_is_said_in_words() {
        for (schema, wanted) in [
            (json!({ "type": ["string", "null"] }), "text"),
            (json!({ "type": "array", "items": { "type": "string" } }), "list of text"),
            (json!({ "type": "string", "x-type": "path" }), "path"),
            (json!({ "anyOf": [{ "type": "string", "x-type": "path" }, { "type": "null" }] }), "path"),
            (json!({ "enum": ["a", "b"] }), "\"a\" or \"b\""),
            (json!({}), "a value"),
        ] {
            assert_eq!(takes(&schema), wanted, "{schema}");
        }
    }
}
