//! Whether several DNS servers say the same.

use super::dig::{usual_port, usual_type};
use super::dns_server::DnsServer;
use super::duration::Duration;
use super::port::Port;
use crate::contract::{
    Args, DnsAnswer, DnsQuestion, Example, Failure, Given, Halt, Look, Outcome, Reading, RecordType, failed, status,
};
use crate::name::DnsName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Ask several DNS servers about a name, and compare what they say.
///
/// Meant for the authorities of a zone: each is asked directly, without letting it ask others, and one that is
/// none is `lame`. `.agree` is true when all of them give the same answer and, with `wanted`, that one.
/// `.text` says it in a line: `3 of 4 give 192.0.2.11; ns3.example.org: SERVFAIL`. A server that fails
/// never counts as one that knows of nothing.
///
/// With `or_fail` a disagreement is a failure that says this line, so that `wait_until` shows it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DigAll {
    /// Name, absolute whether or not a dot ends it. An IP address stands for its reverse name.
    name: DnsName,
    /// Servers: addresses, names, or hosts of the inventory.
    servers: Vec<DnsServer>,
    /// Type of the records. Default: `A`; `PTR` for reverse names.
    #[serde(default, rename = "type")]
    kind: Option<RecordType>,
    /// Answer that all should give: a text or a list, in any order. Default: whatever they agree on.
    #[serde(default)]
    wanted: Option<Wanted>,
    /// Whether they are asked as authorities. `false` for resolvers, which answer from elsewhere.
    #[serde(default = "yes")]
    authorities: bool,
    /// Whether a disagreement is a failure.
    #[serde(default)]
    or_fail: bool,
    /// Port of the servers.
    #[serde(default = "usual_port")]
    port: Port,
    /// Whether TCP is used from the beginning. Default: only when an answer over UDP was cut off.
    #[serde(default)]
    tcp: bool,
    /// How long to wait for each, as a text with a unit.
    #[serde(default = "three_seconds")]
    timeout: Duration,
}

/// One answer, or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a list of texts")]
enum Wanted {
    One(String),
    Many(Vec<String>),
}
impl JsonSchema for Wanted {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Wanted".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array"], "x-type": "text or list of text" })
    }
}

fn yes() -> bool {
    true
}
fn three_seconds() -> Duration {
    Duration::seconds(3)
}

/// What all of them said.
#[derive(Debug, PartialEq, Serialize)]
pub struct Compared {
    agree: bool,
    /// How many give the answer that is wanted, else the one that most give.
    count: usize,
    of: usize,
    /// That answer.
    answers: Option<Vec<String>>,
    /// The longest of their times to live.
    ttl: Option<u32>,
    text: String,
    /// What each said, in the order in which they were named.
    servers: Vec<One>,
}

#[derive(Debug, PartialEq, Serialize)]
struct One {
    server: String,
    status: String,
    answers: Option<Vec<String>>,
    ttl: Option<u32>,
    text: String,
}

impl Args for DigAll {
    const NAME: &'static str = "dig_all";
    const POSITIONAL: &'static [&'static str] = &["name", "servers"];
    const EXAMPLES: &'static [Example] = &[Example {
        script: r#"dig_all("reg.pryv.me", ["192.0.2.1", "192.0.2.2", "ns3.example.org"], #{ wanted: "192.0.2.11" })"#,
        given: &[
            Given::Names("reg.pryv.me A 192.0.2.1", "NOERROR", &["192.0.2.11"]),
            Given::Names("reg.pryv.me A 192.0.2.2", "NOERROR", &["192.0.2.11"]),
            Given::Names("reg.pryv.me A ns3.example.org", "SERVFAIL", &[]),
        ],
        does: &[],
        undo: &[],
        gives: r#"{
            "agree": false, "count": 2, "of": 3, "answers": ["192.0.2.11"], "ttl": 300,
            "text": "2 of 3 give 192.0.2.11; ns3.example.org: SERVFAIL",
            "servers": [
                { "server": "192.0.2.1", "status": "NOERROR", "answers": ["192.0.2.11"], "ttl": 300, "text": "reg.pryv.me A 192.0.2.1: NOERROR" },
                { "server": "192.0.2.2", "status": "NOERROR", "answers": ["192.0.2.11"], "ttl": 300, "text": "reg.pryv.me A 192.0.2.2: NOERROR" },
                { "server": "ns3.example.org", "status": "SERVFAIL", "answers": null, "ttl": null, "text": "reg.pryv.me A ns3.example.org: SERVFAIL" }
            ]
        }"#,
    }];
}

impl Reading for DigAll {
    type Output = Compared;
    const GIVES: &'static str = "a map: `agree`; `count` and `of`, how many of how many give the answer; `answers`, that \
                                 answer; `ttl`, the longest; `text`; `servers` (a list of maps: `server`, `status`, `answers`, `ttl`, `text`)";

