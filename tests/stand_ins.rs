//! The stand-ins of the conductor's labs, held against what is recorded of the real programs.
//!
//! They run in a scratch folder (`LAB_ROOT`), not in a lab. Their process is ended by the unit's own stop.

#[path = "stand_ins/routers.rs"]
mod routers;

#[path = "common/tree.rs"]
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tree::copy;

const PREFERENCES: &str =
    r#"{"node-name":"conductor-node1","node-role":"conductor","router-name":"conductor","node-ip":"127.0.0.12"}"#;

/// One machine of the lab, in a folder.
struct Machine {
    bin: PathBuf,
    root: tempfile::TempDir,
}

impl Machine {
    /// A copy of a tree of the lab. The stand-ins run where they lie: a program that was copied a
    /// moment ago may still be open for writing in a child of another test ("text file busy").
    fn new(name: &str) -> Machine {
        Machine::of("conductor", name)
    }
    fn of(playbook: &str, name: &str) -> Machine {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("playbooks/{playbook}.lab"));
        let root = tempfile::tempdir().unwrap();
        copy(&lab.join("hosts").join(name), root.path());
        Machine { bin: lab.join("bin"), root }
    }
    fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut c = Command::new(self.bin.join(program));
        c.args(args).env("LAB_ROOT", self.root.path()).env("LAB_UID", "0");
        c
    }
    fn run(&self, program: &str, args: &[&str]) -> Output {
        self.command(program, args).output().unwrap()
    }
    /// What it prints, blanks at the ends left out; it must exit so.
    fn says(&self, program: &str, args: &[&str], exits: i32) -> String {
        let o = self.run(program, args);
        let text = [&o.stdout[..], &o.stderr[..]].concat();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(o.status.code(), Some(exits), "{program} {args:?}: {text}");
        text.trim().to_string()
    }
    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }
    /// Pretends that the machine went down and came up: what is in /run is gone.
    fn reboots(&self) {
        let wish = self.path("run/lab/reboot-now");
        let until = Instant::now() + Duration::from_secs(10);
        while !wish.exists() {
            assert!(Instant::now() < until, "nobody asked for a reboot");
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::remove_dir_all(self.path("run")).unwrap();
        self.says("systemctl", &["start", "128T"], 0);
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.run("systemctl", &["stop", "128T"]);
    }
}

#[test]
fn the_initializer_refuses_while_128t_runs_and_whoever_is_not_root() {
    let dest = Machine::new("dest");
    dest.says("systemctl", &["start", "128T"], 0);
    let said = dest.says("initialize128t", &["--preferences", PREFERENCES], 1);
    assert_eq!(said, "128T is running; cannot launch Initializer");
    let other = dest.command("initialize128t", &[]).env("LAB_UID", "1000").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&other.stderr), "You must run the Initializer as root.\n");
    assert!(!other.status.success());
}

