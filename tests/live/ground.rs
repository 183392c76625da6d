//! The operator's network of one test and the machines in it. Every test has its own, so all may
//! use the same addresses.

use crate::host::{Host, in_net, processes};
use crate::running::{Running, Said};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

pub struct Ground {
    pub hosts: BTreeMap<String, Host>,
    desk: Desk,
    pub folder: tempfile::TempDir,
}

/// The network of the operator; the hosts end before it.
struct Desk(Child);

/// The machines of a test with these names: the first is 192.0.2.10, and so on. `None`, with the
/// reason said, where that cannot be made.
pub fn ground(names: &[&str], sshd: &str) -> Option<Ground> {
    if let Some(why) = refused() {
        let insists = ["CI", "MIG_LIVE"].iter().any(|v| std::env::var_os(v).is_some_and(|v| !v.is_empty()));
        assert!(!insists, "the live tests cannot run here: {why}");
        eprintln!("NOT RUN: {why}; run it as root, after tests/setup.sh");
        return None;
    }
    let folder = tempfile::Builder::new().prefix("live").tempdir().unwrap();
    let child = Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "unshare", "--net", "sleep", "1000000"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let desk = Desk(child);
    let pid = desk.0.id();
    let net = |p: &str| fs::metadata(format!("/proc/{p}/ns/net")).map(|m| m.ino()).ok();
    wait_for("a network", 10, || net(&pid.to_string()) != net("self"));
    in_net(pid, &["ip", "link", "set", "lo", "up"]);
    in_net(pid, &["ip", "link", "add", "br0", "type", "bridge"]);
    in_net(pid, &["ip", "address", "add", "192.0.2.1/24", "dev", "br0"]);
    // A bridge to nowhere, for packets that are to vanish.
    in_net(pid, &["ip", "link", "add", "void", "type", "bridge"]);
    // Addresses of their own: else a bridge takes that of its first port, and the other bridge
    // would hear what is meant for this one.
    for (bridge, address) in [("br0", "02:00:00:00:00:01"), ("void", "02:00:00:00:00:02")] {
        in_net(pid, &["ip", "link", "set", bridge, "address", address, "up"]);
    }
    must(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.path().join("key")));
    fs::create_dir_all(folder.path().join("tmp")).unwrap();
    let mut hosts = BTreeMap::new();
    let mut inventory = "hosts:\n  here: { local: true }\n".to_owned();
    for (n, name) in names.iter().enumerate() {
        let address = format!("192.0.2.{}", 10 + n);
        let at = folder.path().join("hosts").join(name);
        fs::create_dir_all(&at).unwrap();
        let host = Host::start(name, &at, pid, &address, &folder.path().join("key"), sshd);
        hosts.insert((*name).to_owned(), host);
        let key = folder.path().join("key");
        inventory += &format!("  {name}: {{ address: {address}, user: root, identity: {} }}\n", key.display());
    }
    let ground = Ground { hosts, desk, folder };
    ground.write("inventory.yml", &inventory);
    Some(ground)
}

/// Why machines cannot be made here, if they cannot.
fn refused() -> Option<String> {
    static WHY: OnceLock<Option<String>> = OnceLock::new();
    let ask = || {
        if fs::metadata("/proc/self").is_ok_and(|m| m.uid() != 0) {
            return Some("only root can make machines of namespaces".into());
        }
        for program in ["ip", "unshare", "nsenter", "setpriv", "ssh", "ssh-keygen", "/usr/sbin/sshd"] {
            let found = Command::new("sh").args(["-c", "command -v \"$1\"", "sh", program]).output();
            if !found.is_ok_and(|o| o.status.success()) {
                return Some(format!("{program} is missing: tests/setup.sh installs it"));
            }
        }
        let words =
            ["--mount", "--net", "--pid", "--fork", "--mount-proc", "ip", "link", "add", "br0", "type", "bridge"];
        let tried = Command::new("unshare").args(words).output().ok()?;
        let said = String::from_utf8_lossy(&tried.stderr).trim().to_owned();
        (!tried.status.success()).then(|| format!("namespaces or bridges are refused here: {said}"))
    };
    WHY.get_or_init(ask).clone()
}

impl Ground {
    pub fn host(&self, name: &str) -> &Host {
        &self.hosts[name]
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }
    pub fn net(&self) -> u32 {
        self.desk.0.id()
    }

