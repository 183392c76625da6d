//! The name of a host in the inventory.

use super::{RESERVED, is_text};
use serde::{Deserialize, Serialize};

/// The name of a host in the inventory: a letter, then letters, digits, `_` and `-`, at most 63.
/// Rhai's reserved words are refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);
is_text!(HostName, "host");

impl HostName {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        if RESERVED.contains(&s) {
            return Err(format!("\"{s}\" is a reserved word of the playbook language; call the host otherwise"));
        }
        let mut chars = s.chars();
        let begins = chars.next().is_some_and(|c| c.is_ascii_alphabetic());
        if !begins || s.len() > 63 || !chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(format!(
                "{s:?} is not a host name of an inventory: a letter, then letters, digits, _ and -, at most 63"
            ));
        }
        Ok(HostName(s.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_hosts() {
        for good in ["source", "dest", "r-1", "R_2"] {
            assert!(HostName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", "1a", "a b", "a;b", "new", "a\n", "é", &"x".repeat(64)] {
            assert!(HostName::parse(bad).is_err(), "{bad}");
        }
    }
}
