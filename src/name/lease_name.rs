//! The name of a lease: what a key, a tunnel or a process of a run is called on its host.

use super::is_text;
use serde::{Deserialize, Serialize};

/// The name of a lease: letters, digits, `_` and `-`, at most 80. It is part of paths and comments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LeaseName(String);
is_text!(LeaseName, "text");

impl LeaseName {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        let plain = s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if s.is_empty() || s.len() > 80 || !plain {
            return Err(format!("{s:?} is not a name for this: letters, digits, _ and -, at most 80"));
        }
        Ok(LeaseName(s.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_leases() {
        for good in ["tunnel-6380", "to-dest", "a_1"] {
            assert!(LeaseName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a b", "../x", "a/b", "a.b", "a:b", "é", &"x".repeat(81)] {
            assert!(LeaseName::parse(bad).is_err(), "{bad}");
        }
    }
}
