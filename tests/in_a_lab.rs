//! The shipped playbook in its lab, through the real binary: a plan leaves every byte of both
//! machines as it was, and a run that was cut goes on in the same lab.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "common/forked.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod forked;

use desk::Desk;
use forked::Forked;
use mig::lab::{self, OpenLab, Snapshot};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A desk whose labs are closed with it, also when a test fails.
struct Place(Desk);
impl Drop for Place {
    fn drop(&mut self) {
        for lab in lab::find(&self.0.path("state")) {
            let _ = lab.close();
        }
    }
}
impl Place {
    fn lab(&self) -> OpenLab {
        lab::find(&self.0.path("state")).into_iter().next().expect("a lab is open")
    }
    fn snapshots(&self) -> Vec<Snapshot> {
        let lab = self.lab();
        ["source", "dest"].map(|host| lab.snapshot(host).expect("a snapshot")).into()
    }
}

#[test]
fn a_plan_leaves_every_byte_as_it_was_and_shows_differences() {
    let place = Place(Desk::new());
    place.0.mig(&["lab", "conductor"]).ends(0);
    let before = place.snapshots();
    assert!(before.iter().all(|s| s.len() > 5), "they hold files");
    let said = place.0.mig(&["plan", "conductor", "--lab"]);
    said.ends(0).has(&["Plan of conductor", "cutover, budget", "undo: dest: ", "checked in the run", "deeds on "]);
    let after = place.snapshots();
    for (host, (before, after)) in ["source", "dest"].iter().zip(before.iter().zip(&after)) {
        assert_eq!(lab::differences(before, after), Default::default(), "{host}");
    }
    assert!(place.0.run_ids().is_empty(), "no run is begun");
    // A second one says the same; only the keys of the machines are known by then.
    let plan = |out: &str| out.split_once("Plan of").map(|(_, plan)| plan.to_owned());
    assert_eq!(plan(&place.0.mig(&["plan", "conductor", "--lab"]).out), plan(&said.out));
}

/// Runs mig until it has said this.
fn until_it_says(place: &Place, words: &[&str], what: &str) -> Child {
    let mut command = place.0.command(words);
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("mig starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let found = lines.by_ref().map_while(Result::ok).any(|l| l.contains(what));
    // What it says from here on is read too, or it would wait for a reader.
    std::thread::spawn(move || lines.for_each(drop));
    if !found {
        let _ = child.kill();
        let _ = child.wait();
        panic!("it never said {what:?}");
    }
    child
}
fn signal(name: &str, child: &Child) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there").success());
}

#[test]
fn faults_6_to_8_a_run_that_was_cut_goes_on_in_the_same_lab() {
    let place = Place(Desk::new());
    let mut child = until_it_says(&place, &["run", "conductor", "--lab", "--yes"], "begin    Recover the conductor");
    signal("-TERM", &child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // Asleep for a while in the middle of it, then killed outright, then to the end.
    let mut child = until_it_says(&place, &["resume", "--yes"], "do ");
    signal("-STOP", &child);
    std::thread::sleep(Duration::from_secs(2));
    signal("-CONT", &child);
    std::thread::sleep(Duration::from_millis(300));
    signal("-KILL", &child);
    child.wait().unwrap();
    if place.0.mig(&["runs"]).out.contains("done") {
        return;
    }
    let said = place.0.mig(&["resume", "--yes"]);
    said.ends(0).has(&["lab: ", "checks hold"]);
}

#[test]
fn no_password_of_a_running_configuration_gets_into_the_journal() {
    let forked = Forked::new("conductor");
    let backup = "source/srv/conductor-backup/var/lib/128technology/t128-running.json";
    forked.edits(backup, r#""name": "Lab","#, r#""password": "kept-to-itself", "name": "Lab","#);
    let sets = ["backup=/srv/conductor-backup", "version=4.1.1-1.el7.centos", "absent=SITE0003P1/SITE0003P1A"];
    let words: Vec<&str> = sets.iter().flat_map(|set| ["--set", set]).collect();
    let said = forked.runs(&words, true, &["is done"]);
    assert!(!said.contains("kept-to-itself"), "{said}");
    assert!(!forked.stored("SITE0002P1/SITE0002P1A").is_empty(), "the nodes of that file were read");
    assert_eq!(forked.stored("kept-to-itself"), Vec::<String>::new());
}

/// How many processes of this user know of a folder, by their environment or their command line.
fn know_of(folder: &Path) -> usize {
    let folder = folder.as_os_str().as_encoded_bytes();
    let holds = |file: PathBuf| fs::read(file).is_ok_and(|text| text.windows(folder.len()).any(|w| w == folder));
    let all = fs::read_dir("/proc").expect("processes").map_while(Result::ok).map(|e| e.path());
    all.filter(|p| holds(p.join("environ")) || holds(p.join("cmdline"))).count()
}

#[test]
fn a_rehearsal_that_is_told_to_end_leaves_no_lab_and_no_process() {
    let place = Place(Desk::new());
    let temporary = tempfile::Builder::new().prefix("t").tempdir().expect("a folder");
    let mut command = place.0.command(&["test", "conductor", "--at-once", "3"]);
    command.env("TMPDIR", temporary.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("mig starts");
    let began = |entry: fs::DirEntry| entry.path().join("points").exists();
    wait(Duration::from_secs(60), "a run in a lab of the rehearsal", || {
        fs::read_dir(temporary.path()).expect("a folder").map_while(Result::ok).any(began)
    });
    assert!(know_of(temporary.path()) > 3, "labs and runs are there");
    signal("-TERM", &child);
    let mut code = None;
    wait(Duration::from_secs(30), "its end", || {
        code = child.try_wait().expect("a child").map(|s| s.code());
        code.is_some()
    });
    let mut said = String::new();
    child.stderr.take().expect("its errors").read_to_string(&mut said).expect("text");
    assert_eq!(code, Some(Some(130)), "{said}");
    assert!(said.contains("the rehearsal was stopped; its labs are closed"), "{said}");
    // What was killed takes its time to go.
    wait(Duration::from_secs(30), "the end of all that it had started", || know_of(temporary.path()) == 0);
    let left: Vec<_> = fs::read_dir(temporary.path()).expect("a folder").map_while(Result::ok).collect();
    assert!(left.iter().all(|e| !e.file_name().to_string_lossy().starts_with("mig-test-")), "{left:?}");
}

fn wait(longest: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < longest, "not seen within {longest:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
