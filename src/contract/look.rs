//! Everything a primitive may ask of the world. There is no verb here that changes anything, so
//! planning cannot change anything by construction.

use super::{
    AwsAsk, AwsSeen, Command, Differences, DnsAnswer, DnsQuestion, FileState, LeaseState, Outcome, Reply, Request, Sync,
};
use crate::name::{HostName, LeaseName, RemotePath};
use crate::secret::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The window of a primitive. Each answer is either true or the call stops: while planning, what
/// only a run can give is `Stop::OnlyARun`.
pub trait Look {
    /// Runs a command that changes nothing, plainly: no record of it stays on the host. It is
    /// given up after `timeout_ms`.
    fn run(&self, host: &HostName, command: &Command, timeout_ms: u64) -> Outcome<Output>;
    /// The same, with something on its input, in which secrets may stand: only so does one reach a command.
    fn run_fed(&self, host: &HostName, command: &Command, stdin: &Text, timeout_ms: u64) -> Outcome<Output>;
    /// What lies at a path, without following a symbolic link in its last part.
    fn find(&self, host: &HostName, path: &RemotePath) -> Outcome<Found>;
    /// The bytes of a file of at most `limit` bytes, with its state. `None`: nothing lies there.
    fn bytes(&self, host: &HostName, path: &RemotePath, limit: u64) -> Outcome<Option<(FileState, Vec<u8>)>>;
    /// How the two sides of a sync differ now: rsync compares them and changes nothing.
    fn differences(&self, sync: &Sync) -> Outcome<Differences>;
    /// The machine, as it said when it was first reached in this process.
    fn machine(&self, host: &HostName) -> Outcome<Machine>;
    /// Bytes free now under /, /var, /tmp and the home folder, where they are folders.
    fn free(&self, host: &HostName) -> Outcome<BTreeMap<String, u64>>;
    /// The boot id now (`/proc/sys/kernel/random/boot_id`), asked afresh.
    fn boot_id(&self, host: &HostName) -> Outcome<String>;
    /// Whether a TCP port answers, seen from `via` or from the operator's machine.
    fn port(&self, via: Option<&HostName>, address: &str, port: u16, timeout_ms: u64) -> Outcome<PortState>;
    /// How a lease of this run is, and where it would lie.
    fn lease(&self, host: &HostName, name: &LeaseName) -> Outcome<LeaseState>;
    /// The address of a host as the inventory has it.
    fn address(&self, host: &HostName) -> Outcome<String>;
    /// Asks one DNS server one question. Whatever comes of it is an answer, and its status says what.
    fn dns(&self, question: &DnsQuestion) -> Outcome<DnsAnswer>;
    /// Makes an HTTP request that changes nothing. Every status is an answer.
    fn http(&self, request: &Request) -> Outcome<Reply>;
    /// Asks the AWS account of the inventory. A world without one says so.
    fn aws(&self, ask: &AwsAsk) -> Outcome<AwsSeen> {
        super::failed(format!("there is no AWS account here ({ask})"))
    }
}

/// What a command gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    pub code: i64,
    /// Invalid UTF-8 is replaced; at most 8 MiB, head and tail kept.
    pub stdout: String,
    pub stderr: String,
}

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Found {
    Nothing,
    File(FileState),
    Folder {
        owner: String,
        mode: u32,
    },
    Link {
        target: String,
    },
    /// "a socket", "a device", "a pipe".
    Other {
        what: String,
    },
}

/// A machine, as it describes itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// `PRETTY_NAME` of /etc/os-release, or what uname says.
    pub os: String,
    pub kernel: String,
    pub hostname: String,
    /// `/etc/machine-id`; empty where there is none.
    pub machine_id: String,
    /// At the time it was first reached in this process; see [`Look::boot_id`] for now.
    pub boot_id: String,
    /// The user that commands run as, numeric: 0 for root (also through sudo).
    pub uid: u32,
    pub gid: u32,
    pub user: String,
    pub home: String,
    /// Programs that were looked for, with their path; absent when not found.
    pub programs: BTreeMap<String, String>,
}

/// What a TCP connection to a port met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortState {
    Open,
    Refused,
    TimedOut,
    Unreachable,
    /// The name did not resolve.
    NoSuchHost,
}

/// Programs without which no deed can be done on a host, and the package each comes with.
pub const NEEDED: &[(&str, &str)] = &[
    ("awk", "mawk or gawk"),
    ("cat", "coreutils"),
    ("cp", "coreutils"),
    ("head", "coreutils"),
    ("id", "coreutils"),
    ("mkdir", "coreutils"),
    ("mv", "coreutils"),
    ("readlink", "coreutils"),
    ("rm", "coreutils"),
    ("setsid", "util-linux"),
    ("sha256sum", "coreutils"),
    ("stat", "coreutils"),
    ("sync", "coreutils"),
    ("tail", "coreutils"),
    ("wc", "coreutils"),
];

impl Machine {
    /// What it lacks of [`NEEDED`], each with its package. A machine that does not even name
    /// its shell was not asked for programs, and is not accused of having none.
    pub fn lacks(&self) -> Vec<String> {
        let missing = |name: &str| self.programs.contains_key("sh") && !self.programs.contains_key(name);
        NEEDED.iter().filter(|(name, _)| missing(name)).map(|(name, package)| format!("{name} ({package})")).collect()
    }
}
