//! The lab from outside, with the machine's own ssh and rsync: what a run will lean on.
//!
//! Needs namespaces, as root or as an ordinary user; where the machine refuses both, `open` says
//! so and the tests fail with its words.

use mig::lab::{LabFile, LabSource, OpenLab};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const YML: &str = "
hosts:
  dest: { moves_to: source }
  source: { sudo: true, down_for: 150 }
modes: { 'source:/etc/app/key.pem': '0400' }
private: [/svc]
params: { root: /var/app }
secrets: { password: hush }
after_run:
  - { host: source, command: cat /etc/app/app.conf, prints: 'port 80' }
  - { host: source, command: exit 3, exits: 3 }
";

struct Lab {
    lab: Option<OpenLab>,
    state: tempfile::TempDir,
}

impl Lab {
    fn open() -> Lab {
        let state = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| LabFile { path: path.into(), bytes: text.into(), executable: false };
        let source = LabSource::new(
            "test",
            vec![
                file("lab.yml", YML),
                file("bin/systemctl", "#!/bin/sh\necho stand-in \"$@\"\n"),
                file("bin/hostid", "#!/bin/sh\necho stand-in\n"),
                file("bin/reboot", "#!/bin/sh\nexec /run/lab/reboot\n"),
                file("hosts/source/etc/app/app.conf", "port 80\n"),
                file("hosts/source/etc/app/key.pem", "key\n"),
                file(
                    "hosts/source/etc/lab/boot",
                    "#!/bin/sh\nn=$(cat /var/boots 2>/dev/null || echo 0)\necho $((n+1)) >/var/boots\n",
                ),
                file("hosts/dest/etc/app/app.conf", "port 81\n"),
            ],
            &|_| Ok(None),
        )
        .unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_mig"));
        let began = Instant::now();
        let lab = mig::lab::open_with(&source, state.path(), program).unwrap_or_else(|e| panic!("{e}"));
        eprintln!("a lab of two hosts opened in {:?}", began.elapsed());
        Lab { lab: Some(lab), state }
    }
    fn lab(&self) -> &OpenLab {
        self.lab.as_ref().unwrap()
    }
    /// ssh with this lab's configuration and a bound on its time.
    fn ssh(&self, args: &[&str]) -> Output {
        self.tool("ssh").args(args).output().unwrap()
    }
    fn tool(&self, program: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["30", program, "-F"]).arg(self.lab().ssh_config_path());
        command.stdin(std::process::Stdio::null());
        command
    }
    fn says(&self, host: &str, command: &str) -> String {
        let answered = self.lab().command(host, command).unwrap();
        format!("{}{}", answered.stdout, answered.stderr).trim().to_owned()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if let Some(lab) = self.lab.take() {
            let _ = lab.close();
        }
    }
}

