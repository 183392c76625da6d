//! What one DNS server says.

use super::dns_server::DnsServer;
use super::duration::Duration;
use super::port::Port;
use crate::contract::{Args, DnsAnswer, DnsQuestion, Example, Given, Look, Outcome, Reading, RecordType};
use crate::name::DnsName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ask a DNS server about a name.
///
/// Whatever comes of it is an answer, and `.status` tells it apart. In capitals what the server says:
/// `NOERROR`, `NXDOMAIN` (there is no such name), `SERVFAIL`, `REFUSED`, or another code. In small letters what
/// was found out: `empty` (the name has no record of this type), `alias only` (an alias of a name that this
/// server says nothing of), `CNAME loop`, `lame` (asked as an authority, it is none), `referral` (it names others
/// that know), `timeout`, `unreachable`, `garbage` (no DNS message), `wrong id` (only answers to other questions),
/// `cut off`.
///
/// `.answers` is a list for `NOERROR`, `NXDOMAIN` and `empty`, and nothing, `()`, for everything else: a
/// server that fails is never taken for one that knows of no record. Nothing is cached, and nothing is followed to
/// another server. What stands in a record and is no plain text comes as `\027`, a backslash as two.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dig {
    /// Name, absolute whether or not a dot ends it. An IP address stands for its reverse name.
    name: DnsName,
    /// Type of the records. Default: `A`; `PTR` for reverse names.
    #[serde(default, rename = "type")]
    kind: Option<RecordType>,
    /// Server: an address, a name, or a host of the inventory. Default: those of /etc/resolv.conf on your machine,
    /// in turn.
    #[serde(default)]
    server: Option<DnsServer>,
    /// Port of the server.
    #[serde(default = "usual_port")]
    port: Port,
    /// Whether TCP is used from the beginning. Default: only when an answer over UDP was cut off.
    #[serde(default)]
    tcp: bool,
    /// Whether the server may ask others. An authority that is asked with `false`, and is none, is `lame`.
    #[serde(default = "yes")]
    recursive: bool,
    /// How long to wait for an answer, as a text with a unit; over UDP it is asked three times.
    #[serde(default = "five_seconds")]
    timeout: Duration,
}

/// Where DNS servers listen.
pub fn usual_port() -> Port {
    Port::DNS
}
fn yes() -> bool {
    true
}
fn five_seconds() -> Duration {
    Duration::seconds(5)
}

/// The type that is meant where none is said.
pub fn usual_type(name: &DnsName, kind: Option<RecordType>) -> RecordType {
    kind.unwrap_or(if name.is_reverse() { RecordType::Ptr } else { RecordType::A })
}

impl Args for Dig {
    const NAME: &'static str = "dig";
    const POSITIONAL: &'static [&'static str] = &["name"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dig("reg.pryv.me", #{ server: "192.0.2.53" })"#,
            given: &[Given::Names("reg.pryv.me A 192.0.2.53", "NOERROR", &["192.0.2.11"])],
            does: &[],
            undo: &[],
            gives: r#"{
                "status": "NOERROR", "answers": ["192.0.2.11"], "ttl": 300, "ttl_text": "5 minutes",
                "authoritative": true, "aliases": [], "records": [], "authority": [], "server": "192.0.2.53:53",
                "tcp": false, "text": "reg.pryv.me A 192.0.2.53: NOERROR"
            }"#,
        },
        Example {
            script: r#"dig("pryv.me", #{ type: "NS", server: "ns1.example.org", recursive: false })"#,
            given: &[Given::Names("pryv.me NS ns1.example.org", "REFUSED", &[])],
            does: &[],
            undo: &[],
            gives: r#"{
                "status": "REFUSED", "answers": null, "ttl": null, "ttl_text": null,
                "authoritative": false, "aliases": [], "records": [], "authority": [], "server": "ns1.example.org:53",
                "tcp": false, "text": "pryv.me NS ns1.example.org: REFUSED"
            }"#,
        },
    ];
}

impl Reading for Dig {
    type Output = DnsAnswer;
    const GIVES: &'static str = "a map: `status`; `answers` (a sorted list of texts, or `()` where nobody answered); `ttl` in \
                                 seconds and `ttl_text` in words; `authoritative`; `aliases`; `records` and `authority` (lists of maps: \
                                 `name`, `type`, `ttl`, `data`, and `parts` of SOA, MX and SRV); `server`; `tcp`; `text`, all of it \
                                 in a sentence";

    fn read(&self, look: &dyn Look) -> Outcome<DnsAnswer> {
        let server = self.server.as_ref().map(|s| s.address(look)).transpose()?;
        look.dns(&DnsQuestion {
            name: self.name.clone(),
            kind: usual_type(&self.name, self.kind),
            server,
            port: self.port.number(),
            tcp: self.tcp,
            recursive: self.recursive,
            timeout_ms: self.timeout.ms(),
        })
    }
}
