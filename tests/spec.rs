//! What a user sees, as folders of cases. Each folder of `tests/spec` holds a playbook, an
//! inventory, a `session` of commands as one types them, and the `expected` text: each command,
//! what it printed, and its exit code where that is not 0. `MIG_UPDATE=1 cargo test --test spec`
//! writes the expected texts anew; `MIG_SPEC=NAME` takes one case.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;

use desk::Desk;
use regex::Regex;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// What each line of a session finds: `mig`, and the id of the newest run.
const PRELUDE: &str = r#"newest() { mig runs --json | sed -n 's/.*"run":"\([0-9a-f]*\)".*/\1/p' | head -n 1; }"#;

#[test]
fn every_case_prints_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let only = std::env::var("MIG_SPEC").ok();
    let mut cases: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("there are cases")
        .map(|e| e.expect("a folder").path())
        .filter(|p| only.as_ref().is_none_or(|o| p.ends_with(o)))
        .collect();
    cases.sort();
    let (left, wrong) = (Mutex::new(cases), Mutex::new(vec![]));
    std::thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                loop {
                    let Some(case) = left.lock().unwrap().pop() else { break };
                    if let Some(text) = differs(&case) {
                        wrong.lock().unwrap().push(text);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}\nMIG_UPDATE=1 cargo test --test spec takes what is printed now", wrong.join("\n"));
}

/// How a case differs from what is expected of it.
fn differs(case: &Path) -> Option<String> {
    let name = case.file_name().expect("a name").to_string_lossy().into_owned();
    let got = played(case);
    let file = case.join("expected");
    let expected = std::fs::read_to_string(&file).unwrap_or_default();
    if got == expected {
        return None;
    }
    if std::env::var_os("MIG_UPDATE").is_some() {
        std::fs::write(&file, got).expect("the case can be written");
        return None;
    }
    Some(format!("--- {name}\n{}", mig::text::diff::unified(&name, expected.as_bytes(), got.as_bytes())))
}

/// Plays a session and gives its transcript.
fn played(case: &Path) -> String {
    let desk = Desk::new();
    for entry in std::fs::read_dir(case).expect("a case") {
        let entry = entry.expect("a file");
        let name = entry.file_name().to_string_lossy().into_owned();
        if !["session", "expected"].contains(&name.as_str()) {
            desk.write(&name, std::fs::read(entry.path()).expect("a file of the case"));
        }
    }
    std::fs::create_dir(desk.path("bin")).expect("a folder");
    std::fs::create_dir(desk.path("root")).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_mig"), desk.path("bin/mig")).expect("a link");
    let session = std::fs::read_to_string(case.join("session")).expect("a session");
    let mut out = String::new();
    for line in session.lines().filter(|l| !l.trim().is_empty()) {
        let _ = writeln!(out, "$ {line}");
        if line.starts_with('#') {
            continue;
        }
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec 2>&1\n{PRELUDE}\n{line}")])
            .current_dir(desk.folder())
            .env_remove("MIG_INVENTORY")
            .env("HOME", desk.path("home"))
            .env("MIG_STATE", desk.path("state"))
            .env("ROOT", desk.path("root"))
            .env("PATH", format!("{}:{}", desk.path("bin").display(), std::env::var("PATH").unwrap_or_default()));
        let said = desk.said(command);
        out.push_str(&said.out);
        if !said.out.is_empty() && !said.out.ends_with('\n') {
            out.push('\n');
        }
        if said.code != Some(0) {
            let _ = writeln!(out, "[{}]", said.code.map_or("killed".into(), |c| c.to_string()));
        }
    }
    desk.nobody_knocked();
    normal(&out, desk.folder())
}

/// The text without what differs each time: ids of runs, lengths of time, processes, folders.
fn normal(text: &str, folder: &Path) -> String {
    let text = text.replace(&folder.display().to_string(), "DESK");
    let re = |r: &str| Regex::new(r).expect("a pattern");
    let text = re(r"\b\d+\.\d+ ?s\b").replace_all(&text, "T").into_owned();
    let text = re(r"\b\d+s ago\b").replace_all(&text, "T ago").into_owned();
    let text = re(r"time left \d+s\b").replace_all(&text, "time left T").into_owned();
    let text = re(r"about \d+s\b").replace_all(&text, "about T").into_owned();
    let text = re(r"\b\d+ ?ms\b").replace_all(&text, "T").into_owned();
    let text = re(r"pid \d+").replace_all(&text, "pid N").into_owned();
    let text = re(r"_ms\b(\W+)\d+").replace_all(&text, "_ms${1}0").into_owned();
    let text = re(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d( \w+)?").replace_all(&text, "WHEN").into_owned();
    let text = re(r" +\n").replace_all(&text, "\n").into_owned();
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let id = re(r"\b[0-9a-f]{12}\b");
    for found in id.find_iter(&text) {
        let next = ids.len() + 1;
        ids.entry(found.as_str().into()).or_insert(next);
    }
    id.replace_all(&text, |c: &regex::Captures| format!("RUN{}", ids[&c[0]])).into_owned()
}