/// Ends a client; `timeout` hands the signal on to ssh.
fn stop(mut client: std::process::Child) {
    let pid = rustix::process::Pid::from_child(&client);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    client.wait().unwrap();
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < until, "never: {what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

#[test]
fn commands_run_and_say_how_they_ended() {
    let l = Lab::open();
    let out = l.ssh(&["source", "echo out; echo err >&2; exit 7"]);
    assert_eq!((out.status.code(), &out.stdout[..], &out.stderr[..]), (Some(7), &b"out\n"[..], &b"err\n"[..]));
    assert_eq!(l.ssh(&["source", "kill -TERM $$"]).status.code(), Some(255), "a signal is no exit code");
    assert_eq!(l.ssh(&["source", "no-such-program"]).status.code(), Some(127));
    // The exit code comes although somebody keeps the output open; the session ends with them.
    let out = l.ssh(&["source", "sleep 0.3 & exit 5"]);
    assert_eq!(out.status.code(), Some(5));
    // Nobody is left as a zombie, and each command leads a session of its own.
    assert_eq!(l.says("source", "ps -eo stat= | grep -c Z"), "0");
    assert_eq!(l.says("source", "[ $(ps -o sid= -p $$) = $$ ] && echo leads"), "leads");
    assert_eq!(l.says("source", "echo $HOME $USER ${SSH_CONNECTION##* } $(pwd)"), "/root root 22 /root");
    let mut cat = l
        .tool("ssh")
        .args(["source", "sha256sum"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut cat.stdin.take().unwrap(), &vec![b'x'; 5_000_000]).unwrap();
    let out = cat.wait_with_output().unwrap();
    let expected = {
        use sha2::Digest;
        hex::encode(sha2::Sha256::digest(vec![b'x'; 5_000_000]))
    };
    assert!(String::from_utf8_lossy(&out.stdout).starts_with(&expected));
    let out = l.ssh(&["source", "head -c 5000000 /dev/zero"]);
    assert_eq!(out.stdout.len(), 5_000_000);
}

#[test]
fn a_host_is_a_machine_of_its_own() {
    let l = Lab::open();
    assert_eq!(l.says("source", "hostname; cat /etc/app/app.conf"), "source\nport 80");
    assert_eq!(l.says("dest", "hostname; cat /etc/app/app.conf"), "dest\nport 81");
    assert_eq!(l.says("source", "stat -c %a /etc/app/key.pem /svc /tmp"), "400\n755\n1777");
    assert_eq!(l.says("source", "systemctl status x; /usr/bin/hostid"), "stand-in status x\nstand-in");
    assert_eq!(l.says("source", "sudo -n -- id -u"), "0");
    let id = "cat /proc/sys/kernel/random/boot_id /etc/machine-id";
    assert_ne!(l.says("source", id), l.says("dest", id));
    assert_ne!(
        l.says("source", "cat /proc/sys/kernel/random/boot_id"),
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim()
    );
    // Nothing of the machine can be written to, nothing outside can be seen.
    assert_eq!(l.says("source", "touch /usr/mig-was-here 2>/dev/null || echo no"), "no");
    assert_eq!(l.says("source", "echo 1 2>/dev/null >/proc/sys/vm/drop_caches || echo no"), "no");
    let outside = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = outside.local_addr().unwrap().port();
    assert_eq!(
        l.says(
            "source",
            &format!("bash -c '(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>&1 | grep -q refused' && echo refused")
        ),
        "refused"
    );
    assert_eq!(l.says("source", &format!("kill -0 {} 2>/dev/null || echo none", std::process::id())), "none");
    // No descriptor of the lab leads a command back out.
    assert_eq!(l.says("source", "ls /proc/self/fd | wc -l"), "4", "stdin, stdout, stderr and the folder ls reads");
    assert_eq!(l.says("dest", "for f in /proc/1/fd/*; do [ -d $f ] && ls $f; done"), "");
    for check in l.lab().after_run() {
        assert_eq!(l.lab().check(check).unwrap(), None);
    }
    assert!(l.lab().inventory().contains("127.0.0.12"), "{}", l.lab().inventory());
    assert_eq!(mig::lab::find(l.state.path()).len(), 1);
}

#[test]
fn many_sessions_share_a_connection() {
    let l = Lab::open();
    let control = format!("ControlPath={}/c", l.state.path().display());
    let mut master = l.tool("ssh").args(["-o", &control, "-M", "-N", "source"]).spawn().unwrap();
    eventually("the master is there", || l.ssh(&["-o", &control, "-O", "check", "source"]).status.success());
    let all: Vec<_> = (0..30)
        .map(|n| l.tool("ssh").args(["-o", &control, "source", &format!("sleep 0.2; exit {n}")]).spawn().unwrap())
        .collect();
    let codes: Vec<_> = all.into_iter().map(|mut c| c.wait().unwrap().code().unwrap()).collect();
    assert_eq!(codes, (0..30).collect::<Vec<i32>>());
    let began = Instant::now();
    for _ in 0..20 {
        assert!(l.ssh(&["-o", &control, "source", "true"]).status.success());
    }
    eprintln!("a command over a warm connection, with its ssh process: {:?}", began.elapsed() / 20);
    l.ssh(&["-o", &control, "-O", "exit", "source"]);
    master.wait().unwrap();
}

#[test]
fn rsync_goes_both_ways_and_between_hosts() {
    let l = Lab::open();
    let here = l.state.path().join("files");
    std::fs::create_dir_all(here.join("a/b")).unwrap();
    std::fs::write(here.join("a/b/big"), vec![7; 3_000_000]).unwrap();
    std::fs::write(here.join("a/small"), "s").unwrap();
    let config = l.lab().ssh_config_path();
    let rsync = |from: &str, to: &str| {
        let shell = format!("ssh -F {}", config.display());
        // Not -a: from outside, the owner is one that the lab of an ordinary user does not know.
        Command::new("timeout").args(["30", "rsync", "-rlpt", "-e", &shell, from, to]).status().unwrap().success()
    };
    assert!(rsync(&format!("{}/", here.display()), "source:/srv/in/"));
    let back = l.state.path().join("back");
    assert!(rsync("source:/srv/in/", &format!("{}/", back.display())));
    assert_eq!(std::fs::read(back.join("a/b/big")).unwrap(), vec![7; 3_000_000]);
    // From host to host, with a key of their own that may come from one address only.
    l.says("source", "ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519");
    let key = l.says("source", "cat /root/.ssh/id_ed25519.pub");
    let try_it = "ssh -o StrictHostKeyChecking=accept-new -o BatchMode=yes dest cat /etc/app/app.conf";
    l.says("dest", &format!("echo 'from=\"127.0.0.99\" {key}' >>/root/.ssh/authorized_keys"));
    assert!(l.says("source", try_it).contains("denied"));
    l.says("dest", &format!("echo 'from=\"127.0.0.12\",restrict,nonsense {key}' >>/root/.ssh/authorized_keys"));
    assert!(l.says("source", try_it).contains("denied"));
    l.says("dest", &format!("echo 'from=\"127.0.0.12\",restrict,command=\"echo forced: $SSH_ORIGINAL_COMMAND\" {key}' >>/root/.ssh/authorized_keys"));
    let said = l.says("source", try_it);
    assert!(said.contains("forced: cat /etc/app/app.conf"), "{said}");
    l.says("dest", "sed -i '$d' /root/.ssh/authorized_keys");
    l.says("dest", &format!("echo '{key}' >>/root/.ssh/authorized_keys"));
    assert_eq!(l.says("source", "rsync -a /srv/in/ dest:/srv/out/ && ssh dest cat /srv/out/a/small"), "s");
}

#[test]
fn ports_are_forwarded_both_ways() {
    let l = Lab::open();
    // `localhost` means the host itself, and connections come from its own address.
    let probe = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = probe.local_addr().unwrap().port();
    drop(probe);
    let forward = format!("127.0.0.1:{port}:localhost:22");
    let tunnel = l.tool("ssh").args(["-N", "-L", &forward, "source"]).spawn().unwrap();
    eventually("the tunnel is there", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let (at, direct) = (format!("Port={port}"), ["-o", "ProxyCommand=none", "-o", "HostName=127.0.0.1", "-o"]);
    let out = l.ssh(&[&direct[..], &[&at, "source", "echo $SSH_CONNECTION"]].concat());
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.starts_with("127.0.0.12 ") && said.ends_with(" 127.0.0.12 22\n"), "{said}");
    stop(tunnel);
    // A service here, reached from the host.
    let here = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = here.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        let (mut s, _) = here.accept().unwrap();
        std::io::Write::write_all(&mut s, b"from here").unwrap();
    });
    let ask = "bash -c 'exec 3<>/dev/tcp/localhost/7002; cat <&3'";
    let out = l.ssh(&["-R", &format!("7002:127.0.0.1:{port}"), "source", ask]);
    assert_eq!(String::from_utf8_lossy(&out.stdout), "from here", "{}", String::from_utf8_lossy(&out.stderr));
    answering.join().unwrap();
}

