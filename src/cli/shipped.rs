//! Playbooks and stdlib: those that are in the binary, and those of the operator.
//!
//! A file in `./playbooks` or `./stdlib` wins over the one in the binary. Deliberately not here:
//! what is in them (the script room), and the lab (its room unpacks the folder named here).

use crate::error::{Error, Result};
use crate::text::nearest::nearest;
use crate::world::files::{find_text, names_in};
use include_dir::{Dir, include_dir};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

static PLAYBOOKS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/playbooks");
static STDLIB: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/stdlib");

/// A playbook is a page, not a database.
const LARGEST: u64 = 1024 * 1024;

/// The text of a playbook or of a module, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// `conductor`: the file's name without `.rhai`.
    pub name: String,
    /// For messages and for `Place`: the path as it was given, or `shipped conductor.rhai`.
    pub file: String,
    /// Where it lies on this machine; `None`: in the binary.
    pub path: Option<PathBuf>,
    pub text: String,
}

/// The lab of a playbook: the folder `NAME.lab` beside it.
#[derive(Debug, Clone)]
pub enum Lab {
    Folder(PathBuf),
    Shipped(&'static Dir<'static>),
}

/// Finds a playbook: a path, or the name of a shipped one.
///
/// # Errors
/// There is none, it is a folder, it cannot be read; each says where was looked.
pub fn playbook(given: &str) -> Result<Script> {
    if given.is_empty() {
        return Error::bad_input("the name of the playbook is empty").hint(known("playbooks", &playbook_names())).err();
    }
    let is_path = given.contains('/') || given.ends_with(".rhai");
    if is_path {
        let path = Path::new(given);
        return match find_text(path, LARGEST).map_err(beside(given))? {
            Some(text) => Ok(Script { name: stem(path), file: given.into(), path: Some(path.into()), text }),
            None => no_such(given, &[given.to_owned()], "playbook", &playbook_names()),
        };
    }
    if let Some(script) = named(given, "playbooks", &PLAYBOOKS)? {
        return Ok(script);
    }
    // A file without an ending in the current folder.
    let path = Path::new(given);
    if let Some(text) = find_text(path, LARGEST).map_err(beside(given))? {
        return Ok(Script { name: stem(path), file: given.into(), path: Some(path.into()), text });
    }
    let looked = [format!("./playbooks/{given}.rhai"), "the shipped playbooks".into(), format!("./{given}")];
    no_such(given, &looked, "playbook", &playbook_names())
}

/// Finds a module of the stdlib by its name. `None`: there is no such module.
///
/// # Errors
/// It is there and cannot be read.
pub fn stdlib(name: &str) -> Result<Option<Script>> {
    named(name, "stdlib", &STDLIB)
}

/// A module by its import path (`std/ssr`): `./stdlib` first, then the binary. Gives place and text.
///
/// # Errors
/// It is there and cannot be read.
pub fn stdlib_module(path: &str) -> Result<Option<(String, String)>> {
    let file = format!("{path}.rhai");
    let own = Path::new("stdlib").join(&file);
    if let Some(text) = find_text(&own, LARGEST)? {
        return Ok(Some((own.display().to_string(), text)));
    }
    let inside = STDLIB.get_file(&file).and_then(|f| f.contents_utf8());
    Ok(inside.map(|text| (format!("stdlib/{file}"), text.to_string())))
}

/// The lab of a playbook, if it has one.
pub fn lab_of(script: &Script) -> Option<Lab> {
    let name = format!("{}.lab", script.name);
    let beside = match &script.path {
        Some(path) => path.with_file_name(&name),
        None => Path::new("playbooks").join(&name),
    };
    if beside.is_dir() {
        return Some(Lab::Folder(beside));
    }
    // A playbook of one's own has a lab of its own; that of another with the same name does not fit.
    let is_fork = script.path.as_ref().is_some_and(|p| p.parent() == Some(Path::new("playbooks")));
    (script.path.is_none() || is_fork).then(|| PLAYBOOKS.get_dir(&name).map(Lab::Shipped)).flatten()
}

