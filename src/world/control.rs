//! The folder of the control sockets: private, and with a path short enough for a socket.

use crate::error::{Error, Result};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest path a control folder may have: a socket's path has 108 bytes; the openssh crate
/// adds 29, ssh itself 17 while it binds, and one ends it.
const LONGEST: usize = 61;
/// A folder that is younger may be in the making.
const OLD: Duration = Duration::from_secs(600);

/// Makes the folder: `$XDG_RUNTIME_DIR/mig/RUN-XXXXXX`, or one in the folder for temporary files.
pub fn make(run: &str) -> Result<tempfile::TempDir> {
    let short: String = run.chars().take(8).collect();
    let mut tried = vec![];
    for base in [runtime_folder(), Some(std::env::temp_dir()), Some(PathBuf::from("/tmp"))].into_iter().flatten() {
        let length = length_in(&base, &short);
        if length > LONGEST {
            tried.push(format!("{} would make {length} bytes", base.display()));
            continue;
        }
        sweep(&base);
        // Private from the first moment, under a name that nobody can foresee.
        let mode = fs::Permissions::from_mode(0o700);
        match tempfile::Builder::new().prefix(&format!("mig-{short}-")).permissions(mode).tempdir_in(&base) {
            Ok(folder) => return Ok(folder),
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

/// Removes the folders of runs that were killed: ours, old enough, and nobody listens there.
fn sweep(base: &Path) {
    let uid = rustix::process::getuid().as_raw();
    for folder in fs::read_dir(base).into_iter().flatten().flatten() {
        let name = folder.file_name();
        let name = name.to_string_lossy();
        let is_named =
            name.len() == "mig-12345678-XXXXXX".len() && name.starts_with("mig-") && name.as_bytes()[12] == b'-';
        let is_old = |m: &fs::Metadata| m.modified().is_ok_and(|t| t.elapsed().is_ok_and(|age| age > OLD));
        let is_ours =
            folder.metadata().is_ok_and(|m| m.is_dir() && m.uid() == uid && m.mode() & 0o777 == 0o700 && is_old(&m));
        if !is_named || !is_ours {
            continue;
        }
        let mut inside = fs::read_dir(folder.path()).into_iter().flatten().flatten();
        if !inside.any(|entry| UnixStream::connect(entry.path().join("master")).is_ok()) {
            let _ = fs::remove_dir_all(folder.path());
        }
    }
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
        let base = folder.path().parent().unwrap();
        assert_eq!(folder.path().as_os_str().len(), length_in(base, "7f3a00aa"));
        assert!(folder.path().as_os_str().len() <= LONGEST);
        assert_eq!(fs::metadata(folder.path()).unwrap().mode() & 0o777, 0o700);
        assert!(length_in(Path::new(&"/x".repeat(30)), "7f3a00aa") > LONGEST);
    }
}
