//! The table that `mig test` prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Of more files of one folder than this, only how many they are is told.
const FILES_TOLD: usize = 2;

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

/// Paths, many of one folder in short.
pub fn in_short<'a>(paths: impl Iterator<Item = &'a str>) -> String {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in paths {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        folders.entry(folder).or_default().push(file);
    }
    let told = folders.into_iter().flat_map(|(folder, files)| match files.len() {
        n if n > FILES_TOLD => vec![format!("{folder}/ ({n} files)")],
        _ => files.into_iter().map(|file| format!("{folder}/{file}")).collect(),
    });
    told.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::in_short;

    #[test]
    fn many_files_of_a_folder_are_counted() {
        let paths = ["a:/etc/machine-id", "a:/run/x", "a:/run/y", "a:/run/z", "b:/run/x"];
        assert_eq!(in_short(paths.into_iter()), "a:/etc/machine-id, a:/run/ (3 files), b:/run/x");
    }
}
