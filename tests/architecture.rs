//! The house rules of `docs/architecture.md`, held by a test: who may name whom, and which crate
//! belongs to which room.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room, and the rooms it may import. Read from the ground up. A new arrow is a decision:
/// say why in `docs/architecture.md`.
const FLOORS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("fault", &[]),
    ("name", &["error"]),
    ("secret", &[]),
    ("text", &["error", "name"]),
    ("contract", &["error", "name", "secret"]),
    ("inventory", &["error", "name", "secret", "text"]),
    ("primitives", &["error", "name", "secret", "text", "contract"]),
    ("world", &["error", "name", "secret", "text", "contract", "fault"]),
    ("journal", &["error", "name", "secret", "contract", "fault"]),
    ("run", &["error", "name", "secret", "text", "contract", "journal", "fault"]),
    ("script", &["error", "name", "secret", "text", "contract", "run"]),
    ("reference", &["error", "name", "text", "contract", "primitives"]),
    ("report", &["error", "name", "secret", "text", "contract", "journal", "run"]),
    ("lab", &["error", "name", "secret"]),
    (
        "cli",
        &[
            "error",
            "fault",
            "name",
            "secret",
            "text",
            "contract",
            "inventory",
            "primitives",
            "world",
            "journal",
            "run",
            "script",
            "reference",
            "report",
            "lab",
        ],
    ),
];

/// Crates and calls, and the rooms that may use them.
const OWNED: &[(&str, &[&str])] = &[
    ("rhai::", &["script"]),
    ("rusqlite::", &["journal"]),
    ("clap::", &["cli"]),
    ("openssh::", &["world"]),
    ("hickory_proto::", &["world"]),
    ("reqwest::", &["world"]),
    ("rustls::", &["world"]),
    ("russh::", &["lab"]),
    ("aws_config::", &["world"]),
    ("aws_sdk_ec2::", &["world"]),
    ("aws_sigv4::", &["world"]),
    ("reqwest::", &["world"]),
    ("tokio::", &["world", "lab"]),
    ("std::process::Command", &["world", "lab", "cli"]),
    ("std::fs", &["world", "lab", "journal", "fault"]),
    ("SystemTime::now", &["world", "lab", "journal"]),
    ("println!", &["cli"]),
];

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(dir).expect("the folder is there") {
        let p = e.expect("an entry").path();
        if p.is_dir() {
            files(&p, out);
        } else if p.extension().is_some_and(|x| x == "rs") {
            out.push(p);
        }
    }
}

#[test]
fn a_room_may_only_name_rooms_below_it() {
    for (i, (room, may)) in FLOORS.iter().enumerate() {
        for used in *may {
            assert!(FLOORS[..i].iter().any(|(r, _)| r == used), "{room} names {used}, which is not below it");
        }
    }
}

#[test]
fn every_room_imports_only_what_its_floor_allows() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut all, mut wrong) = (vec![], vec![]);
    files(&src, &mut all);
    for path in all {
        let rel = path.strip_prefix(&src).expect("it lies below src");
        let room = rel.iter().next().and_then(|r| r.to_str()).unwrap_or_default().trim_end_matches(".rs");
        if room == "lib" || room == "main" {
            continue;
        }
        let Some((_, may)) = FLOORS.iter().find(|(r, _)| *r == room) else {
            wrong.push(format!("{}: `{room}` has no floor", rel.display()));
            continue;
        };
        let text = fs::read_to_string(&path).expect("it can be read");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (n, line) in code.lines().enumerate().filter(|(_, l)| !l.trim_start().starts_with("//")) {
            let place = format!("{}:{}", rel.display(), n + 1);
            for used in line.split("crate::").skip(1) {
                let used = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
                if !used.is_empty() && used != room && !may.contains(&used) {
                    wrong.push(format!("{place}: {room} may not use {used}"));
                }
            }
            for (word, owners) in OWNED {
                let hit = line
                    .find(word)
                    .is_some_and(|at| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"'));
                if hit && !owners.contains(&room) {
                    wrong.push(format!("{place}: only {} may use {word}", owners.join(", ")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_mod_file_only_re_exports() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut all, mut wrong) = (vec![], vec![]);
    files(&src, &mut all);
    for path in all.iter().filter(|p| p.ends_with("mod.rs")) {
        let text = fs::read_to_string(path).expect("it can be read");
        if text.lines().any(|l| l.starts_with("fn ") || l.starts_with("pub fn ") || l.starts_with("impl")) {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "these do work: {}", wrong.join(", "));
}

#[test]
fn every_file_says_what_it_is_for() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = vec![];
    files(&src, &mut all);
    let silent: Vec<String> = all
        .iter()
        .filter(|p| !fs::read_to_string(p).is_ok_and(|t| t.starts_with("//!")))
        .map(|p| p.display().to_string())
        .collect();
    assert!(silent.is_empty(), "without a //! line: {}", silent.join(", "));
}
