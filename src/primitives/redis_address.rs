//! Where a Redis server is, in the arguments of a primitive.

use crate::name::Address;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `address:port`; an IPv6 address stands in brackets: `[2001:db8::1]:6379`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AddressPort {
    pub address: Address,
    pub port: u16,
}

/// The primary that a server is to follow, or `no one`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Wished {
    NoOne,
    Follow(AddressPort),
}

impl TryFrom<String> for AddressPort {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let form = || format!("{text:?} is not `address:port`, as in \"10.0.0.2:6379\" or \"[2001:db8::1]:6379\"");
        let (address, port) = text.rsplit_once(':').ok_or_else(form)?;
        let inner = match address.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(form)?,
            None if address.contains(':') => return Err(form()),
            None => address,
        };
        let port = port.parse().ok().filter(|p| *p > 0 && !port.starts_with('+')).ok_or_else(form)?;
        Ok(AddressPort { address: Address::parse(inner)?, port })
    }
}
impl fmt::Display for AddressPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.as_ref().contains(':') {
            true => write!(f, "[{}]:{}", self.address, self.port),
            false => write!(f, "{}:{}", self.address, self.port),
        }
    }
}
impl From<AddressPort> for String {
    fn from(a: AddressPort) -> String {
        a.to_string()
    }
}
impl TryFrom<String> for Wished {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words[..] {
            [no, one] if no.eq_ignore_ascii_case("no") && one.eq_ignore_ascii_case("one") => Ok(Wished::NoOne),
            _ => AddressPort::try_from(text).map(Wished::Follow).map_err(|e| format!("{e}, or \"no one\"")),
        }
    }
}
impl From<Wished> for String {
    fn from(w: Wished) -> String {
        match w {
            Wished::NoOne => "no one".into(),
            Wished::Follow(a) => a.to_string(),
        }
    }
}

macro_rules! is_text_argument {
    ($name:ident, $kind:literal) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "x-type": $kind })
            }
        }
    };
}
is_text_argument!(AddressPort, "text, address:port");
is_text_argument!(Wished, "text, address:port or \"no one\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_primary_is_an_address_and_a_port_or_no_one() {
        let read = |t: &str| Wished::try_from(t.to_string());
        assert_eq!(read("no one"), Ok(Wished::NoOne));
        assert_eq!(read("NO  ONE"), Ok(Wished::NoOne));
        for good in ["10.0.0.2:6379", "db.example:7000", "[2001:db8::1]:6379"] {
            assert_eq!(read(good).map(String::from), Ok(good.to_string()));
        }
        for bad in
            ["10.0.0.2", "10.0.0.2:", "10.0.0.2:0", "10.0.0.2:70000", "-h:1", "a b:1", "a:+1", "::1:6379", "x\ny:1", ""]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
