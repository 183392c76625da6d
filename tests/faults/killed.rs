//! Rows 1 and 3: killed at every place there is, and killed in every resume. (Row 2, killed at random
//! times, is `tests/kills.rs`.)

use super::machine::{Machine, write};
use std::fs;
use std::process::Command;

/// A deed that only its host can tell of. (The shipped playbooks are rehearsed by `tests/rehearsal.rs`.)
const PLAYBOOK: &str = r#"
//! The machine has counted.
let p = params(#{ one: host("a machine") });
let one = p.one;
step("Count it", || one.ssh("echo counted >>/svc/log", #{ undo: "rm -f /svc/log" }));
"#;

#[test]
fn row_1_killed_at_every_place_a_run_and_its_rollback_end_as_if_nothing_had_been() {
    let at = tempfile::tempdir().unwrap();
    fs::create_dir_all(at.path().join("playbooks/small.lab/hosts/one/svc")).unwrap();
    write(&at.path().join("playbooks/small.rhai"), PLAYBOOK.trim_start(), 0o644);
    write(&at.path().join("playbooks/small.lab/hosts/one/svc/was"), "there\n", 0o644);
    write(
        &at.path().join("playbooks/small.lab/lab.yml"),
        "hosts: { one: {} }\nprivate: [/svc]\nafter_run:\n  - { host: one, command: cat /svc/log, prints: counted }\n",
        0o644,
    );
    let out = Command::new(env!("CARGO_BIN_EXE_mig"))
        .args(["test", "--full", "small"])
        .current_dir(at.path())
        .env("MIG_STATE", at.path().join("state"))
        .env_remove("MIG_INVENTORY")
        .output()
        .unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    println!("{said}");
    assert!(out.status.success(), "{said}");
    assert!(said.contains("✓ small: every point hit, 0 double runs, 0 differences"), "{said}");
}

#[test]
fn row_3_killed_in_five_resumes_in_a_row_each_command_is_started_once() {
    let steps: String = (1..=7)
        .map(|n| {
            format!(
                "step(\"Step {n}\", || {{ h.ssh(\"echo {n} >>DIR/log; touch DIR/at{n}; sleep 0.3\", #{{ undo: false }}); }});\n"
            )
        })
        .collect();
    let m = Machine::with(&steps);
    m.killed_when("ann", &["run", "./p.rhai", "--yes"], "at1");
    for n in 2..=6 {
        m.killed_when("ann", &["resume"], &format!("at{n}"));
        assert_eq!(m.log().len(), n);
    }
    m.says("ann", &["resume"]).ends(0);
    assert_eq!(m.log(), ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(m.state_of("ann"), "done");
    assert!(m.lock().is_empty());
}
