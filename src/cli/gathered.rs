//! A playbook with its modules, gathered from the operator's files and from the binary, and what
//! `mig check` finds in it.

use super::wrong::Wrong;
use super::{Script, playbook};
use crate::error::Result;
use crate::primitives::ALL;
use crate::script::{Finding, Playbook, check};
use crate::world::files::find_text;
use std::path::{Path, PathBuf};

const LARGEST: u64 = 1 << 20;

/// Finds and gathers a playbook.
///
/// # Errors
/// There is none, or a text of it does not parse.
pub fn gather(given: &str) -> std::result::Result<(Script, Playbook), Wrong> {
    let script = playbook(given)?;
    let gathered = gather_script(&script)?;
    Ok((script, gathered))
}

/// The same for a text that was found already.
///
/// # Errors
/// A text of it does not parse.
pub fn gather_script(script: &Script) -> std::result::Result<Playbook, Wrong> {
    let folder = script.path.as_deref().and_then(Path::parent).map(PathBuf::from);
    let find = |path: &str| module(path, folder.as_deref()).ok().flatten();
    Ok(Playbook::load(&script.name, &script.file, &script.text, &find)?)
}

/// What can be said without running it; an error when anything is.
///
/// # Errors
/// Every finding.
pub fn checked(playbook: &Playbook) -> std::result::Result<(), Wrong> {
    let findings = check(playbook, ALL);
    let errors: Vec<_> = findings.iter().filter(|f| f.is_error()).map(Finding::to_error).collect();
    if errors.is_empty() { Ok(()) } else { Err(Wrong(errors)) }
}

/// A module by its import path: the stdlib beside the playbook, which a fork has for itself; the
/// operator's, the binary's, then beside the playbook.
fn module(path: &str, folder: Option<&Path>) -> Result<Option<(String, String)>> {
    if let Some(found) = folder.map(|f| below(&f.join("stdlib"), path)).transpose()?.flatten() {
        return Ok(Some(found));
    }
    if let Some(found) = super::shipped::stdlib_module(path)? {
        return Ok(Some(found));
    }
    folder.map(|folder| below(folder, path)).transpose().map(Option::flatten)
}

/// A module that lies below a folder.
fn below(folder: &Path, path: &str) -> Result<Option<(String, String)>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let file = folder.join(format!("{path}.rhai"));
    // A link must not lead out of the playbook's folder.
    let inside = match (file.canonicalize(), folder.canonicalize()) {
        (Ok(file), Ok(folder)) => file.starts_with(folder),
        _ => false,
    };
    if !inside {
        return Ok(None);
    }
    Ok(find_text(&file, LARGEST)?.map(|text| (file.display().to_string(), text)))
}
