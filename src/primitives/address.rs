//! The address of a machine: a name or an IP address, without a port.

use crate::name::is_text;
use serde::{Deserialize, Serialize};

/// A host name as DNS has it, an IPv4 or an IPv6 address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(String);
is_text!(Address, "text");

impl Address {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        let bare = s.strip_prefix('[').and_then(|s| s.strip_suffix(']')).unwrap_or(s);
        if bare.parse::<std::net::IpAddr>().is_ok() {
            return Ok(Address(bare.into()));
        }
        let name = s.strip_suffix('.').unwrap_or(s);
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        // A name whose last part is a number would be read as an IPv4 address, and is none.
        let looks_like_ip = name.rsplit('.').next().is_some_and(|l| l.chars().all(|c| c.is_ascii_digit()));
        if s == "none" || s.len() > 253 || looks_like_ip || !name.split('.').all(label) {
            return Err(format!(
                "{s:?} is not an address: a host name or an IP address is needed, without a port, a user or a scheme"
            ));
        }
        Ok(Address(s.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in ["192.0.2.1", "::1", "[::1]", "localhost", "reg.pryv.me", "a-b.c_d.", "x1"] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", "a b", "a;b", "a:80", "u@h", "http://x", "1.2.3", "1.2.3.256", "a..b", "none", "é", "a\n"]
        {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }
}
