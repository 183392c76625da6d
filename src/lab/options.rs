//! The options before a key in `authorized_keys`, and what they forbid.
//!
//! What is not known here refuses the key, as sshd does: an option is there to narrow, and one
//! that is not understood cannot be honoured.

use std::net::IpAddr;

/// What a key may do. The default is what a key without options may do: everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct KeyOptions {
    /// Runs instead of whatever is asked for.
    pub(super) command: Option<String>,
    pub(super) no_forwarding: bool,
    /// `host:port` that may be connected to; all, when empty.
    pub(super) permit_open: Vec<(String, Option<u32>)>,
    /// `host:port` that may be listened on; all, when empty.
    pub(super) permit_listen: Vec<(Option<String>, Option<u32>)>,
    from: Option<String>,
    expires: Option<String>,
}

impl KeyOptions {
    /// Reads the options; `None` when one is unknown or malformed.
    pub(super) fn parse(text: &str) -> Option<KeyOptions> {
        let mut options = KeyOptions::default();
        for option in split(text)? {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(unquote(value)?)),
                None => (option.as_str(), None),
            };
            match (name.to_ascii_lowercase().as_str(), value) {
                ("restrict" | "no-port-forwarding", None) => options.no_forwarding = true,
                ("port-forwarding", None) => options.no_forwarding = false,
                ("command", Some(v)) => options.command = Some(v),
                ("from", Some(v)) => options.from = Some(v),
                ("expiry-time", Some(v)) => options.expires = Some(v),
                ("permitopen", Some(v)) => {
                    let (host, port) = v.rsplit_once(':')?;
                    options.permit_open.push((bare(host), port_of(port)?));
                }
                ("permitlisten", Some(v)) => options.permit_listen.push(match v.rsplit_once(':') {
                    Some((host, port)) => (Some(bare(host)), port_of(port)?),
                    None => (None, port_of(&v)?),
                }),
                // Nothing of this exists here, so there is nothing to forbid or to grant.
                (
                    "no-pty"
                    | "pty"
                    | "no-agent-forwarding"
                    | "agent-forwarding"
                    | "no-x11-forwarding"
                    | "x11-forwarding"
                    | "no-user-rc"
                    | "user-rc",
                    None,
                ) => {}
                // sshd reads it and, unless told otherwise, ignores it.
                ("environment", Some(_)) => {}
                _ => return None,
            }
        }
        Some(options)
    }

    /// Whether a client at `address` may use the key at the time `now`, given as `YYYYMMDDHHMMSS`
    /// in local time and in UTC.
    pub(super) fn admit(&self, address: IpAddr, now: (&str, &str)) -> bool {
        self.from.as_ref().is_none_or(|patterns| from_matches(patterns, address))
            && self.expires.as_ref().is_none_or(|end| {
                let (digits, now) = match end.strip_suffix(['Z', 'z']) {
                    Some(digits) => (digits, now.1),
                    None => (end.as_str(), now.0),
                };
                let known = matches!(digits.len(), 8 | 12 | 14) && digits.bytes().all(|b| b.is_ascii_digit());
                known && now < format!("{digits:0<14}").as_str()
            })
    }

    /// Whether a forwarding may connect to `host:port`.
    pub(super) fn may_open(&self, host: &str, port: u32) -> bool {
        !self.no_forwarding
            && (self.permit_open.is_empty()
                || self.permit_open.iter().any(|(h, p)| (h == "*" || h == host) && p.is_none_or(|p| p == port)))
    }

    /// Whether a forwarding may listen on `host:port`.
    pub(super) fn may_listen(&self, host: &str, port: u32) -> bool {
        let asked = if host.is_empty() { "localhost" } else { host };
        !self.no_forwarding
            && (self.permit_listen.is_empty()
                || self
                    .permit_listen
                    .iter()
                    .any(|(h, p)| h.as_ref().is_none_or(|h| h == "*" || h == asked) && p.is_none_or(|p| p == port)))
    }
}

fn port_of(text: &str) -> Option<Option<u32>> {
    if text == "*" { Some(None) } else { text.parse::<u16>().ok().map(|p| Some(u32::from(p))) }
}

fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

