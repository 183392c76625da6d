//! Making a fork.

use super::found::typed;
use super::origin::{ENDING, Origin};
use super::upstream::{VERSION, shipped};
use crate::contract::quote;
use crate::error::{Error, Result};
use crate::lab::{LabFile, LabSource};
use crate::report::Paint;
use crate::world::files::{Planted, find_bytes, is_there, plant};
use std::fmt::Write as _;
use std::path::Path;

/// Copies a shipped playbook into a folder; returns what to say about it.
///
/// # Errors
/// It is not shipped, something of its names is there already, or a file cannot be written.
pub fn copy(name: &str, folder: &Path, paint: Paint) -> Result<String> {
    let files = shipped(name)?;
    let origin = Origin { playbook: name.into(), mig: VERSION.into(), files };
    let (script, lab, record) = (format!("{name}.rhai"), format!("{name}.lab"), format!("{name}{ENDING}"));
    let has_lab = origin.files.contains_key(&format!("{lab}/lab.yml"));

    let in_the_way: Vec<&str> =
        [&script, &lab, &record].into_iter().filter(|n| is_there(&folder.join(n))).map(String::as_str).collect();
    if !in_the_way.is_empty() {
        let shown = folder.display();
        return Error::bad_input(format!("in {shown}: {} there already, and not overwritten", are(&in_the_way)))
            .hint("name another folder: mig fork NAME FOLDER")
            .hint(format!("or see what that one changed: mig fork --diff {}", quote(&typed(folder, name))))
            .err();
    }

    let mut planted = vec![];
    let mut kept = vec![];
    let inside = format!("{lab}/");
    let mut of_lab = vec![];
    for (path, bytes) in &origin.files {
        if let Some(path) = path.strip_prefix(&inside) {
            of_lab.push(LabFile { path: path.into(), bytes: bytes.0.clone(), executable: false });
        } else if *path != script && is_there(&folder.join(path)) {
            // A module that another fork here has too, or one's own: whoever wrote it knows why.
            let same = find_bytes(&folder.join(path), 1 << 20)?.is_some_and(|b| b == bytes.0);
            kept.push((path, same));
        } else if *path != script {
            planted.push(Planted { path: path.into(), bytes: bytes.0.clone(), executable: false });
        }
    }
    if has_lab {
        // Only the lab's room knows which of its files are programs. Those of other labs are among them already.
        let of_lab = LabSource::new(name, of_lab, &|_| Ok(Some(vec![])))?.files.into_iter();
        planted.extend(of_lab.map(|f| Planted {
            path: format!("{inside}{}", f.path),
            bytes: f.bytes,
            executable: f.executable,
        }));
    }
    planted.push(Planted { path: record.clone(), bytes: origin.to_text().into_bytes(), executable: false });
    // Last, so that what looks like a playbook is whole.
    if let Some(text) = origin.files.get(&script) {
        planted.push(Planted { path: script.clone(), bytes: text.0.clone(), executable: false });
    }
    plant(folder, &planted)?;

    let mine = typed(folder, name);
    let shell = quote(&mine);
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line(format!("{} is forked from mig {VERSION}:", paint.bold(name)));
    line(format!("  {}  the playbook", paint.name(&mine)));
    if has_lab {
        line(format!("  {}  its lab", paint.name(&folder.join(&lab).display().to_string())));
    }
    for file in planted.iter().filter(|p| p.path.starts_with("stdlib/")) {
        line(format!("  {}  a module it uses", paint.name(&folder.join(&file.path).display().to_string())));
    }
    for (path, same) in kept {
        let what = if same { "was there, the same" } else { "was there, and differs from mig's: it is left as it is" };
        line(format!("  {}  {what}", paint.name(&folder.join(path).display().to_string())));
    }
    line(format!(
        "  {}  what it came from: keep it with them",
        paint.name(&folder.join(&record).display().to_string())
    ));
    line(String::new());
    line("Then:".into());
    let rehearse = if has_lab { format!("mig run {shell} --lab --yes") } else { format!("mig plan {shell}") };
    let next = [
        (format!("mig check {shell}"), "after each change"),
        (rehearse, if has_lab { "rehearse it on this machine" } else { "what it would do" }),
        (
            if has_lab { format!("mig test {shell}") } else { format!("mig fork --diff {shell}") },
            if has_lab { "run it, roll it back, kill it at every point" } else { "what you changed" },
        ),
    ];
    let widest = next.iter().map(|(c, _)| c.len()).max().unwrap_or(0);
    for (command, what) in next {
        line(format!("  {}  {}", paint.name(&format!("{command:<widest$}")), paint.dim(what)));
    }
    if folder != Path::new("playbooks") && folder != Path::new("./playbooks") {
        line(String::new());
        line(
            paint
                .dim(&format!("`mig run {name}` goes on to mean the shipped one; a fork in ./playbooks wins over it.")),
        );
    }
    Ok(out)
}

/// `a is`, `a and b are`.
fn are(names: &[&str]) -> String {
    match names {
        [one] => format!("{one} is"),
        [first @ .., last] => format!("{} and {last} are", first.join(", ")),
        [] => String::new(),
    }
}
