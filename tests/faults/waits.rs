//! Row 73: a wait of a day, stopped and resumed.

use super::journal::with_shim;
use super::machine::{Machine, said};
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

fn waiting(options: &str) -> Machine {
    Machine::with(&format!(
        r#"step("Wait", || {{
            h.ssh("echo begun >>DIR/log", #{{ undo: false }});
            wait_until("it comes", #{{ every: "100ms", {options} }}, || h.file_info("DIR/come").exists);
        }});"#
    ))
}

/// Starts it by a clock that is off by so many seconds.
fn begins(m: &Machine, words: &[&str], off: i64) -> Child {
    fs::write(m.at("clock"), off.to_string()).unwrap();
    let mut command = m.mig("ann", words);
    with_shim(m, &mut command);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The deadline that the journal has, once it is there.
fn deadline(m: &Machine) -> i64 {
    let began = Instant::now();
    loop {
        // Opening it must not make it.
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let db = rusqlite::Connection::open_with_flags(m.journal("ann"), flags);
        let asked = "select answer from call where key like '%wait_until%' and state='begun'";
        if let Ok(text) = db.and_then(|db| db.query_row(asked, [], |r| r.get::<_, String>(0))) {
            return text.parse().unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(30), "the wait does not begin");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn still_waits(child: &mut Child) {
    std::thread::sleep(Duration::from_millis(800));
    assert!(child.try_wait().unwrap().is_none(), "it does not wait any more");
}

#[test]
fn row_73_a_wait_stopped_and_resumed_keeps_its_deadline() {
    const HOUR: i64 = 3600;
    let m = waiting(r#"timeout: "24h""#);
    let mut child = begins(&m, &["run", "./p.rhai", "--yes"], 0);
    let first = deadline(&m);
    child.kill().unwrap();
    child.wait().unwrap();
    // Ten hours later it goes on, and is stopped by hand.
    let mut child = begins(&m, &["resume"], 10 * HOUR);
    still_waits(&mut child);
    assert_eq!(deadline(&m), first);
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // A day is over an hour after the next one begins: it is looked at once more, and that is all.
    let mut child = begins(&m, &["resume"], 23 * HOUR);
    still_waits(&mut child);
    assert_eq!(deadline(&m), first);
    child.kill().unwrap();
    child.wait().unwrap();
    fs::write(m.at("clock"), (25 * HOUR).to_string()).unwrap();
    let mut command = m.mig("ann", &["resume"]);
    with_shim(&m, &mut command);
    said(&command.output().unwrap()).ends(4).says(&["it comes: not so after", "mig resume"]);
    // In vain is not cut: the next resume gives it a whole day again.
    let mut child = begins(&m, &["resume"], 26 * HOUR);
    let next = deadline(&m);
    assert!(next - first >= (24 + 1) * HOUR * 1000, "{first} {next}");
    fs::write(m.at("come"), "").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(m.log(), ["begun"]);
}

#[test]
fn row_73_only_quiet_time_that_was_observed_counts() {
    let m = waiting(r#"timeout: "24h", hold: "3s""#);
    fs::write(m.at("come"), "").unwrap();
    let mut child = begins(&m, &["run", "./p.rhai", "--yes"], 0);
    deadline(&m);
    std::thread::sleep(Duration::from_secs(1));
    child.kill().unwrap();
    child.wait().unwrap();
    // It was so before, and an hour has gone by; nobody has seen what was in between.
    let began = Instant::now();
    let mut child = begins(&m, &["resume"], 3600);
    assert!(child.wait().unwrap().success());
    assert!(began.elapsed() >= Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(m.state_of("ann"), "done");
}
