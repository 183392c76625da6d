//! Commands as readings and as deeds.

use super::stage::*;

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
    assert!(machine.programs.contains_key("sha256sum"));
    let df = |folder: &str| s.remote.run(&h(), &sh(&format!("df -k --output=avail {folder} | tail -n 1")), 10_000);
    let (free, seen) = (s.remote.free(&h()).unwrap(), df("/tmp").unwrap().stdout);
    let seen = seen.trim().parse::<u64>().unwrap() * 1024;
    assert!(free.contains_key("/") && free.contains_key("/root") && free["/tmp"].abs_diff(seen) < 1 << 30, "{free:?}");
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
    // Whoever says that it was done is given what it printed.
    let told = world.told(&t(3), &Deed::Run(base.clone())).unwrap();
    assert_eq!((told["stdout"].as_str().unwrap(), told["code"].as_i64().unwrap()), ("step one\ntwo", 0));
    assert_eq!(world.told(&t(99), &Deed::Run(base.clone())), None, "there is no record of that");
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
    // It arrives; what the command prints of it is shown by its name.
    let run = Run { command: sh("tee /dev/stderr | wc -c; cat"), ..run };
    let answer = world.act(&Token::deed(2, 0, 1), &Deed::Run(run.clone())).unwrap();
    assert_eq!((&answer["stdout"], &answer["stderr"]), (&"16".into(), &"user:‹secret:p›".into()));
    assert!(!s.person.output(true).contains("canary"), "not even while it runs");
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

/// An sshd whose machine has a boot id of its own, in a file.
fn rebootable() -> (Stage, String) {
    let folder = tempfile::tempdir().unwrap();
    let boot = folder.path().join("boot_id");
    fs::write(&boot, "11111111-0000-0000-0000-000000000001\n").unwrap();
    let sshd = Sshd::start_behind(
        &folder.path().join("sshd"),
        "",
        &format!("mount --bind {} /proc/sys/kernel/random/boot_id", boot.display()),
    );
    let person = Person::saying(Answer::Yes);
    let run = run_id();
    let remote = open(settings(&run, &folder.path().join("state"), &person, vec![sshd.host("dest")])).unwrap();
    let record = remote.prepare(&h(), None).unwrap();
    let boot = boot.display().to_string();
    (Stage { sshd, person, remote, record, folder, run }, boot)
}

#[test]
fn a_reboot_is_done_when_the_boot_id_differs() {
    let (s, boot) = rebootable();
    let before = s.remote.boot_id(&h()).unwrap();
    assert_eq!(before, s.record.boot_id);
    let t = |n| Token::deed(n, 0, 1);
    let reboot = |command: String, id: &str| {
        Deed::Reboot(Reboot { host: h(), command: sh(&command), boot_id: id.into(), timeout_ms: 8000 })
    };
    s.remote.act(&t(1), &deed("echo before")).unwrap();
    let f = failure(s.remote.act(&t(2), &reboot("echo not allowed >&2; exit 4".into(), &before)));
    assert_eq!((f.code, f.output.as_deref()), (4, Some("not allowed")));
    // The machine takes a while, and its sessions with it.
    let second = "22222222-0000-0000-0000-000000000002";
    let down = format!("(sleep 1; echo {second} >{boot}; kill -9 $PPID) >/dev/null 2>&1 &");
    let value = s.remote.act(&t(3), &reboot(down.clone(), &before)).unwrap();
    assert_eq!(value["boot_id"], second);
    let marker = fs::read_to_string(format!("{}/marker", s.record.folder)).unwrap();
    assert!(marker.contains(second), "the boot that was seen is noted");
    assert!(matches!(s.remote.settle(&t(3), &reboot(down.clone(), &before)), Settled::Done(_)));
    assert_eq!(s.remote.settle(&t(4), &reboot(down.clone(), second)), Settled::SameToken);
    // What was sent before that boot and left no trace may have happened; what is sent now may not.
    assert!(matches!(s.remote.settle(&t(1), &deed("echo before")), Settled::Done(_)));
    s.remote.act(&t(5), &deed("echo after")).unwrap();
    assert_eq!(s.remote.settle(&t(3), &reboot(down, &before)), Settled::Done(value));
    let never = failure(s.remote.act(&t(6), &reboot("true".into(), second)));
    assert!(never.message.contains("did not come back in another boot within 8 s"), "{}", never.message);
}