#[test]
fn the_initializer_validates_before_it_writes() {
    let dest = Machine::new("dest");
    let file = dest.path("preferences.json");
    fs::write(&file, PREFERENCES).unwrap();
    let file = file.to_str().unwrap();
    dest.says("initialize128t", &["-p", file, "--dry-run"], 0);
    assert!(!dest.path("etc/128technology/global.init").exists());
    dest.says("initialize128t", &["--preferences", file], 0);
    let json = |path: &str| -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(dest.path(path)).unwrap()).unwrap()
    };
    let global = json("etc/128technology/global.init");
    assert_eq!(global["init"]["routerName"], "conductor");
    assert_eq!(global["init"]["conductor"]["conductor-node1"]["host"], "127.0.0.12");
    assert_eq!(json("etc/128technology/local.init")["init"]["id"], "conductor-node1");
    for (wrong, why) in [
        (r#"{"node-role":"conductor","router-name":"r"}"#, "'node-name' is a required property"),
        (r#"{"node-name":"a","router-name":"r"}"#, "'node-role' is a required property"),
        (r#"{"node-name":"a","node-role":"conductor"}"#, "'router-name' is a required property"),
        (r#"{"node-name":"a_","node-role":"conductor","router-name":"r"}"#, "not a valid name"),
        (r#"{"node-name":"a","node-role":"router","router-name":"r"}"#, "not one of"),
        ("/nowhere.json", "cannot read"),
    ] {
        let said = dest.says("initialize128t", &["-p", wrong, "-d"], 1);
        assert!(said.contains(why), "{wrong}: {said}");
    }
}

#[test]
fn systemctl_tells_of_the_unit_as_the_real_one_does() {
    let source = Machine::new("source");
    let show = ["show", "-p", "LoadState,ActiveState,SubState,UnitFileState,NRestarts", "--", "128T"];
    let stopped = "LoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=enabled\nNRestarts=0";
    assert_eq!(source.says("systemctl", &show, 0), stopped);
    source.says("systemctl", &["start", "--", "128T"], 0);
    let started = stopped.replace("inactive", "active").replace("dead", "running");
    assert_eq!(source.says("systemctl", &show, 0), started);
    source.says("systemctl", &["disable", "--", "128T"], 0);
    assert_eq!(source.says("systemctl", &["is-enabled", "128T"], 1), "disabled");
    source.says("systemctl", &["stop", "--", "128T"], 0);
    assert_eq!(source.says("systemctl", &["is-active", "128T"], 3), "inactive");
    assert_eq!(source.says("systemctl", &["is-active", "--quiet", "128T"], 3), "");
    assert!(source.says("systemctl", &["show", "-p", "LoadState", "other"], 0).contains("LoadState=not-found"));
    assert!(source.says("systemctl", &["start", "other"], 5).contains("Unit other not found."));
}

#[test]
fn restored_keys_cost_two_reboots_and_bring_the_routers_back() {
    let (source, dest) = (Machine::new("source"), Machine::new("dest"));
    let key = "etc/128technology/salt/pki/master/master.pem";
    let config = "var/lib/128technology/t128-running.json";
    fs::copy(source.path(config), dest.path(config)).unwrap();
    // With its own keys it stays up, and no router has anything to do with it.
    dest.says("systemctl", &["start", "128T"], 0);
    assert_eq!(dest.says("systemctl", &["is-active", "128T"], 0), "active");
    assert!(dest.says("pcli", &["show", "assets"], 0).contains("pending"));
    dest.says("systemctl", &["stop", "128T"], 0);

    fs::copy(source.path(key), dest.path(key)).unwrap();
    dest.says("systemctl", &["start", "--no-block", "128T"], 0);
    for _ in 0..2 {
        assert_eq!(dest.says("systemctl", &["is-active", "128T"], 3), "activating");
        dest.reboots();
    }
    assert_eq!(dest.says("systemctl", &["is-active", "128T"], 0), "active");
    let running = |m: &Machine| {
        let answer = m.says("curl", &["http://127.0.0.1:31516/api/v1/graphql"], 0);
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let assets = answer["data"]["allAuthorities"]["edges"][0]["node"]["assets"].as_array().unwrap().clone();
        assert_eq!(assets.len(), 5);
        assert!(assets[0].get("assetId").is_some() && assets[0].get("failedStatus").is_some_and(|v| v.is_null()));
        assets.iter().filter(|a| a["status"] == "RUNNING").count()
    };
    // Connected comes first; the router that was away stays away.
    let until = Instant::now() + Duration::from_secs(10);
    while running(&dest) < 4 {
        assert!(Instant::now() < until, "the routers do not run");
        std::thread::sleep(Duration::from_millis(100));
    }
    // The second start is an ordinary one.
    dest.says("systemctl", &["restart", "128T"], 0);
    assert_eq!(dest.says("systemctl", &["is-active", "128T"], 0), "active");
}

#[test]
fn the_pcli_prints_the_columns_of_the_real_table() {
    let source = Machine::new("source");
    assert!(!source.run("pcli", &["show", "assets"]).status.success());
    assert_eq!(source.run("curl", &["http://127.0.0.1:31516/api/v1/graphql"]).status.code(), Some(7));
    source.says("systemctl", &["start", "128T"], 0);
    let table = source.says("pcli", &["show", "assets"], 0);
    let head: Vec<&str> = table.lines().find(|l| l.contains("Asset Id")).unwrap().split("  ").map(str::trim).collect();
    let head: Vec<&str> = head.into_iter().filter(|c| !c.is_empty()).collect();
    assert_eq!(head, ["Asset Id", "Router", "Node", "128T Version", "Status"]);
    assert_eq!(table.matches("running").count(), 4);
    assert_eq!(source.says("pcli", &["compare", "config", "candidate", "running"], 0), "# No differences");
    assert_eq!(
        source.says("pcli", &["export", "config", "running", "before"], 0),
        "Successfully exported configuration: /etc/128technology/config-exports/before.gz"
    );
}

#[test]
fn small_readings() {
    let source = Machine::new("source");
    assert_eq!(source.says("rpm", &["-q", "128T"], 0), "128T-4.1.1-1.el7.centos.x86_64");
    let format = ["-q", "--queryformat", "%{VERSION}-%{RELEASE}", "128T"];
    assert_eq!(source.says("rpm", &format, 0), "4.1.1-1.el7.centos");
    assert_eq!(source.says("rpm", &["-q", "other"], 1), "package other is not installed");
    assert!(source.says("ip", &["-o", "address", "show"], 0).contains(" 127.0.0.12/24 "));
    assert!(source.says("salt-key", &["-L"], 0).starts_with("Accepted Keys:\nLR000000000001\n"));
    let source_key = fs::read_to_string(source.path("etc/128technology/salt/pki/master/master.pem")).unwrap();
    assert!(source_key.contains("LAB ONLY"));
}

#[test]
fn the_listener_accepts_on_every_port() {
    let dest = Machine::new("dest");
    let ports = ["47930", "47945", "47946"];
    let mut listener = dest.command("lab128t-listener", &[&["127.99.7.1"], &ports[..]].concat()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    let answers = |port: &str| std::net::TcpStream::connect(format!("127.99.7.1:{port}")).is_ok();
    let mut all = false;
    while !all && Instant::now() < until {
        all = ports.iter().all(|p| answers(p));
        std::thread::sleep(Duration::from_millis(20));
    }
    listener.kill().unwrap();
    listener.wait().unwrap();
    assert!(all, "the ports never answered");
}
