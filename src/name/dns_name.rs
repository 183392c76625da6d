//! A name in the DNS, as a question asks for it.

use super::is_text;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// A name in the DNS, kept in lower case and without a dot at its end; the root is `.`. Labels of
/// letters, digits, `-` and `_`, as hosts and services have them. An IP address stands for its
/// reverse name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(String);
is_text!(DnsName, "DNS name");

impl DnsName {
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(s: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{} is not a name to ask for: {why}", shown(s)));
        if s == "." {
            return Ok(DnsName(s.into()));
        }
        if let Ok(ip) = s.parse() {
            return Ok(Self::reverse(ip));
        }
        if s.is_empty() {
            return wrong("it is empty; write a name such as www.example.org");
        }
        if let Some(rest) = s.strip_prefix('@') {
            return wrong(&format!("@ is for a server; write #{{ server: \"{}\" }}", cut(rest)));
        }
        if s.starts_with('-') {
            return wrong("it begins with a dash; options stand in #{ ... }");
        }
        if let Some((_, rest)) = s.split_once("://") {
            return wrong(&format!(
                "it is a URL; write only the name: {}",
                cut(rest.split('/').next().unwrap_or(rest))
            ));
        }
        let name = s.strip_suffix('.').unwrap_or(s).to_ascii_lowercase();
        if name.len() > 253 {
            return wrong(&format!("it has {} characters, and a name has at most 253", name.len()));
        }
        for label in name.split('.') {
            match label {
                "" => return wrong("a part between two dots is empty"),
                "*" => {
                    return wrong("a wildcard cannot be asked for as such; ask for a name that it would answer");
                }
                _ if label.len() > 63 => return wrong("a part between dots is longer than 63 characters"),
                _ if label.starts_with('-') || label.ends_with('-') => {
                    return wrong("a part between dots begins or ends with a dash");
                }
                _ => {}
            }
        }
        match name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))) {
            Some(c) if !c.is_ascii() => {
                wrong(&format!("{c:?} is not ASCII; write the name beginning with xn-- (idn2 NAME prints it)"))
            }
            Some(c) => wrong(&format!("{c:?} cannot stand in it; letters, digits, -, _ and dots can")),
            None => Ok(DnsName(name)),
        }
    }
    /// The name under which an address is kept.
    pub fn reverse(ip: IpAddr) -> Self {
        DnsName(match ip {
            IpAddr::V4(ip) => {
                let [a, b, c, d] = ip.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(ip) => {
                let digits: Vec<String> =
                    ip.octets().iter().rev().map(|b| format!("{:x}.{:x}", b & 15, b >> 4)).collect();
                format!("{}.ip6.arpa", digits.join("."))
            }
        })
    }
    /// Whether it is the name of an address.
    pub fn is_reverse(&self) -> bool {
        self.0.ends_with(".in-addr.arpa") || self.0.ends_with(".ip6.arpa")
    }
}

fn cut(s: &str) -> String {
    s.chars().take(80).collect()
}
fn shown(s: &str) -> String {
    let dots = if s.chars().count() > 80 { "..." } else { "" };
    format!("{:?}{dots}", cut(s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_one_form() {
        for (text, clean) in [
            ("www.example.org", "www.example.org"),
            ("WWW.Example.ORG.", "www.example.org"),
            ("_sip._tcp.example.org", "_sip._tcp.example.org"),
            ("11.2.0.192.in-addr.arpa", "11.2.0.192.in-addr.arpa"),
            ("org", "org"),
            (".", "."),
            ("192.0.2.11", "11.2.0.192.in-addr.arpa"),
            ("2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"),
        ] {
            assert_eq!(DnsName::parse(text).map(|n| n.to_string()), Ok(clean.to_string()), "{text}");
        }
    }

    #[test]
    fn row_53_names_that_cannot_be_asked_for() {
        for (text, says) in [
            ("", "it is empty"),
            ("-f/etc/passwd", "begins with a dash"),
            ("@192.0.2.1", "write #{ server: \"192.0.2.1\" }"),
            (&"a.".repeat(150), "and a name has at most 253"),
            ("a..b", "a part between two dots is empty"),
            (".a", "a part between two dots is empty"),
            ("*.example.org", "a wildcard cannot be asked for"),
            (&format!("{}.org", "a".repeat(64)), "longer than 63"),
            ("a-.org", "begins or ends with a dash"),
            ("bücher.example", "beginning with xn--"),
            ("a b", "' ' cannot stand in it"),
            ("a\nb", "cannot stand in it"),
            ("a\x1bb", "cannot stand in it"),
            ("https://a.example/x", "write only the name: a.example"),
            ("a;b", "';' cannot stand in it"),
        ] {
            let message = DnsName::parse(text).expect_err(text);
            assert!(message.contains(says), "{text:?}: {message}");
            assert!(message.len() < 260, "{message}");
        }
    }
}
