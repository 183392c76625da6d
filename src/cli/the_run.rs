//! Which run a command means, and what to type where that is not clear.

use super::wrong::Wrong;
use crate::error::Error;
use crate::journal::{Journal, RunRow, RunState};
use crate::report;

/// The run that is meant: by the first letters of its id, or the only one that fits.
///
/// # Errors
/// None fits, or several: they are listed.
pub fn the_run(
    journal: &Journal,
    given: Option<&str>,
    fits: fn(RunState) -> bool,
    what: &str,
) -> Result<RunRow, Wrong> {
    let all = journal.runs()?;
    if let Some(prefix) = given {
        let mut found: Vec<RunRow> = all.iter().filter(|r| r.id.starts_with(prefix)).cloned().collect();
        return match (found.len(), found.pop()) {
            (1, Some(run)) if fits(run.state) => Ok(run),
            (1, Some(run)) => Err(Error::bad_input(format!(
                "run {} is {}{}; nothing to {what}",
                run.id,
                run.state.word(),
                run.ended_ms.map_or(String::new(), |at| format!(", {}", ago(at)))
            ))
            .hint(format!("mig show {}", run.id))
            .into()),
            (0, _) => Err(none(&all, &format!("no run begins with \"{prefix}\"")).into()),
            _ => Err(several(&all, |r| r.id.starts_with(prefix), what).into()),
        };
    }
    let mut found: Vec<RunRow> = all.iter().filter(|r| fits(r.state)).cloned().collect();
    match (found.len(), found.pop()) {
        (1, Some(run)) => Ok(run),
        (0, _) => Err(none(&all, &format!("there is no run to {what}")).into()),
        _ => Err(several(&all, |r| fits(r.state), what).into()),
    }
}

fn none(all: &[RunRow], message: &str) -> Error {
    let error = Error::bad_input(message);
    match all.is_empty() {
        true => error.hint("nothing has been run yet: mig run PLAYBOOK"),
        false => all.iter().take(5).fold(error, |e, r| e.hint(line(r))),
    }
}
fn several(all: &[RunRow], fits: impl Fn(&RunRow) -> bool, what: &str) -> Error {
    let error = Error::bad_input(format!("several runs fit; say which one to {what}"));
    all.iter().filter(|r| fits(r)).take(10).fold(error, |e, r| e.hint(line(r)))
}
fn line(r: &RunRow) -> String {
    format!("{}  {:<12}  {}  {}", r.id, r.state.word(), r.playbook, ago(r.began_ms))
}

/// `3 min ago`.
fn ago(at_ms: i64) -> String {
    let ms = u64::try_from(crate::journal::now_ms() - at_ms).unwrap_or(0);
    format!("{} ago", report::whole_duration(ms))
}
