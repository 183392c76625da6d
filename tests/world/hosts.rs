//! Connections, host keys, users and ports.

use super::stage::*;
use crate::sshd::with_user;

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
    s.remote.run(&h(), &sh("true"), 60_000).unwrap();
    let masters = || {
        let text =
            std::process::Command::new("pgrep").args(["-f", &format!("mig-{}", &s.run[..8])]).output().unwrap().stdout;
        String::from_utf8(text).unwrap().lines().map(|p| p.parse().unwrap()).collect::<Vec<u32>>()
    };
    for pid in masters() {
        signal("-KILL", pid);
    }
    assert_eq!(s.remote.run(&h(), &sh("echo back"), 60_000).unwrap().stdout, "back\n");
    assert_eq!(s.remote.act(&Token::deed(1, 0, 1), &deed("echo back")).unwrap()["stdout"], "back");
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
    let refused = open_as(&no, vec![sshd.host("dest")]).run(&h(), &sh("true"), 60_000);
    assert!(matches!(refused, Err(Halt::Stop(Stop::Refused(t))) if t.contains("is not trusted")));
    assert_eq!(open_as(&yes, vec![sshd.host("dest")]).run(&h(), &sh("true"), 60_000).unwrap().code, 0);
    assert!(yes.asked.lock().unwrap()[0].contains("SHA256:"));
    assert_eq!(open_as(&no, vec![sshd.host("dest")]).run(&h(), &sh("true"), 60_000).unwrap().code, 0, "asked once");
    // Two names for one machine.
    let same = open_as(&yes, vec![sshd.host("dest"), sshd.host("source")]);
    same.run(&h(), &sh("true"), 60_000).unwrap();
    let twice = same.run(&HostName::parse("source").unwrap(), &sh("true"), 60_000);
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
    let changed = open_as(&yes, vec![host.clone()]).run(&h(), &sh("true"), 60_000);
    let Err(Halt::Stop(Stop::Refused(text))) = changed else { panic!("{changed:?}") };
    assert!(text.contains("has changed") && text.matches("SHA256:").count() == 2, "{text}");
    // Nobody answers.
    if let Reach::Ssh { port, .. } = &mut host.reach {
        *port = 1;
    }
    let f = match open_as(&yes, vec![host]).run(&h(), &sh("true"), 60_000) {
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

#[test]
fn a_host_of_which_nothing_is_known_is_greeted_with_its_folder() {
    let s = stage("");
    let state = s.folder.path().join("state");
    let fresh = |run: &str| open(settings(run, &state, &s.person, vec![s.sshd.host("dest")])).unwrap();
    let (asked, greeted) = (fresh(&run_id()), fresh(&run_id()));
    let said = |remote: &Remote| remote.machine(&h()).unwrap();
    let machine = said(&asked);
    let [one, two] = [&asked, &greeted].map(|remote| remote.prepare(&h(), None).unwrap());
    assert_eq!(said(&greeted), machine);
    assert_eq!((one.machine_id, &one.boot_id), (two.machine_id.clone(), &two.boot_id));
    assert!(Path::new(&two.folder).join("marker").exists(), "{}", two.folder);

    // The same in a later process: its folder is found, and another machine's is not touched.
    let again = fresh(two.folder.rsplit('/').next().unwrap());
    assert_eq!(again.prepare(&h(), Some(&two)).unwrap(), two);
    let other = HostRecord { machine_id: "another".into(), ..two.clone() };
    let refused = fresh(two.folder.rsplit('/').next().unwrap()).prepare(&h(), Some(&other));
    assert!(matches!(refused, Err(Halt::Stop(Stop::Refused(t))) if t.contains("another machine")));
    for record in [one.folder, two.folder] {
        fs::remove_dir_all(record).unwrap();
    }
}

#[test]
fn a_server_that_drops_connections_is_tried_again() {
    let s = stage("MaxStartups 1:60:2");
    std::thread::scope(|t| {
        for _ in 0..6 {
            t.spawn(|| {
                let world = s.again();
                assert_eq!(world.run(&h(), &sh("echo in"), 60_000).unwrap().stdout, "in\n");
            });
        }
    });
}

#[test]
fn a_host_that_has_moved_is_found_at_its_new_address() {
    let s = stage("");
    let mut host = s.sshd.host("dest");
    let Reach::Ssh { address, .. } = &mut host.reach else { panic!() };
    // Nobody answers at the old address; the machine is the same at the one it moves to.
    *address = "127.0.0.77".into();
    host.moves_to = Some("127.0.0.1".into());
    let remote = open(settings(&s.run, &s.folder.path().join("state2"), &s.person, vec![host])).unwrap();
    assert_eq!(remote.run(&h(), &sh("echo moved"), 60_000).unwrap().stdout, "moved\n");
    assert_eq!(remote.address(&h()).unwrap(), "127.0.0.77");
}

#[test]
fn a_frozen_server_is_given_up_and_found_again() {
    let s = stage("");
    s.remote.run(&h(), &sh("true"), 60_000).unwrap();
    let frozen = s.sshd.sessions();
    for pid in &frozen {
        signal("-STOP", *pid);
    }
    let began = Instant::now();
    let value = s.remote.act(&Token::deed(1, 0, 1), &deed("echo x")).unwrap();
    assert_eq!(value["stdout"], "x");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    for pid in &frozen {
        signal("-KILL", *pid);
    }
}

#[test]
fn an_ordinary_user_and_sudo() {
    let user = "deploy".to_owned();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let etc = folder.path().join("etc");
    let sshd = Sshd::start_behind(&folder.path().join("sshd"), "", &with_user(&user, 4242, &etc));
    let person = Person::saying(Answer::Yes);
    let host = |sudo| {
        let mut host = sshd.host("dest");
        let Reach::Ssh { user: login, .. } = &mut host.reach else { panic!() };
        *login = user.clone();
        host.sudo = sudo;
        host
    };
    let run = run_id();
    let open_as = |sudo| open(settings(&run, &folder.path().join("state"), &person, vec![host(sudo)])).unwrap();
    let plain = open_as(false);
    let record = plain.prepare(&h(), None).unwrap();
    assert!(record.folder.ends_with(&format!("/.local/state/mig/{run}")), "{}", record.folder);
    assert_eq!(plain.act(&Token::deed(1, 0, 1), &deed("id -un")).unwrap()["stdout"], user.as_str());
    let f = match plain.find(&h(), &path("/root/.bashrc")) {
        Err(Halt::Failed(f)) => f,
        other => panic!("nothing may be called missing that cannot be seen: {other:?}"),
    };
    assert!(f.message.contains("closed to this user"), "{}", f.message);
    let to = FileState::of(b"x", "0:0", 0o600);
    let source = Source::Bytes(Bytes(b"x".to_vec()));
    let f = failure(
        plain.act(&Token::deed(2, 0, 1), &Deed::Put(put(None, Some(to.clone()), source.clone(), "/etc/mig-test"))),
    );
    assert!(f.message.contains("cannot write in /etc"), "{}", f.message);
    assert_eq!(plain.finish(&[record]), Vec::<String>::new());

    let began = Instant::now();
    let refused = open_as(true).run(&h(), &sh("id -u"), 20_000);
    let Err(Halt::Failed(f)) = refused else { panic!("{refused:?}") };
    assert!(f.message.contains("needs passwordless sudo"), "{}", f.message);
    assert!(began.elapsed() < Duration::from_secs(10), "at once");
    fs::write(etc.join("sudoers.d/deploy"), format!("{user} ALL=(ALL) NOPASSWD: ALL\n")).unwrap();
    let root = open_as(true);
    let record = root.prepare(&h(), None).unwrap();
    assert_eq!(record.folder, format!("/var/lib/mig/{run}"));
    assert_eq!(root.act(&Token::deed(3, 0, 1), &deed("id -u")).unwrap()["stdout"], "0");
    let secret = Run { stdin: Some("in\n".to_owned().into()), ..Run::new(&h(), sh("cat; exit 3")) };
    assert_eq!(failure(root.act(&Token::deed(4, 0, 1), &Deed::Run(secret))).output.as_deref(), Some("in"));
    let slow = Run { timeout_ms: 600, ..Run::new(&h(), sh("sleep 62.9")) };
    let f = failure(root.act(&Token::deed(5, 0, 1), &Deed::Run(slow)));
    assert!(f.message.contains("longer than 600 ms"), "{}", f.message);
    let at = folder.path().join("by-root").display().to_string();
    root.act(&Token::deed(6, 0, 1), &Deed::Put(put(None, Some(to.clone()), source.clone(), &at))).unwrap();
    assert_eq!(root.find(&h(), &path(&at)).unwrap(), Found::File(to.clone()));
    assert_eq!(root.finish(&[record]), Vec::<String>::new());
}

#[test]
fn a_login_that_runs_no_commands_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let person = Person::saying(Answer::Yes);
    for (n, (forced, part)) in
        [("echo This account is currently not available.; exit 1", "nologin"), ("echo git only", "forced command")]
            .into_iter()
            .enumerate()
    {
        let sshd = Sshd::start(&folder.path().join(n.to_string()), &format!("ForceCommand {forced}"));
        let remote =
            open(settings(&run_id(), &folder.path().join("state"), &person, vec![sshd.host(&format!("h{n}"))]))
                .unwrap();
        let Err(Halt::Failed(f)) = remote.machine(&HostName::parse(&format!("h{n}")).unwrap()) else { panic!() };
        assert!(f.message.contains(part), "{}", f.message);
    }
    // A banner, in rc files of the shell or else, is no part of an answer.
    let noisy = r#"ForceCommand echo "Welcome <0"; echo "noise" >&2; exec sh -c "$SSH_ORIGINAL_COMMAND""#;
    let sshd = Sshd::start(&folder.path().join("noisy"), noisy);
    let remote = open(settings(&run_id(), &folder.path().join("state"), &person, vec![sshd.host("noisy")])).unwrap();
    let output = remote.run(&HostName::parse("noisy").unwrap(), &sh("echo out; echo err >&2; exit 9"), 60_000).unwrap();
    assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (9, "out\n", "err\n"));
}

