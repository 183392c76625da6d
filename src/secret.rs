//! A secret's value, which cannot print itself, and a text that may hold secrets by name.
//!
//! Scripts, the journal and deeds know only the *name*; the value exists in the world, while
//! acting. There is no way from [`Secret`] to a log line.

use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// The value of a secret. Prints as `‹secret›`, is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(value: String) -> Self {
        Secret(Zeroizing::new(value))
    }
    /// The value itself: for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹secret›")
    }
}

/// A text in which some pieces are secrets, known here by name only.
///
/// As JSON a text without secrets is a plain string; one with secrets is
/// `{"$text": ["user:", {"$secret": "password"}]}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text, or a secret")]
pub enum Text {
    Plain(String),
    Mixed {
        #[serde(rename = "$text")]
        pieces: Vec<Piece>,
    },
}

/// One piece of a [`Text`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    Plain(String),
    Secret {
        #[serde(rename = "$secret")]
        name: String,
    },
}

impl Text {
    /// The names of the secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let pieces: &[Piece] = match self {
            Text::Plain(_) => &[],
            Text::Mixed { pieces } => pieces,
        };
        pieces.iter().filter_map(|p| match p {
            Piece::Secret { name } => Some(name.as_str()),
            Piece::Plain(_) => None,
        })
    }
    pub fn is_secret(&self) -> bool {
        self.secrets().next().is_some()
    }
}
impl From<String> for Text {
    fn from(s: String) -> Self {
        Text::Plain(s)
    }
}
impl fmt::Display for Text {
    /// With `‹secret:name›` where a secret stands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Text::Plain(s) => f.write_str(s),
            Text::Mixed { pieces } => pieces.iter().try_for_each(|p| match p {
                Piece::Plain(s) => f.write_str(s),
                Piece::Secret { name } => write!(f, "‹secret:{name}›"),
            }),
        }
    }
}
impl schemars::JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "x-type": "text or secret" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(format!("{:?}", Secret::new("hunter22".into())), "‹secret›");
    }

    #[test]
    fn a_text_prints_the_name_of_its_secret() {
        let t: Text = serde_json::from_str(r#"{"$text":["user:",{"$secret":"password"}]}"#).unwrap();
        assert_eq!(t.to_string(), "user:‹secret:password›");
        assert_eq!(t.secrets().collect::<Vec<_>>(), ["password"]);
    }
}