#[test]
fn a_command_outlives_its_client_but_not_its_host() {
    let l = Lab::open();
    let client = l.tool("ssh").args(["source", "echo >/var/began; sleep 1; echo done >/var/ended"]).spawn().unwrap();
    eventually("the command began", || {
        l.says("source", "ls /var/began").ends_with("began") && !l.says("source", "ls /var/began").contains("cannot")
    });
    stop(client);
    assert_eq!(l.says("source", "cat /var/ended"), "cat: /var/ended: No such file or directory");
    eventually("the command ended", || l.says("source", "cat /var/ended") == "done");

    // A reboot: nothing goes on, /run and /tmp are empty, files stay, the boot id is new.
    let boot_id = l.says("source", "cat /proc/sys/kernel/random/boot_id; touch /tmp/x /run/y");
    l.says("source", "setsid sleep 321 >/dev/null 2>&1 &");
    assert_eq!(l.says("source", "pgrep -c sleep"), "1");
    l.says("source", "reboot");
    eventually("the host goes away and comes back", || {
        let now = l.says("source", "cat /proc/sys/kernel/random/boot_id");
        now.len() == boot_id.len() && now != boot_id
    });
    assert_eq!(l.says("source", "pgrep -c sleep; ls /tmp; ls /run; cat /var/boots /var/ended"), "0\nlab\n2\ndone");

    // Power, and the other host at its address meanwhile.
    l.lab().power("source", false).unwrap();
    assert_eq!(l.lab().command("source", "true").unwrap().code, 255);
    eventually("the other host answers at the address", || {
        l.ssh(&["-o", "HostKeyAlias=dest", "source", "hostname"]).stdout == b"dest\n"
    });
    l.lab().power("source", true).unwrap();
    assert_eq!(l.says("source", "hostname; cat /var/boots"), "source\n3");
}

