//! The name of a systemd unit.

use crate::name::is_text;
use serde::{Deserialize, Serialize};

/// The name of a systemd unit, as `systemctl` takes it: `nginx` or `nginx.service`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UnitName(String);
is_text!(UnitName, "text");

impl UnitName {
    /// # Errors
    /// Says which rule the text breaks: each of the usual mistakes has a sentence of its own.
    pub fn parse(s: &str) -> Result<Self, String> {
        let wrong = |why: String| Err(format!("{s:?} is not the name of a unit: {why}"));
        if s.is_empty() {
            return wrong("it is empty".into());
        }
        if s.starts_with('-') {
            return wrong("it begins with a dash, as an option of systemctl would".into());
        }
        if s.contains('/') {
            return wrong(
                "it has a slash in it; give the name without its folder, a mount as systemd-escape prints it".into(),
            );
        }
        if s.contains(char::is_whitespace) {
            return wrong("it has a blank in it; one unit for each call".into());
        }
        if s.contains(['*', '?', '[']) {
            return wrong("patterns are not expanded; one unit for each call".into());
        }
        if let Some((template, instance)) = s.split_once('@')
            && (instance.is_empty() || instance.starts_with('.'))
        {
            return wrong(format!("it is a template without an instance; name one, as in \"{template}@NAME.service\""));
        }
        if s.len() > 255 || !s.chars().all(|c| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c)) {
            return wrong("letters, digits and : - _ . \\ @ are allowed, at most 255".into());
        }
        Ok(UnitName(s.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_is_told_apart() {
        for good in ["128T", "nginx.service", "getty@tty1", "getty@tty1.service", r"dev-disk-by\x2duuid.swap"] {
            assert!(UnitName::parse(good).is_ok(), "{good}");
        }
        let why = |s: &str| UnitName::parse(s).unwrap_err();
        assert!(why("").contains("empty"));
        assert!(why("-x").contains("dash"));
        assert!(why("a/b").contains("slash"));
        assert!(why("a b").contains("blank"));
        assert!(why("a*").contains("patterns"));
        assert!(why("getty@").contains("template without an instance; name one, as in \"getty@NAME.service\""));
        assert!(why("getty@.service").contains("template"));
        assert!(why("a;b").contains("allowed"));
    }
}
