//! Where a machine is reached: an IP address or a host name.

use super::is_text;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv6Addr};

/// An IPv4 address, an IPv6 address (kept without brackets, in its short form; a zone such as
/// `%eth0` only where it means something), or a host name by RFC 1123, kept in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);
is_text!(Address, "address");

/// The forms that are accepted, for messages.
const FORMS: &str = "an IPv4 address (192.0.2.10), an IPv6 address (2001:db8::10) or a host name (db.example.org)";

impl Address {
    /// # Errors
    /// Says what is wrong and what to write instead.
    pub fn parse(s: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{} is not a host name or IP address: {why}", shown(s)));
        if s.is_empty() {
            return wrong(&format!("it is empty; write {FORMS}"));
        }
        if s.contains('\0') {
            return wrong("it has a NUL character in it");
        }
        if s.contains(['\n', '\r']) {
            return wrong("it has a newline in it; write one address, on one line");
        }
        if s.contains(char::is_whitespace) {
            return wrong("it has a blank in it; write one address, without blanks");
        }
        if s.contains(char::is_control) {
            return wrong("it has a control character in it");
        }
        if s.starts_with('-') {
            return wrong("it begins with a dash, which ssh would take for an option");
        }
        if let Some((scheme, rest)) = s.split_once("://") {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            return wrong(&format!("it is a URL; write only what stands behind {scheme}://{}", without_rest(host)));
        }
        if let Some((user, host)) = s.rsplit_once('@') {
            let (host, port) = with_port(host);
            let port = port.map_or(String::new(), |port| format!(", port: {port}"));
            return wrong(&format!("the user has a key of its own; write {}", entry(host, Some(user), &port)));
        }
        if let Some(rest) = s.strip_prefix('[') {
            return match rest.split_once(']') {
                Some((inner, "")) if inner.contains(':') => Self::ip6(inner, s),
                Some((inner, tail)) if tail.starts_with(':') => {
                    wrong(&format!("the port has a key of its own; write {}", entry(inner, None, &port_of(&tail[1..]))))
                }
                _ => wrong("brackets belong around an IPv6 address, as in [2001:db8::10], or may be left out"),
            };
        }
        if s.matches(':').count() > 1 || s.contains('%') {
            return Self::ip6(s, s);
        }
        if let (host, Some(port)) = with_port(s) {
            return wrong(&format!("the port has a key of its own; write {}", entry(host, None, &port_of(port))));
        }
        if let Some(c) = s.chars().find(|c| !c.is_ascii()) {
            return wrong(&format!(
                "{c:?} is not ASCII; write the name as DNS knows it, beginning with xn-- (idn2 NAME prints it)"
            ));
        }
        if let Ok(ip) = s.parse::<IpAddr>() {
            return Self::machine(ip, s).map(|()| Address(ip.to_string()));
        }
        if s.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
            return wrong("an IPv4 address has four numbers from 0 to 255, without leading zeros, as 192.0.2.10");
        }
        Self::name(s)
    }

    /// An IPv6 address without brackets; `whole` is what was written.
    fn ip6(s: &str, whole: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{} is not a host name or IP address: {why}", shown(whole)));
        let (ip, zone) = s.split_once('%').map_or((s, None), |(ip, zone)| (ip, Some(zone)));
        let Ok(address) = ip.parse::<Ipv6Addr>() else {
            return wrong(&format!("it is no IPv6 address either; write {FORMS}"));
        };
        Self::machine(IpAddr::V6(address), whole)?;
        let Some(zone) = zone else { return Ok(Address(address.to_string())) };
        if !address.is_unicast_link_local() {
            return wrong(&format!("a zone belongs only to a link-local address (fe80::); write {address}"));
        }
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if zone.is_empty() || zone.len() > 15 || zone.starts_with('-') || !zone.bytes().all(good) {
            return wrong("behind % stands the name of a network interface, as in fe80::1%eth0");
        }
        Ok(Address(format!("{address}%{zone}")))
    }

    /// Whether the address can be that of one machine.
    fn machine(ip: IpAddr, whole: &str) -> Result<(), String> {
        let broadcast = matches!(ip, IpAddr::V4(ip) if ip.is_broadcast());
        if ip.is_unspecified() || ip.is_multicast() || broadcast {
            return Err(format!(
                "{} is not the address of one machine: nothing can be reached at it; write the machine's own address",
                shown(whole)
            ));
        }
        Ok(())
    }

    /// A host name by RFC 1123.
    fn name(s: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{} is not a host name or IP address: {why}", shown(s)));
        let name = s.to_ascii_lowercase();
        if name == "none" {
            return wrong("ssh gives this word a meaning of its own; write the machine's address");
        }
        if let Some(c) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))) {
            let why = match c {
                '_' => "host names have no _ in them (RFC 1123); an ssh alias may: { ssh: NAME }".to_string(),
                c => format!("{c:?} cannot stand in it; write {FORMS}"),
            };
            return wrong(&why);
        }
        if let Some(stem) = name.strip_suffix('.') {
            return wrong(&format!("leave the dot at its end away: {stem}"));
        }
        if name.len() > 253 {
            return wrong("it is longer than 253 characters");
        }
        for label in name.split('.') {
            if label.is_empty() {
                return wrong("a part between two dots is empty");
            }
            if label.len() > 63 {
                return wrong("a part between dots is longer than 63 characters");
            }
            if label.starts_with('-') || label.ends_with('-') {
                return wrong("a part between dots begins or ends with a dash");
            }
        }
        // Programs read 1.2 or 0x7f000001 as short forms of IPv4 addresses.
        let last = name.rsplit('.').next().unwrap_or_default();
        let hex = last.strip_prefix("0x").is_some_and(|s| s.bytes().all(|b| b.is_ascii_hexdigit()));
        if hex || last.bytes().all(|b| b.is_ascii_digit()) {
            return wrong("its last part is a number, so it could be taken for an IPv4 address");
        }
        Ok(Address(name))
    }

    /// Whether it is an IP address, so that nothing has to be looked up.
    pub fn is_ip(&self) -> bool {
        self.0.contains(':') || self.0.parse::<IpAddr>().is_ok()
    }

    /// With brackets around an IPv6 address, as it stands before `:port`.
    pub fn bracketed(&self) -> String {
        if self.0.contains(':') { format!("[{}]", self.0) } else { self.0.clone() }
    }
}

