//! An operator's desk: a folder with a playbook, an inventory and a state folder of its own, and
//! the real binary. A listener stands where the inventory's host should be: whoever contacts a host
//! is seen.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

pub struct Desk {
    folder: tempfile::TempDir,
    trap: TcpListener,
}

/// What one `mig` said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// More than any command of these tests takes.
const LONGEST: Duration = Duration::from_secs(60);

impl Desk {
    pub fn new() -> Desk {
        let folder = tempfile::Builder::new().prefix("desk").tempdir().expect("a folder");
        let trap = TcpListener::bind("127.0.0.1:0").expect("a port of 127.0.0.1");
        trap.set_nonblocking(true).expect("a listener that does not wait");
        std::fs::create_dir(folder.path().join("home")).expect("a home");
        Desk { folder, trap }
    }
    /// With a host called `here`, which is this machine.
    pub fn here() -> Desk {
        let desk = Desk::new();
        desk.write("inventory.yml", "hosts:\n  here: { local: true }\n");
        desk
    }
    /// With a host called `source`, where nobody may knock.
    pub fn trapped() -> Desk {
        let desk = Desk::new();
        desk.write("inventory.yml", format!("hosts:\n  source: {{ {} }}\n", desk.trap()));
        desk
    }
    /// The address of the host that must not be contacted, as an inventory writes it.
    pub fn trap(&self) -> String {
        let port = self.trap.local_addr().expect("a bound port").port();
        format!("address: 127.0.0.1, port: {port}")
    }
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }
    /// `mig` with nothing of the user's, and no terminal.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mig"));
        command
            .args(words)
            .current_dir(self.folder())
            .env_remove("MIG_INVENTORY")
            .env_remove("SSH_AUTH_SOCK")
            .env("HOME", self.path("home"))
            .env("MIG_STATE", self.path("state"));
        command
    }
    pub fn mig(&self, words: &[&str]) -> Said {
        self.said(self.command(words))
    }
    pub fn said(&self, command: Command) -> Said {
        let output = assert_cmd::Command::from_std(command).timeout(LONGEST).output().expect("mig starts");
        Said {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
    /// It ends with this code, and each of these parts is on its page; for bad input the page says
    /// that nothing was sent, and nothing was.
    pub fn refuses(&self, words: &[&str], code: i32, parts: &[&str]) -> Said {
        let said = self.mig(words);
        assert_eq!(said.code, Some(code), "mig {words:?}\n{}{}", said.out, said.err);
        said.has(parts);
        if code == 2 {
            said.has(&["Nothing was sent to any host."]);
        }
        self.nobody_knocked();
        said
    }
    /// `mig plan p.rhai` with this playbook is bad input.
    pub fn refuses_playbook(&self, text: &str, parts: &[&str]) {
        self.write("p.rhai", text);
        self.refuses(&["plan", "p.rhai"], 2, parts);
    }
    /// The same where only evaluating the playbook shows it: then the plan refuses (3), and no host
    /// was contacted either.
    pub fn refuses_while_planning(&self, words: &[&str], parts: &[&str]) {
        let said = self.refuses(words, 3, parts);
        said.has(&["Nothing was changed on any host."]).lacks(&["Nothing to do"]);
    }
    /// Writes this playbook and runs it without a question.
    pub fn runs(&self, text: &str) -> Said {
        self.write("p.rhai", text);
        self.mig(&["run", "p.rhai", "--yes"])
    }
    pub fn nobody_knocked(&self) {
        match self.trap.accept() {
            Err(e) if e.kind() == ErrorKind::WouldBlock => {}
            other => panic!("a host was contacted: {other:?}"),
        }
    }
    /// The ids of the runs, newest first.
    pub fn run_ids(&self) -> Vec<String> {
        let said = self.mig(&["runs", "--json"]);
        let line = |l: &str| serde_json::from_str::<serde_json::Value>(l).expect("a line of JSON");
        said.out.lines().map(|l| line(l)["run"].as_str().expect("an id").to_owned()).collect()
    }
}

impl Said {
    pub fn has(&self, parts: &[&str]) -> &Self {
        for part in parts {
            let found = self.err.contains(part) || self.out.contains(part);
            assert!(found, "expected {part:?} in:\n{}{}", self.out, self.err);
        }
        self
    }
    pub fn lacks(&self, parts: &[&str]) -> &Self {
        for part in parts {
            let found = self.err.contains(part) || self.out.contains(part);
            assert!(!found, "{part:?} is in:\n{}{}", self.out, self.err);
        }
        self
    }
    pub fn ends(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self
    }
}
