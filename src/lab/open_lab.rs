//! A lab that is open: how to reach it, what to ask of it, how to be rid of it.

use super::control::{self, Opened, Request};
use super::settings::{Check, Settings};
use super::snapshot::Snapshot;
use super::{enter, tree};
use crate::error::{Error, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An open lab. Dropping it leaves the lab open; [`close`](OpenLab::close) ends it.
#[derive(Debug, Clone)]
pub struct OpenLab {
    folder: PathBuf,
    opened: Opened,
}

/// What a command on a lab host answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl OpenLab {
    /// The lab in a folder, if one is open there.
    pub(super) fn at(folder: &Path) -> Option<OpenLab> {
        let opened = Opened::read(folder).ok()?;
        control::connect(folder).ok()?;
        Some(OpenLab { folder: folder.to_owned(), opened })
    }

    /// The lab that this process was started again in by [`reexec_inside`](super::reexec_inside).
    pub fn inside() -> Option<OpenLab> {
        OpenLab::at(&enter::inside()?)
    }

    /// Where the lab's files are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the lab is called: the playbook's name.
    pub fn name(&self) -> &str {
        &self.opened.name
    }

    /// What its `lab.yml` says, with every host's address.
    pub fn settings(&self) -> &Settings {
        &self.opened.settings
    }

    /// Whether this process is inside.
    pub fn is_inside(&self) -> bool {
        enter::is_in(&self.folder)
    }

    /// The key that may log in on every host.
    pub fn identity(&self) -> PathBuf {
        self.folder.join("ssh/id_ed25519")
    }

    /// The ssh_config with which a plain `ssh -F FILE HOST` reaches a host from outside.
    pub fn ssh_config_path(&self) -> PathBuf {
        self.folder.join("ssh/config")
    }

    /// The host keys, by name and by address.
    pub fn known_hosts_path(&self) -> PathBuf {
        self.folder.join("ssh/known_hosts")
    }

    /// The text of [`ssh_config_path`](OpenLab::ssh_config_path).
    pub fn ssh_config(&self) -> String {
        std::fs::read_to_string(self.ssh_config_path()).unwrap_or_default()
    }

    /// The text of [`known_hosts_path`](OpenLab::known_hosts_path).
    pub fn known_hosts(&self) -> String {
        std::fs::read_to_string(self.known_hosts_path()).unwrap_or_default()
    }

    /// The inventory for `mig -i`, for a `mig` that is inside. YAML, written as its subset JSON.
    pub fn inventory(&self) -> String {
        let mut hosts = serde_json::Map::new();
        for (name, host) in &self.settings().hosts {
            let mut entry = json!({
                "address": host.address,
                "port": 22,
                "user": host.user.as_deref().unwrap_or("root"),
                "identity": self.identity(),
            });
            if host.sudo {
                entry["sudo"] = Value::Bool(true);
            }
            if let Some((_, address)) = self.settings().takes_over(name) {
                entry["moves_to"] = json!(address);
            }
            hosts.insert(name.clone(), entry);
        }
        let mut inventory = json!({ "hosts": hosts });
        if !self.settings().params.is_empty() {
            inventory["params"] = json!(self.settings().params);
        }
        if !self.settings().secrets.is_empty() {
            let secrets = self.settings().secrets.keys();
            let files = secrets.map(|name| (name.clone(), json!({ "file": self.folder.join("secrets").join(name) })));
            inventory["secrets"] = Value::Object(files.collect());
        }
        if let Some(aws) = &self.settings().aws {
            inventory["aws"] = json!(aws);
        }
        serde_yaml::to_string(&inventory).unwrap_or_default()
    }

    /// What must hold after a run.
    pub fn after_run(&self) -> &[Check] {
        &self.settings().after_run
    }

    /// What must hold after a rollback.
    pub fn after_rollback(&self) -> &[Check] {
        &self.settings().after_rollback
    }

    /// Runs a command on a host, from outside or inside.
    pub fn command(&self, host: &str, command: &str) -> Result<Answered> {
        let output = Command::new("ssh")
            .arg("-F")
            .arg(self.ssh_config_path())
            .args(["--", host, command])
            .stdin(Stdio::null())
            .output()
            .map_err(|e| {
                Box::new(Error::refused(format!("cannot start ssh: {e}")).hint("install the OpenSSH client"))
            })?;
        Ok(Answered {
            code: output.status.code().unwrap_or(255),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Makes a check; gives what was expected and found when it does not hold.
    pub fn check(&self, check: &Check) -> Result<Option<String>> {
        let answered = self.command(&check.host, &check.command)?;
        if answered.code != check.exits {
            let said = answered.stderr.trim();
            return Ok(Some(format!(
                "{}: `{}` must exit with {}, and exited with {}{}{said}",
                check.host,
                check.command,
                check.exits,
                answered.code,
                if said.is_empty() { "" } else { ": " },
            )));
        }
        Ok(check.prints.as_ref().filter(|prints| answered.stdout.trim() != prints.trim()).map(|prints| {
            format!(
                "{}: `{}` must print {:?}, and printed {:?}",
                check.host,
                check.command,
                prints.trim(),
                answered.stdout.trim()
            )
        }))
    }

    /// Puts every host back as it was at the start: nothing runs, files as laid out, new boot ids.
    pub fn reset(&self) -> Result<()> {
        self.ask(&Request::Reset).map(drop)
    }

    /// Turns a host on or off, as a person at the switch would.
    pub fn power(&self, host: &str, on: bool) -> Result<()> {
        self.ask(&Request::Power { host: host.to_owned(), on }).map(drop)
    }

    /// The files of a host as they are now.
    pub fn snapshot(&self, host: &str) -> Result<Snapshot> {
        let answer = self.ask(&Request::Snapshot { host: host.to_owned() })?;
        serde_json::from_value(answer)
            .map_err(|e| Box::new(Error::bug(format!("the lab's answer makes no sense: {e}"))))
    }

    /// The texts of all files of this name below a folder of a host, from its tree: also while the
    /// host is off.
    pub fn read_all(&self, host: &str, below: &str, name: &str) -> String {
        let tree = self.folder.join("hosts").join(host).join("tree");
        let mut all = String::new();
        gather(&tree.join(below.trim_start_matches('/')), name, &mut all);
        all
    }

    /// Ends the lab: its hosts, its processes, its files.
    pub fn close(self) -> Result<()> {
        // No answer at all is a lab that had died before; only its files are left then.
        let refused = matches!(control::ask(&self.folder, &Request::Close), Ok(Err(_)));
        tree::remove(&self.folder)
            .map_err(|e| Box::new(Error::refused(format!("cannot remove {}: {e}", self.folder.display()))))?;
        if refused {
            return Error::refused(format!("the lab in {} did not end cleanly", self.folder.display()))
                .hint("look for processes of it: pgrep -af __lab-serve")
                .err();
        }
        Ok(())
    }

    fn ask(&self, request: &Request) -> Result<Value> {
        match control::ask(&self.folder, request) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(message)) => Error::refused(message).err(),
            Err(e) => Error::refused(format!("the lab in {} does not answer: {e}", self.folder.display()))
                .hint("open it again")
                .err(),
        }
    }
}

/// Turns a host of a lab on or off.
pub fn power(lab: &OpenLab, host: &str, on: bool) -> Result<()> {
    lab.power(host, on)
}

fn gather(folder: &Path, name: &str, all: &mut String) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            gather(&path, name, all);
        } else if entry.file_name() == name {
            all.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
        }
    }
}
