//! The name of a playbook's parameter.

use super::{RESERVED, is_text};
use serde::{Deserialize, Serialize};

/// The name of a parameter, as a script writes it behind `p.`: a letter or `_`, then letters,
/// digits and `_`, at most 63. Rhai's reserved words are refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParamName(String);
is_text!(ParamName, "parameter");

impl ParamName {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        if RESERVED.contains(&s) {
            return Err(format!("\"{s}\" is a reserved word of the playbook language; call the parameter otherwise"));
        }
        let begins = |b: u8| b.is_ascii_alphabetic() || b == b'_';
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if !s.bytes().next().is_some_and(begins) || s.len() > 63 || !s.bytes().all(good) {
            let cut: String = s.chars().take(80).collect();
            return Err(format!(
                "{cut:?} is not the name of a parameter: a letter or _, then letters, digits and _, at most 63"
            ));
        }
        Ok(ParamName(s.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parameters() {
        for good in ["domain", "_x", "maxFiles2"] {
            assert!(ParamName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a-b", "1a", "a.b", "default", "é", &"x".repeat(64)] {
            assert!(ParamName::parse(bad).is_err(), "{bad}");
        }
    }
}
