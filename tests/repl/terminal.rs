//! A session at a terminal: completion, more lines, Ctrl-C, secrets, and how it is left.

use super::desk::Desk;
use super::{code, prompted, session, state_of, until};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn a_secret_is_neither_done_nor_kept_when_it_is_typed() {
    let desk = Desk::here();
    desk.write(
        "inventory.yml",
        "hosts:\n  here: { local: true }\nsecrets:\n  pw: { file: pw.txt }\n  asked: { prompt: true }\n",
    );
    desk.write("pw.txt", "s3cret-value\n");
    let mut s = session(&desk, &["repl"]);
    s.send_line("here.ssh(\"echo s3cret-value\")").unwrap();
    s.exp_string("holds the value of the secret \"pw\"").unwrap();
    s.send_line("here.ssh(\"wc -c\", #{ stdin: \"x\" + secret(\"asked\"), undo: false })").unwrap();
    s.exp_string("asked:").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    s.send_line("typed-hidden").unwrap();
    s.exp_string("here| 13").unwrap();
    prompted(&mut s);
    s.send_line("let kept = `typed-${\"hidden\"}`").unwrap();
    s.send_line("note(\"typed-hidden\")").unwrap();
    s.exp_string("holds the value of the secret \"asked\"").unwrap();
    s.send_line(" note(\"begins with a blank\")").unwrap();
    s.send_line("note(\"after\" + \" that\")").unwrap();
    s.exp_string("· after that").unwrap();
    s.send_line(":quit").unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 0);
    let entries = std::fs::read_dir(desk.path("state")).unwrap().map(|e| e.unwrap().path());
    let history = entries.into_iter().find(|p| p.extension().is_some_and(|x| x == "history")).expect("a history");
    let text = std::fs::read_to_string(&history).unwrap();
    assert!(
        text.contains("let kept") && text.contains("secret(\\\"asked\\\")") | text.contains("secret(\"asked\")"),
        "{text}"
    );
    assert!(!text.contains("s3cret-value") && !text.contains("typed-hidden") && !text.contains("blank"), "{text}");
    assert_eq!(history.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let journal = std::fs::read(desk.path("state/journal.db")).unwrap();
    let wal = std::fs::read(desk.path("state/journal.db-wal")).unwrap_or_default();
    for bytes in [journal, wal] {
        for value in ["s3cret-value", "typed-hidden"] {
            assert!(!bytes.windows(value.len()).any(|w| w == value.as_bytes()), "{value} is in the journal");
        }
    }
    // The next session of this inventory has the lines of this one.
    let mut s = session(&desk, &["repl"]);
    s.send("\x1b[A\x1b[A").unwrap();
    s.flush().unwrap();
    s.exp_string("note(\"after\" + \" that\")").unwrap();
    s.send_control('c').unwrap();
    prompted(&mut s);
    s.send_line(":quit").unwrap();
    s.exp_eof().unwrap();
}

#[test]
fn tab_completes_brackets_wait_and_the_signature_is_told() {
    let desk = Desk::here();
    desk.write("file-of-mine.txt", "x");
    let mut s = session(&desk, &["repl"]);
    for (begun, wanted) in [
        ("her\t", "here"),
        ("here.system\t", "here.systemd("),
        ("expect_\t", "expect_equal("),
        ("host(\"h\t", "host(\"here\""),
        ("here.ssh(\"x\", #{ idem\t", "idempotent: "),
        ("here.ssh(\"x\", #{ undo: \"./file-o\t", "./file-of-mine.txt"),
        ("here.systemd(", "systemd(unit, state"),
        (":hist\t", ":history"),
        (":help expect_e\t", ":help expect_equal"),
    ] {
        s.send(begun).unwrap();
        s.flush().unwrap();
        s.exp_string(wanted).unwrap_or_else(|e| panic!("{begun:?}: {e}"));
        s.send_control('c').unwrap();
        prompted(&mut s);
    }
    s.send_line("let sum = [").unwrap();
    s.send_line("  40,").unwrap();
    s.send_line("  2,").unwrap();
    s.send_line("].reduce(|sum, n| if sum == () { n } else { sum + n }); `sum ${sum}`").unwrap();
    s.exp_string("sum 42").unwrap();
    s.send_line(":help systemd").unwrap();
    s.exp_string("systemd (change)").unwrap();
    s.send_control('d').unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 0);
}

