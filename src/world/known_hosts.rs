//! Host keys that are pinned: lines of a known_hosts file, and fingerprints.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

/// One host key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// `ssh-ed25519` and so on.
    pub kind: String,
    /// Base64, as ssh writes it.
    pub key: String,
}

impl HostKey {
    /// As `ssh-keygen -l` shows it.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.key)
    }
    /// A line that pins it to an alias.
    pub fn line(&self, alias: &str) -> String {
        format!("{alias} {} {}\n", self.kind, self.key)
    }
}

/// The SHA256 fingerprint of a key in base64, as `ssh-keygen -l` shows it.
pub fn fingerprint(key: &str) -> String {
    let bytes = STANDARD.decode(key).unwrap_or_default();
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(bytes)))
}

/// The keys that a known_hosts text has for a name (not hashed, not a pattern).
pub fn keys_of(text: &str, name: &str) -> Vec<HostKey> {
    let mut keys = vec![];
    // It is asked for every host, and has a line for each: most are not looked at closely.
    for line in text.lines().filter(|l| l.contains(name)) {
        let mut words = line.split_whitespace();
        let (Some(names), Some(kind), Some(key)) = (words.next(), words.next(), words.next()) else { continue };
        if names.split(',').any(|n| n == name) {
            keys.push(HostKey { kind: kind.into(), key: key.into() });
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    #[test]
    fn a_fingerprint_is_what_ssh_keygen_shows() {
        // The key that github.com publishes, with its fingerprint.
        assert_eq!(fingerprint(KEY), "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU");
    }

    #[test]
    fn keys_are_found_by_name() {
        let text = format!("# a comment\nmig-a,mig-b ssh-ed25519 {KEY}\nmig-c ssh-rsa AAAA\n");
        assert_eq!(keys_of(&text, "mig-b"), [HostKey { kind: "ssh-ed25519".into(), key: KEY.into() }]);
        assert!(keys_of(&text, "mig").is_empty());
    }
}
