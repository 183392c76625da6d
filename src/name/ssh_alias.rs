//! A host as the user's own ssh configuration calls it.

use super::is_text;
use serde::{Deserialize, Serialize};

/// An alias (`Host` entry) of the user's ssh_config: letters, digits, `.`, `_` and `-`, not
/// beginning with a dash, at most 253. `none` means something else to ssh and is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SshAlias(String);
is_text!(SshAlias, "ssh alias");

impl SshAlias {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        let cut: String = s.chars().take(80).collect();
        if s.eq_ignore_ascii_case("none") {
            return Err(format!("{cut:?} is not an ssh alias: ssh gives this word a meaning of its own"));
        }
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if s.is_empty() || s.starts_with('-') || s.len() > 253 || !s.bytes().all(good) {
            return Err(format!(
                "{cut:?} is not an ssh alias: the name of a Host entry of your ssh_config is expected, of letters, digits, . _ and -, not beginning with a dash"
            ));
        }
        Ok(SshAlias(s.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ssh_aliases() {
        for good in ["router-1", "a.b_c", "1"] {
            assert!(SshAlias::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-F/x", "a b", "a*", "u@h", "h:22", "None", "é", &"x".repeat(254)] {
            assert!(SshAlias::parse(bad).is_err(), "{bad}");
        }
    }
}
