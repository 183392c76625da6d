//! What stands in a record, as text that no terminal can be harmed by.

use hickory_proto::rr::{Name, RData, Record};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// A name without the dot at its end; the root is `.`.
pub fn name(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    match text.strip_suffix('.') {
        Some("") | None => text,
        Some(stem) => stem.into(),
    }
}

/// What a record says.
pub fn data(record: &Record) -> String {
    match &record.data {
        RData::A(a) => a.0.to_string(),
        RData::AAAA(a) => a.0.to_string(),
        RData::NS(n) => name(&n.0),
        RData::CNAME(n) => name(&n.0),
        RData::PTR(n) => name(&n.0),
        RData::MX(mx) => format!("{} {}", mx.preference, name(&mx.exchange)),
        RData::SRV(s) => format!("{} {} {} {}", s.priority, s.weight, s.port, name(&s.target)),
        RData::SOA(s) => format!(
            "{} {} {} {} {} {} {}",
            name(&s.mname),
            name(&s.rname),
            s.serial,
            s.refresh,
            s.retry,
            s.expire,
            s.minimum
        ),
        RData::TXT(txt) => escaped(&txt.txt_data.concat()),
        other => escaped(other.to_string().as_bytes()),
    }
}

/// The parts of a record by name, where it has several.
pub fn parts(record: &Record) -> Map<String, Value> {
    let parts = match &record.data {
        RData::MX(mx) => json!({ "preference": mx.preference, "exchange": name(&mx.exchange) }),
        RData::SRV(s) => {
            json!({ "priority": s.priority, "weight": s.weight, "port": s.port, "target": name(&s.target) })
        }
        RData::SOA(s) => json!({
            "mname": name(&s.mname), "rname": name(&s.rname), "serial": s.serial, "refresh": s.refresh,
            "retry": s.retry, "expire": s.expire, "minimum": s.minimum
        }),
        _ => Value::Null,
    };
    match parts {
        Value::Object(parts) => parts,
        _ => Map::new(),
    }
}

/// Bytes as text in the way of zone files: what is no text, or could act on a terminal, stands as
/// `\027`, and a backslash as two.
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let number = |out: &mut String, bytes: &[u8]| {
        for b in bytes {
            let _ = write!(out, "\\{b:03}");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let acts = c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            match c {
                '\\' => out.push_str("\\\\"),
                c if acts => number(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes()),
                c => out.push(c),
            }
        }
        number(&mut out, chunk.invalid());
    }
    out
}

/// A time to live in words: in days, hours, minutes and seconds, the two largest that count.
pub fn ttl(seconds: u32) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let mut left = seconds;
    let mut words = vec![];
    for (length, unit) in units {
        let n = left / length;
        left %= length;
        if n > 0 {
            words.push(format!("{n} {unit}{}", if n == 1 { "" } else { "s" }));
        }
    }
    words.truncate(2);
    if words.is_empty() { "0 seconds".into() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_52_no_text_acts_on_a_terminal() {
        assert_eq!(escaped(b"a \x1b[2J\\ \xff\xc3\xa9 \xe2\x80\xae\x9b"), "a \\027[2J\\\\ \\255é \\226\\128\\174\\155");
        assert_eq!(escaped("v=spf1 \"x\"; é".as_bytes()), "v=spf1 \"x\"; é");
    }

    #[test]
    fn row_72_a_week_is_told_in_days() {
        for (seconds, words) in [
            (604_800, "7 days"),
            (90_061, "1 day 1 hour"),
            (3_600, "1 hour"),
            (300, "5 minutes"),
            (61, "1 minute 1 second"),
            (0, "0 seconds"),
        ] {
            assert_eq!(ttl(seconds), words);
        }
    }
}
