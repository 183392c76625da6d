//! A folder's contents, or one file, made equal on another host.

use super::duration::Duration;
use super::place::needs_folder;
use crate::contract::{
    Args, Change, Command, Deed, Differences, Example, Failure, Found, Given, Look, Outcome, Plan, Step, Sync, Undo,
    failed,
};
use crate::name::{HostName, RemotePath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Make a file or a folder on one host equal to that on another.
///
/// A folder's contents go onto the folder, a file onto the file: nothing is ever nested, and no slash
/// at the end of a path decides anything. Owners (as numbers), modes, times and symbolic links are kept;
/// devices, sockets, access lists and extended attributes are not copied.
///
/// The plan shows how many files and bytes are to be sent and what is to be deleted. The machines talk to
/// each other directly, with a key that may write this one path, and that is gone when the copy is done.
/// A copy that breaks off goes on where it stopped. Afterwards both sides are compared once more, and
/// nothing may be different unless that is allowed. When nothing is different beforehand, nothing is done.
///
/// What is replaced or deleted is kept aside, so that a rollback restores the destination; what was
/// written there meanwhile is then itself moved aside, into the run's folder on that host.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rsync {
    /// Host that has it.
    from: HostName,
    /// File or folder to copy.
    path: RemotePath,
    /// Host that gets it; may be the same one, with another path.
    to: HostName,
    /// Where it goes on `to`. Default: the same path.
    #[serde(default)]
    at: Option<RemotePath>,
    /// Whether what only `to` has in the folder is deleted.
    #[serde(default)]
    delete: bool,
    /// Patterns of rsync, such as `*.log` or `/cache/`: what fits is neither copied nor deleted.
    #[serde(default)]
    exclude: Vec<String>,
    /// How many files and folders may be deleted; with more the call is refused. Default: 100.
    #[serde(default = "a_hundred")]
    max_delete: u64,
    /// Whether contents are compared. Default: sizes and times are.
    #[serde(default)]
    checksum: bool,
    /// At most so many KiB a second.
    #[serde(default)]
    limit: Option<u64>,
    /// Whether what symbolic links point at is copied, not the links.
    #[serde(default)]
    copy_links: bool,
    /// Whether `from` may be written to while it is copied: files may vanish, and what changes behind a pass stays
    /// different, for a later call to copy. Default: only a look that finds nothing ends the call well.
    #[serde(default)]
    allow_changes: bool,
    /// Whether files may vanish on `from` while they are copied.
    #[serde(default)]
    allow_vanished: bool,
    /// `here`: through the operator's machine, when the two cannot reach each other. Nothing is stored
    /// on it. Default: directly.
    #[serde(default)]
    via: Option<Via>,
    /// How long it may take, as a text with a unit.
    #[serde(default = "a_day")]
    timeout: Duration,
}

/// The way a copy takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Via {
    Here,
}

fn a_hundred() -> u64 {
    100
}
fn a_day() -> Duration {
    Duration::hours(24)
}

/// Folders in which nothing may be deleted by comparison with another machine.
const DANGEROUS: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/var/lib/mig",
    "/var/log",
    "/var/run",
    "/var/spool",
    "/var/tmp",
];

impl Args for Rsync {
    const NAME: &'static str = "rsync";
    const POSITIONAL: &'static [&'static str] = &["from", "path", "to"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.rsync("/srv/app", dest)"#,
            given: &[
                Given::File("source: /srv/app/a", "12345\n"),
                Given::File("source: /srv/app/b", "1\n"),
                Given::File("dest: /srv/app/b", "1\n"),
            ],
            does: &["dest: make /srv/app equal /srv/app of source (1 file, 6 bytes)"],
            undo: &["dest: make /srv/app what it was"],
            gives: "",
        },
        Example {
            script: r#"source.rsync("/srv/app", dest, #{ at: "/srv/app-2", delete: true, exclude: ["*.log"], via: "here" })"#,
            given: &[
                Given::File("source: /srv/app/a", "12345\n"),
                Given::File("dest: /srv/app-2/old", "x\n"),
                Given::Exits("dest: mountpoint -q -- /srv/app-2", 32),
            ],
            does: &["dest: make /srv/app-2 equal /srv/app of source (1 file, 6 bytes; deletes 1: old)"],
            undo: &["dest: make /srv/app-2 what it was"],
            gives: "",
        },
        Example {
            script: r#"source.rsync("/srv/app", dest)"#,
            given: &[Given::File("source: /srv/app/a", "1\n"), Given::File("dest: /srv/app/a", "1\n")],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for Rsync {
    const GIVES: &'static str =
        "a map: `files`, `bytes` and `deletions` of what was done; unknown when nothing was different";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let at = self.at.as_ref().unwrap_or(&self.path);
        self.is_not_itself(at, look)?;
        let is_folder = self.kind(look)?;
        self.fits(at, is_folder, look)?;
        if self.delete {
            self.may_delete(at, is_folder, look)?;
        }
        let mut sync = self.sync(at, is_folder);
        sync.differs = look.differences(&sync)?;
        if sync.differs.is_none() {
            return Ok(Plan::Already);
        }
        if sync.differs.deletions > self.max_delete {
            let names = sync.differs.first.join("\n  ");
            let n = sync.differs.deletions;
            return Err(Failure::new(format!(
                "rsync: {n} files and folders of {at} on {} would be deleted, and at most {} may be; the first of them:\n  {names}",
                self.to, self.max_delete
            ))
            .hint(format!("look whether {} is the right folder of {}; to allow it: max_delete: {n}", self.path, self.from))
            .into());
        }
        let undo = Undo::By(vec![Deed::Unsync(sync.reversed())]);
        Ok(Plan::Do(vec![Step { deed: Deed::Sync(Box::new(sync)), undo }]))
    }

    /// The deed itself looks again, and ends only when nothing is different.
    fn patience_ms(&self) -> Option<u64> {
        None
    }
}

