//! Keys, tunnels and kept processes between two lab hosts, with the real ssh: that they work, that they
//! come up again, and that nothing of them is left, whenever the run was killed. And the same between
//! machines with real SSH servers in network namespaces: `live_lease/machines.rs`.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[path = "live/ground.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod ground;
#[path = "live/host.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod host;
#[path = "live_lease/machines.rs"]
mod machines;
#[path = "live/running.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod running;

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

struct Stage {
    folder: tempfile::TempDir,
}

const RUN: &[&str] = &["run", "lease.rhai", "--lab", "--yes"];

impl Stage {
    /// `body`: lines of the playbook, inside one step.
    fn new(body: &str) -> Stage {
        let s = Stage { folder: tempfile::tempdir().unwrap() };
        let text = format!(
            "let p = params(#{{ source: host(\"old\"), dest: host(\"new\") }});\nstep(\"Open\", || {{ let source = p.source; let dest = p.dest;\n{body}\n}});\n"
        );
        fs::write(s.at("lease.rhai"), text).unwrap();
        for host in ["source", "dest"] {
            fs::create_dir_all(s.at(&format!("lease.lab/hosts/{host}/srv"))).unwrap();
            fs::write(s.at(&format!("lease.lab/hosts/{host}/srv/name")), format!("{host}\n")).unwrap();
        }
        fs::DirBuilder::new().mode(0o700).create(s.at("state")).unwrap();
        let lab = "hosts: { source: { address: 127.0.0.21 }, dest: { address: 127.0.0.22 } }\nprivate: [/srv]\n";
        fs::write(s.at("lease.lab/lab.yml"), lab).unwrap();
        s.ok(&["lab", "lease.rhai"]);
        s
    }
    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn mig(&self, args: &[&str]) -> (i32, String) {
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "60", env!("CARGO_BIN_EXE_mig")]).args(args).current_dir(self.folder.path());
        text(&command.env("MIG_STATE", self.at("state")).stdin(Stdio::null()).output().unwrap())
    }
    fn ok(&self, args: &[&str]) -> String {
        let (code, text) = self.mig(args);
        assert_eq!(code, 0, "mig {args:?}\n{text}");
        text
    }
    fn on(&self, host: &str, command: &str) -> String {
        let labs = fs::read_dir(self.at("state/labs")).unwrap();
        let lab = labs.flatten().map(|e| e.path()).find(|p| p.join("ssh/config").exists()).expect("a lab is open");
        let mut ssh = Command::new("timeout");
        ssh.args(["30", "ssh", "-F"]).arg(lab.join("ssh/config")).args([host, command]).stdin(Stdio::null());
        text(&ssh.output().unwrap()).1
    }
    fn until(&self, what: &str, host: &str, command: &str, holds: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let said = self.on(host, command);
            if holds(&said) {
                return said;
            }
            assert!(began.elapsed() < Duration::from_secs(25), "never: {what}: {said}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    fn keys(&self) -> String {
        self.on("dest", "cat /root/.ssh/authorized_keys")
    }
    /// Nothing of a lease is on either host.
    fn nothing_is_left(&self, keys: &str) {
        assert_eq!(self.keys(), keys);
        assert!(!self.on("dest", "ls -A /root/.ssh").contains("mig-"));
        for host in ["source", "dest"] {
            assert_eq!(self.on(host, "find /var/lib/mig -name 'lease.*' 2>/dev/null"), "");
            let runs = self
                .on(host, "grep -lF MIG_LEASE= /proc/[0-9]*/environ 2>/dev/null; ps -eo args= | grep '[s]upervise'");
            assert_eq!(runs, "", "{host}");
        }
    }
}
impl Drop for Stage {
    fn drop(&mut self) {
        let (code, text) = self.mig(&["lab", "lease.rhai", "--close"]);
        if code != 0 && !std::thread::panicking() {
            eprintln!("{text}");
        }
    }
}

fn text(out: &Output) -> (i32, String) {
    let both = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
    (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&both).into_owned())
}

/// A page on a port of its host, served by a process that the run keeps.
const PAGE: &str = r#"let page = dest.daemon("page", "cd /srv && exec python3 -m http.server 8088 --bind 127.0.0.22",
    #{ ready: "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.22:8088/name\")'" });"#;
