//! A deed: one serialisable effect, and how it is taken back.
//!
//! This is the one versioned format. The journal keeps deeds as JSON, and a newer binary must be
//! able to settle and to undo what an older one recorded: fields are only ever added, with a
//! default. A deed carries all that is needed to do it, to tell later whether it happened, and
//! (through its undo) to take it back. Rollback and resume never need the primitive.

use super::{Aws, Command, Http, Lease, Redis, Sync, Unlease, Unsync};
use crate::name::{ContainerName, HostName, RemotePath};
use crate::secret::Text;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The only thing that acts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    Run(Run),
    Put(Put),
    /// A file that stays only if the program that reads it takes it.
    PutChecked(PutChecked),
    Reboot(Reboot),
    Sync(Box<Sync>),
    Unsync(Unsync),
    Lease(Box<Lease>),
    Unlease(Box<Unlease>),
    Redis(Box<Redis>),
    Http(Box<Http>),
    Aws(Aws),
    /// Something only a person can do; used as the undo of `manual`.
    Ask {
        text: String,
    },
}

/// An opaque command, started at most once for each token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub host: HostName,
    pub command: Command,
    /// Exits 0 once the command's effect is there. Changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Command>,
    /// It may be started a second time when nobody can know whether the first one ended.
    #[serde(default)]
    pub idempotent: bool,
    /// Exit codes that are success.
    #[serde(default = "only_zero")]
    pub ok: Vec<i64>,
    /// After so many milliseconds its session gets TERM, then KILL.
    pub timeout_ms: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<RemotePath>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<Text>,
    /// The container of Docker on the host in which it runs; so do its `check` and its `cwd`. The exit
    /// code is believed only where Docker itself did not fail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerName>,
}
fn only_zero() -> Vec<i64> {
    vec![0]
}

impl Run {
    /// A command with the defaults: exit code 0 is success, an hour of time, not repeatable.
    pub fn new(host: &HostName, command: Command) -> Self {
        Run {
            host: host.clone(),
            command,
            check: None,
            idempotent: false,
            ok: only_zero(),
            timeout_ms: 3_600_000,
            cwd: None,
            stdin: None,
            container: None,
        }
    }
    /// For a sentence: the command, and the container it runs in.
    pub fn said(&self) -> String {
        match &self.container {
            None => format!("`{}`", self.command),
            Some(container) => format!("`{}` in container {container}", self.command),
        }
    }
}

/// Put a file in place of another, all or nothing: only while the place holds `from`.
///
/// Reversed (see [`Put::reversed`]) it is its own undo. A missing file is `None` on either side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Put {
    pub host: HostName,
    pub path: RemotePath,
    /// What lies there before; the deed refuses when something else does.
    pub from: Option<FileState>,
    /// What lies there afterwards.
    pub to: Option<FileState>,
    /// Where the new content comes from. Meaningless when `to` is `None`.
    pub source: Source,
    /// Keep the old file aside under this name in the run's folder on the host, before it goes.
    /// Names are chosen with [`Put::keep_name`], so that each call has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<String>,
}

/// Put a file in place, have it looked over, and make it count; when either fails, what lay there
/// before comes back. One deed, done whole on the host: also when nobody is connected any more.
///
/// With the file in place already it is looked over and made to count all the same, so it may be
/// sent again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PutChecked {
    pub put: Put,
    /// Exits 0 if the file that now lies there is fit. Changes nothing.
    pub validate: Command,
    /// Makes the file count, and exits 0 only once it does. It may be run again: with the old file
    /// back in its place, it makes that one count.
    pub apply: Command,
    /// What `apply` does, for the plan: "nginx reloaded".
    pub applied: String,
    /// The file stays in place even if it is refused, and the deed fails: of an undo, which must
    /// bring back what was there.
    #[serde(default)]
    pub insist: bool,
    /// The file keeps its inode: a container that has this one file from outside would go on seeing the
    /// old one. A reader may then see half of it for a moment; a death half-way is found and mended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_place: bool,
    /// After so many milliseconds what runs of it gets TERM, then KILL.
    pub timeout_ms: u64,
}

/// Where the content of a [`Put`] comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The journal has it.
    Bytes(Bytes),
    /// A text with secrets in it: filled in while acting, never stored. `to.sha256` is `None`.
    Secret(Text),
    /// It is copied from a file of a host (the same or another).
    File { host: HostName, path: RemotePath },
    /// It was kept aside in the run's folder under this name.
    Kept(String),
    /// It is what lies there, with the bytes `cut` at the place `at` replaced by `with`: of a file that
    /// may hold secrets, so that the journal has no more of it than what changes.
    Spliced { at: u64, cut: Bytes, with: Bytes },
    /// There is no content: the file goes.
    Nothing,
}

