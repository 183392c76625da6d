//! Questions on a real terminal: this test starts itself again inside one.

use mig::cli::Person;
use mig::contract::{Answer, Halt, Operator, Question, Stop};
use rexpect::session::{PtySession, spawn_command};
use std::process::Command;

/// Which question the inner process asks.
const WHICH: &str = "MIG_TEST_QUESTION";

fn question(which: &str) -> Question {
    match which {
        "confirm" => Question::Confirm { text: "A plan.\nGo on?".into(), default: true },
        "choose" => Question::Choose { text: "What now?".into(), choices: vec!["retry".into(), "stop".into()] },
        "line" => Question::Line { text: "domain (text):".into() },
        _ => Question::Hidden { text: "password:\x1b[2J".into() },
    }
}

/// Not a test by itself: asks, when the variable says so, and tells what it heard.
#[test]
fn inner() {
    if let Ok(which) = std::env::var(WHICH) {
        let heard = Person::new(false, None).ask(&question(&which));
        eprintln!("HEARD {heard:?} DONE");
    }
}

fn asked(which: &str) -> PtySession {
    let mut command = Command::new(std::env::current_exe().expect("this test has a file"));
    command.args(["--exact", "inner", "--nocapture", "--test-threads=1"]).env(WHICH, which).env("TERM", "xterm");
    spawn_command(command, Some(20_000)).expect("a terminal")
}

fn heard(session: &mut PtySession) -> String {
    session.exp_string("HEARD ").expect("it answers");
    session.exp_string(" DONE").expect("it answers")
}

#[test]
fn yes_and_no_and_a_word() {
    let mut s = asked("confirm");
    s.exp_string("Go on? [Y/n]").unwrap();
    s.send_line("perhaps").unwrap();
    s.exp_string("Please type y or n.").unwrap();
    s.exp_string("[Y/n]").unwrap();
    s.send_line("no").unwrap();
    assert_eq!(heard(&mut s), format!("{:?}", Ok::<_, Halt>(Answer::No)));
    let mut s = asked("choose");
    s.exp_string("[retry/stop]").unwrap();
    s.send_line("s").unwrap();
    assert!(heard(&mut s).contains("Text(\"stop\")"));
    let mut s = asked("line");
    s.exp_string("domain (text):").unwrap();
    s.send_line(" pryv.me ").unwrap();
    assert!(heard(&mut s).contains("Text(\"pryv.me\")"));
}

#[test]
fn a_secret_is_not_shown_while_typed() {
    let mut s = asked("hidden");
    s.exp_string("password:^[[2J ").unwrap();
    s.send_line("hunterr\x7f22").unwrap();
    let before = s.exp_string("HEARD ").unwrap();
    assert!(!before.contains("hunter"), "{before:?}");
    assert!(s.exp_string(" DONE").unwrap().contains("Text(\"hunter22\")"));
}

#[test]
fn ctrl_c_stops_and_ctrl_d_is_no_answer() {
    for which in ["line", "hidden"] {
        let mut s = asked(which);
        s.exp_string(":").unwrap();
        // The prompt stands before the terminal is ready to hear single keys.
        std::thread::sleep(std::time::Duration::from_millis(300));
        s.send_control('c').unwrap();
        assert_eq!(heard(&mut s), format!("{:?}", Err::<Answer, _>(Halt::Stop(Stop::Interrupted))), "{which}");
        let mut s = asked(which);
        s.exp_string(":").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(300));
        s.send_control('d').unwrap();
        assert!(heard(&mut s).contains("NoAnswer"), "{which}");
    }
}

#[test]
fn without_a_terminal_it_says_how_to_answer_beforehand() {
    for (which, how) in
        [("confirm", "--yes"), ("line", "--set NAME=VALUE"), ("hidden", "inventory"), ("choose", "retry")]
    {
        let output = assert_cmd::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "inner", "--nocapture"])
            .env(WHICH, which)
            .write_stdin("yes\n")
            .timeout(std::time::Duration::from_secs(20))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("NoAnswer") && said.contains(how), "{which}: {said}");
    }
    let yes = Person::new(true, None).ask(&question("confirm"));
    assert_eq!(yes, Ok(Answer::Yes));
}