/// The text of a playbook in the binary, whatever lies in `./playbooks`.
pub fn embedded_playbook(name: &str) -> Option<&'static str> {
    PLAYBOOKS.get_file(format!("{name}.rhai")).and_then(|f| f.contents_utf8())
}
/// The lab of a playbook in the binary.
pub fn embedded_lab(name: &str) -> Option<&'static Dir<'static>> {
    PLAYBOOKS.get_dir(format!("{name}.lab"))
}
/// A module in the binary by its import path.
pub fn embedded_module(path: &str) -> Option<&'static str> {
    STDLIB.get_file(format!("{path}.rhai")).and_then(|f| f.contents_utf8())
}
/// The names of the playbooks in the binary.
pub fn embedded_names() -> Vec<String> {
    let files = PLAYBOOKS.files().filter_map(|f| f.path().to_str()?.strip_suffix(".rhai"));
    files.filter(|n| !n.ends_with(".test")).map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The names of all playbooks that can be run by name.
pub fn playbook_names() -> Vec<String> {
    names("playbooks", &PLAYBOOKS)
}
/// The names of all modules of the stdlib.
pub fn stdlib_names() -> Vec<String> {
    names("stdlib", &STDLIB)
}

/// The modules of the stdlib as they are imported: `std/ssr`.
pub fn module_names() -> Vec<String> {
    let mut all = BTreeSet::new();
    for dir in STDLIB.dirs() {
        let folder = dir.path().display().to_string();
        let own = names_in(&Path::new("stdlib").join(&folder)).into_iter().map(|n| format!("{folder}/{n}"));
        let shipped = dir.files().map(|f| f.path().display().to_string());
        all.extend(own.chain(shipped).filter_map(|n| n.strip_suffix(".rhai").map(str::to_owned)));
    }
    all.into_iter().filter(|n| !n.ends_with(".test")).collect()
}

fn names(folder: &str, shipped: &Dir<'_>) -> Vec<String> {
    let own = names_in(Path::new(folder));
    let shipped = shipped.files().filter_map(|f| f.path().to_str()).map(str::to_owned);
    let all: BTreeSet<String> = own
        .into_iter()
        .chain(shipped)
        .filter_map(|n| n.strip_suffix(".rhai").map(str::to_owned))
        .filter(|n| !n.ends_with(".test"))
        .collect();
    all.into_iter().collect()
}

fn named(name: &str, folder: &str, shipped: &Dir<'_>) -> Result<Option<Script>> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Ok(None);
    }
    let file = format!("{name}.rhai");
    let path = Path::new(folder).join(&file);
    if let Some(text) = find_text(&path, LARGEST)? {
        let file = path.display().to_string();
        return Ok(Some(Script { name: name.into(), file, path: Some(path), text }));
    }
    let inside = shipped.get_file(&file).and_then(|f| f.contents_utf8());
    Ok(inside.map(|text| Script { name: name.into(), file: format!("shipped {file}"), path: None, text: text.into() }))
}

/// The file's name without its ending.
fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A folder that was given may hold the playbook that was meant.
fn beside(given: &str) -> impl Fn(Box<Error>) -> Box<Error> + '_ {
    move |mut error| {
        let inside: Vec<String> = names_in(Path::new(given)).into_iter().filter(|n| n.ends_with(".rhai")).collect();
        if let Some(first) = inside.first() {
            let folder = given.trim_end_matches('/');
            error.hints.push(format!("playbooks in it: {}", inside.join(", ")));
            error.hints.push(format!("type for example: {folder}/{first}"));
        } else if error.message.ends_with("not a file") {
            error.hints.push(known("playbooks", &playbook_names()));
        }
        error
    }
}

fn no_such<T>(given: &str, looked: &[String], what: &str, names: &[String]) -> Result<T> {
    let mut error = Error::bad_input(format!("{given}: no such {what} (looked in {})", looked.join(", ")));
    // A path that was mistyped: what lies in its folder under a similar name?
    let path = Path::new(given);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let beside = names_in(folder.unwrap_or(Path::new(".")));
    let scripts = beside.iter().filter(|n| n.ends_with(".rhai")).map(String::as_str);
    let file = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let name = stem(path);
    if let Some(near) = nearest(&file, scripts) {
        let near = folder.map_or(PathBuf::from(near), |f| f.join(near));
        error = error.hint(format!("did you mean: {}", near.display()));
    } else if let Some(near) = nearest(&name, names.iter().map(String::as_str)) {
        error = error.hint(format!("did you mean: {near}"));
    }
    error.hint(known(&format!("{what}s"), names)).err()
}

fn known(what: &str, names: &[String]) -> String {
    if names.is_empty() { format!("no {what} are shipped") } else { format!("{what}: {}", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(given: &str) -> String {
        playbook(given).unwrap_err().to_string()
    }

    #[test]
    fn a_playbook_that_is_not_there_says_where_was_looked() {
        assert!(message("nothing_like_it").contains("(looked in ./playbooks/nothing_like_it.rhai, the shipped"));
        assert!(message("./none/x.rhai").contains("./none/x.rhai: no such playbook (looked in ./none/x.rhai)"));
        assert!(message("").contains("empty"));
    }

    #[test]
    fn a_folder_is_no_playbook() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("move.rhai"), "").unwrap();
        let given = format!("{}/", folder.path().display());
        let said = message(&given);
        assert!(said.contains("is a folder, not a file") && said.contains("move.rhai"), "{said}");
        assert!(message(&format!("{given}mvoe.rhai")).contains("did you mean:"), "a near name");
        let found = playbook(&format!("{given}move.rhai")).unwrap();
        assert_eq!((found.name.as_str(), found.text.as_str()), ("move", ""));
        assert!(lab_of(&found).is_none());
        std::fs::create_dir(folder.path().join("move.lab")).unwrap();
        assert!(matches!(lab_of(&found), Some(Lab::Folder(_))));
    }
}
