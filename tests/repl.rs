//! Lines that are typed: through a pipe and at a real terminal, as runs that are undone, saved,
//! resumed and rolled back.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "repl/failed_run.rs"]
mod failed_run;
#[path = "repl/pipe.rs"]
mod pipe;
#[path = "repl/saved.rs"]
mod saved;
#[path = "repl/terminal.rs"]
mod terminal;

use desk::{Desk, Said};
use rexpect::session::{PtySession, spawn_command};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LONGEST_MS: u64 = 30_000;

/// Pipes these lines into a session.
fn typed(desk: &Desk, words: &[&str], lines: &str) -> Said {
    let mut command = desk.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("mig starts");
    // It may have left at an early line, and then does not read the rest.
    let _ = child.stdin.take().expect("a pipe").write_all(lines.as_bytes());
    let out = child.wait_with_output().expect("it ends");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    Said { code: out.status.code(), out: text(&out.stdout), err: text(&out.stderr) }
}

fn at_terminal(command: Command) -> PtySession {
    let mut command = command;
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    spawn_command(command, Some(LONGEST_MS)).expect("a terminal")
}
/// A session at a terminal that has said hello.
fn session(desk: &Desk, words: &[&str]) -> PtySession {
    let mut s = at_terminal(desk.command(words));
    s.exp_string(":help says what can be typed").expect("it greets");
    prompted(&mut s);
    s
}
/// It waits for keys: what is sent before may be read by the question before.
fn prompted(s: &mut PtySession) {
    s.exp_string("mig> ").expect("a prompt");
}
/// The exit code. How it ended has a type that is not ours to name: `Exited(Pid(7), 130)`.
fn code(session: &PtySession) -> i32 {
    let ended = format!("{:?}", session.process().wait().expect("it ends"));
    let code = ended.strip_prefix("Exited(").and_then(|rest| rest.trim_end_matches(')').rsplit(' ').next());
    code.and_then(|c| c.parse().ok()).unwrap_or_else(|| panic!("{ended}"))
}
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_millis(LONGEST_MS), "it does not come to that");
        std::thread::sleep(Duration::from_millis(10));
    }
}
fn state_of(desk: &Desk, run: &str) -> String {
    let said = desk.mig(&["runs", "--json"]);
    let line = said.out.lines().find(|l| l.contains(run)).expect("the run is listed");
    let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
    row["state"].as_str().expect("a state").to_owned()
}
