//! What a message says about the question that was asked.

use super::text;
use crate::contract::{DnsAnswer, DnsQuestion, DnsRecord, RecordType as Asked, status};
use crate::name::DnsName;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};
use std::collections::BTreeSet;

/// Aliases of aliases beyond this are a mistake, whatever they lead to.
const LONGEST_CHAIN: usize = 16;

/// The type as hickory has it.
pub fn record_type(kind: Asked) -> RecordType {
    match kind {
        Asked::A => RecordType::A,
        Asked::Aaaa => RecordType::AAAA,
        Asked::Ns => RecordType::NS,
        Asked::Cname => RecordType::CNAME,
        Asked::Mx => RecordType::MX,
        Asked::Txt => RecordType::TXT,
        Asked::Soa => RecordType::SOA,
        Asked::Srv => RecordType::SRV,
        Asked::Ptr => RecordType::PTR,
    }
}

/// An answer without a message: what was found out instead.
pub fn nothing(question: &DnsQuestion, server: &str, tcp: bool, status: &str, why: &str) -> DnsAnswer {
    let text = match why {
        "" => format!("{} {}: {status} from {server}", question.name, question.kind),
        why => format!("{} {}: {status} from {server} ({why})", question.name, question.kind),
    };
    DnsAnswer {
        status: status.into(),
        answers: None,
        ttl: None,
        ttl_text: None,
        authoritative: false,
        aliases: vec![],
        records: vec![],
        authority: vec![],
        server: server.into(),
        tcp,
        text,
    }
}

/// What a message says.
pub fn answer(question: &DnsQuestion, server: &str, tcp: bool, message: &Message) -> DnsAnswer {
    let meta = &message.metadata;
    let wanted = record_type(question.kind);
    let (aliases, is_loop) = chain(&question.name, wanted, &message.answers);
    let last = aliases.last().cloned().unwrap_or_else(|| question.name.to_string());
    let found: Vec<&Record> =
        message.answers.iter().filter(|r| r.record_type() == wanted && text::name(&r.name) == last).collect();
    let status = match meta.response_code {
        _ if is_loop => status::LOOP.to_string(),
        ResponseCode::NoError if !found.is_empty() && !question.recursive && !meta.authoritative => status::LAME.into(),
        ResponseCode::NoError if !found.is_empty() => status::OK.into(),
        ResponseCode::NoError => nothing_found(message, !aliases.is_empty(), question.recursive).into(),
        code => code_name(code),
    };
    let is_known = [status::OK, status::NO_NAME, status::EMPTY].contains(&status.as_str());
    let answers = is_known.then(|| {
        let all: BTreeSet<String> = found.iter().map(|r| text::data(r)).collect();
        all.into_iter().collect::<Vec<_>>()
    });
    let ttl = match status.as_str() {
        status::OK => message.answers.iter().map(|r| r.ttl).min(),
        status::NO_NAME | status::EMPTY => negative_ttl(&message.authorities),
        _ => None,
    };
    let mut all = DnsAnswer {
        answers,
        ttl,
        ttl_text: ttl.map(text::ttl),
        authoritative: meta.authoritative,
        aliases,
        records: message.answers.iter().map(record).collect(),
        authority: message.authorities.iter().map(record).collect(),
        ..nothing(question, server, tcp, &status, "")
    };
    all.text = sentence(question, &all);
    all
}

/// A name exists and there is no record of the type; or the server does not know.
fn nothing_found(message: &Message, is_alias: bool, recursive: bool) -> &'static str {
    let meta = &message.metadata;
    let knows = meta.authoritative || (recursive && meta.recursion_available);
    let named = message.authorities.iter().find(|r| r.record_type() == RecordType::NS);
    let has_soa = message.authorities.iter().any(|r| r.record_type() == RecordType::SOA);
    match named {
        _ if is_alias && !has_soa => status::ALIAS,
        _ if knows => status::EMPTY,
        // Upwards to the root is what a server says that was never told of the zone.
        Some(r) if !r.name.is_root() => status::REFERRAL,
        _ => status::LAME,
    }
}

/// The names that a name is an alias of, one after the other, and whether they lead in a circle.
fn chain(from: &DnsName, wanted: RecordType, answers: &[Record]) -> (Vec<String>, bool) {
    let (mut names, mut at) = (vec![], from.to_string());
    if wanted == RecordType::CNAME {
        return (names, false);
    }
    loop {
        let next = answers.iter().find_map(|r| match &r.data {
            RData::CNAME(to) if text::name(&r.name) == at => Some(text::name(&to.0)),
            _ => None,
        });
        let Some(next) = next else { return (names, false) };
        let is_loop = next == from.as_ref() || names.contains(&next) || names.len() == LONGEST_CHAIN;
        names.push(next.clone());
        if is_loop {
            return (names, true);
        }
        at = next;
    }
}

/// How long others may keep that there is nothing: RFC 2308.
fn negative_ttl(authority: &[Record]) -> Option<u32> {
    authority.iter().find_map(|r| match &r.data {
        RData::SOA(soa) => Some(r.ttl.min(soa.minimum)),
        _ => None,
    })
}

fn record(r: &Record) -> DnsRecord {
    DnsRecord {
        name: text::name(&r.name),
        kind: r.record_type().to_string(),
        ttl: r.ttl,
        data: text::data(r),
        parts: text::parts(r),
    }
}