impl Rsync {
    fn sync(&self, at: &RemotePath, is_folder: bool) -> Sync {
        Sync {
            from: self.from.clone(),
            path: self.path.clone(),
            to: self.to.clone(),
            at: at.clone(),
            is_folder,
            delete: self.delete,
            max_delete: self.delete.then_some(self.max_delete),
            exclude: self.exclude.clone(),
            checksum: self.checksum,
            limit: self.limit,
            copy_links: self.copy_links,
            allow_changes: self.allow_changes,
            allow_vanished: self.allow_vanished || self.allow_changes,
            via_here: self.via.is_some(),
            timeout_ms: self.timeout.ms(),
            differs: Differences::default(),
        }
    }

    /// Two names of one machine are one machine, and a folder inside another grows for ever.
    fn is_not_itself(&self, at: &RemotePath, look: &dyn Look) -> Outcome<()> {
        if self.from != self.to {
            let (a, b) = (look.machine(&self.from)?, look.machine(&self.to)?);
            if a.boot_id != b.boot_id || a.machine_id != b.machine_id {
                return Ok(());
            }
        }
        let inside = |inner: &RemotePath, outer: &RemotePath| inner.as_ref().starts_with(&format!("{outer}/"));
        let (path, to) = (&self.path, &self.to);
        let hint = format!("it would be: {}:{path} -> {to}:{at}, on one machine", self.from);
        if path == at {
            return Err(Failure::new(format!("rsync: {at} on {to} would be copied onto itself")).hint(hint).into());
        }
        if inside(at, path) {
            return Err(Failure::new(format!("rsync: {at} lies inside {path}, and would be copied into itself"))
                .hint(hint)
                .into());
        }
        if self.delete && inside(path, at) {
            return Err(Failure::new(format!("rsync: {path} lies inside {at}, and delete: true would delete it"))
                .hint(hint)
                .into());
        }
        Ok(())
    }

    /// Whether it is a folder.
    fn kind(&self, look: &dyn Look) -> Outcome<bool> {
        let (path, from) = (&self.path, &self.from);
        match look.find(from, path)? {
            Found::File(_) => Ok(false),
            Found::Folder { .. } => Ok(true),
            Found::Nothing => failed(format!("rsync: there is no file or folder {path} on {from}")),
            Found::Link { target } => {
                Err(Failure::new(format!("rsync: {path} on {from} is a symbolic link to {target}"))
                    .hint("give the path of what it points at")
                    .into())
            }
            Found::Other { what } => failed(format!("rsync: {path} on {from} is neither file nor folder, but {what}")),
        }
    }

    fn fits(&self, at: &RemotePath, is_folder: bool, look: &dyn Look) -> Outcome<()> {
        let (path, to) = (&self.path, &self.to);
        let wrong = |what: &str| {
            let kind = if is_folder { "folder" } else { "file" };
            let example = format!("{path}/x would become {at}/x: the contents go onto the contents");
            let message = format!("rsync: {path} is a {kind}, but {at} on {to} is {what}");
            let hint = if is_folder {
                example
            } else {
                format!("give the path of the file: at: \"{at}/{}\"", path.file_name())
            };
            Err(Failure::new(message).hint(hint).into())
        };
        match (look.find(to, at)?, is_folder) {
            (Found::Nothing, _) => needs_folder(to, at, look),
            (Found::Folder { .. }, true) | (Found::File(_), false) => Ok(()),
            (Found::Folder { .. }, false) => wrong("a folder"),
            (Found::File(_), true) => wrong("a file"),
            (Found::Link { target }, _) => {
                wrong(&format!("a symbolic link to {target}, which is neither followed nor replaced"))
            }
            (Found::Other { what }, _) => wrong(&what),
        }
    }

    fn may_delete(&self, at: &RemotePath, is_folder: bool, look: &dyn Look) -> Outcome<()> {
        let to = &self.to;
        let no = |why: String| {
            Err(Failure::new(format!("rsync: delete: true is refused for {at} on {to}: {why}"))
                .hint("name the folder inside it that is meant, or leave `delete` out")
                .into())
        };
        if !is_folder {
            return failed(format!("rsync: delete: {} is a file; only a folder has anything to delete", self.path));
        }
        if DANGEROUS.contains(&at.as_ref()) {
            return no("it belongs to the system".into());
        }
        if look.machine(to)?.home == at.as_ref() {
            return no("it is the home folder of the user that commands run as".into());
        }
        if look.run(to, &Command::argv(["mountpoint", "-q", "--", at.as_ref()]), 30_000)?.code == 0 {
            return no("a file system is mounted there".into());
        }
        Ok(())
    }
}
