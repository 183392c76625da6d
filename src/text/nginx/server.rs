//! What an upstream points to: an address with a port, and never a text that could end a line.

use crate::name::Address;
use std::fmt;

/// An address and a port, as behind `server`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    address: Address,
    port: u16,
}

/// How an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Http,
    Https,
}

impl Server {
    /// # Errors
    /// Says what is wrong: a port that is missing, a scheme, or what [`Address::parse`] refuses.
    pub fn parse(s: &str) -> Result<Self, String> {
        let short: String = s.chars().take(80).collect();
        let wrong =
            |why: &str| Err(format!("{short:?} is not an address with a port: {why}; write it as 192.0.2.20:443"));
        if s.contains("://") {
            return wrong("it has a scheme, which is an option of its own (scheme: \"https\")");
        }
        if let Some(c) = s.chars().find(|c| c.is_whitespace() || c.is_control() || ";{}#$'\"\\/".contains(*c)) {
            return wrong(&format!("{c:?} cannot stand in it"));
        }
        let Some((host, port)) = s.rsplit_once(':') else { return wrong("the port is missing") };
        if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
            return wrong("an IPv6 address needs brackets before its port, as in [2001:db8::20]:443");
        }
        let is_number = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
        let Some(number) = port.parse::<u16>().ok().filter(|n| is_number && *n > 0) else {
            return wrong("behind the last : stands a port, 1 to 65535");
        };
        if host.contains('%') {
            return wrong("nginx takes no zone in an address");
        }
        match Address::parse(host) {
            Ok(address) => Ok(Server { address, port: number }),
            Err(why) => Err(why),
        }
    }
    pub fn address(&self) -> &Address {
        &self.address
    }
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.address.bracketed(), self.port)
    }
}

impl Scheme {
    pub fn word(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}
