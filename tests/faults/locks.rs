//! Rows 16 to 18: who may work on a machine.

use super::machine::Machine;
use std::process::Stdio;
use std::time::Duration;

const STOPS: &str = r#"
step("One", || { h.ssh("echo one >>DIR/log", #{ undo: "echo undone >>DIR/log" }); });
step("Two", || { h.ssh("test -e DIR/cured", #{ idempotent: true, undo: false }); });
"#;

#[test]
fn row_16_two_resumes_at_once_and_the_second_is_refused() {
    let m = Machine::with(
        r#"step("One", || { h.ssh("echo x >>DIR/log; touch DIR/begun; sleep 3; echo y >>DIR/log", #{ undo: false }); });"#,
    );
    m.killed_when("ann", &["run", "./p.rhai", "--yes"], "begun");
    let id = m.id("ann");
    let mut first = m.mig("ann", &["resume"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    // nsenter is what we started; mig is what it became.
    m.says("ann", &["resume"]).ends(6).says(&["is held by mig pid ", &first.id().to_string(), "(resume) since"]);
    m.says("ann", &["rollback"]).ends(6);
    assert!(first.wait().unwrap().success());
    assert_eq!(m.log(), ["x", "y"], "{id} was started once");
    assert_eq!(m.state_of("ann"), "done");
    assert!(m.lock().is_empty());
}

#[test]
fn row_17_two_workstations_and_the_second_is_refused_by_the_machine() {
    let m = Machine::with(STOPS);
    m.run("ann").ends(4);
    let lock = m.lock();
    assert_eq!((lock[1].as_str(), lock[3].as_str()), (m.id("ann").as_str(), "./p.rhai"));
    assert!(lock[2].starts_with("ann@"), "{lock:?}");
    let unlock = format!("mig unlock here --lock-id {}", lock[0]);
    m.run("bob").ends(6).says(&["here is held by run ", &lock[1], "./p.rhai", "ann@", &lock[4], &unlock]);
    assert_eq!(m.log(), ["one"], "the second run has done nothing");
    assert_eq!(m.lock(), lock, "and left the lock as it was");
    // The run itself finds its own lock, and gives it back at its end.
    std::fs::write(m.at("cured"), "").unwrap();
    m.says("ann", &["resume"]).ends(0);
    assert!(m.lock().is_empty());
    m.says("bob", &["resume"]).ends(0);
    assert_eq!(m.log(), ["one", "one"]);
    // A rollback takes it again for as long as it lasts.
    m.says("ann", &["rollback"]).ends(0);
    assert!(m.lock().is_empty());
    m.says("ann", &["finish"]).ends(0);
    m.says("bob", &["finish", "--yes"]).ends(0);
    m.sh("ls -A /var/lib/mig").ends(0).says(&[""]);
    assert_eq!(m.sh("ls -A /var/lib/mig").text, "", "nothing is left on the machine");
}

#[test]
fn row_17_a_rollback_is_refused_while_another_run_goes_on() {
    let m = Machine::with(STOPS);
    std::fs::write(m.at("cured"), "").unwrap();
    m.run("ann").ends(0);
    std::fs::remove_file(m.at("cured")).unwrap();
    m.run("bob").ends(4);
    m.says("ann", &["rollback"]).ends(6).says(&["here is held by run ", "bob@"]);
    assert_eq!(m.log(), ["one", "one"]);
    m.says("bob", &["rollback"]).ends(0);
    m.says("ann", &["rollback"]).ends(0);
    assert_eq!(m.log(), ["one", "one", "undone", "undone"]);
}

#[test]
fn row_18_a_lock_whose_owner_is_gone_is_released_by_a_person_alone() {
    let m =
        Machine::with(r#"step("One", || { h.ssh("echo x >>DIR/log; touch DIR/begun; sleep 1", #{ undo: false }); });"#);
    m.killed_when("ann", &["run", "./p.rhai", "--yes"], "begun");
    std::fs::remove_dir_all(m.state("ann")).unwrap();
    let lock = m.lock();
    // However old: it is never stolen.
    m.sh("touch -d '2 years ago' /var/lib/mig/lock").ends(0);
    m.run("bob").ends(6).says(&["ann@", &lock[0]]);
    m.says("bob", &["unlock", "here", "--lock-id", "0000-0000", "--yes"])
        .ends(2)
        .says(&["held under another lock", &lock[0]]);
    m.says("bob", &["unlock", "here", "--lock-id", "../x", "--yes"]).ends(2).says(&["is not the id of a lock"]);
    m.says("bob", &["unlock", "there", "--lock-id", &lock[0], "--yes"])
        .ends(2)
        .says(&["has no host \"there\"; it has here"]);
    m.says("bob", &["unlock", "--lock-id", &lock[0]]).ends(5);
    assert_eq!(m.lock(), lock);
    m.says("bob", &["unlock", "--lock-id", &lock[0], "--yes"])
        .ends(0)
        .says(&["here is released; it was held by run", "ann@"]);
    assert!(m.lock().is_empty());
    m.says("bob", &["resume"]).ends(0);
    assert_eq!(m.log(), ["x", "x"]);
}

#[test]
fn row_18_a_lock_that_says_nothing_is_not_stolen_either() {
    let m = Machine::with(STOPS);
    m.sh(": >/var/lib/mig/lock").ends(0);
    m.run("ann").ends(6).says(&["the lock says nothing", "/var/lib/mig/lock is damaged"]);
    assert!(m.log().is_empty());
}
