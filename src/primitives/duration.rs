//! A length of time in the arguments of a primitive.

use crate::contract::Command;
use crate::text::duration::parse_within;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// Longer than this nobody waits for one call.
const LONGEST: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

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
        let length = parse_within(text, std::time::Duration::from_millis(1), LONGEST)?;
        Ok(Duration { ms: u64::try_from(length.as_millis()).unwrap_or(u64::MAX), text: text.into() })
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
    /// The command that lets so much time pass on a host. Whole seconds are all that every `sleep` knows; one that
    /// refuses a part of a second gets the next whole one.
    pub(super) fn slept(&self) -> Command {
        let whole = self.ms.div_ceil(1_000).to_string();
        match self.ms % 1_000 {
            0 => Command::argv(["sleep".into(), whole]),
            part => Command::Shell(format!("sleep {}.{part:03} 2>/dev/null || sleep {whole}", self.ms / 1_000)),
        }
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
    fn a_part_of_a_second_is_slept_where_the_host_can() {
        let slept = |text: &str| Duration::parse(text).unwrap().slept();
        assert_eq!(slept("10s"), Command::argv(["sleep", "10"]));
        assert_eq!(slept("50ms"), Command::Shell("sleep 0.050 2>/dev/null || sleep 1".into()));
        assert_eq!(slept("2500ms"), Command::Shell("sleep 2.500 2>/dev/null || sleep 3".into()));
    }

    #[test]
    fn a_wrong_duration_is_told_the_unit_and_the_range() {
        let why = |json: &str| serde_json::from_str::<Duration>(json).unwrap_err().to_string();
        assert!(why("5").contains("expected a text with a unit, such as \"30s\" or \"1h30m\", from 1ms to 30d"));
        assert!(why("\"5\"").contains("the unit is missing"));
        assert!(why("\"0s\"").contains("from 1ms to 30d"));
        assert!(why("\"1000000000000s\"").contains("from 1ms to 30d"));
        assert_eq!(serde_json::to_string(&Duration::parse("90s").unwrap()).unwrap(), "\"90s\"");
    }
}