/// The options, divided at the commas outside quotes.
fn split(text: &str) -> Option<Vec<String>> {
    let (mut options, mut current, mut quoted, mut escaped) = (vec![], String::new(), false, false);
    for c in text.chars() {
        match c {
            ',' if !quoted => options.push(std::mem::take(&mut current)),
            _ => {
                if c == '"' && !escaped {
                    quoted = !quoted;
                }
                escaped = c == '\\' && !escaped;
                current.push(c);
            }
        }
    }
    options.push(current);
    (!quoted && options.iter().all(|o| !o.is_empty())).then_some(options)
}

fn unquote(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.replace("\\\"", "\""))
}

/// `from=`: a list of patterns, of which one must match and none with `!` may.
fn from_matches(patterns: &str, address: IpAddr) -> bool {
    let mut matched = false;
    for pattern in patterns.split(',').map(str::trim) {
        let (negated, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |p| (true, p));
        if pattern_matches(pattern, address) {
            if negated {
                return false;
            }
            matched = true;
        }
    }
    matched
}

fn pattern_matches(pattern: &str, address: IpAddr) -> bool {
    if let Some((net, bits)) = pattern.split_once('/') {
        let (Ok(net), Ok(bits)) = (net.parse::<IpAddr>(), bits.parse::<u32>()) else { return false };
        return match (net, address) {
            (IpAddr::V4(n), IpAddr::V4(a)) if bits <= 32 => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                u32::from(n) & mask == u32::from(a) & mask
            }
            _ => false,
        };
    }
    wild(pattern.as_bytes(), address.to_string().as_bytes())
}

fn wild(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|i| wild(rest, &text[i..])),
        [b'?', rest @ ..] => !text.is_empty() && wild(rest, &text[1..]),
        [first, rest @ ..] => text.first() == Some(first) && wild(rest, &text[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: (&str, &str) = ("20261121120000", "20261121110000");

    fn admits(options: &str, address: &str) -> bool {
        KeyOptions::parse(options).unwrap().admit(address.parse().unwrap(), NOW)
    }

    #[test]
    fn commands_keep_commas_and_quotes() {
        let o = KeyOptions::parse(r#"restrict,command="echo \"a,b\" $X",from="127.0.0.11""#).unwrap();
        assert_eq!(o.command.as_deref(), Some(r#"echo "a,b" $X"#));
        assert!(o.no_forwarding && !o.may_open("x", 1) && !o.may_listen("", 1));
    }

    #[test]
    fn an_option_that_is_not_known_refuses_the_key() {
        for bad in ["nonsense", "command", "command=x", "from=\"a", "restrict,,pty", "permitopen=\"x\"", "tunnel=\"1\""]
        {
            assert_eq!(KeyOptions::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn from_takes_patterns_nets_and_negation() {
        assert!(admits("from=\"127.0.0.11\"", "127.0.0.11"));
        assert!(!admits("from=\"127.0.0.11\"", "127.0.0.12"));
        assert!(admits("from=\"127.0.0.*,!127.0.0.12\"", "127.0.0.11"));
        assert!(!admits("from=\"127.0.0.*,!127.0.0.12\"", "127.0.0.12"));
        assert!(admits("from=\"127.0.0.0/28\"", "127.0.0.11"));
        assert!(!admits("from=\"127.0.0.0/29\"", "127.0.0.11"));
    }

    #[test]
    fn a_key_ends_at_its_time() {
        assert!(admits("expiry-time=\"20261122\"", "127.0.0.1"));
        assert!(!admits("expiry-time=\"20261121\"", "127.0.0.1"));
        assert!(admits("expiry-time=\"202611211130Z\"", "127.0.0.1"));
        assert!(!admits("expiry-time=\"202611211130\"", "127.0.0.1"));
        assert!(!admits("expiry-time=\"soon\"", "127.0.0.1"));
    }

    #[test]
    fn forwarding_is_narrowed() {
        let o =
            KeyOptions::parse("restrict,port-forwarding,permitopen=\"127.0.0.1:6379\",permitlisten=\"8080\"").unwrap();
        assert!(o.may_open("127.0.0.1", 6379) && !o.may_open("127.0.0.1", 6380) && !o.may_open("x", 6379));
        assert!(o.may_listen("localhost", 8080) && !o.may_listen("localhost", 8081));
    }
}
