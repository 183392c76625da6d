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
    // What is printed of a failure may be cut: the tables first, what went wrong last and alone.
    println!("{said}");
    let playbooks = mig::cli::playbook_names();
    let well = |name: &String| said.contains(&format!("✓ {name}: every point hit, 0 double runs, 0 differences"));
    let not: Vec<&String> = playbooks.iter().filter(|name| !well(name)).collect();
    let wrong = said.find('✗').map_or("", |at| &said[at..]);
    let errors = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && not.is_empty(), "{:?}, not well: {not:?}\n{errors}\n{wrong}", out.status.code());
}
