//! The journal's file: opened, checked, its format known; and who holds a run.

use super::{NewRun, Record, RunRow};
use crate::error::{Error, Result};
use rusqlite::{Connection, OpenFlags, params};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The format this binary writes. It reads all older ones.
const FORMAT: i64 = 1;
/// "mig1" as a number: tells a journal from any other SQLite file.
const APPLICATION: i64 = 0x6d69_6731;
const SCHEMA: &str = include_str!("schema.sql");
/// WAL needs shared memory and working locks: file systems over a network have neither.
/// The magic numbers of statfs(2), with what the kernel calls them.
const NETWORK: &[(i64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
];

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// The journal: `journal.db` in the state folder.
pub struct Journal {
    pub(super) db: Connection,
    pub state: PathBuf,
}

/// A run held by this process, until dropped. Another process is told who holds it.
pub struct Held {
    _file: File,
}

impl Journal {
    /// Opens it, making folder and file when they are missing.
    ///
    /// # Errors
    /// The folder is not ours, is on a network file system, or the file is damaged, newer than
    /// this binary, or no journal at all.
    pub fn open(state: &Path) -> Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(state).or_else(|e| {
            Error::bad_input(format!("{} cannot be made: {e}", state.display()))
                .hint("runs are kept there; say where else: export MIG_STATE=/path/of/a/folder")
                .err()
        })?;
        check_folder(state)?;
        let path = state.join("journal.db");
        if !path.exists() {
            make(&path)?;
        }
        let db = connect(&path)?;
        check_file(&db, &path)?;
        Ok(Journal { db, state: state.into() })
    }

    /// Begins a run: pins everything it depends on, on disk, and gives its record.
    ///
    /// # Errors
    /// The disk.
    pub fn begin(&self, run: &NewRun) -> Result<Record> {
        let write = || -> rusqlite::Result<()> {
            self.db.execute_batch("begin immediate")?;
            self.db.execute(
                "insert into run(id,playbook,file,state,params,inventory,inventory_file,lab,version,began_ms) \
                 values(?,?,?,'running',?,?,?,?,?,?)",
                params![
                    run.id,
                    run.playbook,
                    run.file,
                    run.params.to_string(),
                    run.inventory,
                    run.inventory_file,
                    run.lab,
                    env!("CARGO_PKG_VERSION"),
                    now_ms()
                ],
            )?;
            for (name, file, text) in &run.scripts {
                self.db.execute(
                    "insert into script(run,name,file,text) values(?,?,?,?)",
                    params![run.id, name, file, text],
                )?;
            }
            self.db.execute_batch("commit")
        };
        write().or_else(|e| {
            let _ = self.db.execute_batch("rollback");
            Error::new(crate::error::Kind::StepFailed, format!("cannot write the journal: {e}"))
                .hint(format!("nothing was sent to any host; free space in {}", self.state.display()))
                .err()
        })?;
        self.record(&run.id)
    }

    /// The record of a run, to go on writing it.
    ///
    /// # Errors
    /// The file cannot be opened a second time.
    pub fn record(&self, run: &str) -> Result<Record> {
        let last: i64 = self
            .db
            .query_row(
                "select max(ifnull((select max(seq) from call where run=?1),0), \
                            ifnull((select max(at) from deed where run=?1),0), \
                            ifnull((select max(n) from moment where run=?1),0))",
                params![run],
                |r| r.get(0),
            )
            .or_else(|e| refuse(&self.state, &e.to_string()))?;
        let db = connect(&self.state.join("journal.db"))?;
        Record::start(run, db, last).or_else(|e| refuse(&self.state, &e.to_string()))
    }

    /// Holds a run for this process. `what`: the command, for whoever is refused.
    ///
    /// # Errors
    /// Another process holds it: who, and since when.
    pub fn hold(&self, run: &RunRow, what: &str) -> Result<Held> {
        self.hold_named(&run.id, what)
    }

    /// The same by id, for a run that is about to begin.
    ///
    /// # Errors
    /// Another process holds it.
    pub fn hold_named(&self, run: &str, what: &str) -> Result<Held> {
        let folder = self.run_folder(run)?;
        let path = folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .or_else(|e| refuse(&path, &e.to_string()))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut who = String::new();
            let _ = file.read_to_string(&mut who);
            return Error::new(crate::error::Kind::LockHeld, format!("run {run} is held by {}", who.trim()))
                .hint("wait for it, or stop that process; the lock goes with it")
                .err();
        }
        let since = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M:%S %Z");
        let _ = file.set_len(0).and_then(|()| file.rewind());
        let _ = writeln!(file, "mig pid {} ({what}) since {since}", std::process::id());
        Ok(Held { _file: file })
    }

    /// Whether another process executes it now.
    #[must_use]
    pub fn is_held(&self, run: &str) -> bool {
        let path = self.state.join("runs").join(run).join("lock");
        File::open(path).is_ok_and(|f| flock(&f, FlockOperation::NonBlockingLockExclusive).is_err())
    }

    /// The folder of a run on this machine, made when missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn run_folder(&self, run: &str) -> Result<PathBuf> {
        let folder = self.state.join("runs").join(run);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .or_else(|e| refuse(&folder, &format!("cannot be made: {e}")))?;
        Ok(folder)
    }

    /// A consistent copy: never copy the file itself, what is still in its log would be missing.
    ///
    /// # Errors
    /// The target exists, or the disk.
    pub fn export(&self, to: &Path) -> Result<()> {
        if to.exists() {
            return Error::bad_input(format!("{} exists", to.display())).hint("choose another name").err();
        }
        self.db
            .execute("vacuum into ?", params![to.to_string_lossy()])
            .map(drop)
            .or_else(|e| refuse(to, &e.to_string()))
    }
}

