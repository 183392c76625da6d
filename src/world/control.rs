//! The folder of the control sockets: private, and with a path short enough for a socket.
//!
//! A process that was killed leaves its folder and, for a minute, the ssh masters in it. The next
//! one ends and removes them: it knows them by a lock that the kernel gave back.

use crate::error::{Error, Result};
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The longest path a control folder may have: a socket's path has 108 bytes; the openssh crate
/// adds 29, ssh itself 17 while it binds, and one ends it.
const LONGEST: usize = 61;

/// What a process holds as long as it lives.
const ALIVE: &str = "alive";

/// The folder, as long as this process lives.
pub struct Control {
    folder: tempfile::TempDir,
    _alive: File,
}

impl Control {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes the folder: `$XDG_RUNTIME_DIR/mig/RUN-XXXXXX`, or one in the folder for temporary files.
pub fn make(run: &str) -> Result<Control> {
    let short: String = run.chars().take(8).collect();
    let mut tried = vec![];
    let tmp = || Some(PathBuf::from("/tmp"));
    for base in [runtime_folder(), Some(std::env::temp_dir()), tmp(), tmp()].into_iter().flatten() {
        let length = length_in(&base, &short);
        if length > LONGEST {
            tried.push(format!("{} would make {length} bytes", base.display()));
            continue;
        }
        // Private from the first moment, under a name that nobody can foresee.
        let mode = fs::Permissions::from_mode(0o700);
        match tempfile::Builder::new().prefix(&format!("mig-{short}-")).permissions(mode).tempdir_in(&base) {
            Ok(folder) => {
                sweep(&base);
                match hold(folder.path()) {
                    Ok(_alive) => return Ok(Control { folder, _alive }),
                    Err(e) => tried.push(format!("{}: {e}", folder.path().display())),
                }
            }
            Err(e) => tried.push(format!("{}: {e}", base.display())),
        }
    }
    Error::bad_input(format!(
        "no folder for the control sockets of ssh, whose path may have at most {LONGEST} bytes: {}",
        tried.join("; ")
    ))
    .hint("set TMPDIR or XDG_RUNTIME_DIR to a folder with a short path")
    .err()
}

fn hold(folder: &Path) -> std::io::Result<File> {
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join(ALIVE))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    // Between the two, another process may have taken it for one that nobody holds, and removed it.
    let (held, there) = (file.metadata()?, fs::metadata(folder.join(ALIVE))?);
    if held.ino() != there.ino() {
        return Err(std::io::Error::other("it was removed while it was made"));
    }
    Ok(file)
}

/// Removes the folders of processes that are gone, and ends what their masters still hold open.
fn sweep(base: &Path) {
    let uid = rustix::process::getuid().as_raw();
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let is_ours = fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir() && m.uid() == uid && m.mode() & 0o077 == 0);
        if !is_ours || !is_a_name(&name.to_string_lossy()) {
            continue;
        }
        // Without the file it is being made just now, or is nothing of ours.
        let Ok(alive) = File::open(path.join(ALIVE)) else { continue };
        if flock(&alive, FlockOperation::NonBlockingLockExclusive).is_err() {
            continue;
        }
        for socket in sockets(&path) {
            end_master(&socket);
        }
        let _ = fs::remove_dir_all(&path);
    }
}

/// `mig-`, eight letters or digits, and what made the name unknown beforehand.
fn is_a_name(name: &str) -> bool {
    let Some((run, random)) = name.strip_prefix("mig-").and_then(|n| n.split_once('-')) else { return false };
    let plain = |t: &str| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric());
    run.len() <= 8 && plain(run) && plain(random)
}

fn sockets(folder: &Path) -> Vec<PathBuf> {
    let below = |at: &Path| fs::read_dir(at).into_iter().flatten().flatten().map(|e| e.path()).collect::<Vec<_>>();
    let is_socket = |p: &PathBuf| fs::symlink_metadata(p).is_ok_and(|m| m.file_type().is_socket());
    below(folder).iter().flat_map(|p| below(p)).filter(is_socket).collect()
}

/// Asks a master to end, by its socket. One that is gone already does not answer.
fn end_master(socket: &Path) {
    if std::os::unix::net::UnixStream::connect(socket).is_err() {
        return;
    }
    let mut ssh = std::process::Command::new("ssh");
    ssh.args(["-F", "none", "-o", "BatchMode=yes", "-O", "exit", "-S"]).arg(socket).args(["--", "mig"]);
    let null = std::process::Stdio::null;
    let _ = ssh.stdin(null()).stdout(null()).stderr(null()).status();
}

/// The length of the path of a folder made in `base`.
fn length_in(base: &Path, short: &str) -> usize {
    base.as_os_str().len() + "/mig--XXXXXX".len() + short.len()
}

/// `$XDG_RUNTIME_DIR/mig`, if it is ours and private.
fn runtime_folder() -> Option<PathBuf> {
    let base = PathBuf::from(std::env::var_os("XDG_RUNTIME_DIR")?);
    let uid = rustix::process::getuid().as_raw();
    let is_ours =
        |p: &Path| fs::symlink_metadata(p).is_ok_and(|m| m.is_dir() && m.uid() == uid && m.mode() & 0o022 == 0);
    let folder = base.join("mig");
    if !base.is_absolute() || !is_ours(&base) {
        return None;
    }
    let made = fs::DirBuilder::new().mode(0o700).create(&folder);
    (made.is_ok() || is_ours(&folder)).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_known_beforehand() {
        let folder = make("7f3a00aa11").unwrap();
        assert!(is_a_name(&folder.path().file_name().unwrap().to_string_lossy()));
        let base = folder.path().parent().unwrap();
        assert_eq!(folder.path().as_os_str().len(), length_in(base, "7f3a00aa"));
        assert!(folder.path().as_os_str().len() <= LONGEST);
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
        assert!(length_in(Path::new(&"/x".repeat(30)), "7f3a00aa") > LONGEST);
    }

    #[test]
    fn what_the_dead_left_is_removed_and_the_living_keep_theirs() {
        let base = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = base.path().join(name);
            fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
            path
        };
        let (living, dead) = (folder("mig-7f3a00aa-abcdef"), folder("mig-7f3a00ab-abcdef"));
        let (young, other) = (folder("mig-7f3a00ac-abcdef"), folder("migrations"));
        let held = hold(&living).unwrap();
        drop(hold(&dead).unwrap());
        fs::write(other.join(ALIVE), "").unwrap();
        sweep(base.path());
        assert!(living.exists() && young.exists() && other.exists() && !dead.exists());
        drop(held);
        sweep(base.path());
        assert!(!living.exists());
    }
}
