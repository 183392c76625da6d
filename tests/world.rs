//! The world against a real sshd, and on this machine.

#[path = "world/sshd.rs"]
mod sshd;

use mig::contract::*;
use mig::name::{HostName, RemotePath};
use mig::world::{HostConfig, Reach, Remote, open};
use sshd::{Person, Sshd, settings, signal};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

struct Stage {
    sshd: Sshd,
    person: Arc<Person>,
    remote: Arc<Remote>,
    record: HostRecord,
    folder: tempfile::TempDir,
    run: String,
}
fn h() -> HostName {
    HostName::parse("dest").unwrap()
}
fn sh(text: &str) -> Command {
    Command::Shell(text.into())
}
fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}
fn run_id() -> String {
    hex::encode(rand::random::<[u8; 6]>())
}
fn stage(more: &str) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(&folder.path().join("sshd"), more);
    let person = Person::saying(Answer::Yes);
    let run = run_id();
    let remote = open(settings(&run, &folder.path().join("state"), &person, vec![sshd.host("dest")])).unwrap();
    let record = remote.prepare(&h(), None).unwrap();
    Stage { sshd, person, remote, record, folder, run }
}
impl Stage {
    /// Another process, as far as the host can tell.
    fn again(&self) -> Arc<Remote> {
        let state = self.folder.path().join("state");
        let remote = open(settings(&self.run, &state, &self.person, vec![self.sshd.host("dest")])).unwrap();
        assert_eq!(remote.prepare(&h(), Some(&self.record)).unwrap(), self.record);
        remote
    }
    fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
    fn starts(&self, name: &str) -> usize {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default().lines().count()
    }
}
impl Drop for Stage {
    fn drop(&mut self) {
        let left = self.remote.finish(std::slice::from_ref(&self.record));
        assert!(left.is_empty() || std::thread::panicking(), "{left:?}");
        assert!(!Path::new(&self.record.folder).exists() || std::thread::panicking());
    }
}
fn deed(command: &str) -> Deed {
    Deed::Run(Run::new(&h(), sh(command)))
}
fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Err(Halt::Failed(f)) => *f,
        other => panic!("{other:?}"),
    }
}

#[test]
fn exit_codes_are_told_apart_from_failures_of_ssh() {
    let s = stage("");
    for code in [0, 1, 126, 127, 255] {
        let output = s.remote.run(&h(), &sh(&format!("echo out; echo err >&2; exit {code}")), 10_000).unwrap();
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (code, "out\n", "err\n"));
        let outcome = s.remote.act(&Token::deed(code, 0, 1), &deed(&format!("echo out; exit {code}")));
        match code {
            0 => assert_eq!(outcome.unwrap()["stdout"], "out"),
            _ => assert_eq!((failure(outcome.clone()).code, failure(outcome).output.unwrap()), (code, "out".into())),
        }
    }
    assert_eq!(s.remote.run(&h(), &sh("no-such-program"), 10_000).unwrap().code, 127);
    let killed = s.remote.run(&h(), &sh("kill -9 $$"), 10_000).unwrap();
    assert_eq!(killed.code, 137);
    let machine = s.remote.machine(&h()).unwrap();
    assert_eq!(machine.uid, 0);
    assert!(machine.programs.contains_key("sha256sum") && machine.free.contains_key("/"));
    assert_eq!(s.remote.boot_id(&h()).unwrap(), machine.boot_id);
    assert!(s.person.connections().contains("unknown host key ssh-ed25519 SHA256:"));
}

