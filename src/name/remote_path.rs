//! An absolute path on a host.

use super::is_text;
use serde::{Deserialize, Serialize};

/// An absolute path on a host, without `..`, `//`, control characters or a blank at its end.
/// A trailing `/` is dropped: whether a folder or its contents is meant is never told by a slash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RemotePath(String);
is_text!(RemotePath, "path");

impl RemotePath {
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(s: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{s:?} is not a path: {why}"));
        if s.is_empty() {
            return wrong("it is empty; an absolute path is needed");
        }
        if s.starts_with('~') {
            return wrong("~ is not expanded; write the absolute path");
        }
        if !s.starts_with('/') {
            return wrong("it must be absolute, beginning with /");
        }
        if s.len() > 4096 {
            return wrong("it is longer than 4096 bytes");
        }
        if s.chars().any(char::is_control) {
            return wrong("it has a control character (newline, NUL, ...) in it");
        }
        if s.ends_with(char::is_whitespace) {
            return wrong("it ends with a blank");
        }
        if s.split('/').any(|p| p == "..") {
            return wrong("it has .. in it");
        }
        let mut clean = String::from("/");
        for part in s.split('/').filter(|p| !p.is_empty() && *p != ".") {
            if clean.len() > 1 {
                clean.push('/');
            }
            clean.push_str(part);
        }
        if clean == "/" {
            return wrong("the root folder itself cannot be meant");
        }
        Ok(RemotePath(clean))
    }
    /// The folder it lies in.
    pub fn parent(&self) -> &str {
        match self.0.rfind('/') {
            Some(0) | None => "/",
            Some(n) => &self.0[..n],
        }
    }
    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_absolute_and_clean() {
        let clean = |s: &str| RemotePath::parse(s).unwrap().to_string();
        assert_eq!(clean("/etc/hosts"), "/etc/hosts");
        assert_eq!(clean("/etc//ssh/./x/"), "/etc/ssh/x");
        let p = RemotePath::parse("/etc/ssh/sshd_config").unwrap();
        assert_eq!((p.parent(), p.file_name()), ("/etc/ssh", "sshd_config"));
        let long = format!("/{}", "x".repeat(5000));
        for bad in ["", "etc", "/", "/..", "/a/../b", "~/x", "/a\n", "/a ", "/a\0b", "//", &long] {
            assert!(RemotePath::parse(bad).is_err(), "{bad:?}");
        }
    }
}
