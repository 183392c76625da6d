//! What a host's tree is at one moment, to be compared with another.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// The files of a host by absolute path.
pub type Snapshot = BTreeMap<String, Entry>;

/// One path of a tree. Times are deliberately not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub kind: EntryKind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// The sha256 of a file, the target of a link, nothing for anything else.
    pub content: String,
}

/// What sort of thing lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    File,
    Folder,
    Link,
    Fifo,
    Socket,
    Device,
}

/// Where the machine's own files are mounted, what mig keeps for itself, and what the lab put there.
const LEFT_OUT: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/nix",
    "/proc",
    "/dev",
    "/sys",
    "/lab",
    "/var/lib/mig",
    "/run/lab",
];

/// What differs between two snapshots of a host, one clause a path.
pub fn differences(before: &Snapshot, after: &Snapshot) -> BTreeMap<String, String> {
    let mut differences = BTreeMap::new();
    for path in before.keys().chain(after.keys()) {
        let what = match (before.get(path), after.get(path)) {
            (Some(_), None) => "is gone".to_owned(),
            (None, Some(_)) => "is new".to_owned(),
            (Some(b), Some(a)) if b == a => continue,
            (Some(b), Some(a)) if b.kind != a.kind => format!("was a {:?}, is a {:?}", b.kind, a.kind).to_lowercase(),
            (Some(b), Some(a)) => {
                let mut what = vec![];
                if b.content != a.content {
                    what.push("has another content".to_owned());
                }
                if b.mode != a.mode {
                    what.push(format!("had mode {:04o}, has {:04o}", b.mode, a.mode));
                }
                if (b.uid, b.gid) != (a.uid, a.gid) {
                    what.push(format!("belonged to {}:{}, belongs to {}:{}", b.uid, b.gid, a.uid, a.gid));
                }
                what.join(", ")
            }
            (None, None) => continue,
        };
        differences.insert(path.clone(), what);
    }
    differences
}

/// Reads the whole tree under `tree`. What vanishes meanwhile is left out.
pub(super) fn take(tree: &Path) -> io::Result<Snapshot> {
    let mut snapshot = Snapshot::new();
    walk(&mut snapshot, tree, "")?;
    Ok(snapshot)
}

fn walk(snapshot: &mut Snapshot, tree: &Path, relative: &str) -> io::Result<()> {
    for entry in fs::read_dir(tree.join(relative.trim_start_matches('/')))? {
        let Ok(entry) = entry else { continue };
        let path = format!("{relative}/{}", entry.file_name().to_string_lossy());
        if LEFT_OUT.contains(&path.as_str()) {
            continue;
        }
        match read(&entry.path()) {
            Ok(read) => {
                let is_folder = read.kind == EntryKind::Folder;
                snapshot.insert(path.clone(), read);
                if is_folder {
                    match walk(snapshot, tree, &path) {
                        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                        _ => {}
                    }
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(io::Error::new(e.kind(), format!("{path}: {e}"))),
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Entry> {
    let about = path.symlink_metadata()?;
    let kind = about.file_type();
    let (kind, content) = if kind.is_symlink() {
        (EntryKind::Link, fs::read_link(path)?.to_string_lossy().into_owned())
    } else if kind.is_dir() {
        (EntryKind::Folder, String::new())
    } else if kind.is_file() {
        (EntryKind::File, hex::encode(Sha256::digest(fs::read(path)?)))
    } else if kind.is_fifo() {
        (EntryKind::Fifo, String::new())
    } else if kind.is_socket() {
        (EntryKind::Socket, String::new())
    } else {
        (EntryKind::Device, String::new())
    };
    Ok(Entry { kind, mode: about.mode() & 0o7777, uid: about.uid(), gid: about.gid(), content })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_modes_and_contents_are_seen_and_migs_own_is_not() {
        let tree = tempfile::tempdir().unwrap();
        let at = |p: &str| tree.path().join(p);
        fs::create_dir_all(at("var/lib/mig/run")).unwrap();
        fs::create_dir_all(at("usr/bin")).unwrap();
        fs::create_dir_all(at("etc")).unwrap();
        fs::write(at("etc/x"), "x").unwrap();
        std::os::unix::fs::symlink("x", at("etc/y")).unwrap();
        let first = take(tree.path()).unwrap();
        assert_eq!(first.keys().collect::<Vec<_>>(), ["/etc", "/etc/x", "/etc/y", "/var", "/var/lib"]);
        assert_eq!(first["/etc/y"].content, "x");
        fs::write(at("etc/x"), "z").unwrap();
        let second = take(tree.path()).unwrap();
        let found = differences(&first, &second);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), [("/etc/x".to_owned(), "has another content".to_owned())]);
    }
}
