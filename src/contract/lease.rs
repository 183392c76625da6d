//! Something of a run that lives on a host and must go away again: a key, a supervised process, or
//! both, which is a tunnel.

use super::{Command, quote};
use crate::name::{HostName, LeaseName, RemotePath};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt;

/// Open a lease. It converges: opened again it is found, and what is missing of it is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// Where it lives: the sender of a key, the host of a process.
    pub host: HostName,
    /// One of its kind on this host in this run.
    pub name: LeaseName,
    /// Its private folder there, inside that of the run.
    pub folder: RemotePath,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<LeasedKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<LeasedProcess>,
    /// How long it may take until it is up, in milliseconds.
    pub timeout_ms: u64,
}

/// A key with which the lease's host logs in to another one. Its secret half never leaves the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeasedKey {
    pub to: HostName,
    /// What runs there whatever is asked for; `None`: anything may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// `address:port` that may be reached from there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<String>,
    /// `address:port` that may be listened on there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listen: Vec<String>,
    /// After so many milliseconds it opens nothing any more, where the server knows such a thing.
    pub valid_ms: u64,
}

/// A process that is started again whenever it ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeasedProcess {
    /// For a tunnel it is made from the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Command>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<RemotePath>,
    /// Exits 0 once it does its work. Changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Command>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<Tunnel>,
}

/// Which way a tunnel leads. Both ends are `address:port`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tunnel {
    pub local: String,
    pub remote: String,
    /// The other host listens, and it leads back.
    #[serde(default)]
    pub reverse: bool,
    /// The local end is in the network of this container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}

/// Close a lease: what runs is ended, the key opens nothing any more, the files are gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unlease {
    pub lease: Lease,
}

/// What a look says of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseState {
    /// Its folder, whether it is there or not.
    pub folder: String,
    pub phase: Phase,
    /// When it came into this phase, in seconds since 1970 by the clock of the host.
    pub since: i64,
    /// How long ago that was.
    pub seconds: i64,
    /// How often the process was started again.
    pub restarts: i64,
    /// The exit code with which it ended last.
    pub last_exit: Option<i64>,
    /// The last line that it left behind then.
    pub last_error: String,
    /// The end of its log.
    pub log_end: String,
}

/// How far a lease is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// There is no such lease.
    Absent,
    /// There is a key, and no process.
    Key,
    /// The process runs; a tunnel has not got through yet.
    Starting,
    Up,
    /// It has ended, and is started again after a pause.
    Waiting,
    /// Nobody looks after it: the machine has rebooted, or the supervisor was killed.
    Gone,
}

impl Phase {
    pub fn word(self) -> &'static str {
        match self {
            Phase::Absent => "none",
            Phase::Key => "key",
            Phase::Starting => "starting",
            Phase::Up => "up",
            Phase::Waiting => "waiting",
            Phase::Gone => "gone",
        }
    }
}

impl Lease {
    /// What a script gets: enough to use it and to close it. The same before and after it is opened.
    pub fn handle(&self) -> Value {
        let folder = &self.folder;
        let mut handle = json!({ "host": self.host, "name": self.name, "opened": self });
        if let Some(key) = &self.key {
            handle["to"] = json!(key.to);
            handle["identity"] = json!(format!("{folder}/key"));
            handle["ssh"] = json!(format!("ssh -F {} {}", quote(&format!("{folder}/key.config")), alias(&key.to)));
        }
        if let Some(process) = &self.process {
            handle["log"] = json!(format!("{folder}/log"));
            if let Some(tunnel) = &process.tunnel {
                let listens = tunnel.listens();
                handle["listens"] = json!(listens);
                handle["port"] = json!(listens.rsplit_once(':').and_then(|(_, p)| p.parse::<u16>().ok()));
            }
        }
        handle
    }
    /// The deed that takes it back.
    pub fn reversed(&self) -> Unlease {
        Unlease { lease: self.clone() }
    }
    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match &self.process {
            Some(LeasedProcess { tunnel: Some(_), .. }) => "tunnel",
            Some(_) => "process",
            None => "key",
        }
    }
    /// What ends every line of it in `authorized_keys`, behind the run: no such text is the beginning
    /// of another one.
    pub fn mark(&self) -> String {
        format!("lease:{}:{}:", self.host, self.name)
    }
    /// Whether it is the same lease, whatever it is made of.
    pub fn is(&self, other: &Lease) -> bool {
        self.host == other.host && self.name == other.name
    }
}

impl Tunnel {
    /// The end at which connections are taken.
    pub fn listens(&self) -> &str {
        if self.reverse { &self.remote } else { &self.local }
    }
}

/// What a host is called in the configuration that goes with a key.
pub fn alias(to: &HostName) -> String {
    format!("mig-{to}")
}

impl fmt::Display for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.key.as_ref().map(|k| k.to.to_string()).unwrap_or_default();
        match (&self.process, &self.key) {
            (Some(LeasedProcess { tunnel: Some(t), .. }), _) => {
                let inside = t.container.as_ref().map(|c| format!(" in {c}")).unwrap_or_default();
                match t.reverse {
                    false => write!(f, "{}: tunnel from {}{inside} to {} of {to}", self.host, t.local, t.remote),
                    true => write!(f, "{}: tunnel from {} of {to} to {}{inside}", self.host, t.remote, t.local),
                }
            }
            (Some(process), _) => {
                let command = process.command.as_ref().map(Command::to_sh).unwrap_or_default();
                let mut lines = command.trim().lines();
                write!(f, "{}: keep {} running: {}", self.host, self.name, lines.next().unwrap_or_default())?;
                if lines.next().is_some() { f.write_str(" ...") } else { Ok(()) }
            }
            (None, Some(key)) => {
                write!(f, "{}: a key that opens {to}", self.host)?;
                match &key.command {
                    Some(command) => write!(f, " for `{}` alone", command.lines().next().unwrap_or_default()),
                    None if !key.open.is_empty() => write!(f, " for connections to {} alone", key.open.join(", ")),
                    None => f.write_str(" for any command"),
                }
            }
            (None, None) => write!(f, "{}: nothing", self.host),
        }
    }
}

impl fmt::Display for Unlease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: close the {} {}", self.lease.host, self.lease.kind(), self.lease.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_mark_is_the_beginning_of_another() {
        let lease = |host: &str, name: &str| Lease {
            host: HostName::parse(host).unwrap(),
            name: LeaseName::parse(name).unwrap(),
            folder: RemotePath::parse("/var/lib/mig/r/lease.x").unwrap(),
            key: None,
            process: None,
            timeout_ms: 1,
        };
        let all = [lease("a", "b"), lease("a", "b-c"), lease("a-b", "c"), lease("a", "bb")];
        for (i, one) in all.iter().enumerate() {
            for other in all.iter().skip(i + 1) {
                assert!(!one.mark().starts_with(&other.mark()) && !other.mark().starts_with(&one.mark()));
            }
        }
    }
}