fn code_name(code: ResponseCode) -> String {
    match code {
        ResponseCode::FormErr => "FORMERR".into(),
        ResponseCode::ServFail => "SERVFAIL".into(),
        ResponseCode::NXDomain => status::NO_NAME.into(),
        ResponseCode::NotImp => "NOTIMP".into(),
        ResponseCode::Refused => "REFUSED".into(),
        ResponseCode::NotAuth => "NOTAUTH".into(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

fn sentence(question: &DnsQuestion, a: &DnsAnswer) -> String {
    let said = match (&a.answers, a.status.as_str()) {
        (Some(answers), status::OK) => {
            let first: Vec<&str> = answers.iter().take(4).map(String::as_str).collect();
            let more = if answers.len() > 4 { ", ..." } else { "" };
            format!("{}{more}", first.join(", ").chars().take(300).collect::<String>())
        }
        (_, status) => status.to_string(),
    };
    let aliases = if a.aliases.is_empty() { String::new() } else { format!(", an alias of {}", a.aliases.join(", ")) };
    let kept = a.ttl_text.as_ref().map(|t| format!(", may be kept for {t}")).unwrap_or_default();
    format!("{} {}: {said}{aliases}{kept} (from {})", question.name, question.kind, a.server)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_proto::op::{MessageType, OpCode};
    use hickory_proto::rr::Name;
    use hickory_proto::rr::rdata::{A, CNAME, NS, SOA};

    fn question(name: &str) -> DnsQuestion {
        DnsQuestion {
            name: DnsName::parse(name).unwrap(),
            kind: Asked::A,
            server: None,
            port: 53,
            tcp: false,
            recursive: false,
            timeout_ms: 1,
        }
    }
    fn n(name: &str) -> Name {
        Name::from_ascii(name).unwrap()
    }
    fn message(code: ResponseCode, authoritative: bool) -> Message {
        let mut m = Message::new(1, MessageType::Response, OpCode::Query);
        m.metadata.response_code = code;
        m.metadata.authoritative = authoritative;
        m
    }
    fn a(name: &str, ttl: u32) -> Record {
        Record::from_rdata(n(name), ttl, RData::A(A::new(192, 0, 2, 1)))
    }
    fn cname(from: &str, to: &str) -> Record {
        Record::from_rdata(n(from), 60, RData::CNAME(CNAME(n(to))))
    }
    fn read(name: &str, m: &Message) -> DnsAnswer {
        answer(&question(name), "192.0.2.53:53", false, m)
    }

    #[test]
    fn what_a_server_says_is_told_apart() {
        let mut m = message(ResponseCode::NoError, true);
        m.add_answers([cname("WWW.a.", "x.a."), a("x.a.", 604_800)]);
        let seen = read("www.a", &m);
        assert_eq!(
            (seen.status.as_str(), seen.answers, seen.ttl),
            ("NOERROR", Some(vec!["192.0.2.1".into()]), Some(60))
        );
        assert_eq!(seen.aliases, ["x.a"]);
        assert_eq!(seen.text, "www.a A: 192.0.2.1, an alias of x.a, may be kept for 1 minute (from 192.0.2.53:53)");

        for (code, status, known) in [
            (ResponseCode::NXDomain, "NXDOMAIN", true),
            (ResponseCode::ServFail, "SERVFAIL", false),
            (ResponseCode::Refused, "REFUSED", false),
            (ResponseCode::NoError, "empty", true),
        ] {
            let seen = read("www.a", &message(code, true));
            assert_eq!((seen.status.as_str(), seen.is_known()), (status, known));
        }
    }

    #[test]
    fn a_server_that_does_not_know_is_not_taken_for_one_that_knows_of_nothing() {
        let ns = |zone: &str| Record::from_rdata(n(zone), 60, RData::NS(NS(n("ns.b."))));
        let mut m = message(ResponseCode::NoError, false);
        assert_eq!(read("www.a", &m).status, "lame");
        m.add_authorities([ns(".")]);
        assert_eq!(read("www.a", &m).status, "lame");
        let mut m = message(ResponseCode::NoError, false);
        m.add_authorities([ns("a.")]);
        assert_eq!((read("www.a", &m).status.as_str(), read("www.a", &m).answers), ("referral", None));
        // Asked as an authority, it has the answer from elsewhere.
        let mut m = message(ResponseCode::NoError, false);
        m.add_answers([a("www.a.", 5)]);
        assert_eq!(read("www.a", &m).status, "lame");
        let any = DnsQuestion { recursive: true, ..question("www.a") };
        assert_eq!(answer(&any, "x", false, &m).status, "NOERROR");
    }

    #[test]
    fn aliases_that_lead_nowhere_or_in_a_circle_are_no_answer() {
        let mut m = message(ResponseCode::NoError, true);
        m.add_answers([cname("a.a.", "b.a."), cname("b.a.", "a.a.")]);
        let seen = read("a.a", &m);
        assert_eq!((seen.status.as_str(), seen.answers), ("CNAME loop", None));
        let mut m = message(ResponseCode::NoError, true);
        m.add_answers([cname("a.a.", "x.b.")]);
        assert_eq!(read("a.a", &m).status, "alias only");
        // One more name than anybody needs.
        let mut m = message(ResponseCode::NoError, true);
        m.add_answers((0..40).map(|i| cname(&format!("n{i}.a."), &format!("n{}.a.", i + 1))).collect::<Vec<_>>());
        assert_eq!(read("n0.a", &m).status, "CNAME loop");
    }

    #[test]
    fn nothing_is_kept_as_long_as_the_zone_says() {
        let soa = SOA::new(n("ns.a."), n("root.a."), 7, 1, 2, 3, 300);
        let mut m = message(ResponseCode::NXDomain, true);
        m.add_authorities([Record::from_rdata(n("a."), 3_600, RData::SOA(soa))]);
        let seen = read("none.a", &m);
        assert_eq!((seen.ttl, seen.answers), (Some(300), Some(vec![])));
        assert_eq!((seen.authority[0].kind.as_str(), &seen.authority[0].parts["serial"]), ("SOA", &7.into()));
    }
}
