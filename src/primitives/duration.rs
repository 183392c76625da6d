//! A length of time in the arguments of a primitive.

use crate::text::duration::parse;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// A length of time, written with its unit: `30s`, `5m`, `1h30m`; from 1ms to 30d.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duration {
    /// As it was written, so that arguments stay what the script gave.
    text: String,
    ms: u64,
}

impl Duration {
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ms = u64::try_from(parse(text)?.as_millis()).unwrap_or(u64::MAX);
        Ok(Duration { ms, text: text.into() })
    }
    /// For defaults.
    pub(super) fn seconds(n: u64) -> Self {
        Duration { text: format!("{n}s"), ms: n * 1_000 }
    }
    /// For defaults.
    pub(super) fn hours(n: u64) -> Self {
        Duration { text: format!("{n}h"), ms: n * 3_600_000 }
    }
    /// For defaults.
    pub(super) fn minutes(n: u64) -> Self {
        Duration { text: format!("{n}m"), ms: n * 60_000 }
    }
    pub fn ms(&self) -> u64 {
        self.ms
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.text)
    }
}
impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Duration;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text with a unit, such as \"30s\" or \"1h30m\", from 1ms to 30d")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
                Duration::parse(text).map_err(E::custom)
            }
        }
        // Not `deserialize_str`: a number is to be told what was expected instead.
        d.deserialize_any(Text)
    }
}
impl schemars::JsonSchema for Duration {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-type": "duration" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_duration_is_told_the_unit_and_the_range() {
        let why = |json: &str| serde_json::from_str::<Duration>(json).unwrap_err().to_string();
        assert!(why("5").contains("expected a text with a unit, such as \"30s\" or \"1h30m\", from 1ms to 30d"));
        assert!(why("\"5\"").contains("it has no unit"));
        assert!(why("\"0s\"").contains("the shortest is 1ms"));
        assert!(why("\"1000000000000s\"").contains("the longest is 30d"));
        assert_eq!(serde_json::to_string(&Duration::parse("90s").unwrap()).unwrap(), "\"90s\"");
    }
}