#[test]
fn a_command_that_prints_is_not_torn_by_a_dropped_link() {
    let s = stage("");
    let command = format!("echo x >>{}; for i in $(seq 30); do echo line $i; sleep 0.1; done; exit 7", s.file("n"));
    let (outcome, ()) = std::thread::scope(|t| {
        let act = t.spawn(|| s.remote.act(&Token::deed(1, 0, 1), &deed(&command)));
        std::thread::sleep(Duration::from_millis(900));
        s.sshd.kill_sessions();
        std::thread::sleep(Duration::from_millis(900));
        s.sshd.kill_sessions();
        (act.join().unwrap(), ())
    });
    let f = failure(outcome);
    assert_eq!((f.code, f.output.unwrap().lines().last().unwrap().to_owned()), (7, "line 30".into()));
    let all: String = (1..=30).map(|i| format!("line {i}\n")).collect();
    assert_eq!(s.person.output(false), all, "each line once");
    assert_eq!(s.starts("n"), 1);
    assert!(s.person.connections().contains("broke off"), "{}", s.person.connections());
    // The same token again, and from another process: the same answer, nothing started.
    let again = failure(s.remote.act(&Token::deed(1, 0, 1), &deed(&command)));
    assert_eq!(again.code, 7);
    let Settled::Failed(f) = s.again().settle(&Token::deed(1, 0, 1), &deed(&command)) else { panic!() };
    assert_eq!(f.code, 7);
    assert_eq!(s.starts("n"), 1);
    let other = s.remote.act(&Token::deed(1, 0, 1), &deed("rm -rf /nothing"));
    assert!(matches!(other, Err(Halt::Stop(Stop::Refused(t))) if t.contains("corrupted")));
}