    fn read(&self, look: &dyn Look) -> Outcome<Compared> {
        if self.servers.is_empty() {
            return failed("dig_all: servers: it is empty; name the servers to compare");
        }
        let one = |server: &DnsServer| self.one(server, look);
        let servers = self.servers.iter().map(one).collect::<Outcome<Vec<One>>>()?;
        let compared = compare(servers, self.wanted());
        match compared.agree || !self.or_fail {
            true => Ok(compared),
            false => Err(Failure::new(format!("{}: {}", self.name, compared.text)).into()),
        }
    }
}

impl DigAll {
    fn one(&self, server: &DnsServer, look: &dyn Look) -> Outcome<One> {
        let question = DnsQuestion {
            name: self.name.clone(),
            kind: usual_type(&self.name, self.kind),
            server: Some(server.address(look)?),
            port: self.port.number(),
            tcp: self.tcp,
            recursive: !self.authorities,
            timeout_ms: self.timeout.ms(),
        };
        let name = server.to_string();
        match look.dns(&question) {
            Ok(DnsAnswer { status, answers, ttl, text, .. }) => Ok(One { server: name, status, answers, ttl, text }),
            // A server whose own name is gone is one that does not answer; the others may.
            Err(Halt::Failed(f)) => {
                Ok(One { server: name, status: status::UNREACHABLE.into(), answers: None, ttl: None, text: f.message })
            }
            Err(stop) => Err(stop),
        }
    }

    fn wanted(&self) -> Option<Vec<String>> {
        let mut wanted = match self.wanted.clone()? {
            Wanted::One(text) => vec![text],
            Wanted::Many(texts) => texts,
        };
        wanted.sort();
        wanted.dedup();
        Some(wanted)
    }
}

fn compare(servers: Vec<One>, wanted: Option<Vec<String>>) -> Compared {
    let mut all: BTreeMap<&Vec<String>, usize> = BTreeMap::new();
    for answers in servers.iter().filter_map(|s| s.answers.as_ref()) {
        *all.entry(answers).or_default() += 1;
    }
    let most = all.iter().max_by_key(|(_, n)| **n).map(|(answers, _)| (*answers).clone());
    let answers = wanted.or(most);
    let gives = |s: &&One| s.answers.is_some() && s.answers == answers;
    let count = servers.iter().filter(gives).count();
    let (agree, of) = (count == servers.len(), servers.len());
    let what = answers.as_ref().map_or("an answer".into(), |a| words(a));
    let mut text = if agree { format!("all {of} give {what}") } else { format!("{count} of {of} give {what}") };
    let mut said = BTreeSet::new();
    for other in servers.iter().filter(|s| !gives(s)) {
        let says = match &other.answers {
            Some(answers) if other.status == status::OK => words(answers),
            _ => other.status.clone(),
        };
        if said.insert((&other.server, says.clone())) {
            text = format!("{text}; {}: {says}", other.server);
        }
    }
    let ttl = servers.iter().filter_map(|s| s.ttl).max();
    Compared { agree, count, of, answers, ttl, text, servers }
}

fn words(answers: &[String]) -> String {
    if answers.is_empty() { "nothing".into() } else { answers.join(", ").chars().take(200).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(server: &str, status: &str, answers: Option<&[&str]>) -> One {
        let answers = answers.map(|a| a.iter().map(|a| (*a).to_string()).collect());
        One { server: server.into(), status: status.into(), answers, ttl: None, text: String::new() }
    }
    fn text(servers: Vec<One>, wanted: Option<&str>) -> (bool, String) {
        let compared = compare(servers, wanted.map(|w| vec![w.into()]));
        (compared.agree, compared.text)
    }

    #[test]
    fn row_71_who_is_behind_is_named() {
        let new = || one("ns1", "NOERROR", Some(&["192.0.2.11"]));
        let old = || one("ns2", "NOERROR", Some(&["192.0.2.10"]));
        let sick = || one("ns3", "SERVFAIL", None);
        let gone = || one("ns4", "NXDOMAIN", Some(&[]));
        assert_eq!(text(vec![new(), new()], Some("192.0.2.11")), (true, "all 2 give 192.0.2.11".into()));
        assert_eq!(
            text(vec![new(), new(), new(), sick()], Some("192.0.2.11")),
            (false, "3 of 4 give 192.0.2.11; ns3: SERVFAIL".into())
        );
        assert_eq!(
            text(vec![new(), old(), sick(), gone()], Some("192.0.2.11")),
            (false, "1 of 4 give 192.0.2.11; ns2: 192.0.2.10; ns3: SERVFAIL; ns4: NXDOMAIN".into())
        );
        assert_eq!(text(vec![sick(), sick()], None), (false, "0 of 2 give an answer; ns3: SERVFAIL".into()));
        assert_eq!(text(vec![gone(), gone()], None), (true, "all 2 give nothing".into()));
        assert_eq!(text(vec![gone(), sick()], None), (false, "1 of 2 give nothing; ns3: SERVFAIL".into()));
    }
}
