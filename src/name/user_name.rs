//! The name of a user on a host.

use super::is_text;
use serde::{Deserialize, Serialize};

/// A user on a host: a small letter or `_`, then small letters, digits, `_`, `.` and `-`, at most
/// 32 in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);
is_text!(UserName, "user");

impl UserName {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        let begins = |b: u8| b.is_ascii_lowercase() || b == b'_';
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.' | b'-');
        if s.bytes().next().is_some_and(begins) && s.len() <= 32 && s.bytes().all(good) {
            return Ok(UserName(s.into()));
        }
        let cut: String = s.chars().take(80).collect();
        Err(format!(
            "{cut:?} is not a user name: a small letter or _ is expected, then small letters, digits, _ . and -, at most 32"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_users() {
        for good in ["root", "_apt", "deploy-1", "a.b", &"x".repeat(32)] {
            assert!(UserName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", "root;rm", "$x", "a\\", "1a", "A", "a b", "a\n", "é", &"x".repeat(33)] {
            assert!(UserName::parse(bad).is_err(), "{bad}");
        }
    }
}
