//! The budgets: what starting, checking, a lab and a hundred commands may cost.
//!
//! `cargo bench --bench budgets` prints a table. Times are measured beside their floor, in one
//! run and on one machine, so that a slow machine does not look like a slow program. It fails only
//! when told to, with `MIG_BENCH_STRICT=1`: a machine that does other things as well measures those.

#[path = "../world/sshd.rs"]
#[expect(dead_code, reason = "the tests of the world use the rest")]
mod sshd;

use mig::journal::{Journal, NewRun, Row};
use openssh::{KnownHosts, SessionBuilder, Stdio};
use sshd::Sshd;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const MIG: &str = env!("CARGO_BIN_EXE_mig");
const COMMANDS: usize = 100;
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
    let folder = tempfile::tempdir().unwrap();
    let mut lines = vec![
        Line {
            what: "mig --version",
            took: middle(41, || mig(folder.path(), &["--version"])),
            budget: Duration::from_millis(10),
            how: String::new(),
        },
        Line {
            what: "mig check conductor",
            took: middle(21, || mig(folder.path(), &["check", "conductor"])),
            budget: Duration::from_millis(50),
            how: String::new(),
        },
        Line {
            what: "a lab of two hosts opens",
            took: middle(ROUNDS, || a_lab(folder.path())),
            budget: Duration::from_millis(300),
            how: String::new(),
        },
    ];
    match Path::new("/usr/sbin/sshd").exists() {
        true => lines.push(a_hundred_commands(folder.path())),
        false => println!("there is no /usr/sbin/sshd: 1 host x {COMMANDS} commands is not measured"),
    }
    println!("{:<28} {:>10} {:>10}", "what", "took", "budget");
    for l in &lines {
        let over = if l.took > l.budget { "  OVER" } else { "" };
        println!("{:<28} {:>7.1} ms {:>7.1} ms{over}  {}", l.what, ms(l.took), ms(l.budget), l.how);
    }
    if std::env::var_os("MIG_BENCH_STRICT").is_some() && lines.iter().any(|l| l.took > l.budget) {
        std::process::exit(1);
    }
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
    let out = Command::new(MIG)
        .args(words)
        .current_dir(folder)
        .env("MIG_STATE", folder.join("state"))
        .env("MIG_INVENTORY", folder.join("inventory.yml"))
        .output()
        .unwrap();
    let took = began.elapsed();
    assert!(out.status.success(), "{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    took
}

fn a_lab(folder: &Path) -> Duration {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/conductor.lab");
    let source = mig::lab::LabSource::from_folder(&lab).unwrap();
    let began = Instant::now();
    let lab = mig::lab::open_with(&source, &folder.join("labs"), Path::new(MIG)).unwrap();
    let took = began.elapsed();
    lab.close().unwrap();
    took
}

/// The same commands bare and through `mig run`, to one sshd on loopback, by turns.
fn a_hundred_commands(folder: &Path) -> Line {
    let server = Sshd::start(&folder.join("sshd"), "KexAlgorithms curve25519-sha256");
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    let identity = server.folder.join("user_key").display().to_string();
    std::fs::write(
        folder.join("inventory.yml"),
        format!(
            "hosts:\n  one: {{ address: 127.0.0.1, port: {}, user: {}, identity: {identity} }}\n",
            server.port,
            user.trim()
        ),
    )
    .unwrap();
    std::fs::write(
        folder.join("many.rhai"),
        format!(
            "//! Nothing is different afterwards.\nlet p = params(#{{ one: host(\"any machine\") }});\nlet one = p.one;\n\
             step(\"Do nothing, often\", || {{ for i in 0..{COMMANDS} {{ one.ssh(`true ${{i}}`, #{{ undo: \"true\" }}); }} }});\n"
        ),
    )
    .unwrap();
    std::fs::write(
        folder.join("ssh_config"),
        format!(
            "Host one\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {identity}\n  IdentitiesOnly yes\n  \
             StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n",
            server.port,
            user.trim()
        ),
    )
    .unwrap();
    let words = ["run", "many.rhai", "--yes", "--accept-new-host-keys"];
    // The first contact is made once for a machine, not once for a run.
    mig(folder, &words);
    let (mut bare, mut journaled, mut commits) = (vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        bare.push(floor(folder));
        journaled.push(mig(folder, &words));
        commits.push(the_commits(folder, round));
    }
    for all in [&mut bare, &mut journaled, &mut commits] {
        all.sort_unstable();
    }
    let [bare, took, commits] = [bare, journaled, commits].map(|all| all[ROUNDS / 2]);
    Line {
        what: "1 host x 100 commands",
        took,
        budget: bare.mul_f64(1.5) + commits,
        how: format!(
            "bare {:.1} ms, {COMMANDS} commits {:.1} ms; ratio {:.2}, without the commits {:.2}",
            ms(bare),
            ms(commits),
            took.as_secs_f64() / bare.as_secs_f64(),
            took.saturating_sub(commits).as_secs_f64() / bare.as_secs_f64(),
        ),
    }
}

/// The openssh crate alone: connect, and the commands one after the other over one connection.
fn floor(folder: &Path) -> Duration {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let began = Instant::now();
        let session = SessionBuilder::default()
            .known_hosts_check(KnownHosts::Accept)
            .config_file(folder.join("ssh_config"))
            .control_directory(folder)
            .connect_mux("one")
            .await
            .unwrap();
        for i in 0..COMMANDS {
            let out = session
                .raw_command(format!("true {i}"))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .output()
                .await
                .unwrap();
            assert!(out.status.success());
        }
        let took = began.elapsed();
        session.close().await.unwrap();
        took
    })
}

/// As many commits as a run of these commands waits for: one intent a command.
fn the_commits(folder: &Path, round: usize) -> Duration {
    let journal = Journal::open(&folder.join("commits")).unwrap();
    let record = journal
        .begin(&NewRun {
            id: format!("commits{round:05}"),
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
    for i in 0..COMMANDS {
        record.commit("bench", 0, vec![Row::moment(i64::try_from(i).unwrap(), &event)]).unwrap();
    }
    began.elapsed()
}