const TUNNEL: &str =
    r#"let t = source.ssh_tunnel(#{ to: dest, local: "127.0.0.21:7070", remote: "127.0.0.22:8088" });"#;
const GET: &str = "python3 -c 'import urllib.request as u; print(u.urlopen(\"http://127.0.0.21:7070/name\", timeout=5).read().decode().strip())' 2>&1 | tail -n 1";

#[test]
fn a_key_opens_one_command_and_is_closed() {
    let s = Stage::new(
        r#"let t = source.ssh_trust(dest, #{ restrict: "cat /srv/name; echo $SSH_ORIGINAL_COMMAND" });
        note("got " + source.ssh(t.ssh + " hello", #{ undo: false }).stdout);
        expect_equal(source.daemon_info(t.name).state, "key", "it is there");
        close(t);
        expect_equal(source.daemon_info(t.name).state, "none", "it is gone");"#,
    );
    s.on("dest", "printf '# no newline at the end' >>/root/.ssh/authorized_keys");
    let keys = s.keys();
    let said = s.ok(RUN);
    assert!(said.contains("a key that opens dest for `cat /srv/name") && said.contains("got dest⏎hello"), "{said}");
    s.nothing_is_left(&keys);
    // Back opens it again, for what comes next may need it, and then closes it.
    s.ok(&["rollback", "--yes"]);
    s.nothing_is_left(&keys);
}

#[test]
fn a_tunnel_carries_comes_up_again_and_goes_with_the_run() {
    let s = Stage::new(&format!("{PAGE} {TUNNEL} note(t.listens + ` and ${{t.port}}`);"));
    let keys = s.keys();
    let said = s.ok(RUN);
    assert!(said.contains("127.0.0.21:7070 and 7070"), "{said}");
    let line = s.keys().lines().next().unwrap().to_owned();
    for part in [
        "restrict,from=",
        "command=\"exit 1\"",
        "permitopen=\"127.0.0.22:8088\"",
        "permitlisten=\"127.0.0.1:1\"",
        "expiry-time=",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert_eq!(s.on("source", GET), "dest\n");
    let shown = s.ok(&["show"]);
    assert!(
        shown.contains("Open on the hosts, until") && shown.contains("source: tunnel from 127.0.0.21:7070"),
        "{shown}"
    );
    assert!(s.ok(&["runs"]).contains("2 open"), "{}", s.ok(&["runs"]));
    // It is started again when it dies.
    let ssh = "pgrep -f '^ssh -N'";
    let before = s.on("source", ssh);
    s.on("source", "pkill -KILL -f '^ssh -N'");
    s.until("another ssh", "source", ssh, |p| !p.trim().is_empty() && p != before);
    s.until("the page", "source", GET, |p| p == "dest\n");
    // Its key does nothing else.
    let lease = s.on("source", "echo /var/lib/mig/*/lease.tunnel-7070").trim().to_owned();
    let config = s.on("source", &format!("grep -v -e Forward -e LocalCommand {lease}/key.config"));
    s.on("source", &format!("cat >/srv/config <<'E'\n{config}\nE"));
    let said = s.on("source", "ssh -F /srv/config mig-dest id; echo $?");
    assert_eq!(said, "1\n", "{said}");
    s.ok(&["rollback", "--yes"]);
    s.nothing_is_left(&keys);
}

#[test]
fn a_tunnel_can_lead_back() {
    let s = Stage::new(
        r#"source.daemon("page", "cd /srv && exec python3 -m http.server 8089 --bind 127.0.0.21",
            #{ ready: "python3 -c 'import urllib.request as u; u.urlopen(\"http://127.0.0.21:8089/name\")'" });
        let t = source.ssh_tunnel(#{ to: dest, remote: 7071, local: "127.0.0.21:8089", reverse: true });
        note("got " + dest.ssh(`python3 -c 'import urllib.request as u; print(u.urlopen("http://127.0.0.22:7071/name").read().decode())'`, #{ undo: false }).stdout);"#,
    );
    let keys = s.keys();
    let said = s.ok(RUN);
    assert!(said.contains("got source"), "{said}");
    let ended = s.ok(&["finish", "--yes"]);
    assert!(ended.contains("is ended"), "{ended}");
    drop(keys);
}

#[test]
fn what_does_not_come_up_is_said_with_its_cause_and_closed() {
    let s = Stage::new(
        r#"try { dest.daemon("bad", "echo it is broken >&2; exit 7"); } catch (e) { note(`caught ${e}`); }
        try { source.ssh_tunnel(#{ to: dest, local: "127.0.0.22:22", remote: 1 }); } catch (e) { note(`caught ${e}`); }
        try { source.ssh_tunnel(#{ to: dest, local: "192.0.2.1:7072", remote: 1 }); } catch (e) { note(`caught ${e}`); }
        try { source.ssh_tunnel(#{ local: 7072, remote: 1 }); } catch (e) { note(`caught ${e}`); }
        dest.daemon("one", "exec sleep 1000");
        dest.daemon("one", "exec sleep 1000");"#,
    );
    let keys = s.keys();
    let (code, said) = s.mig(RUN);
    assert_eq!(code, 3, "the plan sees the second one: {said}");
    assert!(said.contains("this run has \"one\" on dest already"), "{said}");
    let book = fs::read_to_string(s.at("lease.rhai")).unwrap();
    fs::write(s.at("lease.rhai"), book.replacen("dest.daemon(\"one\", \"exec sleep 1000\");", "", 1)).unwrap();
    let said = s.ok(RUN);
    for part in [
        "the process bad on dest does not stay up: it ended 3 times with exit code 7: it is broken",
        "the tunnel tunnel-22 on source does not stay up",
        "write local: 7072",
        "to is missing",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert_eq!(s.keys(), keys);
    assert_eq!(s.on("source", "find /var/lib/mig -name 'lease.*'"), "");
    assert_eq!(s.on("dest", "find /var/lib/mig -name 'lease.*' -printf '%f\\n'"), "lease.one\n");
    s.ok(&["rollback", "--yes"]);
    s.nothing_is_left(&keys);
}

/// A process, a tunnel and a key, and one of them closed.
const ALL: &str = r#"let one = source.daemon("one", "exec sleep 1000", #{ ready: "true" });
    source.ssh_tunnel(#{ to: dest, local: "127.0.0.21:7073", remote: 22 }); source.ssh_trust(dest); close(one);"#;

/// Runs until the process is killed at this place.
fn killed_at(s: &Stage, place: &str, args: &[&str]) {
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "60", env!("CARGO_BIN_EXE_mig")]).args(args).current_dir(s.folder.path());
    command.env("MIG_STATE", s.at("state")).env("MIG_FAIL", format!("{place}=abort")).stdin(Stdio::null());
    let (code, said) = text(&command.output().unwrap());
    assert!(code != 0 && !said.contains("reason"), "{place}: {code}: {said}");
}

#[test]
fn killed_anywhere_a_rollback_leaves_nothing() {
    let s = Stage::new(ALL);
    let places = [
        "lease.made#1",
        "lease.started#1",
        "lease.granted#1",
        "lease.started#2",
        "lease.granted#2",
        "lease.shut#1",
        "lease.ended#1",
    ];
    for (i, place) in places.iter().enumerate() {
        let keys = s.keys();
        killed_at(&s, place, RUN);
        if i % 3 == 2 {
            killed_at(&s, "lease.shut#1", &["rollback", "--yes"]);
        }
        s.ok(&["rollback", "--yes"]);
        s.nothing_is_left(&keys);
        // Its lab goes with it.
        s.ok(&["finish", "--yes"]);
        s.ok(&["lab", "lease.rhai"]);
    }
}

#[test]
fn killed_anywhere_a_resume_has_everything_once() {
    let s = Stage::new(ALL);
    for place in ["lease.started#1", "lease.granted#1", "lease.ended#1"] {
        let keys = s.keys();
        killed_at(&s, place, RUN);
        s.ok(&["resume", "--yes"]);
        assert_eq!(s.keys().matches(" mig-").count(), 2, "{place}: {}", s.keys());
        assert_eq!(s.on("source", "ps -eo args= | grep -c '^sh .*/supervise '"), "1\n", "{place}");
        assert_eq!(s.on("source", "ps -eo args= | grep -c '^ssh -N'"), "1\n", "{place}");
        s.ok(&["rollback", "--yes"]);
        s.nothing_is_left(&keys);
        s.ok(&["finish", "--yes"]);
        s.ok(&["lab", "lease.rhai"]);
    }
}
