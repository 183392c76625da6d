//! mig killed at any time, and what a deed costs.

use super::stage::*;

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
            .args(["--exact", "killed::child_that_is_killed"])
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
    let bare_of = |commands: usize, what: &str| {
        let began = Instant::now();
        runtime.block_on(async {
            let mut builder = openssh::SessionBuilder::default();
            builder.known_hosts_check(openssh::KnownHosts::Accept).config_file(&config);
            let session = builder.connect_mux("bare").await.unwrap();
            for _ in 0..commands {
                assert!(session.raw_command(what).output().await.unwrap().status.success());
            }
        });
        began.elapsed().as_secs_f64()
    };
    let bare = |n| bare_of(n, "true");
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
        for _ in 0..3 {
            println!(
                "round 0: connect {:.3} bare {:.3} exec sh {:.3} exec sh true {:.3} read {:.3} deeds {:.3}",
                bare_of(0, ""),
                bare_of(200, "true"),
                bare_of(200, "exec sh -c true"),
                bare_of(200, "exec sh -c '/bin/sh -c true; exit 0'"),
                ours(200, true).0,
                ours(200, false).0
            );
        }
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