#[test]
fn many_strangers_are_looked_at_together_and_asked_about_once() {
    let folder = tempfile::tempdir().unwrap();
    let machines: Vec<Sshd> = (0..5).map(|n| Sshd::start(&folder.path().join(format!("m{n}")), "")).collect();
    let names: Vec<HostName> = (0..5).map(|n| HostName::parse(&format!("m{n}")).unwrap()).collect();
    let state = folder.path().join("state");
    let open_as = |person: &Arc<Person>, hosts: Vec<HostConfig>| {
        let mut s = settings(&run_id(), &state, person, hosts);
        s.accept_new_host_keys = false;
        open(s).unwrap()
    };
    let hosts = || machines.iter().enumerate().map(|(n, m)| m.host(&format!("m{n}"))).collect::<Vec<_>>();
    let no = Person::saying(Answer::No);
    let refused = open_as(&no, hosts()).meet(&names);
    assert!(
        matches!(&refused, Err(Halt::Stop(Stop::Refused(t))) if t.contains("keys of 5 hosts are not trusted")),
        "{refused:?}"
    );
    // One that is away keeps nobody waiting, and is asked about when it is there.
    let mut with_one_away = hosts();
    if let Reach::Ssh { port, .. } = &mut with_one_away[2].reach {
        *port = 1;
    }
    let yes = Person::saying(Answer::Yes);
    open_as(&yes, with_one_away).meet(&names).unwrap();
    let asked = yes.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let at = |name: &str| asked[0].find(&format!("  {name} (127.0.0.1): ssh-ed25519 SHA256:"));
    assert!(at("m0") < at("m1") && at("m1") < at("m3") && at("m4").is_some() && at("m2").is_none(), "{}", asked[0]);
    assert_eq!(yes.connections().matches("is pinned").count(), 4);
    let later = Person::saying(Answer::Yes);
    let remote = open_as(&later, hosts());
    remote.meet(&names).unwrap();
    assert!(matches!(&later.asked.lock().unwrap()[..], [one] if one.contains("The host key of m2 (127.0.0.1) is not")));
    for name in &names {
        assert_eq!(remote.run(name, &sh("true"), 60_000).unwrap().code, 0);
    }
    assert_eq!(later.asked.lock().unwrap().len(), 1);
    // Two names of one machine that are met together.
    let (a, b) = (HostName::parse("a").unwrap(), HostName::parse("b").unwrap());
    let other = Sshd::start(&folder.path().join("other"), "");
    let twice = open_as(&yes, vec![other.host("a"), other.host("b")]).meet(&[a, b]);
    assert!(matches!(&twice, Err(Halt::Stop(Stop::Refused(t))) if t.contains("are the same machine")), "{twice:?}");
}

