//! The number of a TCP port.

use serde::{Deserialize, Serialize};

/// The number of a TCP port, 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Port(u16);

impl Port {
    /// Where DNS servers listen.
    pub const DNS: Port = Port(53);

    pub fn number(self) -> u16 {
        self.0
    }
}
impl TryFrom<i64> for Port {
    type Error = String;
    fn try_from(n: i64) -> Result<Self, String> {
        u16::try_from(n).ok().filter(|n| *n > 0).map(Port).ok_or(format!("{n} is not a port: 1 to 65535"))
    }
}
impl From<Port> for i64 {
    fn from(p: Port) -> i64 {
        p.0.into()
    }
}
impl schemars::JsonSchema for Port {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Port".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "x-type": "int, 1 to 65535" })
    }
}
