//! Row 78: a secret is found where it belongs, and nowhere else.

use super::machine::{Machine, write};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;

/// Values that nothing else holds, one from each source; with characters that quoting changes.
const CANARIES: [&str; 3] = ["canary-env-7f3a'1c9e", "canary-file-\"5d2b$x", "canary-command-88 a0&1"];

const PLAYBOOK: &str = r#"
let one = secret("one");
let two = secret("two");
let three = secret("three");
step("In", || {
    h.ssh("cat >DIR/got-stdin; sleep 0.4", #{ stdin: one, undo: "rm -f DIR/got-stdin" });
    h.write_file("DIR/got-file", "password = " + two + "\n");
    h.ssh("cat >DIR/got-both; sleep 0.4", #{ stdin: "a: " + three + " b: " + one, undo: false });
});
step("Out", || {
    try { h.ssh("echo no such user: $(cat) >&2; sleep 0.4; exit 3", #{ stdin: two, undo: false }); } catch (e) { note("it failed: " + e); }
    h.ssh("test -e DIR/cured", #{ stdin: three, idempotent: true, undo: false });
});
"#;

/// The value itself, and what it becomes in JSON, in a shell, in base64 and in hex.
fn forms(value: &str) -> Vec<String> {
    use base64::Engine;
    let json = serde_json::to_string(value).unwrap();
    vec![
        value.to_owned(),
        json.trim_matches('"').to_owned(),
        value.replace('\'', r"'\''"),
        base64::engine::general_purpose::STANDARD.encode(value),
        hex::encode(value),
    ]
}

fn leaks(bytes: &[u8]) -> Option<&'static str> {
    CANARIES.into_iter().find(|c| forms(c).iter().any(|f| bytes.windows(f.len()).any(|w| w == f.as_bytes())))
}

fn files(at: &Path, out: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(at).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(t) if t.is_dir() => files(&entry.path(), out),
            Ok(t) if t.is_file() => out.push(entry.path()),
            _ => {}
        }
    }
}

/// Every command line and environment on this machine, but for those that were given the secret.
fn sample(found: &mut BTreeSet<String>, given: &[u32]) {
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        if given.contains(&pid) {
            continue;
        }
        for what in ["cmdline", "environ"] {
            if let Ok(bytes) = fs::read(entry.path().join(what))
                && let Some(canary) = leaks(&bytes)
            {
                let command = fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                found.insert(format!("{canary} in the {what} of {}", command.trim()));
            }
        }
    }
}

#[test]
fn row_78_secrets_are_found_nowhere_but_where_they_belong() {
    let m = Machine::with(PLAYBOOK);
    write(&m.at("secret-file"), &format!("{}\n", CANARIES[1]), 0o600);
    write(
        &m.at("secret-command"),
        &format!("#!/bin/sh\n[ -z \"${{CANARY+x}}\" ] || exit 9\ncat <<'E'\n{}\nE\n", CANARIES[2]),
        0o700,
    );
    let inventory = format!(
        "hosts:\n  here: {{ local: true, sudo: true }}\nsecrets:\n  one: {{ env: CANARY }}\n  two: {{ file: {0}/secret-file }}\n  \
         three: {{ command: {0}/secret-command }}\n",
        m.folder.path().display()
    );
    write(&m.at("inventory.yml"), &inventory, 0o644);
    let mut seen = String::new();
    let watched = |words: &[&str]| {
        let out = fs::File::create(m.at("screen")).unwrap();
        let mut child = m
            .mig("ann", words)
            .env("CANARY", CANARIES[0])
            .stdout(Stdio::from(out.try_clone().unwrap()))
            .stderr(Stdio::from(out))
            .spawn()
            .unwrap();
        // The variable is in the environment of mig, where the user put it; in nothing that mig starts.
        let (mut samples, mut in_processes) = (0, BTreeSet::new());
        let code = loop {
            sample(&mut in_processes, &[child.id()]);
            samples += 1;
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
        };
        assert!(samples > 2 || words[0] != "run", "too few samples: {samples}");
        let said = fs::read_to_string(m.at("screen")).unwrap();
        assert_eq!(in_processes, BTreeSet::new());
        (code, said)
    };
    let (code, said) = watched(&["run", "./p.rhai", "--yes"]);
    assert_eq!(code, Some(4), "{said}");
    seen += &said;
    fs::write(m.at("cured"), "").unwrap();
    let (code, said) = watched(&["resume", "--retry"]);
    assert_eq!(code, Some(0), "{said}");
    seen += &said;
    // Where they belong.
    let got = |name: &str| fs::read_to_string(m.at(name)).unwrap();
    assert_eq!(got("got-stdin"), CANARIES[0]);
    assert_eq!(got("got-file"), format!("password = {}\n", CANARIES[1]));
    assert_eq!(got("got-both"), format!("a: {} b: {}", CANARIES[2], CANARIES[0]));
    // What a person sees, in every form.
    for words in [&["show"][..], &["show", "--json"], &["runs"], &["runs", "--json"]] {
        seen += &m.says("ann", words).text;
    }
    assert_eq!(leaks(seen.as_bytes()), None, "{seen}");
    // The journal, its log, and all the rest of the state; a copy of it; the records on the host.
    m.says("ann", &["journal", "export", &m.at("copy.db").display().to_string()]).ends(0);
    let (mut all, mut searched) = (vec![], 0);
    files(&m.state("ann"), &mut all);
    all.push(m.at("copy.db"));
    all.push(m.at("screen"));
    assert!(all.iter().any(|f| f.ends_with("journal.db")));
    for file in &all {
        assert_eq!(leaks(&fs::read(file).unwrap()), None, "{}", file.display());
        searched += 1;
    }
    let records = m.sh("cd /var/lib/mig && find . -type f | sort && find . -type f -exec cat {} +").ends(0).text;
    assert!(records.contains(".status") && records.contains("no such user"), "{records}");
    // The one command that prints what it was given: there, in the run's private folder, and nowhere else.
    assert_eq!(leaks(records.as_bytes()), Some(CANARIES[1]), "{records}");
    assert_eq!(leaks(records.replace(CANARIES[1], "").as_bytes()), None, "{records}");
    assert!(seen.contains("no such user: ‹secret:two›"), "{seen}");
    println!("row 78: {} secrets, {searched} files of the state, {} bytes of records", CANARIES.len(), records.len());
    // What a rollback and the end leave.
    let (code, said) = watched(&["rollback"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(leaks(said.as_bytes()), None);
    assert!(!m.at("got-stdin").exists() && !m.at("got-file").exists());
    m.says("ann", &["finish"]).ends(0);
    assert_eq!(m.sh("ls -A /var/lib/mig").text, "");
}