/// The text in quotes, escaped, and cut if it is very long.
fn shown(s: &str) -> String {
    let cut: String = s.chars().take(80).collect();
    format!("{cut:?}{}", if cut.len() < s.len() { "..." } else { "" })
}

/// The host and the port of `host:port`, where both are there.
fn with_port(s: &str) -> (&str, Option<&str>) {
    match s.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, Some(port)),
        _ => (s, None),
    }
}

fn port_of(port: &str) -> String {
    if port.parse::<u16>().is_ok_and(|p| p > 0) { format!(", port: {port}") } else { ", port: 22".into() }
}

/// What to write in the inventory, as far as it is itself right.
fn entry(host: &str, user: Option<&str>, port: &str) -> String {
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let ip6 = host.parse::<Ipv6Addr>().is_ok();
    let host = match host {
        host if ip6 => format!("\"{host}\""),
        host if !host.is_empty() && plain(host) => host.into(),
        _ => "ADDRESS".into(),
    };
    let user = user.map_or(String::new(), |user| {
        format!(", user: {}", if !user.is_empty() && plain(user) { user } else { "USER" })
    });
    format!("{{ address: {host}{user}{port} }}")
}

/// The host of the rest of a URL, if it can stand there as it is.
fn without_rest(authority: &str) -> String {
    let host = authority.rsplit('@').next().unwrap_or_default();
    match Address::parse(with_port(host).0) {
        Ok(address) => format!(": {address}"),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_normalised() {
        for (text, clean) in [
            ("192.0.2.10", "192.0.2.10"),
            ("2001:DB8:0::0010", "2001:db8::10"),
            ("[2001:db8::10]", "2001:db8::10"),
            ("::1", "::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("[fe80::1%eth0]", "fe80::1%eth0"),
            ("localhost", "localhost"),
            ("DB-1.Example.ORG", "db-1.example.org"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("3com.example", "3com.example"),
        ] {
            assert_eq!(Address::parse(text).map(|a| a.to_string()), Ok(clean.to_string()));
        }
        assert_eq!(Address::parse("::1").unwrap().bracketed(), "[::1]");
        assert!(Address::parse("fe80::1%eth0").unwrap().is_ip());
        assert!(!Address::parse("db.example.org").unwrap().is_ip());
    }

    #[test]
    fn what_is_no_address_is_told_what_to_write() {
        for (text, says) in [
            ("", "it is empty"),
            ("-oProxyCommand=x", "begins with a dash"),
            ("a b", "a blank in it"),
            (" a", "a blank in it"),
            ("a;b", "';' cannot stand in it"),
            ("$(id)", "cannot stand in it"),
            ("a\nb", "a newline"),
            ("a\0b", "a NUL"),
            ("a\x1bb", "a control character"),
            ("admin@192.0.2.1", "write { address: 192.0.2.1, user: admin }"),
            ("admin@db:2222", "write { address: db, user: admin, port: 2222 }"),
            ("db:22", "write { address: db, port: 22 }"),
            ("[::1]:2222", "write { address: \"::1\", port: 2222 }"),
            ("ssh://root@db.example.org:22/x", "behind ssh://: db.example.org"),
            ("none", "a meaning of its own"),
            ("None", "a meaning of its own"),
            ("db.example.org.", "leave the dot at its end away: db.example.org"),
            ("bücher.example", "beginning with xn--"),
            ("a_b", "{ ssh: NAME }"),
            ("1.2", "four numbers"),
            ("192.0.2.010", "four numbers"),
            ("192.0.2.256", "four numbers"),
            ("0x7f000001", "taken for an IPv4 address"),
            ("a.1", "taken for an IPv4 address"),
            ("0.0.0.0", "not the address of one machine"),
            ("::", "not the address of one machine"),
            ("2001:db8::1%eth0", "write 2001:db8::1"),
            ("fe80::1%", "name of a network interface"),
            ("fe80::1%-x;y", "name of a network interface"),
            ("a%b", "no IPv6 address"),
            ("1:2:3", "no IPv6 address"),
            ("[db]", "brackets belong around"),
            ("[::1", "brackets belong around"),
            ("a..b", "is empty"),
            ("-a.b", "a dash"),
            ("a-.b", "with a dash"),
            (&"a".repeat(64), "longer than 63"),
            (&"a.".repeat(140), "leave the dot"),
            (&"a.b".repeat(140), "longer than 253"),
        ] {
            let message = Address::parse(text).expect_err(text);
            assert!(message.contains(says), "{text:?}: {message}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_gives_what_parses_again(text in "\\PC*|[-a-z0-9.:%\\[\\]@/ é]{0,12}|[0-9a-f:]{2,20}(%[a-z0-9]{1,4})?") {
            if let Ok(address) = Address::parse(&text) {
                prop_assert_eq!(Address::parse(address.as_ref()), Ok(address.clone()));
                prop_assert_eq!(Address::parse(&address.bracketed()), Ok(address));
            }
        }
    }
}
