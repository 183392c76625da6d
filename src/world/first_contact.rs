//! Host keys: what a host shows at the first contact, what is pinned, and a key that has changed.

use super::config::{Way, machine_alias};
use super::known_hosts::{HostKey, keys_of};
use super::link::{Fleet, Link};
use super::{HostConfig, Reach};
use crate::contract::{Event, Failure, Halt, Outcome, Stop, failed};
use crate::name::HostName;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// What came of a look at a host's key.
pub enum Seen {
    Key(HostKey),
    /// It could not be reached; what ssh said.
    Nothing(String),
}

impl Fleet {
    /// The keys that are pinned for a host.
    pub fn pinned(&self, link: &Link) -> Vec<HostKey> {
        keys_of(&fs::read_to_string(&self.known_hosts).unwrap_or_default(), &machine_alias(&link.config))
    }

    /// Makes sure that a host's key is pinned: asks at the first contact. `Ok(Some)`: it could not
    /// be reached, for this reason.
    pub async fn trust(&self, link: &Link, way: &Way, config: &Path) -> Outcome<Option<String>> {
        if let Some(key) = self.pinned(link).first() {
            return self.is_another_machine(link, key).map(|()| None);
        }
        match self.shown_by(link, way, config).await? {
            Ok(stranger) => self.trust_all(vec![stranger]).await.map(|()| None),
            Err(why) => Ok(Some(why)),
        }
    }

    /// What to say of a key that is not the pinned one.
    pub async fn key_changed(&self, link: &Link, way: &Way, config: &Path) -> Halt {
        let host = &link.config.name;
        let seen = match self.look_at_key(way, config).await {
            Ok(Seen::Key(key)) => key,
            Ok(Seen::Nothing(why)) => return Failure::new(format!("{host} cannot be reached: {why}")).into(),
            Err(halt) => return halt,
        };
        // An address that has moved is no alarm, but it is not the machine that is meant either.
        for other in self.links.values().filter(|l| l.config.name != *host) {
            if self.pinned(other).contains(&seen) {
                let message = format!("{host} cannot be reached: at {} answers {} now", way.address, other.config.name);
                return Failure::new(message).into();
            }
        }
        changed(host, &way.address, &self.pinned(link), &seen, &self.known_hosts.display().to_string())
    }

    /// Two hosts with one key are one machine, unless one takes the other's place.
    pub(super) fn is_another_machine(&self, link: &Link, key: &HostKey) -> Outcome<()> {
        let mine = &link.config;
        // Read once: among hundreds of hosts each has hundreds of others.
        let text = fs::read_to_string(&self.known_hosts).unwrap_or_default();
        let its: String = text.lines().filter(|l| l.contains(&key.key)).flat_map(|l| [l, "\n"]).collect();
        for other in self.links.values().map(|l| &l.config).filter(|c| c.name != mine.name) {
            if keys_of(&its, &machine_alias(other)).contains(key) && !related(mine, other) {
                return Err(same_machine(&mine.name, &other.name, key));
            }
        }
        Ok(())
    }

    /// The key that a host shows, without trusting it: a handshake that ends before any login.
    pub(super) async fn look_at_key(&self, way: &Way, config: &Path) -> Outcome<Seen> {
        let scratch = tempfile::Builder::new().prefix("key").tempfile_in(self.control.path());
        let scratch = scratch.or_else(|e| failed(format!("no scratch file for a host key: {e}")))?;
        let run = Command::new("ssh")
            .arg("-F")
            .arg(config)
            .args(["-T", "-n", "-o", "PreferredAuthentications=none", "-o", "StrictHostKeyChecking=accept-new"])
            .args(["-o", "GlobalKnownHostsFile=/dev/null", "-o", "HashKnownHosts=no", "-o", "BatchMode=yes", "-o"])
            .arg(format!("UserKnownHostsFile={}", scratch.path().display()))
            .args([way.alias.as_str(), "exit"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = match tokio::time::timeout(self.settings.connect_timeout + Duration::from_secs(5), run).await {
            Err(_) => return Ok(Seen::Nothing("it did not answer in time".into())),
            Ok(Err(e)) => return failed(format!("ssh cannot be started: {e}")),
            Ok(Ok(output)) => output,
        };
        let text = fs::read_to_string(scratch.path()).unwrap_or_default();
        let key = text.lines().find_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            Some(HostKey { kind: words.next()?.into(), key: words.next()?.into() })
        });
        Ok(match key {
            Some(key) => Seen::Key(key),
            None => Seen::Nothing(super::link::last_line(&String::from_utf8_lossy(&output.stderr))),
        })
    }

    /// The keys that the user's own known_hosts has for the address behind a way.
    pub(super) async fn known_to_user(&self, way: &Way, config: &Path) -> Vec<HostKey> {
        let Ok(resolved) = Command::new("ssh").arg("-F").arg(config).args(["-G", &way.alias]).output().await else {
            return vec![];
        };
        let resolved = String::from_utf8_lossy(&resolved.stdout).into_owned();
        let value =
            |key: &str| resolved.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(' ')).unwrap_or_default();
        let (name, port) = (value("hostname").to_owned(), value("port").to_owned());
        let name = if port == "22" || port.is_empty() { name } else { format!("[{name}]:{port}") };
        let found = Command::new("ssh-keygen").args(["-F", &name]).stdin(Stdio::null()).output().await;
        let text = found.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let keys = text.lines().filter(|l| !l.starts_with(['#', '@'])).filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            Some(HostKey { kind: words.next()?.into(), key: words.next()?.into() })
        });
        keys.collect()
    }

    pub(super) fn pin(&self, keys: &[(&Link, &HostKey)]) -> Outcome<()> {
        let lines: String = keys.iter().map(|(link, key)| key.line(&machine_alias(&link.config))).collect();
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.known_hosts);
        file.and_then(|mut f| f.write_all(lines.as_bytes()).and_then(|()| f.sync_all()))
            .map_err(|e| Stop::Fault(format!("{} cannot be written: {e}", self.known_hosts.display())).into())
    }

    pub fn tell(&self, host: &HostName, text: impl Into<String>) {
        self.settings.listener.hear(&Event::Connection { host: host.clone(), text: text.into() });
    }
}

/// Whether one host takes the other's place.
pub(super) fn related(a: &HostConfig, b: &HostConfig) -> bool {
    let moves = |a: &HostConfig, b: &HostConfig| match (&a.moves_to, &b.reach) {
        (Some(to), Reach::Ssh { address, .. }) => to == address,
        _ => false,
    };
    moves(a, b) || moves(b, a)
}

pub(super) fn same_machine(one: &HostName, other: &HostName, key: &HostKey) -> Halt {
    Halt::Stop(Stop::Refused(format!(
        "\"{one}\" and \"{other}\" are the same machine: both have the host key {}",
        key.fingerprint()
    )))
}

pub(super) fn changed(host: &HostName, address: &str, pinned: &[HostKey], seen: &HostKey, file: &str) -> Halt {
    let pinned: Vec<String> = pinned.iter().map(|k| format!("{} {}", k.kind, k.fingerprint())).collect();
    Halt::Stop(Stop::Refused(format!(
        "the host key of {host} ({address}) has changed\n  known: {} (in {file})\n  now:   {} {}\n\
         Either the machine was installed anew, or somebody else answers for it. Nothing was sent. If the new key is \
         right, remove the old one from that file and start again.",
        pinned.join(", "),
        seen.kind,
        seen.fingerprint()
    )))
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Halt::Stop(stop)
    }
}
