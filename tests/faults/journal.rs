//! Rows 9 to 15 and 80: the clock, and a journal that is full, failing, damaged, old or newer.

use super::machine::Machine;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Three commands that count themselves; the second needs a cure.
const THREE: &str = r#"
step("One", || { h.ssh("echo one >>DIR/log", #{ undo: "echo undone >>DIR/log" }); });
step("Two", || { h.ssh("test -e DIR/cured && echo two >>DIR/log", #{ idempotent: true, undo: false }); });
step("Three", || { h.ssh("echo three >>DIR/log", #{ undo: false }); });
"#;

/// Builds the shim that stands between mig and the C library.
pub fn with_shim(m: &Machine, command: &mut Command) {
    let library = m.at("shim.so");
    if !library.exists() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/shim.c");
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").status();
        assert!(built.expect("cc runs").success());
    }
    command.env("LD_PRELOAD", library).env("SHIM", m.folder.path());
}
fn shimmed(m: &Machine, words: &[&str]) -> super::machine::Said {
    let mut command = m.mig("ann", words);
    with_shim(m, &mut command);
    super::machine::said(&command.output().unwrap())
}

#[test]
fn row_9_a_clock_that_jumps_ends_no_wait() {
    let m = Machine::with(
        r#"step("Wait", || {
            h.ssh("echo begun >>DIR/log", #{ undo: false });
            wait_until("it comes", #{ every: "100ms", timeout: "20s" }, || h.file_info("DIR/come").exists);
        });"#,
    );
    let mut command = m.mig("ann", &["run", "./p.rhai", "--yes"]);
    with_shim(&m, &mut command);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    while m.log().is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    for jump in ["86400", "-86400"] {
        fs::write(m.at("clock"), jump).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(600));
        assert!(child.try_wait().unwrap().is_none(), "the wait ended when the clock jumped by {jump}");
    }
    fs::write(m.at("come"), "").unwrap();
    assert!(child.wait().unwrap().success());
}

/// A disk of 1 MiB for the journal.
fn small_disk(m: &Machine) {
    let state = m.state("ann");
    fs::create_dir(&state).unwrap();
    m.sh(&format!("mount -t tmpfs -o size=1m,mode=700 tmpfs {}", state.display())).ends(0);
}

#[test]
fn row_10_a_full_disk_at_the_intent_stops_before_anything_is_sent() {
    let m = Machine::with(THREE);
    small_disk(&m);
    let fill = format!("cat /dev/zero >{0}/fill 2>/dev/null; sync {0}/fill; true", m.state("ann").display());
    m.says("ann", &["runs"]).ends(0);
    m.sh(&fill);
    m.run("ann").ends(2).says(&["journal.db cannot be opened", "is the disk full", "Nothing was sent to any host"]);
    assert!(m.log().is_empty());
    m.sh(&format!("rm {}/fill", m.state("ann").display())).ends(0);
    fs::write(m.at("cured"), "").unwrap();
    m.run("ann").ends(0);
    assert_eq!(m.log(), ["one", "two", "three"]);
}

#[test]
fn row_11_a_full_disk_at_the_end_of_a_deed_loses_no_effect() {
    let m = Machine::with(
        r#"
step("Fill", || { h.ssh("echo fill >>DIR/log; cat /dev/zero >DIR/state-ann/fill 2>/dev/null; true", #{ undo: false }); });
step("Then", || { h.ssh("echo then >>DIR/log", #{ undo: false }); });
"#,
    );
    small_disk(&m);
    m.run("ann").ends(4).says(&["cannot write the journal", "mig resume"]);
    assert_eq!(m.log(), ["fill"], "the intent of the second could not be written, so it was not sent");
    m.sh(&format!("rm {}/fill", m.state("ann").display())).ends(0);
    m.says("ann", &["resume"]).ends(0);
    assert_eq!(m.log(), ["fill", "then"], "the host told how the first one ended");
    assert!(m.lock().is_empty());
}

#[test]
fn row_12_an_error_of_the_disk_is_final_for_the_process() {
    let m = Machine::with(
        r#"
step("One", || { h.ssh("echo one >>DIR/log; touch DIR/eio", #{ undo: false }); });
step("Two", || { try { h.ssh("echo two >>DIR/log", #{ undo: false }); } catch { } });
step("Three", || { h.ssh("echo three >>DIR/log", #{ undo: false }); });
"#,
    );
    shimmed(&m, &["run", "./p.rhai", "--yes"]).ends(4).says(&["cannot write the journal", "mig resume"]);
    assert_eq!(m.log(), ["one"], "a script cannot catch it, and nothing is sent after it");
    shimmed(&m, &["resume"]);
    assert_eq!(m.log(), ["one"], "nor by the next process, while the disk fails");
    fs::remove_file(m.at("eio")).unwrap();
    shimmed(&m, &["resume"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "three"]);
}

#[test]
fn row_13_a_damaged_journal_is_refused() {
    let m = Machine::with(THREE);
    m.run("ann").ends(4);
    // All of it into the one file, as after a quiet end.
    let db = rusqlite::Connection::open(m.journal("ann")).unwrap();
    db.query_row("pragma wal_checkpoint(truncate)", [], |r| r.get::<_, i64>(0)).unwrap();
    drop(db);
    let whole = fs::read(m.journal("ann")).unwrap();
    let page = 4096;
    let (mut refused, mut tried) = (0, 0);
    let mut damaged = |bytes: Vec<u8>, must: bool, what: &str| {
        for tail in ["-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{tail}", m.journal("ann").display()));
        }
        fs::write(m.journal("ann"), bytes).unwrap();
        let said = m.says("ann", &["resume"]);
        tried += 1;
        if said.code == 2 {
            assert!(said.text.contains("nothing") || said.text.contains("Nothing was sent"), "{what}: {}", said.text);
            refused += 1;
        } else {
            assert!(!must, "{what} was not refused: {}", said.text);
        }
        assert_eq!(m.log(), ["one"], "{what}: {}", said.text);
    };
    for pages in [1, 2, whole.len() / page / 2, whole.len() / page - 1] {
        damaged(whole[..pages * page].to_vec(), true, &format!("cut to {pages} pages"));
    }
    damaged(whole[..whole.len() - 100].to_vec(), true, "cut inside a page");
    for at in (0..whole.len()).step_by(page) {
        let mut bytes = whole.clone();
        // The head of a page says what it is and where its cells begin.
        let head = at + if at == 0 { 100 } else { 0 };
        bytes[head] ^= 0x40;
        damaged(bytes, true, &format!("a bit of the head of page {}", at / page + 1));
    }
    let mut bytes = whole.clone();
    bytes[0] ^= 1;
    damaged(bytes, true, "a bit of the file's name for itself");
    println!("row 13: {refused} of {tried} damaged journals refused");
    for tail in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{tail}", m.journal("ann").display()));
    }
    fs::write(m.journal("ann"), &whole).unwrap();
    fs::write(m.at("cured"), "").unwrap();
    m.says("ann", &["resume"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "three"]);
}

#[test]
fn row_14_a_journal_without_its_log_runs_nothing_again() {
    let m = Machine::with(
        r#"
step("One", || { h.ssh("echo one >>DIR/log", #{ undo: false }); });
step("Two", || { h.ssh("echo two >>DIR/log; touch DIR/begun; sleep 2", #{ undo: false }); });
"#,
    );
    m.killed_when("ann", &["run", "./p.rhai", "--yes"], "begun");
    let log = m.state("ann").join("journal.db-wal");
    assert!(log.metadata().unwrap().len() > 0, "the killed run left its log");
    // Copied without its log: the file alone knows nothing of the run.
    fs::remove_file(&log).unwrap();
    let _ = fs::remove_file(m.state("ann").join("journal.db-shm"));
    m.says("ann", &["resume"]).ends(2).says(&["no run to resume"]);
    // Whoever begins anew is told by the machine that a run goes on there.
    m.run("ann").ends(6).says(&["here is held by run ", "mig unlock here --lock-id "]);
    assert_eq!(m.log(), ["one", "two"]);
}

/// SQLite forgets what stands behind a damaged place of its log: the journal is an older one then.
#[test]
fn row_13_a_damaged_log_of_the_journal_runs_nothing_again() {
    let m = Machine::with(
        r#"
step("One", || { h.ssh("echo one >>DIR/log", #{ undo: false }); });
step("Two", || { h.ssh("echo two >>DIR/log; touch DIR/begun; sleep 1", #{ undo: false }); });
"#,
    );
    m.killed_when("ann", &["run", "./p.rhai", "--yes"], "begun");
    let file = |tail: &str| format!("{}{tail}", m.journal("ann").display());
    let saved: Vec<(String, Vec<u8>)> = ["", "-wal"].map(|t| (file(t), fs::read(file(t)).unwrap())).into();
    let length = saved[1].1.len();
    let (mut refused, mut took_over) = (0, 0);
    for part in 1..12 {
        let _ = fs::remove_file(file("-shm"));
        fs::write(file(""), &saved[0].1).unwrap();
        let mut log = saved[1].1.clone();
        log[length * part / 12] ^= 0x10;
        fs::write(file("-wal"), log).unwrap();
        match m.says("ann", &["resume"]).code {
            0 => took_over += 1,
            _ => refused += 1,
        }
        assert_eq!(m.log(), ["one", "two"], "a bit flipped at {part}/12 of the log");
    }
    println!("row 13, log: {refused} refused, {took_over} taken over from the host, 0 run again");
}

/// Stops at Two, and gives a copy of the journal as it was then; then goes on to the end.
fn with_an_old_copy(m: &Machine) -> String {
    m.run("ann").ends(4);
    let copy = m.at("copy.db").display().to_string();
    m.says("ann", &["journal", "export", &copy]).ends(0).says(&["copied to"]);
    m.says("ann", &["journal", "export", &copy]).ends(2).says(&["exists"]);
    fs::write(m.at("cured"), "").unwrap();
    copy
}
fn put_back(m: &Machine, copy: &str) {
    for tail in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{tail}", m.journal("ann").display()));
    }
    fs::copy(copy, m.journal("ann")).unwrap();
}

#[test]
fn row_15_a_journal_older_than_reality_takes_over_what_was_done() {
    let m = Machine::with(THREE);
    let copy = with_an_old_copy(&m);
    m.says("ann", &["resume"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "three"]);
    put_back(&m, &copy);
    assert_eq!(m.state_of("ann"), "stopped");
    m.says("ann", &["resume"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "three"], "the same commands under the same names: taken over, not repeated");
}

#[test]
fn row_15_a_journal_older_than_reality_starts_nothing_else() {
    let m = Machine::with(THREE);
    let copy = with_an_old_copy(&m);
    m.says("ann", &["resume"]).ends(0);
    put_back(&m, &copy);
    // Another command under the name of what was done.
    let text = fs::read_to_string(m.at("p.rhai")).unwrap();
    fs::write(m.at("other.rhai"), text.replace("echo three", "echo other")).unwrap();
    m.says("ann", &["resume", "--edited", "./other.rhai"]).ends(3).says(&["another command"]);
    // Under another name: nobody can tell whether it was done.
    put_back(&m, &copy);
    let more =
        r#"step("Between", || { h.read_file("DIR/cured"); h.ssh("echo between >>DIR/log", #{ undo: false }); });"#;
    let more = format!("{}\nstep(\"Three\"", more.replace("DIR", &m.folder.path().display().to_string()));
    fs::write(m.at("other.rhai"), text.replace("step(\"Three\"", &more)).unwrap();
    m.says("ann", &["resume", "--edited", "./other.rhai"])
        .ends(3)
        .says(&["older than what happened", "put back the newest copy"]);
    put_back(&m, &copy);
    m.says("ann", &["rollback"]).ends(3).says(&["older than what happened"]);
    assert_eq!(m.log(), ["one", "two", "three"]);
}

#[test]
fn row_80_a_newer_journal_is_refused_and_an_older_one_goes_on() {
    let m = Machine::with(THREE);
    m.run("ann").ends(4);
    let set = |sql: &str| rusqlite::Connection::open(m.journal("ann")).unwrap().execute_batch(sql).unwrap();
    set("pragma user_version=99");
    for words in [&["resume"][..], &["rollback"], &["runs"], &["run", "./p.rhai", "--yes"]] {
        m.says("ann", words).ends(2).says(&["has format 99", "knows formats up to 1", env!("CARGO_PKG_VERSION")]);
    }
    set("pragma user_version=1; pragma application_id=7");
    m.says("ann", &["resume"]).ends(2).says(&["is not a journal of mig"]);
    assert_eq!(m.log(), ["one"]);
    // As the first mig wrote it: without locks.
    set("pragma application_id=1835624241; update host set record=json_remove(record,'$.lock','$.is_per_user')");
    m.sh("rm /var/lib/mig/lock").ends(0);
    fs::write(m.at("cured"), "").unwrap();
    m.says("ann", &["resume"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "three"]);
    assert!(m.lock().is_empty());
    m.says("ann", &["rollback"]).ends(0);
    assert_eq!(m.log()[3], "undone");
}
