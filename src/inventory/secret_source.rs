//! Where the value of a secret comes from, and what a value must be like.
//!
//! Values never stand in an inventory, and no message here repeats what stands in one: it may be
//! a value all the same.

use super::findings::Findings;
use super::parse::Inventory;
use crate::error::{Error, Place};
use crate::name::SecretName;
use crate::secret::Secret;
use crate::text::yaml::{Entry, Node, Value};

/// Where a secret's value comes from. It is fetched when it is needed, by the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file on this machine; `~/` is for whoever opens it.
    File(String),
    /// A command of this machine's `sh`, whose output is the value.
    Command(String),
    /// The operator types it.
    Prompt,
}

const KEYS: &[&str] = &["env", "file", "command", "prompt"];
const EXAMPLE: &str =
    "write where the value comes from: { env: NAME }, { file: PATH }, { command: COMMAND } or { prompt: true }";

/// Reads the section `secrets`.
pub(super) fn read(node: &Node, inventory: &mut Inventory, findings: &mut Findings<'_>) {
    for (name, entry) in findings.map(node, "secrets", EXAMPLE).unwrap_or_default() {
        if name == "<<" {
            continue;
        }
        if let Err(why) = SecretName::parse(name) {
            findings.add(entry.key.span, format!("secrets: {why}"), []);
            continue;
        }
        if let Some(source) = source(name, entry, findings) {
            inventory.secrets.insert(name.into(), source);
            inventory.secret_places.insert(name.into(), findings.place(entry.key.span));
        }
    }
}

fn source(name: &str, secret: &Entry, findings: &mut Findings<'_>) -> Option<SecretSource> {
    let path = format!("secrets.{name}");
    match &secret.value.value {
        Value::Map(_) | Value::Alias(_) => {}
        Value::Scalar(_) => {
            let message = format!("{path} holds a value; an inventory says only where a secret comes from");
            findings.add(secret.value.span, message, [EXAMPLE.into(), "if it was a real value, change it".into()]);
            return None;
        }
        Value::List(_) => {
            findings.add(secret.value.span, format!("{path} must be a map, found a list"), [EXAMPLE.into()]);
            return None;
        }
    }
    let entries = findings.map(&secret.value, &path, EXAMPLE)?;
    let mut sources: Vec<Option<SecretSource>> = vec![];
    for (key, entry) in entries {
        let node = &entry.value;
        let at = format!("{path}.{key}");
        sources.push(match key {
            "env" => variable(node, &at, findings).map(SecretSource::Env),
            "file" => text(node, &at, "the path of a file", findings).map(SecretSource::File),
            "command" => text(node, &at, "a command", findings).map(SecretSource::Command),
            "prompt" => prompt(node, &at, findings),
            "<<" => None,
            other => {
                findings.unknown_key(&entry.key, other, KEYS);
                None
            }
        });
    }
    match sources.len() {
        0 => findings.add(secret.key.span, format!("{path} does not say where its value comes from"), [EXAMPLE.into()]),
        1 => return sources.pop().flatten(),
        n => findings.add(secret.key.span, format!("{path} has {n} sources; one is expected"), [EXAMPLE.into()]),
    }
    None
}

/// A text of one line, which is not repeated in messages.
fn text(node: &Node, path: &str, expected: &str, findings: &mut Findings<'_>) -> Option<String> {
    let found = match node.scalar() {
        Some(scalar) if scalar.describe() != "text" => format!("{} (quote it)", scalar.describe()),
        Some(scalar) if scalar.text.trim().is_empty() => "an empty text".into(),
        Some(scalar) if scalar.text.contains(|c: char| c.is_control()) => "control characters or several lines".into(),
        Some(scalar) => return Some(scalar.text.clone()),
        None if matches!(node.value, Value::Alias(_)) => return None,
        None => node.describe(),
    };
    findings.add(node.span, format!("{path} must be {expected}, found {found}"), []);
    None
}

fn variable(node: &Node, path: &str, findings: &mut Findings<'_>) -> Option<String> {
    let name = text(node, path, "the name of an environment variable", findings)?;
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if begins && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Some(name);
    }
    findings.add(
        node.span,
        format!(
            "{path} must be the name of an environment variable: letters, digits and _, not beginning with a digit"
        ),
        ["write its name, without $ and without the value".into()],
    );
    None
}

fn prompt(node: &Node, path: &str, findings: &mut Findings<'_>) -> Option<SecretSource> {
    if findings.boolean(node, path)? {
        return Some(SecretSource::Prompt);
    }
    findings.add(node.span, format!("{path}: false says nothing"), [EXAMPLE.into()]);
    None
}

/// The shortest value that can be kept out of reports without tearing holes into other words.
const SHORTEST: usize = 8;

/// Checks a value that was fetched. The error has the name of the secret, never the value.
pub fn check_secret_value(name: &str, value: &Secret, place: Option<&Place>) -> Option<Error> {
    let text = value.expose();
    let length = text.chars().count();
    let (why, hint) = if text.trim().is_empty() {
        ("is empty".to_string(), "check where it comes from: secrets: in the inventory")
    } else if text.contains('\0') {
        ("has a NUL character in it".into(), "check where it comes from: secrets: in the inventory")
    } else if length < SHORTEST {
        (
            format!("has fewer than {SHORTEST} characters, so it cannot be kept out of reports"),
            "use a longer value; if it is no secret, make it a parameter",
        )
    } else if text.trim_start().starts_with(['{', '[']) && text.trim_end().contains('\n') {
        (
            "is JSON of several lines, whose parts cannot be kept out of reports".into(),
            "make each value in it a secret of its own, as with command: jq -r .password FILE",
        )
    } else {
        return None;
    };
    let error = Error::bad_input(format!("the secret {name:?} {why}")).hint(hint);
    Some(match place {
        Some(place) => error.at(place.clone()),
        None => error,
    })
}