/// Makes an empty journal whole, or not at all: a process that dies in between leaves a file of
/// another name, never half a journal. When several make it at once, one of theirs is taken.
fn make(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let new = tempfile::Builder::new().prefix("journal.").suffix(".new").tempfile_in(folder);
    let new = new.or_else(|e| refuse(path, &format!("cannot be made: {e}")))?;
    let fill = || -> rusqlite::Result<()> {
        let db = Connection::open_with_flags(new.path(), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        db.execute_batch(&format!(
            "begin immediate; pragma application_id={APPLICATION}; pragma user_version={FORMAT}; {SCHEMA}; commit"
        ))
    };
    fill().or_else(|e| refuse(path, &format!("cannot be made: {e}")))?;
    match new.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(_) if path.exists() => Ok(()),
        Err(e) => refuse(path, &format!("cannot be made: {}", e.error)),
    }
}

fn has_tables(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("select count(*) from sqlite_master where name='run'", [], |r| r.get::<_, i64>(0)).map(|n| n > 0)
}

fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let db = Connection::open_with_flags(path, flags)?;
        db.busy_timeout(Duration::from_secs(10))?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "synchronous", "full")?;
        db.pragma_update(None, "foreign_keys", "on")?;
        Ok(db)
    };
    open().or_else(|e| {
        Error::bad_input(format!("{} cannot be opened: {e}", path.display()))
            .hint("is the disk full, or read-only? The journal needs room before anything is sent to a host")
            .err()
    })
}

fn check_folder(state: &Path) -> Result<()> {
    let meta = fs::symlink_metadata(state).or_else(|e| refuse(state, &e.to_string()))?;
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        return refuse(state, &format!("belongs to uid {}, and this is uid {me}", meta.uid()));
    }
    if meta.mode() & 0o077 != 0 {
        return Error::bad_input(format!("{} has mode {:04o}; it must be 0700", state.display(), meta.mode() & 0o7777))
            .hint(format!("chmod 700 {}", state.display()))
            .err();
    }
    let fs = rustix::fs::statfs(state).or_else(|e| refuse(state, &e.to_string()))?;
    #[allow(clippy::unnecessary_cast, reason = "its width differs between machines")]
    refuse_network(state, fs.f_type as i64)?;
    Ok(())
}

/// `kind`: what statfs(2) says of the folder, whose upper half some machines fill with its sign.
fn refuse_network(state: &Path, kind: i64) -> Result<()> {
    match NETWORK.iter().find(|(magic, _)| kind & 0xffff_ffff == *magic) {
        None => Ok(()),
        Some((_, name)) => Error::bad_input(format!("{} is on a network file system ({name})", state.display()))
            .hint("the journal needs a local disk: set MIG_STATE to a folder there")
            .err(),
    }
}

fn check_file(db: &Connection, path: &Path) -> Result<()> {
    let number = |pragma: &str| db.query_row(&format!("pragma {pragma}"), [], |r| r.get::<_, i64>(0));
    let known = || -> rusqlite::Result<(i64, i64, String)> {
        let whole: String = db.query_row("pragma quick_check(1)", [], |r| r.get(0))?;
        Ok((number("application_id")?, number("user_version")?, whole))
    };
    let (application, format, whole) = known().or_else(|e| damaged(path, &e.to_string()))?;
    if whole != "ok" {
        return damaged(path, &whole);
    }
    let page = number("page_size").or_else(|e| damaged(path, &e.to_string()))?.unsigned_abs();
    let length = path.metadata().map(|m| m.len()).or_else(|e| refuse(path, &e.to_string()))?;
    if page == 0 || length % page != 0 {
        return damaged(path, &format!("its {length} bytes are no whole number of pages; it was cut"));
    }
    if application == 0 && !has_tables(db).unwrap_or(true) {
        return Error::bad_input(format!("{} holds nothing: was it copied without its -wal file?", path.display()))
            .hint("put both files back, or a copy made with `mig journal export`; only that is a whole journal")
            .hint("or move the file away to begin a new journal")
            .err();
    }
    if application != APPLICATION {
        return refuse(path, "is not a journal of mig");
    }
    if format > FORMAT {
        return Error::bad_input(format!(
            "{} has format {format}; this mig ({}) knows formats up to {FORMAT}",
            path.display(),
            env!("CARGO_PKG_VERSION")
        ))
        .hint("use the mig that wrote it, or a newer one")
        .err();
    }
    Ok(())
}

fn damaged<T>(path: &Path, why: &str) -> Result<T> {
    Error::bad_input(format!("{} is damaged: {why}", path.display()))
        .hint("nothing was sent to any host")
        .hint("put back a copy made with `mig journal export`, or move the file away to begin a new journal")
        .err()
}

fn refuse<T>(path: &Path, why: &str) -> Result<T> {
    Error::bad_input(format!("{} {why}", path.display())).err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_8_a_state_folder_on_a_network_file_system_is_refused_by_what_the_kernel_calls_it() {
        let state = Path::new("/home/ann/.local/state/mig");
        for (kind, name) in [(0x6969, "NFS"), (0xff53_4d42, "CIFS"), (0xff53_4d42_u32 as i32 as i64, "CIFS")] {
            let error = refuse_network(state, kind).unwrap_err();
            assert!(error.message.contains(&format!("is on a network file system ({name})")), "{}", error.message);
            assert!(error.hints[0].contains("MIG_STATE"));
        }
        // ext4, xfs, btrfs, tmpfs, overlay, zfs.
        for local in [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert!(refuse_network(state, local).is_ok(), "{local:x}");
        }
    }
}
