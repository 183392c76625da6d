//! The rules of resume and rollback, tried by killing: a playbook of calls against hosts that are
//! folders, killed at every journal write and around every deed, then resumed or rolled back.
//! What really happened is counted outside the gate's reach.
//!
//! The process that is killed is this test itself, started again with `GATE_CHILD` set.

#[path = "gate/child.rs"]
mod child;
#[path = "gate/folders.rs"]
mod folders;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs one command of the child in a world folder; `fail`: where it is to die.
fn mig(world: &Path, what: &str, scenario: &str, fail: &str) -> Output {
    Command::new(std::env::current_exe().expect("this test has a path"))
        .args(["--exact", "child_process", "--nocapture", "--test-threads=1"])
        .env("GATE_CHILD", what)
        .env("GATE_SCENARIO", scenario)
        .env("GATE_WORLD", world)
        .env("MIG_FAIL", fail)
        .env("MIG_FAIL_LOG", world.join(".points"))
        .output()
        .expect("the child runs")
}

fn code(o: &Output) -> i32 {
    o.status.code().unwrap_or(-1)
}

#[test]
fn child_process() {
    if let Ok(what) = std::env::var("GATE_CHILD") {
        std::process::exit(child::main(&what));
    }
}

/// Every file of the hosts, with its text.
fn hosts(world: &Path) -> BTreeMap<PathBuf, String> {
    fn walk(at: &Path, top: &Path, out: &mut BTreeMap<PathBuf, String>) {
        for e in std::fs::read_dir(at).into_iter().flatten().flatten() {
            let path = e.path();
            if path.is_dir() {
                walk(&path, top, out);
            } else {
                let rel = path.strip_prefix(top).expect("below").to_path_buf();
                out.insert(rel, std::fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(&world.join("hosts"), &world.join("hosts"), &mut out);
    out
}

/// How often each token was really executed.
fn effects(world: &Path) -> BTreeMap<String, usize> {
    let mut n = BTreeMap::new();
    for line in std::fs::read_to_string(world.join(".effects")).unwrap_or_default().lines() {
        *n.entry(line.to_string()).or_default() += 1;
    }
    n
}

fn fresh() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    folders::lay_out(dir.path());
    dir
}

/// Answers every question by the truth, and goes on until the command ends well.
fn until_done(world: &Path, what: &str, scenario: &str, wrong: &mut Vec<String>, label: &str) -> usize {
    until_done_with(world, what, scenario, wrong, label, "resolve")
}
fn until_done_with(
    world: &Path,
    what: &str,
    scenario: &str,
    wrong: &mut Vec<String>,
    label: &str,
    answer: &str,
) -> usize {
    let mut questions = 0;
    for _ in 0..6 {
        let out = mig(world, what, scenario, "");
        match code(&out) {
            0 => return questions,
            5 => {
                questions += 1;
                let answer = mig(world, answer, scenario, "");
                if code(&answer) != 0 {
                    wrong.push(format!("{label}: resolve: {}", String::from_utf8_lossy(&answer.stdout)));
                    return questions;
                }
            }
            c => {
                let text = String::from_utf8_lossy(&out.stdout).into_owned();
                wrong.push(format!("{label}: {what} ended with {c}: {}", text.trim()));
                return questions;
            }
        }
    }
    wrong.push(format!("{label}: {what} does not end"));
    questions
}

fn points(world: &Path) -> usize {
    std::fs::read_to_string(world.join(".points")).unwrap_or_default().lines().count()
}

fn killed_everywhere(scenario: &str, how: &str, then: &str) {
    killed_everywhere_and_answered(scenario, how, then, "resolve");
}
fn killed_everywhere_and_answered(scenario: &str, how: &str, then: &str, answer: &str) {
    let whole = fresh();
    let start = hosts(whole.path());
    let out = mig(whole.path(), "run", scenario, "");
    assert_eq!(code(&out), 0, "{}", String::from_utf8_lossy(&out.stdout));
    let (end, n) = (hosts(whole.path()), points(whole.path()));
    assert!(n > 20, "only {n} points were reached");
    let (mut wrong, mut questions) = (vec![], 0);
    for at in 1..=n {
        let dir = fresh();
        let world = dir.path();
        let label = format!("{scenario}, {how} at {at}");
        let out = mig(world, "run", scenario, &format!("#{at}={how}"));
        if code(&out) == 0 {
            wrong.push(format!("{label}: was not killed"));
            continue;
        }
        questions += until_done_with(world, then, scenario, &mut wrong, &label, answer);
        let (wanted, is) = (if then == "resume" { &end } else { &start }, hosts(world));
        if is != *wanted {
            wrong.push(format!("{label}, then {then}: the hosts differ\n  is     {is:?}\n  wanted {wanted:?}"));
        }
        let twice: Vec<_> = effects(world).into_iter().filter(|(_, n)| *n > 1).collect();
        if !twice.is_empty() {
            wrong.push(format!("{label}: ran twice: {twice:?}"));
        }
    }
    assert!(answer == "resolve" || questions > 0, "nothing was ever asked");
    println!("{scenario}, {how}, then {then}: {n} points, {questions} questions, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn killed_at_every_point_it_resumes() {
    killed_everywhere("move", "abort", "resume");
}

#[test]
fn killed_at_every_point_it_rolls_back() {
    killed_everywhere("move", "abort", "rollback");
}

/// The journal's disk fails, or the host's own wrapper dies.
#[test]
fn after_an_error_at_every_point_it_resumes() {
    killed_everywhere("move", "io", "resume");
}

/// Every question is answered by taking the call back; a resume does it again.
#[test]
fn after_an_error_at_every_point_what_is_unknown_is_undone_and_done_again() {
    killed_everywhere_and_answered("move", "io", "resume", "undo");
}

/// Killed while a call is taken back, the same answer takes it up.
#[test]
fn an_undo_of_one_call_killed_at_every_point_is_taken_up() {
    let begin = || {
        let dir = fresh();
        assert_ne!(code(&mig(dir.path(), "run", "move", "host.ran=io")), 0);
        assert_eq!(code(&mig(dir.path(), "resume", "move", "")), 5);
        let _ = std::fs::remove_file(dir.path().join(".points"));
        dir
    };
    let whole = begin();
    let out = mig(whole.path(), "undo", "move", "");
    assert_eq!(code(&out), 0, "{}", String::from_utf8_lossy(&out.stdout));
    let n = points(whole.path());
    assert!(n > 4, "only {n} points were reached");
    let end = {
        let dir = fresh();
        mig(dir.path(), "run", "move", "");
        hosts(dir.path())
    };
    let mut wrong = vec![];
    for at in 1..=n {
        let dir = begin();
        let out = mig(dir.path(), "undo", "move", &format!("#{at}=abort"));
        assert_ne!(code(&out), 0, "undo was not killed at {at}");
        until_done_with(dir.path(), "resume", "move", &mut wrong, &format!("undo killed at {at}"), "undo");
        if hosts(dir.path()) != end {
            wrong.push(format!("undo killed at {at}: the hosts differ: {:?}", hosts(dir.path())));
        }
    }
    assert!(wrong.is_empty(), "{} of {n} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn after_an_error_at_every_point_it_rolls_back() {
    killed_everywhere("move", "io", "rollback");
}

#[test]
fn a_rollback_killed_at_every_point_is_taken_up() {
    let begin = || {
        let dir = fresh();
        let out = mig(dir.path(), "run", "move", "");
        assert_eq!(code(&out), 0);
        let _ = std::fs::remove_file(dir.path().join(".points"));
        dir
    };
    let whole = begin();
    let start = hosts(fresh().path());
    let out = mig(whole.path(), "rollback", "move", "");
    assert_eq!(code(&out), 0, "{}", String::from_utf8_lossy(&out.stdout));
    assert_eq!(hosts(whole.path()), start);
    let n = points(whole.path());
    let mut wrong = vec![];
    for at in 1..=n {
        let dir = begin();
        let label = format!("rollback killed at {at}");
        let out = mig(dir.path(), "rollback", "move", &format!("#{at}=abort"));
        if code(&out) == 0 {
            wrong.push(format!("{label}: was not killed"));
        }
        until_done(dir.path(), "rollback", "move", &mut wrong, &label);
        if hosts(dir.path()) != start {
            wrong.push(format!("{label}: the hosts differ: {:?}", hosts(dir.path())));
        }
    }
    assert!(wrong.is_empty(), "{} of {n} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_stop_is_put_right_and_the_run_goes_on() {
    for scenario in ["false_expect", "bad_command", "vain_wait"] {
        let dir = fresh();
        let world = dir.path();
        let out = mig(world, "run", scenario, "");
        assert_eq!(code(&out), 4, "{scenario}: {}", String::from_utf8_lossy(&out.stdout));
        let before = effects(world);
        std::fs::write(world.join("hosts/dest/cured"), "yes").expect("the cure");
        let out = mig(world, "resume", scenario, "");
        if scenario == "bad_command" {
            assert_eq!(code(&out), 5, "a bad command is sent again only when told: {out:?}");
            let out = mig(world, "retry", scenario, "");
            assert_eq!(code(&out), 0, "{scenario}: {}", String::from_utf8_lossy(&out.stdout));
        } else {
            assert_eq!(code(&out), 0, "{scenario}: {}", String::from_utf8_lossy(&out.stdout));
        }
        for (token, n) in effects(world) {
            assert_eq!(n, 1, "{scenario}: {token}");
        }
        assert!(effects(world).len() > before.len());
    }
}

#[test]
fn a_changed_playbook_is_drift_and_nothing_acts() {
    for edit in ["inserted", "removed", "renamed", "argument"] {
        let dir = fresh();
        let world = dir.path();
        assert_ne!(code(&mig(world, "run", "false_expect", "")), 0);
        let (was, before) = (hosts(world), effects(world));
        let out = mig(world, "resume", &format!("false_expect+{edit}"), "");
        let text = String::from_utf8_lossy(&out.stdout);
        assert_eq!(code(&out), 3, "{edit}: {text}");
        assert!(text.contains("the run had made") || text.contains("is now called"), "{edit}: {text}");
        assert_eq!((hosts(world), effects(world)), (was, before), "{edit}");
    }
}
