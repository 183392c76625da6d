//! One end of a tunnel: a port of the machine itself, or an address with a port.

use crate::name::Address;
use serde::{Deserialize, Serialize};

/// One end of a tunnel. A port alone is one of 127.0.0.1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Given", into = "Given")]
pub struct Endpoint {
    address: String,
    port: u16,
    given: Given,
}

/// As a script wrote it, so that arguments stay what they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a port, or a text as \"127.0.0.1:6379\"")]
pub enum Given {
    Port(i64),
    Text(String),
}

impl TryFrom<Given> for Endpoint {
    type Error = String;
    fn try_from(given: Given) -> Result<Self, String> {
        let (address, port) = match &given {
            Given::Port(n) => ("127.0.0.1".to_owned(), *n),
            Given::Text(text) => {
                let wrong = || format!("{text:?} is not an address with a port, as \"127.0.0.1:6379\"");
                let (address, port) = text.rsplit_once(':').ok_or_else(wrong)?;
                let port = port.parse::<i64>().map_err(|_| wrong())?;
                (Address::parse(address)?.to_string(), port)
            }
        };
        let number = u16::try_from(port).ok().filter(|n| *n > 0);
        let port = number.ok_or_else(|| format!("{port} is not a port: 1 to 65535"))?;
        Ok(Endpoint { address, port, given })
    }
}
impl From<Endpoint> for Given {
    fn from(e: Endpoint) -> Given {
        e.given
    }
}

impl Endpoint {
    pub fn port(&self) -> u16 {
        self.port
    }
    /// Reached from the machine itself alone.
    pub fn is_loopback(&self) -> bool {
        self.address == "localhost" || self.address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
    /// As ssh takes it.
    pub fn text(&self) -> String {
        let Endpoint { address, port, .. } = self;
        if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
    }
}

impl schemars::JsonSchema for Endpoint {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Endpoint".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string"], "x-type": "int, or text as \"127.0.0.1:6379\"" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ends_of_a_tunnel() {
        let text = |v: serde_json::Value| serde_json::from_value::<Endpoint>(v).map(|e| e.text());
        assert_eq!(text(json!(6379)).unwrap(), "127.0.0.1:6379");
        assert_eq!(text(json!("db.example.org:1")).unwrap(), "db.example.org:1");
        assert_eq!(text(json!("[::1]:80")).unwrap(), "[::1]:80");
        for bad in
            [json!(0), json!(65536), json!("6379"), json!("a b:1"), json!("a:x"), json!("x\nPort 1:5"), json!(true)]
        {
            assert!(text(bad.clone()).is_err(), "{bad}");
        }
        let again: Endpoint = serde_json::from_value(json!("localhost:9")).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), json!("localhost:9"));
        assert!(again.is_loopback());
    }
}
