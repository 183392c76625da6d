//! A person at a real terminal, and signals: what is asked, what Ctrl-C, a closed terminal and a
//! sleeping laptop do to a run (rows 6 to 8 of the faults). Every command that is cut off on the
//! way must have run exactly once in the end.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;

use desk::Desk;
use rexpect::session::{PtySession, spawn_command};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const LONGEST_MS: u64 = 20_000;

/// A run that can be cut in its second step.
fn desk(seconds: &str) -> Desk {
    let desk = Desk::here();
    let log = desk.path("log").display().to_string();
    desk.write(
        "p.rhai",
        format!(
            "let p = params(#{{ here: host(\"a host\") }});\nlet here = p.here;\n\
             step(\"First\", || here.ssh(\"echo first >> {log}\", #{{ undo: \"rm {log}\" }}));\n\
             step(\"Long\", || here.ssh(\"echo begun >> {log}; sleep {seconds}; echo long >> {log}\", #{{ undo: false }}));\n\
             step(\"Last\", || here.ssh(\"echo last >> {log}\", #{{ undo: false }}));\n"
        ),
    );
    desk
}
const WHOLE: &str = "first\nbegun\nlong\nlast\n";

fn at_terminal(desk: &Desk, words: &[&str]) -> PtySession {
    let mut command = desk.command(words);
    command.env("TERM", "xterm").env_remove("NO_COLOR");
    spawn_command(command, Some(LONGEST_MS)).expect("a terminal")
}
/// The exit code. How it ended has a type that is not ours to name: `Exited(Pid(7), 130)`.
fn code(session: PtySession) -> i32 {
    let ended = format!("{:?}", session.process().wait().expect("it ends"));
    let code = ended.strip_prefix("Exited(").and_then(|rest| rest.trim_end_matches(')').rsplit(' ').next());
    code.and_then(|c| c.parse().ok()).unwrap_or_else(|| panic!("{ended}"))
}

fn begun(desk: &Desk) -> Child {
    let mut command = desk.command(&["run", "p.rhai", "--yes"]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mig starts");
    until(|| desk.read("log").contains("begun"));
    child
}
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_millis(LONGEST_MS), "it does not come to that");
        std::thread::sleep(Duration::from_millis(10));
    }
}
fn signal(name: &str, child: &Child) {
    let done = std::process::Command::new("kill").args([name, &child.id().to_string()]).status();
    assert!(done.expect("kill is there").success());
}
fn goes_on(desk: &Desk) {
    desk.mig(&["resume"]).ends(0);
    assert_eq!(desk.read("log"), WHOLE);
}

#[test]
fn what_is_missing_is_asked_and_no_is_no() {
    let desk = desk("0");
    let text = desk.read("p.rhai").replace("a host\")", "a host\"), word: text(\"a word\"), n: int(\"how many\")");
    desk.write("p.rhai", text);
    let mut s = at_terminal(&desk, &["run", "p.rhai"]);
    s.exp_string("word (text): a word").unwrap();
    s.send_line("hello").unwrap();
    s.exp_string("n (int): how many").unwrap();
    s.send_line("3").unwrap();
    s.exp_string("Run it on here? [y/N]").unwrap();
    s.send_line("").unwrap();
    s.exp_string("Nothing was changed.").unwrap();
    assert_eq!(code(s), 130);
    assert!(desk.run_ids().is_empty() && desk.read("log").is_empty());
}

#[test]
fn a_wrong_answer_is_bad_input_and_yes_runs_it() {
    let desk = desk("0");
    let text = desk.read("p.rhai").replace("a host\")", "a host\"), n: int(\"how many\")");
    desk.write("p.rhai", text);
    let mut s = at_terminal(&desk, &["run", "p.rhai"]);
    s.exp_string("n (int): how many").unwrap();
    s.send_line("three").unwrap();
    s.exp_string("must be a whole number").unwrap();
    assert_eq!(code(s), 2);
    let mut s = at_terminal(&desk, &["run", "p.rhai", "--set", "n=3"]);
    s.exp_string("Run it on here?").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("is done").unwrap();
    assert_eq!(code(s), 0);
    assert_eq!(desk.read("log"), WHOLE);
}

#[test]
fn a_question_of_the_playbook_is_asked() {
    let desk = Desk::here();
    desk.write(
        "p.rhai",
        "step(\"Ask\", || confirm(\"Is the light green?\"));\nstep(\"By hand\", || manual(\"Press the button\"));\n",
    );
    let mut s = at_terminal(&desk, &["run", "p.rhai", "--yes"]);
    s.exp_string("Is the light green?").unwrap();
    s.send_line("n").unwrap();
    s.exp_string("What can follow:").unwrap();
    assert_eq!(code(s), 4);
    let mut s = at_terminal(&desk, &["resume"]);
    s.exp_string("Is the light green?").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("Press the button").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("is done").unwrap();
    assert_eq!(code(s), 0);
}

