//! Values for the parameters of playbooks.

use super::findings::Findings;
use super::parse::Inventory;
use crate::name::ParamName;
use crate::text::yaml::{Meaning, Node, Value};
use serde_json::Value as Json;

/// Reads the section `params`.
pub(super) fn read(node: &Node, inventory: &mut Inventory, findings: &mut Findings<'_>) {
    let example = "a parameter is a name and a value, as in domain: example.org";
    for (name, entry) in findings.map(node, "params", example).unwrap_or_default() {
        if name == "<<" {
            continue;
        }
        if let Err(why) = ParamName::parse(name) {
            findings.add(entry.key.span, format!("params: {why}"), []);
            continue;
        }
        let path = format!("params.{name}");
        let value = match &entry.value.value {
            Value::List(items) => {
                let texts: Vec<Option<Json>> =
                    items.iter().map(|n| findings.text(n, &format!("an item of {path}")).map(Json::from)).collect();
                texts.into_iter().collect::<Option<Vec<Json>>>().map(Json::from)
            }
            _ => value(&entry.value, &path, findings),
        };
        if let Some(value) = value {
            inventory.params.insert(name.into(), value);
            inventory.param_places.insert(name.into(), findings.place(entry.value.span));
        }
    }
}

/// Text, a whole number or a boolean; what readers disagree about is refused.
fn value(node: &Node, path: &str, findings: &mut Findings<'_>) -> Option<Json> {
    let forms = "text, a whole number, true, false or a list of text";
    let scalar = match &node.value {
        Value::Scalar(scalar) => scalar,
        Value::Alias(_) => return None,
        _ => {
            findings.add(node.span, format!("{path} must be {forms}, found {}", node.describe()), []);
            return None;
        }
    };
    let quoted = format!("quote it if it is text: {:?}", scalar.text);
    let message = format!("{path} must be {forms}, found {}", scalar.describe());
    match scalar.meaning() {
        Meaning::Text => return Some(Json::from(scalar.text.as_str())),
        Meaning::Int(n) => return Some(Json::from(n)),
        Meaning::Bool(b) => return Some(Json::from(b)),
        Meaning::OldBool(b) => {
            let message = format!("{path}: {:?} is a boolean to some readers and text to others", scalar.text);
            findings.add(node.span, message, [format!("write {b}, or {quoted}")]);
        }
        Meaning::LeadingZero | Meaning::Sexagesimal | Meaning::OtherInt => {
            let message = format!("{path}: {:?} is different numbers to different readers", scalar.text);
            findings.add(node.span, message, [format!("write the number in decimal, or {quoted}")]);
        }
        Meaning::Null => findings.add(node.span, message, ["write \"\" for an empty text".into()]),
        Meaning::Float | Meaning::HugeInt => findings.add(node.span, message, [quoted]),
    }
    None
}
