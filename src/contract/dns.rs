//! What one DNS server is asked, and what came of it.

use crate::name::DnsName;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// The types of records that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schemars(inline)]
pub enum RecordType {
    A,
    Aaaa,
    Ns,
    Cname,
    Mx,
    Txt,
    Soa,
    Srv,
    Ptr,
}

/// One question to one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsQuestion {
    pub name: DnsName,
    pub kind: RecordType,
    /// An address or a name; `None`: the servers of the system's resolver configuration, in turn.
    pub server: Option<String>,
    pub port: u16,
    /// Over TCP from the beginning; else only when an answer was cut off.
    pub tcp: bool,
    /// The server may ask others.
    pub recursive: bool,
    pub timeout_ms: u64,
}

/// The words of [`DnsAnswer::status`]. In capitals what a server says, in small letters what was
/// found out about it.
pub mod status {
    /// There are records of the type.
    pub const OK: &str = "NOERROR";
    /// The name does not exist.
    pub const NO_NAME: &str = "NXDOMAIN";
    /// The name exists, and has no record of the type.
    pub const EMPTY: &str = "empty";
    /// The server does not know, and names others that might.
    pub const REFERRAL: &str = "referral";
    /// It is asked as an authority, and is none.
    pub const LAME: &str = "lame";
    /// The name is an alias of one about which the server says nothing.
    pub const ALIAS: &str = "alias only";
    /// Aliases lead in a circle.
    pub const LOOP: &str = "CNAME loop";
    pub const TIMEOUT: &str = "timeout";
    /// Nothing listens there, or there is no way there.
    pub const UNREACHABLE: &str = "unreachable";
    /// What came is no DNS message.
    pub const GARBAGE: &str = "garbage";
    /// Only answers to other questions came.
    pub const WRONG_ID: &str = "wrong id";
    /// It was cut off, also over TCP.
    pub const CUT_OFF: &str = "cut off";
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsAnswer {
    /// One of [`status`], or the name of another response code: `SERVFAIL`, `REFUSED`, `FORMERR`.
    pub status: String,
    /// What the records of the asked type say, sorted. `None` where nobody gave an answer, so that
    /// a failure is never taken for an empty one.
    pub answers: Option<Vec<String>>,
    /// Seconds for which the answer may be kept by others: the shortest of its records, or what the
    /// zone says of a name that is not there.
    pub ttl: Option<u32>,
    /// The same in words: "7 days".
    pub ttl_text: Option<String>,
    /// What the server knows itself, not from others.
    pub authoritative: bool,
    /// The names that the asked one is an alias of, one after the other.
    pub aliases: Vec<String>,
    /// All records of the answer.
    pub records: Vec<DnsRecord>,
    /// The records about who knows.
    pub authority: Vec<DnsRecord>,
    /// `address:port` that was asked.
    pub server: String,
    pub tcp: bool,
    /// In a sentence, for a person.
    pub text: String,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DnsRecord {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub ttl: u32,
    /// As text: bytes that are no text stand as `\027`.
    pub data: String,
    /// The parts of a SOA, MX or SRV record by name.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parts: Map<String, Value>,
}

impl DnsAnswer {
    /// Whether a server gave an answer, be it that there is nothing.
    pub fn is_known(&self) -> bool {
        self.answers.is_some()
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecordType::A => "A",
            RecordType::Aaaa => "AAAA",
            RecordType::Ns => "NS",
            RecordType::Cname => "CNAME",
            RecordType::Mx => "MX",
            RecordType::Txt => "TXT",
            RecordType::Soa => "SOA",
            RecordType::Srv => "SRV",
            RecordType::Ptr => "PTR",
        })
    }
}