/// What is known of a file: enough to tell it from any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Lower-case hex. `None` only where the content holds a secret; then it is never compared,
    /// and `size` is 0.
    pub sha256: Option<String>,
    pub size: u64,
    /// Numeric `uid:gid`.
    pub owner: String,
    /// Permission bits, as in `0o644`.
    pub mode: u32,
}

/// Bytes in a journal: text stays readable, anything else is base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// Restart the machine. Done when the boot id differs from `boot_id`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reboot {
    pub host: HostName,
    pub command: Command,
    /// The boot id before: `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
    /// How long it may be away, in milliseconds.
    pub timeout_ms: u64,
}

/// One deed and how it is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub deed: Deed,
    pub undo: Undo,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// In this order. A reload that makes a write count belongs here, behind the restored file:
    /// undone deed by deed, backwards, it would reload before the file is back.
    By(Vec<Deed>),
    NotNeeded,
    Impossible(String),
}

impl Deed {
    /// The host it acts on, if any.
    pub fn host(&self) -> Option<&HostName> {
        match self {
            Deed::Run(r) => Some(&r.host),
            Deed::Put(p) => Some(&p.host),
            Deed::PutChecked(c) => Some(&c.put.host),
            Deed::Reboot(r) => Some(&r.host),
            Deed::Sync(s) => Some(&s.to),
            Deed::Unsync(u) => Some(&u.host),
            Deed::Lease(l) => Some(&l.host),
            Deed::Unlease(u) => Some(&u.lease.host),
            Deed::Redis(r) => Some(&r.server.host),
            Deed::Http(_) | Deed::Ask { .. } | Deed::Aws(_) => None,
        }
    }
    /// Every host on which it needs the run's folder.
    pub fn hosts(&self) -> Vec<&HostName> {
        let other = match self {
            Deed::Sync(s) => Some(&s.from),
            Deed::Lease(l) => l.key.as_ref().map(|k| &k.to),
            Deed::Unlease(u) => u.lease.key.as_ref().map(|k| &k.to),
            _ => match self.put().map(|p| &p.source) {
                Some(Source::File { host, .. }) => Some(host),
                _ => None,
            },
        };
        self.host().into_iter().chain(other).collect()
    }
    /// Doing it again is right, however far it came: so something of it may be there to be taken
    /// back although it never ended.
    pub fn converges(&self) -> bool {
        matches!(
            self,
            Deed::Sync(_) | Deed::Unsync(_) | Deed::Redis(_) | Deed::Aws(_) | Deed::Lease(_) | Deed::Unlease(_)
        )
    }
    /// The file it puts in place, checked or not.
    pub fn put(&self) -> Option<&Put> {
        match self {
            Deed::Put(put) => Some(put),
            Deed::PutChecked(checked) => Some(&checked.put),
            _ => None,
        }
    }
    /// Nobody can say what the host holds after it: readings there are unknown while planning.
    pub fn is_opaque(&self) -> bool {
        match self {
            Deed::Run(_) | Deed::Reboot(_) | Deed::Sync(_) | Deed::Unsync(_) | Deed::Redis(_) => true,
            // A key alone changes nothing that a reading could meet.
            Deed::Lease(l) => l.process.is_some(),
            Deed::Unlease(u) => u.lease.process.is_some(),
            _ => false,
        }
    }
}

impl Put {
    /// The name under which an old file is kept aside: from its path and what it held, so that
    /// the same plan made twice has the same name and two files never share one.
    pub fn keep_name(path: &RemotePath, from: &FileState) -> String {
        use sha2::{Digest, Sha256};
        let sha = from.sha256.as_deref().unwrap_or("secret");
        let what = hex::encode(&Sha256::digest(format!("{path}\n{sha}\n{}\n{}", from.owner, from.mode))[..8]);
        format!("{what}.kept")
    }
    /// The deed that takes it back: from what was kept aside, or from `old` where the journal has it.
    #[must_use]
    pub fn reversed(&self, old: Option<Bytes>) -> Put {
        let source = match (&self.from, old, &self.keep) {
            (None, ..) => Source::Nothing,
            (Some(_), Some(bytes), _) => Source::Bytes(bytes),
            (Some(_), None, Some(name)) => Source::Kept(name.clone()),
            (Some(_), None, None) => Source::Nothing,
        };
        Put {
            host: self.host.clone(),
            path: self.path.clone(),
            from: self.to.clone(),
            to: self.from.clone(),
            source,
            keep: None,
        }
    }
}

impl PutChecked {
    /// The deed that takes it back, and makes the old file count again.
    #[must_use]
    pub fn reversed(&self, old: Option<Bytes>) -> PutChecked {
        PutChecked { put: self.put.reversed(old), insist: true, ..self.clone() }
    }
}

