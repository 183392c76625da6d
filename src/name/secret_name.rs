//! The name of a secret; the value has no name of its own, see [`crate::secret`].

use super::{RESERVED, is_text};
use serde::{Deserialize, Serialize};

/// The name of a secret: a letter, then letters, digits, `_` and `-`, at most 63. Rhai's reserved
/// words are refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);
is_text!(SecretName, "secret");

impl SecretName {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        if RESERVED.contains(&s) {
            return Err(format!("\"{s}\" is a reserved word of the playbook language; call the secret otherwise"));
        }
        let begins = s.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
        if !begins || s.len() > 63 || !s.bytes().all(good) {
            let cut: String = s.chars().take(80).collect();
            return Err(format!(
                "{cut:?} is not the name of a secret: a letter, then letters, digits, _ and -, at most 63"
            ));
        }
        Ok(SecretName(s.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for good in ["conductor_password", "a-1"] {
            assert!(SecretName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "_a", "a b", "new", "1a", &"x".repeat(64)] {
            assert!(SecretName::parse(bad).is_err(), "{bad}");
        }
    }
}
