//! The forks that lie here: in the current folder and in `./playbooks`.

use super::origin::{ENDING, Origin};
use crate::error::{Error, Result};
use crate::world::files::names_in;
use std::path::{Path, PathBuf};

/// A fork that was found.
pub struct Found {
    /// Of its file: `conductor`.
    pub name: String,
    pub folder: PathBuf,
    pub origin: Origin,
}

impl Found {
    /// The playbook, as it is typed: `./conductor.rhai`.
    pub fn script(&self) -> String {
        typed(&self.folder, &self.name)
    }
}

/// A playbook in a folder, such that a shell and `mig run` both take it for a path.
pub fn typed(folder: &Path, name: &str) -> String {
    let path = if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.join(format!("{name}.rhai"));
    let text = path.display().to_string();
    if text.contains('/') { text } else { format!("./{text}") }
}

/// All of them.
///
/// # Errors
/// One cannot be read.
pub fn forks() -> Result<Vec<Found>> {
    let mut all = vec![];
    for folder in [".", "playbooks"].map(Path::new) {
        for name in names_in(folder) {
            if let Some(name) = name.strip_suffix(ENDING) {
                all.push(read(folder, name)?);
            }
        }
    }
    Ok(all)
}

/// The names of those that can be read.
pub fn forked() -> Vec<String> {
    forks().unwrap_or_default().into_iter().map(|f| f.name).collect()
}

/// The one that is meant: a name, or the path of its playbook.
///
/// # Errors
/// There is none, or there are two.
pub fn the_fork(given: &str) -> Result<Found> {
    if given.contains('/') || given.ends_with(".rhai") {
        let path = Path::new(given);
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.strip_suffix(".rhai").unwrap_or(&name).to_owned();
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !names_in(folder).contains(&format!("{name}{ENDING}")) {
            return Error::bad_input(format!("{given} is no fork: {name}{ENDING} is not beside it"))
                .hint("`mig fork NAME` makes one; what it came from is kept in that file")
                .err();
        }
        return read(folder, &name);
    }
    let mut fits: Vec<Found> = forks()?.into_iter().filter(|f| f.name == given).collect();
    match (fits.len(), fits.pop()) {
        (1, Some(fork)) => Ok(fork),
        (0, _) => Error::bad_input(format!("there is no fork {given} here or in ./playbooks"))
            .hint(format!("make one: mig fork {given}"))
            .hint("or list them: mig fork --list")
            .err(),
        _ => Error::bad_input(format!("there are two forks {given}"))
            .hint(format!("say which: mig fork --diff ./{given}.rhai, or playbooks/{given}.rhai"))
            .err(),
    }
}

fn read(folder: &Path, name: &str) -> Result<Found> {
    let origin = Origin::read(&folder.join(format!("{name}{ENDING}")))?;
    Ok(Found { name: name.into(), folder: folder.into(), origin })
}
