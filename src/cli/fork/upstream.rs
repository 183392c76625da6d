//! The playbooks in the binary, with everything that is copied when one is forked.

use super::super::in_lab::shipped_source;
use super::super::shipped::{embedded_module, embedded_names, embedded_playbook};
use crate::contract::Bytes;
use crate::error::{Error, Result};
use crate::script::Playbook;
use crate::text::nearest::nearest;
use std::collections::BTreeMap;

/// The version of this binary.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What can be forked.
pub fn names() -> Vec<String> {
    embedded_names()
}

/// The first sentence of a playbook about itself.
pub fn about(name: &str) -> String {
    embedded_playbook(name).and_then(says_of_itself).unwrap_or_default()
}

/// The first sentence of the text of a playbook about itself, without its full stop.
pub fn says_of_itself(text: &str) -> Option<String> {
    let first = text.lines().find_map(|l| l.strip_prefix("//!"))?.trim();
    Some(first.split_once(". ").map_or(first, |(sentence, _)| sentence).trim_end_matches('.').into())
}

/// What is shipped, each with its first sentence.
pub fn all() -> Vec<(String, String)> {
    names().into_iter().map(|name| (name.clone(), about(&name))).collect()
}

/// Every file of a shipped playbook by its path in a fork; `None`: it is not shipped.
pub fn files(name: &str) -> Option<BTreeMap<String, Bytes>> {
    let text = embedded_playbook(name)?;
    let mut files = BTreeMap::from([(format!("{name}.rhai"), Bytes(text.into()))]);
    // What is shipped makes sense; the programs that its lab takes from another one become the fork's own.
    if let Ok(Some(lab)) = shipped_source(name) {
        files.extend(lab.files.into_iter().map(|f| (format!("{name}.lab/{}", f.path), Bytes(f.bytes))));
    }
    let find = |path: &str| embedded_module(path).map(|text| (format!("stdlib/{path}.rhai"), text.to_owned()));
    // What is shipped parses; where it did not, its modules are all that would be missing.
    let modules = Playbook::load(name, name, text, &find).map(|p| p.modules).unwrap_or_default();
    files.extend(modules.into_values().map(|(place, text)| (place, Bytes(text.into()))));
    Some(files)
}

/// The same where it must be shipped.
///
/// # Errors
/// It is not; with the nearest name.
pub fn shipped(name: &str) -> Result<BTreeMap<String, Bytes>> {
    if let Some(files) = files(name) {
        return Ok(files);
    }
    let names = names();
    let mut error = Error::bad_input(format!("{name:?} is no shipped playbook; only those can be forked"));
    if let Some(near) = nearest(name, names.iter().map(String::as_str)) {
        error = error.hint(format!("did you mean: {near}"));
    } else if name.contains('/') || name.ends_with(".rhai") {
        error = error.hint("a playbook that is a file already is yours to change, or to copy with cp");
    }
    error.hint(format!("shipped: {}", names.join(", "))).err()
}