#[test]
fn no_color_means_none_and_a_terminal_has_some() {
    let desk = desk("0");
    let mut s = at_terminal(&desk, &["plan", "p.rhai"]);
    assert!(s.exp_eof().unwrap().contains("\x1b["));
    let mut command = desk.command(&["plan", "p.rhai"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut s = spawn_command(command, Some(LONGEST_MS)).unwrap();
    assert!(!s.exp_eof().unwrap().contains('\x1b'));
    let mut command = desk.command(&["run", "p.rhai", "--yes"]);
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    let mut s = spawn_command(command, Some(LONGEST_MS)).unwrap();
    let said = s.exp_eof().unwrap();
    let colours = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    assert!(!colours.is_match(&said) && said.contains("is done"), "{said:?}");
}

#[test]
fn fault_6_ctrl_c_once_finishes_the_deed_at_hand() {
    let desk = desk("1");
    let mut s = at_terminal(&desk, &["run", "p.rhai", "--yes"]);
    until(|| desk.read("log").contains("begun"));
    s.send_control('c').unwrap();
    s.exp_string("stopping after the deed at hand").unwrap();
    s.exp_string("mig resume").unwrap();
    assert_eq!(code(s), 130);
    assert_eq!(desk.read("log"), "first\nbegun\nlong\n");
    goes_on(&desk);
}

#[test]
fn fault_6_ctrl_c_twice_leaves_now_and_resume_finds_the_command() {
    let desk = desk("3");
    let mut s = at_terminal(&desk, &["run", "p.rhai", "--yes"]);
    until(|| desk.read("log").contains("begun"));
    let began = Instant::now();
    s.send_control('c').unwrap();
    s.exp_string("once more to leave now").unwrap();
    s.send_control('c').unwrap();
    s.exp_string("leaving now").unwrap();
    assert_eq!(code(s), 130);
    assert!(began.elapsed() < Duration::from_millis(2500), "it left at once");
    assert_eq!(desk.read("log"), "first\nbegun\n");
    goes_on(&desk);
}

#[test]
fn fault_7_a_closed_terminal_leaves_no_half_step() {
    let desk = desk("1");
    let s = at_terminal(&desk, &["run", "p.rhai", "--yes"]);
    until(|| desk.read("log").contains("begun"));
    drop(s);
    until(|| !desk.mig(&["runs", "--json"]).out.contains("\"live\":true"));
    if desk.read("log") == WHOLE {
        desk.mig(&["resume"]).ends(2);
    } else {
        goes_on(&desk);
    }
}

#[test]
fn fault_7_term_and_hangup_stop_the_run_where_it_can_go_on() {
    for name in ["-TERM", "-HUP", "-INT"] {
        let desk = desk("1");
        let mut child = begun(&desk);
        signal(name, &child);
        let status = child.wait().unwrap();
        assert_eq!(status.code(), Some(130), "{name}");
        assert_eq!(desk.read("log"), "first\nbegun\nlong\n", "{name}");
        goes_on(&desk);
    }
}

#[test]
fn killed_outright_the_command_goes_on_and_is_found() {
    let desk = desk("1");
    let mut child = begun(&desk);
    signal("-KILL", &child);
    child.wait().unwrap();
    goes_on(&desk);
}

#[test]
fn fault_8_a_sleep_of_the_laptop_is_survived() {
    let desk = desk("0.5");
    let mut child = begun(&desk);
    signal("-STOP", &child);
    // The command ends meanwhile.
    until(|| desk.read("log").contains("long"));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(desk.read("log"), "first\nbegun\nlong\n");
    signal("-CONT", &child);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(desk.read("log"), WHOLE);
}

#[test]
fn json_is_one_event_a_line() {
    let desk = desk("0");
    let said = desk.mig(&["run", "p.rhai", "--yes", "--json"]);
    said.ends(0);
    let events: Vec<serde_json::Value> =
        said.out.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{l}: {e}"))).collect();
    let is = |name: &str| events.iter().any(|e| e["event"] == name);
    assert!(
        is("run_begins") && is("planned") && is("step_begins") && is("deed_begins") && is("run_ends"),
        "{}",
        said.out
    );
    desk.write("p.rhai", "let x = ;\n");
    let said = desk.mig(&["run", "p.rhai", "--yes", "--json"]);
    said.ends(2);
    let event: serde_json::Value = serde_json::from_str(said.out.trim()).unwrap();
    assert_eq!((event["event"].as_str(), event["code"].as_i64()), (Some("error"), Some(2)));
    assert_eq!((event["place"]["line"].as_i64(), event["place"]["column"].as_i64()), (Some(1), Some(9)));
}