/// The other half of the next test: its home has an ssh configuration of its own.
#[test]
fn child_with_an_ssh_config() {
    let Ok(state) = std::env::var("MIG_TEST_ALIAS") else { return };
    let person = Person::saying(Answer::Yes);
    let host = HostConfig { name: h(), reach: Reach::Alias("router-1".into()), sudo: false, moves_to: None };
    let mut settings = settings(&run_id(), Path::new(&state), &person, vec![host]);
    settings.accept_new_host_keys = false;
    let remote = open(settings).unwrap();
    let output = remote.run(&h(), &sh("echo $SSH_CONNECTION"), 10_000).unwrap();
    println!("{}", output.stdout);
    assert!(person.asked.lock().unwrap()[0].contains("SHA256:"), "asked, though the way goes over another host");
    assert_eq!(remote.address(&h()).unwrap(), "127.0.0.1");
}

#[test]
fn an_alias_of_the_users_ssh_config_is_reached_over_its_jump_host() {
    let folder = tempfile::tempdir().unwrap();
    let (jump, target) = (Sshd::start(&folder.path().join("jump"), ""), Sshd::start(&folder.path().join("target"), ""));
    let home = folder.path().join("dot-ssh");
    fs::create_dir(&home).unwrap();
    let config = format!(
        "Host router-1\n HostName 127.0.0.1\n Port {}\n IdentityFile {}\n ProxyJump jump\n RemoteCommand false\n StrictHostKeyChecking no\n\
         Host jump\n HostName 127.0.0.1\n Port {}\n IdentityFile {}\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n",
        target.port,
        target.folder.join("user_key").display(),
        jump.port,
        jump.folder.join("user_key").display(),
    );
    fs::write(home.join("config"), config).unwrap();
    let done = std::process::Command::new("unshare")
        .args(["-m", "sh", "-c", "mkdir -p ~/.ssh && mount --bind \"$1\" ~/.ssh && shift && exec \"$@\"", "sh"])
        .arg(&home)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "hosts::child_with_an_ssh_config", "--nocapture"])
        .env("MIG_TEST_ALIAS", folder.path().join("state"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned() + &*String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{text}");
    assert!(text.contains(&format!("127.0.0.1 {}", target.port)), "{text}");
}

#[test]
fn an_address_that_another_host_of_the_inventory_took_is_no_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let source = Sshd::start(&folder.path().join("source"), "");
    let dest = Sshd::start(&folder.path().join("dest"), "");
    let person = Person::saying(Answer::Yes);
    let name = HostName::parse("source").unwrap();
    let hosts = || vec![source.host("source"), dest.host("dest")];
    let remote = || open(settings(&run_id(), &folder.path().join("state"), &person, hosts())).unwrap();
    let both = remote();
    both.run(&h(), &sh("true"), 60_000).unwrap();
    both.run(&name, &sh("true"), 60_000).unwrap();
    let later = remote();
    source.stop();
    fs::copy(dest.folder.join("host_key"), source.folder.join("host_key")).unwrap();
    let _there = source.again();
    let Err(Halt::Failed(f)) = later.run(&name, &sh("true"), 60_000) else { panic!() };
    assert!(f.message.contains("answers dest now"), "{}", f.message);
}