#[test]
fn a_host_that_stays_away_leaves_the_end_open() {
    let mut s = stage("");
    let mut settings = settings(&s.run, &s.folder.path().join("state"), &s.person, vec![s.sshd.host("dest")]);
    settings.reconnect_for = Duration::from_secs(1);
    let world = open(settings).unwrap();
    world.prepare(&h(), Some(&s.record)).unwrap();
    let command = format!("echo x >>{}; sleep 4; echo end; exit 6", s.file("n"));
    let outcome = std::thread::scope(|t| {
        let act = t.spawn(|| world.act(&Token::deed(1, 0, 1), &deed(&command)));
        std::thread::sleep(Duration::from_millis(700));
        s.sshd.stop();
        act.join().unwrap()
    });
    let Err(Halt::Stop(Stop::Fault(text))) = outcome else { panic!("{outcome:?}") };
    assert!(text.contains("its end is not known yet"), "{text}");
    s.sshd = s.sshd.again();
    let Settled::Failed(f) = s.again().settle(&Token::deed(1, 0, 1), &deed(&command)) else { panic!() };
    assert_eq!((f.code, f.output.as_deref()), (6, Some("end")));
    assert_eq!(s.starts("n"), 1);
}

#[test]
fn a_full_disk_starts_nothing_or_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let small = "mkdir -p /var/lib/mig && mount -t tmpfs -o size=64k,mode=700 tmpfs /var/lib/mig";
    let sshd = Sshd::start_behind(&folder.path().join("sshd"), "", small);
    let person = Person::saying(Answer::Yes);
    let run = run_id();
    let remote = open(settings(&run, &folder.path().join("state"), &person, vec![sshd.host("dest")])).unwrap();
    let record = remote.prepare(&h(), None).unwrap();
    let all = remote.run(&h(), &sh("head -c 1000000 /dev/zero >/var/lib/mig/big 2>/dev/null; :"), 5000).unwrap();
    assert_eq!(all.code, 0);
    let count = folder.path().join("n").display().to_string();
    let command = format!("echo x >>{count}; exit 3");
    let f = failure(remote.act(&Token::deed(1, 0, 1), &deed(&command)));
    assert!(f.message.contains("nothing was started") && f.message.contains("disk full"), "{}", f.message);
    assert!(!Path::new(&count).exists());
    assert_eq!(remote.settle(&Token::deed(1, 0, 1), &deed(&command)), Settled::SameToken);
    remote.run(&h(), &sh("rm /var/lib/mig/big"), 5000).unwrap();
    assert_eq!(failure(remote.act(&Token::deed(1, 0, 1), &deed(&command))).code, 3);
    // Full while it runs: the answer still comes, though nothing could be noted.
    let fills = format!("echo x >>{count}; head -c 1000000 /dev/zero >/var/lib/mig/big 2>/dev/null; exit 4");
    assert_eq!(failure(remote.act(&Token::deed(2, 0, 1), &deed(&fills))).code, 4);
    assert!(matches!(remote.settle(&Token::deed(2, 0, 1), &deed(&fills)), Settled::Unknown(_)));
    remote.run(&h(), &sh("rm /var/lib/mig/big"), 5000).unwrap();
    assert_eq!(fs::read_to_string(&count).unwrap().lines().count(), 2);
    assert_eq!(remote.finish(&[record]), Vec::<String>::new());
}

#[test]
fn commands_that_take_all_sessions_can_be_ended_all_at_once() {
    let s = stage("");
    std::thread::scope(|t| {
        for n in 0..9 {
            let remote = &s.remote;
            t.spawn(move || {
                let run = Run { timeout_ms: 1500, ..Run::new(&h(), sh("sleep 63.1")) };
                let f = failure(remote.act(&Token::deed(n, 0, 1), &Deed::Run(run)));
                assert!(f.message.contains("longer than 1500 ms"), "{}", f.message);
            });
        }
    });
}