#[test]
fn ctrl_c_stops_the_command_and_not_the_session() {
    let desk = Desk::here();
    let log = desk.path("log").display().to_string();
    let mut s = session(&desk, &["repl"]);
    for command in [
        format!("here.ssh(\"echo begun >> {log}; sleep 60; echo not >> {log}\", #{{ undo: \"rm {log}\" }})"),
        format!("here.capture(\"echo begun >> {log}; sleep 60; echo not >> {log}\")"),
        format!("here.capture(\"echo begun >> {log}\"); wait_until(\"never\", || here.file_info(\"{log}.no\").exists)"),
        format!("here.capture(\"echo begun >> {log}\"); loop {{ }}"),
    ] {
        let before = desk.read("log").lines().count();
        let began = Instant::now();
        s.send_line(&command).unwrap();
        until(|| desk.read("log").lines().count() > before);
        s.send_control('c').unwrap();
        s.exp_string("stopped; :undo takes back").unwrap_or_else(|e| panic!("{command}: {e}"));
        assert!(began.elapsed() < Duration::from_secs(20), "{command}");
    }
    s.send_line("here.capture(\"echo still-$((1+1))\")").unwrap();
    s.exp_string("still-2").unwrap();
    assert!(!desk.read("log").contains("not"));
    s.send_line(":quit").unwrap();
    s.exp_string("[keep/roll back/stay]").unwrap();
    s.send_line("stay").unwrap();
    prompted(&mut s);
    s.send_line(":undo").unwrap();
    // The command had failed: whether its undo is wanted is asked.
    s.exp_string("Do it? [Y/n]").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("is taken back").unwrap();
    assert!(!desk.path("log").exists());
    s.send_line(":quit").unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 0);
}

#[test]
fn quit_keeps_or_rolls_back() {
    let desk = Desk::here();
    let file = desk.path("f").display().to_string();
    for (answer, there) in [("roll back", false), ("keep", true)] {
        let mut s = session(&desk, &["repl"]);
        s.send_line(&format!("here.write_file(\"{file}\", \"x\")")).unwrap();
        until(|| desk.path("f").exists());
        s.send_line(":quit").unwrap();
        s.exp_string("[keep/roll back/stay]").unwrap();
        s.send_line(answer).unwrap();
        s.exp_eof().unwrap();
        assert_eq!(code(&s), 0);
        assert_eq!(desk.path("f").exists(), there, "{answer}");
    }
    let states: Vec<String> = desk.run_ids().iter().map(|r| state_of(&desk, r)).collect();
    assert_eq!(states, ["done", "rolled back"]);
}

#[test]
fn a_session_that_is_told_to_end_at_its_prompt_leaves_a_run_that_can_be_taken_back() {
    let desk = Desk::here();
    let file = desk.path("f").display().to_string();
    let mut s = session(&desk, &["repl"]);
    s.send_line(&format!("here.write_file(\"{file}\", \"x\")")).unwrap();
    until(|| desk.path("f").exists());
    prompted(&mut s);
    let run = desk.run_ids().remove(0);
    let held = desk.read(&format!("state/runs/{run}/lock"));
    let pid = held.split_whitespace().nth(2).expect("who holds the run");
    assert!(Command::new("kill").args(["-TERM", pid]).status().expect("kill is there").success());
    assert_eq!(code(&s), 130);
    desk.mig(&["rollback", &run, "--yes"]).ends(0);
    assert!(!desk.path("f").exists());
}