impl FileState {
    /// The state a file with these bytes will have.
    pub fn of(bytes: &[u8], owner: impl Into<String>, mode: u32) -> Self {
        use sha2::{Digest, Sha256};
        FileState {
            sha256: Some(hex::encode(Sha256::digest(bytes))),
            size: bytes.len() as u64,
            owner: owner.into(),
            mode,
        }
    }
    /// Whether two states are the same as far as both are known. A text with a secret has neither a
    /// digest nor a size before it is written: there, owner and mode must do.
    pub fn is_like(&self, other: &FileState) -> bool {
        match (&self.sha256, &other.sha256) {
            (Some(a), Some(b)) => a == b && self.owner == other.owner && self.mode == other.mode,
            _ => self.owner == other.owner && self.mode == other.mode,
        }
    }
    fn length(&self) -> String {
        if self.sha256.is_some() { format!("{} bytes", self.size) } else { "a secret".into() }
    }
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => s.serialize_str(text),
            Err(_) => serde_json::json!({ "$base64": STANDARD.encode(&self.0) }).serialize(s),
        }
    }
}
impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Base64 {
                #[serde(rename = "$base64")]
                base64: String,
            },
        }
        match Form::deserialize(d)? {
            Form::Text(t) => Ok(Bytes(t.into_bytes())),
            Form::Base64 { base64 } => STANDARD.decode(base64).map(Bytes).map_err(serde::de::Error::custom),
        }
    }
}

impl fmt::Display for FileState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:04o}, {}", self.length(), self.mode, self.owner)?;
        self.sha256.as_deref().map_or(Ok(()), |s| write!(f, ", {}", &s[..s.len().min(12)]))
    }
}

impl fmt::Display for Deed {
    /// One line for the plan: `host: what`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::Run(r) => {
                let first = r.command.to_sh();
                let mut lines = first.trim().lines();
                write!(f, "{}: ", r.host)?;
                r.container.as_ref().map_or(Ok(()), |c| write!(f, "in container {c}: "))?;
                f.write_str(lines.next().unwrap_or_default())?;
                if lines.next().is_some() {
                    f.write_str(" ...")?;
                }
                Ok(())
            }
            Deed::Put(p) => p.fmt(f),
            Deed::PutChecked(c) if c.insist => write!(f, "{}, and {}", c.put, c.applied),
            Deed::PutChecked(c) => write!(f, "{}, kept only if `{}` takes it, and {}", c.put, c.validate, c.applied),
            Deed::Reboot(r) => write!(f, "{}: reboot", r.host),
            Deed::Sync(s) => s.fmt(f),
            Deed::Unsync(u) => u.fmt(f),
            Deed::Lease(l) => l.fmt(f),
            Deed::Unlease(u) => u.fmt(f),
            Deed::Redis(r) => r.fmt(f),
            Deed::Http(h) => h.fmt(f),
            Deed::Aws(a) => a.fmt(f),
            Deed::Ask { text } => write!(f, "you: {text}"),
        }
    }
}

impl fmt::Display for Put {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.source, &self.from, &self.to) {
            (_, _, None) => write!(f, "{}: remove {}", self.host, self.path),
            (Source::File { host, path }, _, Some(to)) => {
                write!(f, "{}: copy {path} of {host} to {} ({} bytes)", self.host, self.path, to.size)
            }
            (Source::Kept(_), ..) => write!(f, "{}: put {} back", self.host, self.path),
            (_, None, Some(to)) => write!(f, "{}: create {} ({})", self.host, self.path, to.length()),
            (_, Some(from), Some(to)) if from.sha256 == to.sha256 && from.sha256.is_some() => {
                write!(
                    f,
                    "{}: set {} to {} {:04o} (was {} {:04o})",
                    self.host, self.path, to.owner, to.mode, from.owner, from.mode
                )
            }
            (_, Some(from), Some(to)) if from.sha256.is_none() || to.sha256.is_none() => {
                write!(f, "{}: write {} ({} -> {})", self.host, self.path, from.length(), to.length())
            }
            (_, Some(from), Some(to)) => {
                write!(f, "{}: write {} ({} -> {} bytes)", self.host, self.path, from.size, to.size)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_json() {
        for bytes in [b"text\n".to_vec(), vec![0xff, 0, 1]] {
            let b = Bytes(bytes);
            let json = serde_json::to_string(&b).unwrap();
            assert_eq!(serde_json::from_str::<Bytes>(&json).unwrap(), b);
        }
    }

    #[test]
    fn a_put_reversed_twice_is_itself() {
        let host = HostName::parse("h").unwrap();
        let path = RemotePath::parse("/x").unwrap();
        let (old, new) = (Bytes(b"a".to_vec()), Bytes(b"b".to_vec()));
        let put = Put {
            host,
            path,
            from: Some(FileState::of(&old.0, "0:0", 0o644)),
            to: Some(FileState::of(&new.0, "0:0", 0o600)),
            source: Source::Bytes(new.clone()),
            keep: None,
        };
        assert_eq!(put.reversed(Some(old)).reversed(Some(new)), put);
    }
}