#[test]
fn settling_a_command() {
    let s = stage("");
    let (t, count) = (|n| Token::deed(n, 0, 1), s.file("n"));
    let world = s.again();
    assert_eq!(world.settle(&t(1), &deed("true")), Settled::SameToken);
    let value = s.remote.act(&t(2), &deed("echo hello")).unwrap();
    assert_eq!(world.settle(&t(2), &deed("echo hello")), Settled::Done(value));
    // A wrapper that was killed with a child alive is running; then it is lost.
    let base = Run::new(
        &h(),
        sh(&format!("echo x >>{count}; echo step one; kill -9 $PPID; sleep 1; echo two; touch {count}.done")),
    );
    let lost = |n: i64, run: &Run| {
        let outcome = s.remote.act(&t(n), &Deed::Run(run.clone()));
        assert!(matches!(&outcome, Err(Halt::Stop(Stop::Ask { call, .. })) if *call == n), "{outcome:?}");
        world.settle(&t(n), &Deed::Run(run.clone()))
    };
    let Settled::Unknown(text) = lost(3, &base) else { panic!() };
    for part in ["outcome is unknown", "started 20", "left no exit code", "step one", "two", "no check"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(s.starts("n"), 1, "never a second time");
    assert!(matches!(lost(4, &Run { idempotent: true, ..base.clone() }), Settled::Repeatable(_)));
    let check = |c: String| Run { check: Some(sh(&c)), ..base.clone() };
    assert_eq!(lost(5, &check("false".into())), Settled::NewToken);
    let done = s.remote.act(&t(6), &Deed::Run(check(format!("test -e {count}.done")))).unwrap();
    assert!(unknown_why(&done).is_some());
    // Another boot: what was started is lost, and what left no trace may have happened.
    let started = format!("{}/3.0.1.started", s.record.folder);
    let text = fs::read_to_string(&started).unwrap().replace(&s.record.boot_id, "another-boot");
    fs::write(&started, text).unwrap();
    let Settled::Unknown(text) = world.settle(&t(3), &Deed::Run(base.clone())) else { panic!() };
    assert!(text.contains("has rebooted since"), "{text}");
    let marker = format!("{}/marker", s.record.folder);
    let good = fs::read_to_string(&marker).unwrap();
    fs::write(&marker, good.replace(&s.record.boot_id, "another-boot")).unwrap();
    let state = s.folder.path().join("state");
    let later = open(settings(&s.run, &state, &s.person, vec![s.sshd.host("dest")])).unwrap();
    assert_eq!(later.prepare(&h(), Some(&s.record)).unwrap().boot_id, "another-boot");
    assert!(matches!(later.settle(&t(1), &deed("true")), Settled::Unknown(t) if t.contains("rebooted")));
    // Wiped.
    fs::write(&marker, "something else\n").unwrap();
    assert!(matches!(world.settle(&t(1), &deed("true")), Settled::Unknown(t) if t.contains("wiped")));
    assert!(matches!(world.act(&t(9), &deed("true")), Err(Halt::Stop(Stop::Refused(t))) if t.contains("wiped")));
    assert_eq!(s.remote.finish(std::slice::from_ref(&s.record)).len(), 1, "what is not ours is left");
    fs::write(&marker, good).unwrap();
}

#[test]
fn input_and_secrets_are_in_no_command_line() {
    let s = stage("");
    let mut settings = settings(&s.run, &s.folder.path().join("state"), &s.person, vec![s.sshd.host("dest")]);
    settings.secrets = Arc::new(|_| Ok(mig::secret::Secret::new("canary-7f3a".into())));
    let world = open(settings).unwrap();
    world.prepare(&h(), Some(&s.record)).unwrap();
    let text = serde_json::from_str(r#"{"$text":["user:",{"$secret":"p"}]}"#).unwrap();
    let look = "cat >/dev/null; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -c 'canary-7[f]3a'";
    let run = Run { stdin: Some(text), ok: vec![0, 1], ..Run::new(&h(), sh(look)) };
    assert_eq!(world.act(&Token::deed(1, 0, 1), &Deed::Run(run.clone())).unwrap()["stdout"], "0");
    let run = Run { command: sh("cat"), ..run };
    assert_eq!(world.act(&Token::deed(2, 0, 1), &Deed::Run(run.clone())).unwrap()["stdout"], "user:canary-7f3a");
    assert!(!Path::new(&format!("{}/2.0.1.in", s.record.folder)).exists());
    // As long as it likes.
    let long = format!("# {}\necho 'it'\\''s' long", "x".repeat(300_000));
    assert_eq!(world.act(&Token::deed(3, 0, 1), &deed(&long)).unwrap()["stdout"], "it's long");
    let input = "line\n".repeat(200_000);
    let run = Run { stdin: Some(input.into()), ..Run::new(&h(), sh("wc -l")) };
    assert_eq!(world.act(&Token::deed(4, 0, 1), &Deed::Run(run)).unwrap()["stdout"], "200000");
    let run = Run { cwd: Some(path("/usr/bin")), ..Run::new(&h(), sh("pwd; umask")) };
    assert_eq!(world.act(&Token::deed(5, 0, 1), &Deed::Run(run)).unwrap()["stdout"], "/usr/bin\n0022");
}

#[test]
fn output_is_capped_and_harmless() {
    let s = stage("");
    let act =
        |n, c: &str| s.remote.act(&Token::deed(n, 0, 1), &deed(c)).unwrap()["stdout"].as_str().unwrap().to_owned();
    act(1, "printf '\\033]0;title\\007 red \\033[31m'");
    assert_eq!(s.person.output(false), "␛]0;title␇ red ␛[31m");
    let text = act(2, "echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo last");
    assert!(text.starts_with("first\nxxx") && text.ends_with("xxx\nlast"));
    assert!(text.contains("bytes left out") && text.len() < (8 << 20) + 100, "{}", text.len());
    let output = s.remote.run(&h(), &sh("head -c 20000000 /dev/zero | tr '\\0' y; printf end >&2"), 60_000).unwrap();
    assert!(output.stdout.len() < (8 << 20) + 100 && output.stderr == "end");
    assert_eq!(act(3, "printf 'no newline \\377'"), "no newline \u{fffd}");
}

#[test]
fn a_command_over_its_time_is_ended_with_all_its_processes() {
    let s = stage("");
    let run = Run { timeout_ms: 700, ..Run::new(&h(), sh("echo begun; sh -c 'sleep 61.7' & sleep 61.7; wait")) };
    let began = Instant::now();
    let f = failure(s.remote.act(&Token::deed(1, 0, 1), &Deed::Run(run.clone())));
    assert!(f.message.contains("longer than 700 ms") && f.output.unwrap().starts_with("begun"), "{}", f.message);
    assert!(began.elapsed() < Duration::from_secs(5));
    let stubborn = Run { timeout_ms: 500, ..Run::new(&h(), sh("trap '' TERM; while :; do sleep 61.7; done")) };
    failure(s.remote.act(&Token::deed(2, 0, 1), &Deed::Run(stubborn)));
    let f = match s.remote.run(&h(), &sh("sleep 61.7; echo no"), 500) {
        Err(Halt::Failed(f)) => f,
        other => panic!("{other:?}"),
    };
    assert!(f.message.contains("given up after 500 ms"), "{}", f.message);
    let left = s
        .remote
        .run(
            &h(),
            &sh("grep -l 61.7 /proc/[0-9]*/cmdline 2>/dev/null | grep -v /$$/ | xargs -r grep -a sleep | wc -l"),
            5000,
        )
        .unwrap();
    let sleeps = s.remote.run(&h(), &sh("ps -e -o args= 2>/dev/null | grep -c '^sleep 61[.]7'"), 5000).unwrap();
    assert_eq!(sleeps.stdout.trim(), "0", "{left:?}");
    assert!(matches!(s.remote.settle(&Token::deed(1, 0, 1), &Deed::Run(run)), Settled::Failed(_)));
}

#[test]
fn a_server_with_two_sessions_a_connection_serves_ten_threads() {
    let s = stage("MaxSessions 2");
    std::thread::scope(|t| {
        for n in 0..10 {
            let remote = &s.remote;
            t.spawn(move || {
                for k in 0..3 {
                    let command = format!("sleep 0.2; echo {n}.{k}");
                    let value = remote.act(&Token::deed(n, k, 1), &deed(&command)).unwrap();
                    assert_eq!(value["stdout"], format!("{n}.{k}"));
                }
            });
        }
    });
}

#[test]
fn the_master_killed_is_no_failure() {
    let s = stage("");
    s.remote.run(&h(), &sh("true"), 5000).unwrap();
    let masters = || {
        let text =
            std::process::Command::new("pgrep").args(["-f", &format!("mig-{}", &s.run[..8])]).output().unwrap().stdout;
        String::from_utf8(text).unwrap().lines().map(|p| p.parse().unwrap()).collect::<Vec<u32>>()
    };
    for pid in masters() {
        signal("-KILL", pid);
    }
    assert_eq!(s.remote.run(&h(), &sh("echo back"), 5000).unwrap().stdout, "back\n");
    assert_eq!(s.remote.act(&Token::deed(1, 0, 1), &deed("echo back")).unwrap()["stdout"], "back");
}

fn put(from: Option<FileState>, to: Option<FileState>, source: Source, at: &str) -> Put {
    let keep = from.as_ref().map(|f| Put::keep_name(&path(at), f));
    Put { host: h(), path: path(at), from, to, source, keep }
}

#[test]
fn a_file_is_put_all_or_nothing_while_the_place_is_as_seen() {
    let s = stage("");
    let at = s.file("it's a file");
    let t = |n| Token::deed(n, 0, 1);
    let bytes = |text: &[u8]| Source::Bytes(Bytes(text.to_vec()));
    let (one, two) = (FileState::of(b"one\n", "0:0", 0o640), FileState::of(b"two \xff\0\n", "1:1", 0o600));
    assert_eq!(s.remote.find(&h(), &path(&at)).unwrap(), Found::Nothing);
    assert_eq!(s.remote.find(&h(), &path(&s.file("no/where"))).unwrap(), Found::Nothing);
    let create = put(None, Some(one.clone()), bytes(b"one\n"), &at);
    assert_eq!(s.remote.settle(&t(1), &Deed::Put(create.clone())), Settled::SameToken);
    s.remote.act(&t(1), &Deed::Put(create.clone())).unwrap();
    assert_eq!(s.remote.find(&h(), &path(&at)).unwrap(), Found::File(one.clone()));
    assert!(matches!(s.remote.settle(&t(1), &Deed::Put(create.clone())), Settled::Done(_)));
    s.remote.act(&t(1), &Deed::Put(create.clone())).unwrap();
    let change = put(Some(one.clone()), Some(two.clone()), bytes(b"two \xff\0\n"), &at);
    s.remote.act(&t(2), &Deed::Put(change.clone())).unwrap();
    let (state, content) = s.remote.bytes(&h(), &path(&at), 100).unwrap().unwrap();
    assert_eq!((&state, content.as_slice()), (&two, b"two \xff\0\n".as_slice()));
    assert!(s.remote.undo_material(&s.record).unwrap() > 0);
    // Somebody else wrote: nothing is changed.
    fs::write(&at, "foreign\n").unwrap();
    let back = change.reversed(None);
    let f = failure(s.remote.act(&t(3), &Deed::Put(back.clone())));
    assert!(f.message.contains("is not what it was") && f.message.contains("8 bytes"), "{}", f.message);
    assert_eq!(fs::read(&at).unwrap(), b"foreign\n");
    assert!(matches!(s.remote.settle(&t(3), &Deed::Put(back.clone())), Settled::Unknown(_)));
    fs::write(&at, b"two \xff\0\n").unwrap();
    s.remote.act(&t(4), &Deed::Put(back)).unwrap();
    assert_eq!(s.remote.find(&h(), &path(&at)).unwrap(), Found::File(one.clone()));
    // A link is not followed, a folder is no file, and nothing is left beside.
    let link = s.file("link");
    std::os::unix::fs::symlink(&at, &link).unwrap();
    assert!(matches!(s.remote.find(&h(), &path(&link)).unwrap(), Found::Link { target } if target == at));
    failure(s.remote.act(&t(5), &Deed::Put(put(None, Some(one.clone()), bytes(b"one\n"), &link))));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    s.remote.act(&t(6), &Deed::Put(create.reversed(None))).unwrap();
    assert!(!Path::new(&at).exists());
    let names = mig::world::files::names_in(s.folder.path());
    assert!(!names.iter().any(|n| n.contains(".mig-")), "{names:?}");
    let beside = s.file(&format!(".it's a file.mig-{}", s.run));
    fs::write(&beside, "torn").unwrap();
    s.remote.sweep(&Deed::Put(create));
    assert!(!Path::new(&beside).exists());
}

#[test]
fn a_large_file_goes_from_host_to_host() {
    let s = stage("");
    let here = HostName::parse("here").unwrap();
    let local = HostConfig { name: here.clone(), reach: Reach::Local, sudo: false, moves_to: None };
    let state = s.folder.path().join("state");
    let world = open(settings(&s.run, &state, &s.person, vec![s.sshd.host("dest"), local])).unwrap();
    let record = world.prepare(&here, None).unwrap();
    assert!(record.folder.starts_with(&state.display().to_string()), "{}", record.folder);
    world.prepare(&h(), Some(&s.record)).unwrap();
    let (from, to) = (s.file("large"), s.file("copy"));
    let content: Vec<u8> = (0..20_000_000u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
    fs::write(&from, &content).unwrap();
    let Found::File(found) = world.find(&here, &path(&from)).unwrap() else { panic!() };
    let source = Source::File { host: here.clone(), path: path(&from) };
    world.act(&Token::deed(1, 0, 1), &Deed::Put(put(None, Some(found.clone()), source.clone(), &to))).unwrap();
    assert!(fs::read(&to).unwrap() == content);
    let told = s
        .person
        .heard
        .lock()
        .unwrap()
        .iter()
        .any(|e| matches!(e, Event::Progress { done, total, .. } if done == total));
    assert!(told, "progress");
    // A source that changed meanwhile is not put anywhere.
    fs::write(&from, &content[1..]).unwrap();
    let third = s.file("third");
    failure(world.act(&Token::deed(2, 0, 1), &Deed::Put(put(None, Some(found.clone()), source, &third))));
    let gone = Source::File { host: here.clone(), path: path(&s.file("gone")) };
    let f = failure(world.act(&Token::deed(3, 0, 1), &Deed::Put(put(None, Some(found), gone, &third))));
    assert!(f.message.contains("cannot be read"), "{}", f.message);
    assert!(!Path::new(&third).exists());
    // This machine takes commands just the same.
    let run = Run::new(&here, sh("echo here; exit 3"));
    assert_eq!(failure(world.act(&Token::deed(4, 0, 1), &Deed::Run(run.clone()))).code, 3);
    assert!(matches!(world.settle(&Token::deed(4, 0, 1), &Deed::Run(run)), Settled::Failed(f) if f.code == 3));
    assert_eq!(world.finish(&[record]), Vec::<String>::new());
}

#[test]
fn a_file_with_a_secret_is_settled_by_its_content() {
    let s = stage("");
    let mut settings = settings(&s.run, &s.folder.path().join("state"), &s.person, vec![s.sshd.host("dest")]);
    settings.secrets = Arc::new(|_| Ok(mig::secret::Secret::new("canary".into())));
    let world = open(settings).unwrap();
    world.prepare(&h(), Some(&s.record)).unwrap();
    let at = s.file("secret");
    let text = serde_json::from_str(r#"{"$text":["p=",{"$secret":"p"}]}"#).unwrap();
    let to = FileState { sha256: None, size: 0, owner: "0:0".into(), mode: 0o600 };
    let deed = Deed::Put(put(None, Some(to), Source::Secret(text), &at));
    world.act(&Token::deed(1, 0, 1), &deed).unwrap();
    assert_eq!(fs::read_to_string(&at).unwrap(), "p=canary");
    assert!(matches!(world.settle(&Token::deed(1, 0, 1), &deed), Settled::Done(_)));
    let Deed::Put(put) = &deed else { panic!() };
    world.act(&Token::deed(2, 0, 1), &Deed::Put(put.reversed(None))).unwrap();
    assert!(!Path::new(&at).exists());
}

#[test]
fn host_keys_are_asked_for_pinned_and_watched() {
    let folder = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(&folder.path().join("sshd"), "");
    let state = folder.path().join("state");
    let open_as = |person: &Arc<Person>, hosts| {
        let mut s = settings("7f3a00aa", &state, person, hosts);
        s.accept_new_host_keys = false;
        open(s).unwrap()
    };
    let (no, yes) = (Person::saying(Answer::No), Person::saying(Answer::Yes));
    let refused = open_as(&no, vec![sshd.host("dest")]).run(&h(), &sh("true"), 5000);
    assert!(matches!(refused, Err(Halt::Stop(Stop::Refused(t))) if t.contains("is not trusted")));
    assert_eq!(open_as(&yes, vec![sshd.host("dest")]).run(&h(), &sh("true"), 5000).unwrap().code, 0);
    assert!(yes.asked.lock().unwrap()[0].contains("SHA256:"));
    assert_eq!(open_as(&no, vec![sshd.host("dest")]).run(&h(), &sh("true"), 5000).unwrap().code, 0, "asked once");
    // Two names for one machine.
    let same = open_as(&yes, vec![sshd.host("dest"), sshd.host("source")]);
    same.run(&h(), &sh("true"), 5000).unwrap();
    let twice = same.run(&HostName::parse("source").unwrap(), &sh("true"), 5000);
    assert!(matches!(twice, Err(Halt::Stop(Stop::Refused(t))) if t.contains("are the same machine")));
    // Another machine answers.
    let other = Sshd::start(&folder.path().join("other"), "");
    let mut host = sshd.host("dest");
    fs::write(
        state.join("known_hosts"),
        fs::read_to_string(state.join("known_hosts")).unwrap().replace(
            fs::read_to_string(sshd.folder.join("host_key.pub")).unwrap().split(' ').nth(1).unwrap(),
            fs::read_to_string(other.folder.join("host_key.pub")).unwrap().split(' ').nth(1).unwrap(),
        ),
    )
    .unwrap();
    let changed = open_as(&yes, vec![host.clone()]).run(&h(), &sh("true"), 5000);
    let Err(Halt::Stop(Stop::Refused(text))) = changed else { panic!("{changed:?}") };
    assert!(text.contains("has changed") && text.matches("SHA256:").count() == 2, "{text}");
    // Nobody answers.
    if let Reach::Ssh { port, .. } = &mut host.reach {
        *port = 1;
    }
    let f = match open_as(&yes, vec![host]).run(&h(), &sh("true"), 5000) {
        Err(Halt::Failed(f)) => f,
        other => panic!("{other:?}"),
    };
    assert!(f.message.contains("dest cannot be reached") && f.message.contains("refused"), "{}", f.message);
}

#[test]
fn ports_are_told_apart() {
    let s = stage("");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for via in [None, Some(&h())] {
        assert_eq!(s.remote.port(via, "127.0.0.1", s.sshd.port, 2000).unwrap(), PortState::Open, "{via:?}");
        assert_eq!(s.remote.port(via, "127.0.0.1", closed, 2000).unwrap(), PortState::Refused, "{via:?}");
        assert_eq!(s.remote.port(via, "no-such-host.invalid", 1, 20_000).unwrap(), PortState::NoSuchHost, "{via:?}");
    }
}

#[test]
fn a_run_folder_that_is_not_ours_is_refused() {
    let s = stage("");
    let run = run_id();
    let folder = format!("/var/lib/mig/{run}");
    let state = s.folder.path().join("state");
    let remote = open(settings(&run, &state, &s.person, vec![s.sshd.host("dest")])).unwrap();
    let refused = |what: &str| {
        let Err(Halt::Failed(f)) = remote.prepare(&h(), None) else { panic!("{what}") };
        assert!(f.message.contains(what), "{}", f.message);
    };
    std::os::unix::fs::symlink(s.folder.path(), &folder).unwrap();
    refused("is a symbolic link");
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    refused("is open to others");
    std::os::unix::fs::chown(&folder, Some(1), Some(1)).unwrap();
    refused("belongs to");
    fs::remove_dir(&folder).unwrap();
    let mut other = s.record.clone();
    other.machine_id = "another".into();
    assert!(
        matches!(remote.prepare(&h(), Some(&other)), Err(Halt::Stop(Stop::Refused(t))) if t.contains("another machine"))
    );
}

/// The other half of the next test: does one deed and is killed at some time.
#[test]
fn child_that_is_killed() {
    let Ok(text) = std::env::var("MIG_TEST_CHILD") else { return };
    let words: Vec<&str> = text.split('\n').collect();
    let [state, run, port, key, record, token, command, after] = words[..] else { panic!() };
    let host = HostConfig {
        name: h(),
        reach: Reach::Ssh {
            address: "127.0.0.1".into(),
            port: port.parse().unwrap(),
            user: String::new(),
            identity: Some(key.into()),
        },
        sudo: false,
        moves_to: None,
    };
    let after: u64 = after.parse().unwrap();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(after));
        signal("-KILL", std::process::id());
    });
    let remote = open(settings(run, Path::new(state), &Person::saying(Answer::Yes), vec![host])).unwrap();
    remote.prepare(&h(), Some(&serde_json::from_str(record).unwrap())).unwrap();
    let _ = remote.act(&Token::deed(token.parse().unwrap(), 0, 1), &deed(command));
}

#[test]
fn killed_at_any_time_it_is_started_exactly_once() {
    let s = stage("");
    let mut tally = [0; 3];
    for n in 0..40 {
        let command = format!("echo {n} >>{}; for i in 1 2 3 4 5; do echo $i; sleep 0.03; done; exit 5", s.file("n"));
        let after = 20 + n * 11;
        let sent = [
            s.folder.path().join("state").display().to_string(),
            s.run.clone(),
            s.sshd.port.to_string(),
            s.sshd.folder.join("user_key").display().to_string(),
            serde_json::to_string(&s.record).unwrap(),
            n.to_string(),
            command.clone(),
            after.to_string(),
        ];
        let done = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_is_killed"])
            .env("MIG_TEST_CHILD", sent.join("\n"))
            .output()
            .unwrap();
        let world = s.again();
        let token = Token::deed(n as i64, 0, 1);
        let code = match world.settle(&token, &deed(&command)) {
            Settled::SameToken => {
                tally[0] += 1;
                failure(world.act(&token, &deed(&command))).code
            }
            Settled::Failed(f) => {
                tally[if done.status.success() { 2 } else { 1 }] += 1;
                f.code
            }
            other => panic!("{n}: {other:?}"),
        };
        assert_eq!((n, code, s.starts("n")), (n, 5, n as usize + 1));
    }
    println!("not arrived {}, found at its host {}, not killed {}", tally[0], tally[1], tally[2]);
}

/// The steady cost of a deed against the same command sent bare through the openssh crate.
/// Prints the ratio; it measures only when MIG_BENCH is set, and asserts nothing about time.
#[test]
fn a_hundred_commands_on_one_host_against_bare_ones() {
    if std::env::var_os("MIG_BENCH").is_none() {
        println!("not measured: set MIG_BENCH=1");
        return;
    }
    let s = stage("");
    let config = s.folder.path().join("bare.conf");
    let key = s.sshd.folder.join("user_key");
    let text = format!(
        "Host bare\n HostName 127.0.0.1\n Port {}\n IdentityFile {}\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n",
        s.sshd.port,
        key.display()
    );
    fs::write(&config, text).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let bare = |commands: usize| {
        let began = Instant::now();
        runtime.block_on(async {
            let mut builder = openssh::SessionBuilder::default();
            builder.known_hosts_check(openssh::KnownHosts::Accept).config_file(&config);
            let session = builder.connect_mux("bare").await.unwrap();
            for _ in 0..commands {
                assert!(session.raw_command("true").output().await.unwrap().status.success());
            }
        });
        began.elapsed().as_secs_f64()
    };
    let mut token = 0;
    let mut ours = |commands: usize, reading: bool| {
        let began = Instant::now();
        let remote = s.again();
        let ready = began.elapsed().as_secs_f64();
        for _ in 0..commands {
            token += 1;
            match reading {
                true => assert_eq!(remote.run(&h(), &sh("true"), 5000).unwrap().code, 0),
                false => assert_eq!(remote.act(&Token::deed(token, 0, 1), &deed("true")).unwrap()["code"], 0),
            }
        }
        (began.elapsed().as_secs_f64(), ready)
    };
    if std::env::var_os("MIG_BENCH_PARTS").is_some() {
        let t = Instant::now();
        let remote =
            open(settings(&s.run, &s.folder.path().join("state"), &s.person, vec![s.sshd.host("dest")])).unwrap();
        println!("round open {:?}", t.elapsed());
        let t = Instant::now();
        remote.run(&h(), &sh("true"), 5000).unwrap();
        println!("round first {:?}", t.elapsed());
        let t = Instant::now();
        remote.run(&h(), &sh("true"), 5000).unwrap();
        println!("round second {:?}", t.elapsed());
        let t = Instant::now();
        remote.machine(&h()).unwrap();
        println!("round hello {:?}", t.elapsed());
        let t = Instant::now();
        remote.prepare(&h(), Some(&s.record)).unwrap();
        println!("round prepare {:?}", t.elapsed());
        let t = Instant::now();
        drop(remote);
        println!("round drop {:?}", t.elapsed());
    }
    for round in 1..=5 {
        let (b, (d, ready), (r, _)) = (bare(100), ours(100, false), ours(100, true));
        println!(
            "round {round}: bare {b:.2} s; deeds {d:.2} s ({:.2}); readings {r:.2} s ({:.2}); ready after {ready:.2} s",
            d / b,
            r / b
        );
    }
}
