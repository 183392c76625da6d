//! The budgets: what starting, checking, a lab, commands and many hosts may cost.
//!
//! `cargo bench --bench budgets` prints a table. Times are measured beside their floor, in one
//! run and on one machine, so that a slow machine does not look like a slow program. It fails only
//! when told to, with `MIG_BENCH_STRICT=1`: a machine that does other things as well measures those.
//! `MIG_BENCH_OTHERS=1` measures fabric, pyinfra and Ansible beside it, from a venv of its own.
//! `MIG_BENCH_PROGRAM=target/release/mig` measures that one, where the bench itself was built in a hurry.
//! It is to be run as an ordinary user whose shell is `/bin/sh`: what a profile does is in no budget.

mod fleet;
mod memory;
mod others;
#[path = "../world/sshd.rs"]
#[expect(dead_code, reason = "the tests of the world use the rest")]
mod sshd;

use fleet::Fleet;
use mig::journal::{Journal, NewRun, Row};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What 250 hosts at once may take of mig's own memory.
const MEMORY_KIB: u64 = 100 << 10;
/// Every measurement is made this often, floor and mig by turns; the middle one counts.
const ROUNDS: usize = 7;

/// One line of the table.
struct Line {
    what: &'static str,
    took: Duration,
    budget: Duration,
    how: String,
}

fn main() {
    // 250 hosts bare take more files than a process has as a rule; `mig` raises this for itself.
    mig::world::limits::raise();
    let folder = tempfile::tempdir().unwrap();
    let mut is_over = false;
    // Each as soon as it is measured: with the others it takes minutes.
    let mut tell = |l: Line| {
        let over = if l.took > l.budget { "  OVER" } else { "" };
        is_over |= l.took > l.budget;
        let budget = if l.budget == Duration::MAX { "-".into() } else { format!("{:.1} ms", ms(l.budget)) };
        println!("{:<28} {:>7.1} ms {budget:>10}{over}  {}", l.what, ms(l.took), l.how);
    };
    println!("{:<28} {:>10} {:>10}", "what", "took", "budget");
    let plain = |what, took, budget| Line { what, took, budget, how: String::new() };
    let version = middle(41, || mig(folder.path(), &["--version"]));
    tell(plain("mig --version", version, Duration::from_millis(10)));
    let check = middle(21, || mig(folder.path(), &["check", "conductor"]));
    tell(plain("mig check conductor", check, Duration::from_millis(50)));
    let opens = middle(ROUNDS, || a_lab(folder.path()));
    tell(plain("a lab of two hosts opens", opens, Duration::from_millis(300)));
    if Path::new("/usr/sbin/sshd").exists() {
        let one = Fleet::start(&folder.path().join("one"), 1);
        tell(commands_on(&one, "1 host x 100 commands", 100, ROUNDS));
        drop(one);
        let twenty = Fleet::start(&folder.path().join("twenty"), 20);
        tell(commands_on(&twenty, "20 hosts x 20 commands", 20, 5));
        drop(twenty);
        let hundred = Fleet::start(&folder.path().join("hundred"), 100);
        tell(commands_on(&hundred, "100 hosts x 1 command", 1, 5));
        drop(hundred);
        let many = Fleet::start(&folder.path().join("many"), 250);
        // What this may take is bounded in memory alone.
        tell(Line { budget: Duration::MAX, ..commands_on(&many, "250 hosts x 1 command", 1, 3) });
        let said = memory_of(&many);
        is_over |= said.contains("OVER");
        println!("{said}");
    } else {
        println!("there is no /usr/sbin/sshd: commands on hosts are not measured");
    }
    if std::env::var_os("MIG_BENCH_STRICT").is_some() && is_over {
        std::process::exit(1);
    }
}

/// The `mig` that is measured: the one of this build, or another that is named.
fn program() -> PathBuf {
    std::env::var_os("MIG_BENCH_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_mig").into()).into()
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1000.0
}

