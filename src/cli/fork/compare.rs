//! What a fork changed, and what upstream has changed since.

use super::found::Found;
use super::upstream;
use crate::contract::Bytes;
use crate::error::Result;
use crate::report::{Paint, difference_line, harmless};
use crate::text::diff::unified;
use crate::world::files::{files_below, find_bytes};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The same bound as everywhere for a file that somebody wrote.
const LARGEST: u64 = 16 << 20;

/// What is different, by file.
pub struct Compared {
    /// From what it came from to the fork.
    pub mine: BTreeMap<String, String>,
    /// From what it came from to this binary; `None`: this binary has no such playbook.
    pub theirs: Option<BTreeMap<String, String>>,
}

/// Compares.
///
/// # Errors
/// A file of the fork cannot be read.
pub fn compare(fork: &Found) -> Result<Compared> {
    let origin = &fork.origin;
    let base = &origin.files;
    let mut now = BTreeMap::new();
    // A fork that was renamed, with its lab and its record, is still compared file by file.
    let (was, is) = (&origin.playbook, &fork.name);
    let lab = format!("{was}.lab/");
    let added = files_below(&fork.folder.join(format!("{is}.lab"))).into_iter().map(|f| format!("{lab}{f}"));
    for path in base.keys().cloned().chain(added).collect::<BTreeSet<_>>() {
        let here = match path.strip_prefix(&lab) {
            Some(inside) => format!("{is}.lab/{inside}"),
            None if path == format!("{was}.rhai") => format!("{is}.rhai"),
            None => path.clone(),
        };
        if let Some(bytes) = find_bytes(&fork.folder.join(here), LARGEST)? {
            now.insert(path, Bytes(bytes));
        }
    }
    let theirs = upstream::files(&origin.playbook).map(|files| differences(base, &files));
    Ok(Compared { mine: differences(base, &now), theirs })
}

fn differences(from: &BTreeMap<String, Bytes>, to: &BTreeMap<String, Bytes>) -> BTreeMap<String, String> {
    let all: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
    let mut out = BTreeMap::new();
    for path in all {
        let (old, new) = (from.get(path), to.get(path));
        let empty = Bytes(vec![]);
        let diff = unified(path, &old.unwrap_or(&empty).0, &new.unwrap_or(&empty).0);
        let word = match (old, new) {
            (None, _) => format!("{path}: added\n"),
            (_, None) => format!("{path}: removed\n"),
            _ => String::new(),
        };
        if !(diff.is_empty() && word.is_empty()) {
            out.insert(path.clone(), word + diff.as_str());
        }
    }
    out
}

/// For a list.
pub fn in_a_word(compared: &Compared) -> String {
    let count = |n: usize| if n == 1 { "1 file".into() } else { format!("{n} files") };
    let mine = match compared.mine.len() {
        0 => "changes nothing yet".into(),
        n => format!("changes {}", count(n)),
    };
    match compared.theirs.as_ref().map(BTreeMap::len) {
        Some(0) => mine,
        Some(n) => format!("{mine}; mig has changed {} since", count(n)),
        None => format!("{mine}; no longer shipped"),
    }
}

impl Compared {
    /// For a person.
    pub fn render(&self, fork: &Found, paint: Paint) -> String {
        let mut out = String::new();
        let (script, origin) = (fork.script(), &fork.origin);
        let heading = |out: &mut String, text: &str| {
            let _ = writeln!(out, "{}", paint.bold(&harmless::line(text)));
        };
        heading(
            &mut out,
            &format!("What {script} changed since it was forked from {} of mig {}:", origin.playbook, origin.mig),
        );
        files(&mut out, &self.mine, paint);
        let _ = writeln!(out);
        heading(&mut out, &format!("What mig {} has changed since then:", upstream::VERSION));
        match &self.theirs {
            None => {
                let _ = writeln!(out, "  it ships no {} any more", harmless::line(&origin.playbook));
            }
            Some(theirs) => {
                files(&mut out, theirs, paint);
                let both: Vec<&str> =
                    theirs.keys().filter(|p| self.mine.contains_key(*p)).map(String::as_str).collect();
                if !both.is_empty() {
                    let text = format!("Changed on both sides: {}", both.join(", "));
                    let _ = writeln!(out, "\n{}", paint.careful(&harmless::line(&text)));
                }
                if !theirs.is_empty() {
                    let text =
                        format!("The shipped one of today, to take over from: mig fork {} FOLDER", origin.playbook);
                    let _ = writeln!(out, "{}", paint.dim(&harmless::line(&text)));
                }
            }
        }
        out
    }

    /// For a program.
    pub fn json(&self, fork: &Found) -> String {
        serde_json::json!({
            "fork": fork.script(), "of": fork.origin.playbook, "mig": fork.origin.mig, "now": upstream::VERSION,
            "changed": self.mine, "upstream": self.theirs,
        })
        .to_string()
    }
}

fn files(out: &mut String, differences: &BTreeMap<String, String>, paint: Paint) {
    if differences.is_empty() {
        let _ = writeln!(out, "  nothing");
    }
    for diff in differences.values() {
        for line in harmless::lines(diff).trim_end_matches('\n').lines() {
            let _ = writeln!(out, "  {}", difference_line(paint, line));
        }
    }
}