    /// mig with these words, in the operator's network.
    pub fn mig(&self, words: &[&str]) -> Running {
        Running::start(self.command(words))
    }
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net=/proc/{}/ns/net", self.net()))
            .arg(env!("CARGO_BIN_EXE_mig"))
            .args(words)
            .current_dir(self.folder.path())
            .env_remove("MIG_INVENTORY")
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("SSH_AUTH_SOCK")
            .env("MIG_STATE", self.path("state"))
            .env("TMPDIR", self.path("tmp"));
        command
    }
    /// Begins a playbook: its parameters are all hosts of the ground and `here`.
    pub fn begin(&self, body: &str, more: &[&str]) -> Running {
        self.write("book.rhai", &self.book(body));
        self.mig(&[&["run", "./book.rhai", "--accept-new-host-keys", "--yes"], more].concat())
    }
    pub fn book(&self, body: &str) -> String {
        let names: Vec<&str> =
            self.hosts.keys().map(String::as_str).chain(["here"]).filter(|n| body.contains(n)).collect();
        let params: String = names.iter().map(|n| format!("{n}: host(\"a machine\"), ")).collect();
        let lets: String = names.iter().map(|n| format!("let {n} = p.{n}; ")).collect();
        format!("//! A book of a test.\nlet p = params(#{{ {params}}});\n{lets}\n{body}\n")
    }
    /// A call on this machine that waits until the test says `open`.
    pub fn gate(&self) -> String {
        let (at, go) = (self.path("at-the-gate"), self.path("gate-is-open"));
        let command = format!("touch {}; until test -e {}; do sleep 0.05; done", at.display(), go.display());
        format!("here.ssh(`{command}`, #{{ undo: false }});")
    }
    pub fn wait_at_gate(&self) {
        wait_for("the run at the gate", 40, || self.path("at-the-gate").exists());
    }
    pub fn open_gate(&self) {
        self.write("gate-is-open", "");
    }

    /// The masters of ssh that live, with what they were called with.
    pub fn masters(&self) -> Vec<(u32, String)> {
        self.processes().into_iter().filter(|(_, said)| said.starts_with("ssh") && said.contains("mig-")).collect()
    }
    /// Takes the connections away on this side: what is on its way, and what a kernel still sends
    /// of it, finds nobody.
    pub fn lose_connections(&self) {
        for (pid, _) in self.masters() {
            crate::running::signal("-KILL", pid);
        }
    }
    /// What runs in the operator's network beside what holds it.
    pub fn processes(&self) -> Vec<(u32, String)> {
        let net = |pid: &str| fs::metadata(format!("/proc/{pid}/ns/net")).map(|m| m.ino()).ok();
        let own = net(&self.net().to_string());
        let mut all = vec![];
        for pid in processes().into_iter().filter(|p| net(p) == own && *p != self.net().to_string()) {
            let said = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let said = String::from_utf8_lossy(&said).replace('\0', " ");
            if !said.is_empty() {
                all.push((pid.parse().unwrap(), said));
            }
        }
        all
    }

    /// What holds at the end of every test: `mig finish` leaves nothing on the hosts; no process
    /// and no socket is left on either side.
    pub fn nothing_is_left(&self, said: &Said) {
        self.finish(&said.run());
        self.nobody_is_left();
    }
    pub fn finish(&self, run: &str) {
        let ended = self.mig(&["finish", run, "--yes"]).wait(60);
        assert_eq!(ended.code, Some(0), "mig finish: {}", ended.text);
        for host in self.hosts.values() {
            let left = host.sh(&format!("ls -d /var/lib/mig/{run}; grep -x {run} /var/lib/mig/lock")).stdout;
            assert!(left.is_empty(), "{}: {} is left", host.name, String::from_utf8_lossy(&left));
        }
    }
    pub fn nobody_is_left(&self) {
        let left = || {
            let here = self.processes().into_iter().map(|(pid, said)| format!("here: {pid} {said}"));
            let there = self.hosts.values().flat_map(|h| h.left().into_iter().map(|l| format!("{}: {l}", h.name)));
            here.chain(there).collect::<Vec<_>>()
        };
        let until = Instant::now() + Duration::from_secs(10);
        while !left().is_empty() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(left().is_empty(), "left behind: {:#?}", left());
        let sockets: Vec<_> = fs::read_dir(self.path("tmp")).unwrap().flatten().map(|e| e.path()).collect();
        assert!(sockets.is_empty(), "left behind: {sockets:?}");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program that must succeed.
pub fn must(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
pub fn wait_for(what: &str, seconds: u64, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(seconds);
    while !holds() {
        assert!(Instant::now() < until, "never in {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
pub fn sleep(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}
/// The files below a folder, for messages.
pub fn names_in(folder: &Path) -> Vec<String> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten();
    all.map(|e| e.file_name().to_string_lossy().into_owned()).collect()
}
