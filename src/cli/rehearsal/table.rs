//! The table that `mig test` prints.

use std::fmt::Write as _;

/// One playbook, one sort of case.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub what: String,
    pub points: usize,
    pub cases: usize,
    pub kills: usize,
    pub missed: usize,
    pub questions: usize,
    pub doubles: usize,
    pub differences: usize,
    pub wrong: usize,
    pub took_ms: u64,
}

/// As text, with a head.
pub fn table(playbook: &str, lines: &[Line]) -> String {
    let mut out = format!(
        "{playbook:<34} {:>6} {:>6} {:>6} {:>9} {:>11} {:>11} {:>5} {:>9}\n",
        "points", "kills", "missed", "questions", "double runs", "differences", "wrong", "ms a case"
    );
    for l in lines {
        let each = l.took_ms.checked_div(l.cases as u64).unwrap_or(0);
        let _ = writeln!(
            out,
            "  {:<32} {:>6} {:>6} {:>6} {:>9} {:>11} {:>11} {:>5} {:>9}",
            l.what, l.points, l.kills, l.missed, l.questions, l.doubles, l.differences, l.wrong, each
        );
    }
    out
}
