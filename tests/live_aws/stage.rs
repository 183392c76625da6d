//! `mig` in a folder of its own, with an account behind the proxy.

use super::shim::Shim;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub struct Stage {
    pub shim: Shim,
    folder: tempfile::TempDir,
}

impl Stage {
    pub fn new(playbook: &str) -> Stage {
        let stage = Stage { shim: Shim::new(), folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir_all(stage.at("home/.aws")).unwrap();
        let inventory = format!(
            "hosts:\n  here: {{ local: true }}\naws: {{ region: eu-west-1, endpoint: \"http://127.0.0.1:{}\" }}\n",
            stage.shim.port
        );
        std::fs::write(stage.at("inventory.yml"), inventory).unwrap();
        stage.key("FIRST");
        stage.playbook(playbook);
        stage
    }
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    pub fn playbook(&self, text: &str) {
        std::fs::write(self.at("p.rhai"), format!("step(\"Do\", || {{ {text} }});\n")).unwrap();
    }
    /// The credentials, as somebody renews them.
    pub fn key(&self, id: &str) {
        let text = format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = not-a-secret\n");
        std::fs::write(self.at("home/.aws/credentials"), text).unwrap();
    }
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mig"));
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name_of = name.to_string_lossy().to_ascii_uppercase();
            if name_of.starts_with("AWS_") || name_of.ends_with("_PROXY") {
                command.env_remove(name);
            }
        }
        command.env_remove("MIG_INVENTORY").env_remove("SSH_AUTH_SOCK");
        command.env("HOME", self.at("home")).env("MIG_STATE", self.at("state"));
        // There is no machine of Amazon's to ask for credentials.
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }
    /// What it says, and the code it ends with.
    pub fn mig(&self, words: &[&str]) -> (i32, String) {
        let out =
            assert_cmd::Command::from_std(self.command(words)).timeout(Duration::from_secs(120)).output().unwrap();
        let text = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
        (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }
    /// It must end so, and have said all of this.
    pub fn ends(&self, words: &[&str], code: i32, parts: &[&str]) -> String {
        let (ended, text) = self.mig(words);
        assert_eq!(ended, code, "mig {words:?}\n{text}\n{:?}", self.shim.faults().log);
        for part in parts {
            assert!(text.contains(part), "expected {part:?} in\n{text}");
        }
        text
    }
    pub fn runs(&self) -> String {
        self.ends(RUN, 0, &[])
    }
    /// Kills a run while the answer to a request is on its way.
    pub fn killed_at(&self, action: &'static str, words: &[&str]) {
        self.shim.faults().held = Some(action);
        let mut child: Child = self.command(words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.shim.wait_until_held();
        child.kill().unwrap();
        child.wait().unwrap();
        let mut faults = self.shim.faults();
        faults.held = None;
        faults.is_holding = false;
    }
}

pub const RUN: &[&str] = &["run", "p.rhai", "--yes"];