#[test]
fn a_reset_puts_everything_back() {
    let l = Lab::open();
    let before = l.lab().snapshot("source").unwrap();
    assert_eq!(before["/etc/app/key.pem"].mode, 0o400);
    let boot_id = l.says("source", "cat /proc/sys/kernel/random/boot_id");
    l.says("source", "echo x >>/etc/app/app.conf; rm /etc/hosts; mkdir -p /newtop/x; chmod 0 /newtop/x; mkdir -p /var/lib/mig; echo >/var/lib/mig/y");
    let after = l.lab().snapshot("source").unwrap();
    let differ: Vec<String> = mig::lab::differences(&before, &after).into_keys().collect();
    assert_eq!(differ, ["/etc/app/app.conf", "/etc/hosts", "/newtop", "/newtop/x"]);
    let began = Instant::now();
    l.lab().reset().unwrap();
    eprintln!("a reset of two hosts: {:?}", began.elapsed());
    assert_eq!(l.lab().snapshot("source").unwrap(), before);
    assert_ne!(l.says("source", "cat /proc/sys/kernel/random/boot_id"), boot_id);
}

#[test]
fn a_closed_lab_leaves_nothing() {
    let mut l = Lab::open();
    let folder = l.lab().folder().to_owned();
    l.says("source", "mkdir /var/closed; chmod 0 /var/closed; setsid sleep 654 >/dev/null 2>&1 &");
    l.lab.take().unwrap().close().unwrap();
    assert!(!folder.exists());
    assert_eq!(mig::lab::find(l.state.path()).len(), 0);
    eventually("no process is left", || {
        !String::from_utf8_lossy(&Command::new("ps").args(["-eo", "args"]).output().unwrap().stdout)
            .contains("sleep 654")
    });
}

#[test]
fn a_process_that_enters_reaches_the_hosts_and_its_own_files() {
    let l = Lab::open();
    let ssh = format!(
        "echo here >{0}/written && exec ssh -F /dev/null -o BatchMode=yes -o HostKeyAlias=source -o UserKnownHostsFile={1} \
         -i {2} root@127.0.0.12 hostname",
        l.state.path().display(),
        l.lab().known_hosts_path().display(),
        l.lab().identity().display(),
    );
    let mut command = mig::lab::command_inside(l.lab(), Path::new("timeout")).unwrap();
    let out = command.args(["30", "sh", "-c", &ssh]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "source\n", "{}", String::from_utf8_lossy(&out.stderr));
    std::fs::remove_file(l.state.path().join("written")).unwrap();
    // The configuration for outside works inside as well.
    let mut command = mig::lab::command_inside(l.lab(), Path::new("ssh")).unwrap();
    let out = command.arg("-F").arg(l.lab().ssh_config_path()).args(["dest", "hostname"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), "dest\n", "{}", String::from_utf8_lossy(&out.stderr));
    assert!(!l.lab().is_inside());
}

#[test]
fn a_native_multiplexed_session_is_quick() {
    let l = Lab::open();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let a_command = runtime.block_on(async {
        let mut builder = openssh::SessionBuilder::default();
        builder.config_file(l.lab().ssh_config_path()).control_directory(l.state.path());
        let session = builder.connect_mux("source").await.unwrap();
        let began = Instant::now();
        for _ in 0..100 {
            assert!(session.command("true").status().await.unwrap().success());
        }
        let a_command = began.elapsed() / 100;
        let killed = session.raw_command("kill -KILL $$").status().await;
        assert!(!killed.is_ok_and(|status| status.success()));
        session.close().await.unwrap();
        a_command
    });
    eprintln!("a command over a warm connection: {a_command:?}");
    assert!(a_command < Duration::from_millis(67), "slower than a namespace made anew: {a_command:?}");
}

