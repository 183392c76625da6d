//! Commands that happen in a lab: they open it, or find it, and run themselves again inside.

use super::shipped::{Lab, Script, embedded_lab};
use super::wrong::Wrong;
use super::{Globals, lab_of};
use crate::error::Error;
use crate::journal::{Journal, RunState};
use crate::lab::{self, LabFile, LabSource, OpenLab};
use std::path::Path;

/// The lab's files of a playbook.
///
/// # Errors
/// It has none, or they make no sense.
pub fn source_of(script: &Script) -> Result<LabSource, Wrong> {
    match lab_of(script) {
        Some(Lab::Folder(folder)) => {
            let mut source = LabSource::from_folder(&folder, &embedded)?;
            source.name.clone_from(&script.name);
            Ok(source)
        }
        Some(Lab::Shipped(dir)) => Ok(LabSource::new(&script.name, all_in(dir), &embedded)?),
        None => Err(Error::bad_input(format!("{} has no lab", script.name))
            .hint(format!("a lab is the folder {}.lab beside the playbook, with a lab.yml in it", script.name))
            .into()),
    }
}

/// The lab of a shipped playbook as it is in the binary, with the programs that it takes from another one.
/// `None`: it has none.
///
/// # Errors
/// Its files make no sense.
pub fn shipped_source(name: &str) -> crate::error::Result<Option<LabSource>> {
    embedded(name)?.map(|files| LabSource::new(name, files, &embedded)).transpose()
}

/// The files of a lab in the binary, where it has one of this name.
fn embedded(name: &str) -> crate::error::Result<Option<Vec<LabFile>>> {
    Ok(embedded_lab(name).map(all_in))
}

fn all_in(dir: &include_dir::Dir<'_>) -> Vec<LabFile> {
    let mut files = vec![];
    gather(dir, dir.path(), &mut files);
    files
}

fn gather(dir: &include_dir::Dir<'_>, top: &Path, out: &mut Vec<LabFile>) {
    for file in dir.files() {
        let path = file.path().strip_prefix(top).unwrap_or(file.path());
        out.push(LabFile {
            path: path.to_string_lossy().into_owned(),
            bytes: file.contents().to_vec(),
            executable: false,
        });
    }
    for below in dir.dirs() {
        gather(below, top, out);
    }
}

/// Opens a fresh lab for a run of this playbook, or takes one that was opened for it by hand.
///
/// # Errors
/// A run that is not over is using it; or it cannot be opened.
pub fn for_a_run(script: &Script, globals: &Globals) -> Result<OpenLab, Wrong> {
    let state = globals.state()?;
    let journal = Journal::open(&state)?;
    let runs = journal.runs()?;
    for open in lab::find(&state).into_iter().filter(|l| l.name() == script.name) {
        let folder = open.folder().display().to_string();
        match runs.iter().find(|r| r.lab == folder) {
            None => return Ok(open),
            Some(run) if run.state.can_resume() || run.state == RunState::RollingBack => {
                return Err(Error::bad_input(format!("the lab of {} is in use by run {}", script.name, run.id))
                    .hint(format!("go on with it: mig resume {}", run.id))
                    .hint(format!("or take it back: mig rollback {}", run.id))
                    .hint(format!("or throw it away: mig lab {} --close", script.name))
                    .into());
            }
            // What that run left is of no use to another.
            Some(_) => open.close()?,
        }
    }
    Ok(lab::open(&source_of(script)?, &state)?)
}

/// The lab of a run that was recorded, to go on in it.
///
/// # Errors
/// It is closed.
pub fn of_run(run: &crate::journal::RunRow, globals: &Globals) -> Result<OpenLab, Wrong> {
    let state = globals.state()?;
    let found = lab::find(&state).into_iter().find(|l| l.folder().display().to_string() == run.lab);
    found.ok_or_else(|| {
        Error::bad_input(format!("run {} was made in a lab that is closed", run.id))
            .hint(format!("rehearse it anew: mig run {} --lab", run.playbook))
            .into()
    })
}

/// Enters the lab in which a run was recorded, to go on in it; `None`: it was not made in one.
///
/// # Errors
/// It is closed, or cannot be entered.
pub fn enter_of_run(run: &crate::journal::RunRow, globals: &Globals) -> Result<Option<OpenLab>, Wrong> {
    if run.lab.is_empty() {
        return Ok(None);
    }
    let lab = of_run(run, globals)?;
    enter(&lab)?;
    crate::fault::arm().map_err(Error::bad_input)?;
    Ok(Some(lab))
}

/// Enters the lab with this process. Before any thread starts.
///
/// # Errors
/// The lab cannot be entered.
pub fn enter(lab: &OpenLab) -> Result<(), Wrong> {
    Ok(lab::enter(lab)?)
}
