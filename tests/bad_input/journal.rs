//! Rows 4 to 8, 10 and 57: runs that do not fit, questions nobody answers, and the state folder.

use super::Desk;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

const FAILS: &str =
    "let p = params(#{ here: host(\"a host\") });\nstep(\"Break\", || p.here.ssh(\"exit 3\", #{ undo: false }));\n";
const WORKS: &str =
    "let p = params(#{ here: host(\"a host\") });\nstep(\"Do\", || p.here.ssh(\"true\", #{ undo: false }));\n";

#[test]
fn row_4_no_run_fits_or_several_do() {
    let desk = Desk::here();
    desk.refuses(&["resume"], 2, &["there is no run to resume", "mig run PLAYBOOK"]);
    desk.runs(FAILS).ends(4);
    // The first one still holds the machine; the second is a run all the same, and can go on later.
    desk.runs(FAILS).ends(6).has(&["here is held by run"]);
    let ids = desk.run_ids();
    assert_eq!(ids.len(), 2);
    for (verb, what) in [("resume", "resume"), ("rollback", "roll back")] {
        let says = format!("several runs fit; say which one to {what}");
        desk.refuses(&[verb], 2, &[&says, &ids[0], &ids[1], "stopped", "p.rhai", "ago"]);
    }
    desk.refuses(&["resume", "zzzz"], 2, &["no run begins with \"zzzz\"", &ids[0]]);
    desk.refuses(&["resume", ""], 2, &["several runs fit", &ids[0], &ids[1]]);
}

#[test]
fn row_5_a_run_that_is_over() {
    let desk = Desk::here();
    desk.runs(WORKS).ends(0);
    let id = &desk.run_ids()[0];
    desk.refuses(&["resume", &id[..4]], 2, &[&format!("run {id} is done"), " ago; nothing to resume"]);
    desk.refuses(&["resume"], 2, &["there is no run to resume", id, "done"]);
    desk.mig(&["rollback", "--yes"]).ends(0);
    desk.refuses(&["resume", id], 2, &[&format!("run {id} is rolled back"), "nothing to resume"]);
    desk.mig(&["finish", "--yes"]).ends(0);
    desk.refuses(&["rollback", id], 2, &["is finished", "nothing to roll back"]);
}

#[test]
fn row_6_a_call_that_needs_no_answer() {
    let desk = Desk::here();
    desk.runs(&WORKS.replace(
        "step(\"Do\"",
        "step(\"Do first\", || p.here.ssh(\"true\", #{ undo: false }));\np.here.ssh(\"exit 3\");\nstep(\"Do\"",
    ))
    .ends(4);
    let id = &desk.run_ids()[0];
    let call = |n: &str| desk.refuses(&["resolve", id, n, "--done"], 2, &[]);
    let shown = desk.mig(&["show", "--json"]).out;
    let done = serde_json::from_str::<serde_json::Value>(shown.lines().next().unwrap()).unwrap()["call"].to_string();
    call(&done).has(&[&format!("call {done} is done"), "nothing to resolve"]);
    call("9999").has(&[&format!("run {id} has no call 9999"), &format!("mig show {id}")]);
}

#[test]
fn row_7_a_run_that_another_mig_executes() {
    let desk = Desk::here();
    desk.write("p.rhai", WORKS.replace("\"true\"", "\"sleep 20\""));
    let mut command = desk.command(&["run", "p.rhai", "--yes"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while !desk.mig(&["runs", "--json"]).out.contains("\"live\":true") {
        assert!(began.elapsed() < Duration::from_secs(20), "the run does not begin");
        std::thread::sleep(Duration::from_millis(50));
    }
    let id = &desk.run_ids()[0];
    let held = format!("run {id} is held by mig pid {} (run) since ", child.id());
    let said = ["rollback", "resume", "finish"].map(|verb| desk.mig(&[verb, id]));
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(said[0].code, Some(6), "{:?}", said[0]);
    assert_eq!(said[1].code, Some(6), "{:?}", said[1]);
    said[0].has(&[&held]);
    said[1].has(&[&held]);
    assert_ne!(said[2].code, Some(0), "{:?}", said[2]);
    // The lock goes with the process that held it. The command on the host goes on: it is stopped here.
    let back = desk.mig(&["rollback", id, "--yes"]);
    back.lacks(&["held by"]);
}

#[test]
fn row_8_a_state_folder_that_cannot_be_used() {
    let desk = Desk::here();
    desk.write("p.rhai", WORKS);
    let state = desk.path("state").display().to_string();
    desk.write("state", "a file");
    desk.refuses(&["run", "p.rhai", "--yes"], 2, &[&state]);
    std::fs::remove_file(desk.path("state")).unwrap();
    std::fs::create_dir(desk.path("state")).unwrap();
    std::fs::set_permissions(desk.path("state"), std::fs::Permissions::from_mode(0o755)).unwrap();
    for words in [&["runs"][..], &["run", "p.rhai", "--yes"], &["resume"]] {
        desk.refuses(words, 2, &[&format!("{state} has mode 0755; it must be 0700"), &format!("chmod 700 {state}")]);
    }
    if std::os::unix::fs::chown(desk.path("state"), Some(12345), None).is_ok() {
        desk.refuses(&["runs"], 2, &[&state, "belongs to uid 12345", "this is uid"]);
    }
    let mut command = desk.command(&["runs"]);
    command.env("MIG_STATE", "/proc/nowhere");
    desk.said(command).ends(2).has(&["/proc/nowhere", "cannot be made"]);
    let mut command = desk.command(&["runs"]);
    command.env_remove("MIG_STATE").env_remove("XDG_STATE_HOME").env_remove("HOME");
    desk.said(command).ends(2).has(&["HOME is not set", "export MIG_STATE="]);
}

#[test]
fn row_10_a_question_without_a_terminal() {
    let desk = Desk::here();
    desk.write("p.rhai", WORKS);
    let said = desk.refuses(&["run", "p.rhai"], 3, &["standard input is not a terminal", "--yes"]);
    said.has(&["nothing was changed on any host"]);
    assert!(desk.run_ids().is_empty(), "no run is begun");
    let said = desk.runs(&format!("{WORKS}step(\"Ask\", || confirm(\"Is the light green?\"));\n"));
    said.ends(5).has(&["Is the light green?", "not a terminal", "mig resume", "in a terminal"]);
}

#[test]
fn row_57_a_journal_that_is_newer_or_none_or_of_other_bytes() {
    let desk = Desk::here();
    desk.runs(WORKS).ends(0);
    let journal = desk.path("state/journal.db");
    let set = |sql: &str| {
        let db = rusqlite::Connection::open(&journal).unwrap();
        db.execute_batch(&format!("pragma wal_checkpoint(truncate); {sql}")).unwrap();
    };
    set("pragma user_version = 99");
    desk.refuses(&["runs"], 2, &["journal.db has format 99; this mig (", "knows formats up to 1", "a newer one"]);
    desk.refuses(&["run", "p.rhai", "--yes"], 2, &["has format 99"]);
    set("pragma user_version = 1; pragma application_id = 7");
    desk.refuses(&["runs"], 2, &["journal.db is not a journal of mig"]);
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let _ = std::fs::remove_file(desk.path("state").join(name));
    }
    desk.write("state/journal.db", "this is a text and nothing else, and long enough to have a header\n".repeat(9));
    desk.refuses(&["resume"], 2, &["journal.db", "not a database"]);
}