/// A client that sends what OpenSSH's cannot: signals.
struct Any;

impl russh::client::Handler for Any {
    type Error = russh::Error;

    async fn check_server_key(&mut self, _: &russh::keys::PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(true)
    }
}

#[test]
fn signals_arrive_and_are_told() {
    let l = Lab::open();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = runtime.block_on(async {
        let mut carrier = tokio::process::Command::new(env!("CARGO_BIN_EXE_mig"))
            .args(["__lab-serve", "connect"])
            .arg(l.lab().folder())
            .arg("source")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stream = tokio::io::join(carrier.stdout.take().unwrap(), carrier.stdin.take().unwrap());
        let mut session = russh::client::connect_stream(Default::default(), stream, Any).await.unwrap();
        let key = russh::keys::PrivateKey::read_openssh_file(l.lab().identity()).unwrap();
        let key = russh::keys::PrivateKeyWithHashAlg::new(std::sync::Arc::new(key), None);
        assert!(session.authenticate_publickey("root", key).await.unwrap().success());
        let mut told = vec![];
        for (command, signal) in [
            ("trap 'echo caught; exit 4' TERM; echo up; while :; do sleep 0.05; done", russh::Sig::TERM),
            ("echo up; sleep 20", russh::Sig::KILL),
        ] {
            let mut channel = session.channel_open_session().await.unwrap();
            channel.exec(true, command).await.unwrap();
            let mut said = String::new();
            while let Ok(Some(message)) = tokio::time::timeout(Duration::from_secs(10), channel.wait()).await {
                match message {
                    russh::ChannelMsg::Data { data } => {
                        said.push_str(&String::from_utf8_lossy(&data));
                        if said == "up\n" {
                            channel.signal(signal.clone()).await.unwrap();
                        }
                    }
                    russh::ChannelMsg::ExitStatus { exit_status } => said.push_str(&format!("exit {exit_status}")),
                    russh::ChannelMsg::ExitSignal { signal_name, .. } => said.push_str(&format!("{signal_name:?}")),
                    _ => {}
                }
            }
            told.push(said);
        }
        told
    });
    assert!(told[0].contains("caught") && told[0].contains("exit 4"), "{told:?}");
    assert_eq!(told[1], "up\nKILL");
}

#[test]
fn one_session_does_not_hold_up_another() {
    let l = Lab::open();
    let control = format!("ControlPath={}/c", l.state.path().display());
    let mut master = l.tool("ssh").args(["-o", &control, "-M", "-N", "source"]).spawn().unwrap();
    eventually("the master is there", || l.ssh(&["-o", &control, "-O", "check", "source"]).status.success());
    // It is sent far more than it reads.
    let feed = "head -c 30000000 /dev/zero | timeout 30 ssh -F \"$0\" -o \"$1\" source 'sleep 3; wc -c'";
    let slow = Command::new("sh")
        .args(["-c", feed])
        .arg(l.lab().ssh_config_path())
        .arg(&control)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    assert_eq!(l.ssh(&["-o", &control, "source", "echo quick"]).stdout, b"quick\n");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(String::from_utf8_lossy(&slow.wait_with_output().unwrap().stdout).trim(), "30000000");
    // A reader that leaves ends the writer, as everywhere.
    assert_eq!(l.ssh(&["-o", &control, "source", "yes | head -n 1"]).stdout, b"y\n");
    l.ssh(&["-o", &control, "-O", "exit", "source"]);
    master.wait().unwrap();
}

#[test]
fn a_lab_ends_with_its_folder() {
    let mut l = Lab::open();
    l.says("source", "setsid sleep 987 >/dev/null 2>&1 &");
    std::fs::remove_dir_all(l.lab().folder()).unwrap();
    eventually("no process is left", || {
        !String::from_utf8_lossy(&Command::new("ps").args(["-eo", "args"]).output().unwrap().stdout)
            .contains("sleep 987")
    });
    l.lab.take();
}
