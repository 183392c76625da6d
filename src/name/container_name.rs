//! The name of a container.

use super::is_text;
use serde::{Deserialize, Serialize};

/// A container, by its name or id: a letter or digit, then letters, digits, `_`, `.` and `-`, at most 255
/// in all. So it is never taken for an option of `docker`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerName(String);
is_text!(ContainerName, "container");

impl ContainerName {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if s.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) && s.len() <= 255 && s.bytes().all(good) {
            return Ok(ContainerName(s.into()));
        }
        let cut: String = s.chars().take(80).collect();
        Err(format!(
            "{cut:?} is not the name of a container: a letter or digit is expected, then letters, digits, _ . and -, \
             at most 255"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_containers() {
        for good in ["web", "pryvio_nginx", "8d4d14777beb", "a.b-c", &"x".repeat(255)] {
            assert!(ContainerName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", "_a", "nginx:1.25", "a/b", "a b", "a;b", "a\n", "é", &"x".repeat(256)] {
            assert!(ContainerName::parse(bad).is_err(), "{bad}");
        }
    }
}