/// The middle one of some measurements.
fn middle(rounds: usize, mut measure: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<Duration> = (0..rounds).map(|_| measure()).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

fn mig(folder: &Path, words: &[&str]) -> Duration {
    let began = Instant::now();
    let out = Command::new(program())
        .args(words)
        .current_dir(folder)
        .env("MIG_STATE", folder.join("state"))
        .env("MIG_INVENTORY", folder.join("inventory.yml"))
        .output()
        .unwrap();
    let took = began.elapsed();
    let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let end: Vec<&str> = said.lines().rev().take(20).collect();
    assert!(out.status.success(), "{}", end.into_iter().rev().collect::<Vec<_>>().join("\n"));
    took
}

fn a_lab(folder: &Path) -> Duration {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/conductor.lab");
    let source = mig::lab::LabSource::from_folder(&lab, &|_| Ok(None)).unwrap();
    let began = Instant::now();
    let lab = mig::lab::open_with(&source, &folder.join("labs"), &program()).unwrap();
    let took = began.elapsed();
    lab.close().unwrap();
    took
}

/// The same commands bare and through `mig run`, by turns, on all hosts of a fleet at once.
fn commands_on(fleet: &Fleet, what: &'static str, commands: usize, rounds: usize) -> Line {
    let words = ["run", &fleet.playbook(commands), "--yes", "--accept-new-host-keys"];
    let (mut bare, mut journaled, mut commits) = (vec![], vec![], vec![]);
    // The first contact is made once for a machine, not once for a run.
    mig(&fleet.folder, &words);
    for _ in 0..rounds {
        bare.push(fleet.floor(commands));
        journaled.push(mig(&fleet.folder, &words));
        commits.push(the_commits(&fleet.folder, fleet.len() * commands));
    }
    for all in [&mut bare, &mut journaled, &mut commits] {
        all.sort_unstable();
    }
    let [bare, took, commits] = [bare, journaled, commits].map(|all| all[rounds / 2]);
    let ratio = |of: Duration| of.as_secs_f64() / bare.as_secs_f64();
    let beside: Vec<String> = others::measure(fleet, commands)
        .into_iter()
        .map(|(name, its)| {
            format!("; {name} {:.1} ms, {:.2} times mig", ms(its), its.as_secs_f64() / took.as_secs_f64())
        })
        .collect();
    Line {
        what,
        took,
        budget: bare.mul_f64(1.5) + commits,
        how: format!(
            "bare {:.1} ms, {} commits {:.1} ms; ratio {:.2}, without the commits {:.2}{}",
            ms(bare),
            fleet.len() * commands,
            ms(commits),
            ratio(took),
            ratio(took.saturating_sub(commits)),
            beside.concat()
        ),
    }
}

/// mig's own memory with very many hosts at once; the masters beside it.
fn memory_of(fleet: &Fleet) -> String {
    let words = ["run", &fleet.playbook(1), "--yes", "--accept-new-host-keys"];
    mig(&fleet.folder, &words);
    let mut command = Command::new(program());
    command.args(words).current_dir(&fleet.folder);
    command.env("MIG_STATE", fleet.folder.join("state")).env("MIG_INVENTORY", fleet.folder.join("inventory.yml"));
    let seen = memory::of_run(command, &fleet.folder);
    let over = if seen.mig > MEMORY_KIB { "  OVER" } else { "" };
    format!(
        "{} hosts at once: {:.1} MiB of mig's own memory of {} MiB{over}; beside it {} ssh masters with {:.1} MiB",
        fleet.len(),
        seen.mig as f64 / 1024.0,
        MEMORY_KIB / 1024,
        seen.most_masters,
        seen.masters as f64 / 1024.0
    )
}

/// As many commits as a run of these commands waits for: one intent a command, one after the
/// other. (Those of hosts that work at the same time may share one; this is then too much.)
fn the_commits(folder: &Path, commands: usize) -> Duration {
    let fresh = tempfile::tempdir_in(folder).unwrap();
    let journal = Journal::open(&fresh.path().join("state")).unwrap();
    let record = journal
        .begin(&NewRun {
            id: "commits00000".into(),
            playbook: "many".into(),
            file: "many.rhai".into(),
            params: serde_json::json!({}),
            inventory: String::new(),
            inventory_file: String::new(),
            lab: String::new(),
            scripts: vec![],
        })
        .unwrap();
    let event = serde_json::json!({ "what": "x".repeat(400) });
    let began = Instant::now();
    for i in 0..commands {
        record.commit("bench", 0, vec![Row::moment(i64::try_from(i).unwrap(), &event)]).unwrap();
    }
    began.elapsed()
}
