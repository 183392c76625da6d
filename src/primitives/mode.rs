//! The permission bits of a file, as a user writes them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Permission bits: a text of three or four octal digits, `"0644"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(u32);

impl Mode {
    /// # Errors
    /// Says what is expected.
    pub fn parse(s: &str) -> Result<Self, String> {
        let is_octal = (3..=4).contains(&s.len()) && s.chars().all(|c| ('0'..='7').contains(&c));
        let bits = is_octal.then(|| u32::from_str_radix(s, 8).ok()).flatten();
        bits.map(Mode).ok_or(format!("{s:?} is not a mode: three or four octal digits as a text, such as \"0644\""))
    }
    pub fn bits(self) -> u32 {
        self.0
    }
}
impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}
impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Mode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // A number would be read as decimal: 644 is not 0644.
                f.write_str("a text of octal digits, such as \"0644\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Mode, E> {
                Mode::parse(text).map_err(E::custom)
            }
        }
        d.deserialize_any(Text)
    }
}
impl schemars::JsonSchema for Mode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mode".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-type": "text of octal digits" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        assert_eq!(Mode::parse("0644").unwrap().bits(), 0o644);
        assert_eq!(Mode::parse("755").unwrap().to_string(), "0755");
        for bad in ["", "64", "0o644", "0849", "rw-r--r--", "00644"] {
            assert!(Mode::parse(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<Mode>("644").unwrap_err().to_string().contains("such as \"0644\""));
    }
}
