//! Row 2 of the fault table: SIGKILL at random times of a run of thirty commands, then of its resumes: each command is
//! started exactly once. `MIG_KILLS=200 cargo test --test kills -- --nocapture` is the whole of it
//! and prints the figures; without the variable it is twenty.

#[path = "faults/machine.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod machine;

use machine::Machine;
use rand::RngExt;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const COMMANDS: usize = 30;

/// Ten steps of three commands; some are quick, some print, some take a while.
fn playbook() -> String {
    let mut text = String::new();
    for step in 0..COMMANDS / 3 {
        let [a, b, c] = [1, 2, 3].map(|n| step * 3 + n);
        text += &format!(
            "step(\"Step {step}\", || {{\n  h.ssh(\"echo {a} >>DIR/log\", #{{ undo: false }});\n  \
             h.ssh(\"echo {b} >>DIR/log; for i in 1 2 3 4 5; do echo line $i; done; sleep 0.02\", #{{ undo: false }});\n  \
             try {{ h.ssh(\"echo {c} >>DIR/log; exit 3\", #{{ undo: false }}); }} catch {{ }}\n}});\n"
        );
    }
    text
}

#[derive(Default)]
struct Figures {
    runs: usize,
    kills: usize,
    before_anything: usize,
    half_way: usize,
    twice: usize,
    never: usize,
    wrong: Vec<String>,
}

#[test]
fn row_2_killed_at_random_times_each_command_is_started_once() {
    let wanted: usize = std::env::var("MIG_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let left = AtomicUsize::new(wanted);
    let all = Mutex::new(Figures::default());
    let began = Instant::now();
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let m = Machine::with(&playbook());
                let began = Instant::now();
                m.run("quiet").ends(0);
                let whole = began.elapsed();
                let mut n = 0;
                while left.load(Ordering::SeqCst) > 0 {
                    n += 1;
                    one(&m, &format!("ann{n}"), whole, &left, &all);
                }
            });
        }
    });
    let f = all.into_inner().expect("nobody panicked with it");
    println!(
        "{} kills in {} runs of {COMMANDS} commands, {} before anything was begun, {} half way; \
         commands started: {}, twice: {}, never: {}; {:.0} s",
        f.kills,
        f.runs,
        f.before_anything,
        f.half_way,
        f.runs * COMMANDS,
        f.twice,
        f.never,
        began.elapsed().as_secs_f64()
    );
    assert!(f.wrong.is_empty(), "{}", f.wrong.join("\n"));
    assert_eq!((f.twice, f.never), (0, 0));
    assert!(f.kills >= wanted && f.half_way > 0);
}

/// One run, killed and resumed until it is done.
fn one(m: &Machine, user: &str, whole: Duration, left: &AtomicUsize, all: &Mutex<Figures>) {
    let _ = std::fs::remove_file(m.at("log"));
    let mut random = rand::rng();
    let (mut kills, mut before, mut half) = (0, 0, 0);
    let end = loop {
        // The first may die before its run is in the journal: then there is nothing to resume.
        let is_there = m.state(user).join("journal.db").exists() && {
            let said = m.says(user, &["runs", "--json"]);
            said.code == 0 && said.text.contains("\"run\"")
        };
        let words: &[&str] = if is_there { &["resume"] } else { &["run", "./p.rhai", "--yes"] };
        let take = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if !take || kills == 5 {
            if take {
                left.fetch_add(1, Ordering::SeqCst);
            }
            break m.says(user, words);
        }
        let mut child = m.mig(user, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mig starts");
        let patience = whole.mul_f64(random.random_range(0.0..1.0));
        std::thread::sleep(patience);
        let is_over = matches!(child.try_wait(), Ok(Some(_)));
        let _ = child.kill();
        let _ = child.wait();
        if is_over {
            left.fetch_add(1, Ordering::SeqCst);
            break m.says(user, &["runs"]);
        }
        kills += 1;
        match m.log().len() {
            0 => before += 1,
            n if n < COMMANDS => half += 1,
            _ => {}
        }
    };
    let (log, state) = (m.log(), m.state_of(user));
    let mut f = all.lock().expect("nobody panicked with it");
    f.runs += 1;
    f.kills += kills;
    f.before_anything += before;
    f.half_way += half;
    for n in 1..=COMMANDS {
        match log.iter().filter(|l| **l == n.to_string()).count() {
            0 => f.never += 1,
            1 => {}
            _ => f.twice += 1,
        }
    }
    // It may have died after it had noted its end: then there is nothing to resume.
    let is_over = end.code == 0 || end.text.contains("there is no run to resume");
    if !is_over || state != "done" || !m.lock().is_empty() {
        f.wrong.push(format!("{user}: {state}, exit code {}, lock {:?}\n{}", end.code, m.lock(), end.text));
    }
    drop(f);
    let _ = std::fs::remove_dir_all(m.state(user));
    m.sh("rm -rf /var/lib/mig/lock");
}
