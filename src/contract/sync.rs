//! Making one path equal another: the deed, how it is taken back, and what a look says is different.

use crate::name::{HostName, RemotePath};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Make `at` on `to` equal `path` on `from`: a file, or a folder's contents onto a folder.
///
/// It converges: doing it again after half of it was done is right. What it replaces and deletes is
/// kept aside on `to`, in a folder of the run that bears the name of the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sync {
    pub from: HostName,
    pub path: RemotePath,
    pub to: HostName,
    pub at: RemotePath,
    /// The contents of a folder; else one file.
    pub is_folder: bool,
    /// What only `to` has goes.
    #[serde(default)]
    pub delete: bool,
    /// At most so many files and folders go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_delete: Option<u64>,
    /// Patterns of rsync: neither copied nor deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Compare contents, not only sizes and times.
    #[serde(default)]
    pub checksum: bool,
    /// KiB a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Copy what symbolic links point at.
    #[serde(default)]
    pub copy_links: bool,
    /// What is written to while it is copied may stay different.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_changes: bool,
    /// Files that vanish while they are copied are no failure.
    #[serde(default)]
    pub allow_vanished: bool,
    /// Through this machine, because the two cannot reach each other.
    #[serde(default)]
    pub via_here: bool,
    pub timeout_ms: u64,
    /// What was different when it was planned.
    pub differs: Differences,
}

/// Take a [`Sync`] back: what it made goes, what it kept aside comes back, folders get their old
/// owners, modes and times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unsync {
    /// Where a copy may still be running.
    pub from: HostName,
    pub host: HostName,
    pub at: RemotePath,
    pub is_folder: bool,
    pub timeout_ms: u64,
}

/// How two paths differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differences {
    /// Everything there is to do, owners and times too.
    pub changes: u64,
    /// Files to send.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What has to go.
    pub deletions: u64,
    /// The first names of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<String>,
}

impl Differences {
    pub fn is_none(&self) -> bool {
        self.changes == 0
    }
}

impl Sync {
    /// The deed that takes it back.
    pub fn reversed(&self) -> Unsync {
        Unsync {
            from: self.from.clone(),
            host: self.to.clone(),
            at: self.at.clone(),
            is_folder: self.is_folder,
            timeout_ms: self.timeout_ms,
        }
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |n: u64| if n == 1 { "" } else { "s" };
        if self.files == 0 && self.deletions == 0 {
            return write!(
                f,
                "{} owner{}, mode{} or time{}",
                self.changes,
                s(self.changes),
                s(self.changes),
                s(self.changes)
            );
        }
        write!(f, "{} file{}, {} bytes", self.files, s(self.files), self.bytes)?;
        if self.deletions > 0 {
            write!(f, "; deletes {}: {}", self.deletions, self.first.join(", "))?;
            if self.deletions > self.first.len() as u64 {
                f.write_str(", ...")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Sync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: make {} equal {} of {} ({})", self.to, self.at, self.path, self.from, self.differs)
    }
}

impl fmt::Display for Unsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: make {} what it was", self.host, self.at)
    }
}
