//! A machine to break: a mount namespace with its own `/var/lib/mig`, two users' homes, and the
//! real binary. What runs in it is this machine, reached without ssh; what it holds is private.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub struct Machine {
    pub folder: tempfile::TempDir,
    /// Keeps the namespaces.
    keeper: Child,
}

/// What a command came to.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub text: String,
}

impl Said {
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.text);
        self
    }
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.text.contains(part), "{part:?} is missing in:\n{}", self.text);
        }
        self
    }
}

impl Machine {
    /// A machine with the playbook `p.rhai` and one host, `here`. `log` counts what ran there.
    pub fn with(body: &str) -> Machine {
        let folder = tempfile::tempdir().expect("a folder");
        let at = folder.path();
        fs::create_dir(at.join("bin")).expect("a folder");
        // As on a host where sudo asks nothing: records go to /var/lib/mig, as root's do.
        write(&at.join("bin/sudo"), "#!/bin/sh\nshift 2\nexec \"$@\"\n", 0o755);
        write(&at.join("inventory.yml"), "hosts:\n  here: { local: true, sudo: true }\n", 0o644);
        let text = body.replace("DIR", &at.display().to_string());
        write(
            &at.join("p.rhai"),
            &format!("let p = params(#{{ here: host(\"a host\") }});\nlet h = p.here;\n{text}"),
            0o644,
        );
        let is_root = rustix::process::geteuid().is_root();
        let mut command = Command::new("unshare");
        command.args(if is_root { &["-m"][..] } else { &["-Urm"][..] });
        let ready = at.join("ready");
        let script = format!(
            "mkdir -p /var/lib/mig 2>/dev/null; mount -t tmpfs -o mode=755 tmpfs {} && \
             touch {} && exec sleep 300",
            if is_root { "/var/lib/mig" } else { "/var/lib" },
            ready.display()
        );
        let keeper = command.args(["sh", "-c", &script]).stdin(Stdio::null()).spawn().expect("unshare runs");
        let began = Instant::now();
        while !ready.exists() {
            assert!(began.elapsed() < Duration::from_secs(10), "the namespace does not open");
            std::thread::sleep(Duration::from_millis(10));
        }
        Machine { folder, keeper }
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// How often something ran: lines of `log`.
    pub fn log(&self) -> Vec<String> {
        fs::read_to_string(self.at("log")).unwrap_or_default().lines().map(Into::into).collect()
    }
    /// A program in the machine.
    pub fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.keeper.id().to_string(), "-m"]);
        if !rustix::process::geteuid().is_root() {
            command.args(["-U", "--preserve-credentials"]);
        }
        command.args(["--wd=".to_string() + &self.folder.path().display().to_string()]).arg("--").args(words);
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .env("PATH", format!("{}:{path}", self.at("bin").display()))
            .env("HOME", self.folder.path())
            .env_remove("MIG_INVENTORY")
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null());
        command
    }
    /// mig, as one of the users: each has a state folder of its own.
    pub fn mig(&self, user: &str, words: &[&str]) -> Command {
        let all: Vec<&str> = std::iter::once(env!("CARGO_BIN_EXE_mig")).chain(words.iter().copied()).collect();
        let mut command = self.program(&all);
        command.env("MIG_STATE", self.state(user)).env("USER", user);
        command
    }
    pub fn says(&self, user: &str, words: &[&str]) -> Said {
        said(&self.mig(user, words).output().expect("mig starts"))
    }
    pub fn run(&self, user: &str) -> Said {
        self.says(user, &["run", "./p.rhai", "--yes"])
    }
    pub fn state(&self, user: &str) -> PathBuf {
        self.at(&format!("state-{user}"))
    }
    pub fn journal(&self, user: &str) -> PathBuf {
        self.state(user).join("journal.db")
    }
    pub fn sh(&self, script: &str) -> Said {
        said(&self.program(&["sh", "-c", script]).output().expect("sh runs"))
    }
    /// The one run of a user.
    pub fn id(&self, user: &str) -> String {
        let said = self.says(user, &["runs", "--json"]).ends(0);
        let line: serde_json::Value = serde_json::from_str(said.text.lines().next().expect("a run")).expect("JSON");
        line["run"].as_str().expect("an id").into()
    }
    pub fn state_of(&self, user: &str) -> String {
        let said = self.says(user, &["runs", "--json"]).ends(0);
        let line: serde_json::Value = serde_json::from_str(said.text.lines().next().expect("a run")).expect("JSON");
        line["state"].as_str().expect("a state").into()
    }
    /// The lines of the machine's lock; none when it is free.
    pub fn lock(&self) -> Vec<String> {
        let said = self.sh("cat /var/lib/mig/lock 2>/dev/null || true");
        said.text.lines().map(Into::into).collect()
    }
    /// Starts mig, and kills it when something is there.
    pub fn killed_when(&self, user: &str, words: &[&str], file: &str) {
        let mut child = self.mig(user, words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mig starts");
        let began = Instant::now();
        while !self.at(file).exists() {
            assert!(began.elapsed() < Duration::from_secs(20), "{file} does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

pub fn said(output: &Output) -> Said {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Said { code: output.status.code().unwrap_or(-1), text }
}

pub fn write(path: &Path, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).expect("it can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode can be set");
}
