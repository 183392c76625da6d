//! The table of `mig runs`.

use super::bytes::bytes;
use super::duration::whole_duration;
use super::harmless;
use super::paint::Paint;
use super::some::some;
use super::width::width;

/// One run, as the table shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLine {
    /// The id, or as much of it as tells it apart.
    pub id: String,
    pub playbook: String,
    /// The word of the journal: `done`, `stopped`, ...
    pub state: String,
    /// How long ago it began, in milliseconds.
    pub age_ms: u64,
    pub hosts: Vec<String>,
    /// How many bytes are kept on the hosts for a rollback; `None` when that is not known.
    pub kept_bytes: Option<u64>,
    /// Keys, tunnels and processes that are open on the hosts.
    pub open: usize,
    /// A process executes it now.
    pub is_live: bool,
}

/// Renders the table, in the order given.
pub fn runs(lines: &[RunLine], paint: Paint) -> String {
    if lines.is_empty() {
        return "No runs yet. `mig run conductor --lab` rehearses one on this machine.\n".into();
    }
    let mut rows = vec![["RUN", "PLAYBOOK", "STATE", "AGE", "KEPT", "HOSTS"].map(str::to_owned)];
    for l in lines {
        rows.push([
            harmless::line(&l.id),
            harmless::line(&l.playbook),
            state(l),
            format!("{} ago", whole_duration(l.age_ms)),
            kept(l),
            harmless::line(&some(&l.hosts)),
        ]);
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = width(cell).max(*w);
        }
    }
    let mut out = String::new();
    for (n, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let inked = match (n, column) {
                (0, _) => paint.dim(cell),
                (_, 0) => paint.name(cell),
                (_, 2) => in_its_colour(cell, paint),
                _ => cell.clone(),
            };
            line.push_str(&inked);
            if column + 1 < row.len() {
                line.push_str(&" ".repeat(widths[column] - width(cell) + 2));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// What is on the hosts because of it.
fn kept(l: &RunLine) -> String {
    let open = format!("{} open", l.open);
    match (l.kept_bytes, l.open) {
        (Some(0), 0) => "-".into(),
        (Some(0), _) => open,
        (Some(n), 0) => bytes(n),
        (None, 0) => "?".into(),
        (Some(n), _) => format!("{}, {open}", bytes(n)),
        (None, _) => format!("?, {open}"),
    }
}

/// `running` in the journal, and no process that runs it: it was cut off.
fn state(l: &RunLine) -> String {
    match (l.state.as_str(), l.is_live) {
        ("running", false) => "cut off".into(),
        ("rolling back", false) => "rollback cut off".into(),
        (state, _) => harmless::line(state),
    }
}

pub(super) fn in_its_colour(state: &str, paint: Paint) -> String {
    match state {
        "done" | "finished" | "rolled back" => paint.good(state),
        "running" | "rolling back" => paint.name(state),
        "asking" => paint.careful(state),
        _ => paint.bad(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_a_table() {
        let line = |id: &str, state: &str, age_ms, kept_bytes, is_live| RunLine {
            id: id.into(),
            playbook: "conductor".into(),
            state: state.into(),
            age_ms,
            hosts: vec!["source".into(), "dest".into()],
            kept_bytes,
            open: usize::from(is_live) * 2,
            is_live,
        };
        let lines = [
            line("7f3a", "done", 4_000, Some(1_234_567), false),
            line("91", "running", 80_000, Some(0), false),
            line("a0b1", "running", 7_200_000, None, true),
        ];
        insta::assert_snapshot!(runs(&lines, Paint::PLAIN), @r"
        RUN   PLAYBOOK   STATE    AGE        KEPT       HOSTS
        7f3a  conductor  done     4s ago     1.2 MB     source, dest
        91    conductor  cut off  1m20s ago  -          source, dest
        a0b1  conductor  running  2h ago     ?, 2 open  source, dest
        ");
        assert!(runs(&[], Paint::PLAIN).starts_with("No runs yet."));
    }
}
