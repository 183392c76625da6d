//! The rehearsal of every shipped playbook, as `mig test` does it: killed at one point of each
//! name and at a sample of the others, gone on with, taken back, compared.

use std::process::Command;

#[test]
fn every_shipped_playbook_survives_being_killed() {
    let state = tempfile::tempdir().expect("a folder");
    let out = Command::new(env!("CARGO_BIN_EXE_mig"))
        .arg("test")
        .env("MIG_STATE", state.path().join("state"))
        .output()
        .expect("mig runs");
    let said = String::from_utf8_lossy(&out.stdout);
    println!("{said}");
    assert!(out.status.success(), "{said}\n{}", String::from_utf8_lossy(&out.stderr));
    for playbook in mig::cli::playbook_names() {
        assert!(said.contains(&format!("✓ {playbook}: every point hit, 0 double runs, 0 differences")), "{said}");
    }
}
