//! A Redis server's role as a deed: follow another server, take over from it, and back again.
//!
//! It converges: however far it came, it looks first and does what is left. Passwords stand here by
//! name only; they reach the host on a command's input.

use crate::name::{ContainerName, HostName};
use crate::secret::Text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A Redis server on a host, and how `redis-cli` there reaches it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RedisServer {
    pub host: HostName,
    /// The container it runs in; `redis-cli` runs there too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerName>,
    pub at: RedisAddress,
}

/// An address and port, and who one is there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RedisAddress {
    pub address: String,
    pub port: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Text>,
}

/// A change of roles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Redis {
    pub server: RedisServer,
    pub act: RedisAct,
    pub timeout_ms: u64,
}

/// What is done to the server. Every password that is needed stands in `server` and `primary`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum RedisAct {
    /// Keep a copy of its data in the run's folder on the host, under this name, and look it over.
    Keep { name: String, keys: u64 },
    /// Follow `primary`, until link and offset say that the data is the same. A link that never comes
    /// up is put back.
    Follow {
        primary: RedisAddress,
        /// The primary that it followed before.
        before: Option<RedisAddress>,
        /// How many keys, as a share of its own, the primary must hold. Asked again just before.
        min_ratio: f64,
        /// How many keys it had itself.
        had: u64,
    },
    /// Take a `Follow` back. The copy comes back only when nothing is left of what it held.
    Leave {
        primary: RedisAddress,
        before: Option<RedisAddress>,
        /// The name of the copy that was kept, and how many keys there were.
        kept: Option<(String, u64)>,
    },
    /// Take over from `primary`: its writes are held, and when both have the same it follows this one.
    TakeOver {
        primary: RedisAddress,
        /// Where the old primary finds this server; left out: where it sees it now.
        reachable_at: Option<RedisAddress>,
        pause_ms: u64,
    },
    /// Take a `TakeOver` back: the same the other way round.
    GiveBack { primary: RedisAddress, pause_ms: u64 },
    /// Become a primary without a word with the one that it followed.
    Alone { primary: RedisAddress },
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.contains(':') {
            true => write!(f, "[{}]:{}", self.address, self.port),
            false => write!(f, "{}:{}", self.address, self.port),
        }
    }
}

impl fmt::Display for RedisServer {
    /// `source`, `source (container redis)`, `source (port 6380)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host)?;
        let container = self.container.iter().map(|c| format!("container {c}"));
        let port = (self.at.port != 6379).then(|| format!("port {}", self.at.port));
        let more: Vec<String> = container.chain(port).collect();
        if more.is_empty() { Ok(()) } else { write!(f, " ({})", more.join(", ")) }
    }
}

impl fmt::Display for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: redis: ", self.server)?;
        match &self.act {
            RedisAct::Keep { keys, .. } => write!(f, "keep a copy of its {keys} keys"),
            RedisAct::Follow { primary, .. } => write!(f, "follow {primary}"),
            RedisAct::Leave { before: Some(before), primary, .. } => write!(f, "follow {before} again, not {primary}"),
            RedisAct::Leave { primary, kept: Some((_, keys)), .. } => {
                write!(f, "be a primary again, not follow {primary}; its copy of {keys} keys comes back if it is empty")
            }
            RedisAct::Leave { primary, .. } => write!(f, "be a primary again, not follow {primary}"),
            RedisAct::TakeOver { primary, .. } => write!(f, "take over from {primary}, which then follows it"),
            RedisAct::GiveBack { primary, .. } => write!(f, "give back to {primary}, and follow it"),
            RedisAct::Alone { primary } => write!(f, "be a primary, without asking {primary}"),
        }
    }
}
