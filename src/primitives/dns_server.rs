//! The name of a DNS server in the arguments of a primitive.

use crate::contract::{Look, Outcome};
use crate::name::{Address, HostName};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A DNS server: an address, a name, or a host of the inventory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsServer(String);

impl DnsServer {
    /// Where it is asked. What is a host of the inventory is asked at its address.
    pub fn address(&self, look: &dyn Look) -> Outcome<String> {
        if let Ok(host) = HostName::parse(&self.0)
            && let Ok(address) = look.address(&host)
        {
            return Ok(address);
        }
        Ok(self.0.clone())
    }
}
impl TryFrom<String> for DnsServer {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // The name of a host of the inventory may have what an address has not.
        if HostName::parse(&text).is_ok() {
            return Ok(DnsServer(text));
        }
        let text = text.strip_suffix('.').unwrap_or(&text);
        Address::parse(text.strip_prefix('@').unwrap_or(text)).map(|a| DnsServer(a.to_string()))
    }
}
impl From<DnsServer> for String {
    fn from(s: DnsServer) -> String {
        s.0
    }
}
impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl schemars::JsonSchema for DnsServer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DnsServer".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-type": "address or host" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_server_is_told_why() {
        let parse = |text: &str| DnsServer::try_from(text.to_string());
        for (text, clean) in [("192.0.2.1", "192.0.2.1"), ("@ns1.example.org.", "ns1.example.org"), ("r_1", "r_1")] {
            assert_eq!(parse(text).map(|s| s.to_string()), Ok(clean.to_string()));
        }
        for text in ["", "-f", "a b", "192.0.2.1:5353", "https://a.example"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
