//! Reading files of the operator's machine: playbooks, inventories.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Reads a text of at most so many bytes. `Ok(None)`: nothing lies there.
///
/// # Errors
/// A folder, a file that cannot be read, one that is too large, or one that is not UTF-8.
pub fn find_text(path: &Path, limit: u64) -> Result<Option<String>> {
    let Some(bytes) = find_bytes(path, limit)? else { return Ok(None) };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(e) => {
            let valid = e.utf8_error().valid_up_to();
            let line = 1 + e.as_bytes().iter().take(valid).filter(|b| **b == b'\n').count();
            Error::bad_input(format!("{}: is not UTF-8 (line {line}, byte {valid})", path.display()))
                .hint("convert it: iconv -t UTF-8")
                .err()
        }
    }
}

/// Reads the bytes of a file of at most so many. `Ok(None)`: nothing lies there.
///
/// # Errors
/// A folder, a file that cannot be read, or one that is too large.
pub fn find_bytes(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let shown = path.display();
    let cannot = |what: String| Error::bad_input(format!("{shown}: {what}"));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return cannot(format!("cannot be read: {}", why(&e))).hint(format!("see: ls -l {shown}")).err(),
    };
    let meta = file.metadata().map_err(|e| Box::new(cannot(format!("cannot be read: {}", why(&e)))))?;
    if meta.is_dir() {
        return cannot("is a folder, not a file".into()).err();
    }
    let mut bytes = vec![];
    // One byte more than allowed tells a file that is too large; a device has no size to ask for.
    match file.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
        Err(e) => cannot(format!("cannot be read: {}", why(&e))).err(),
        Ok(_) if bytes.len() as u64 > limit => {
            cannot(format!("is larger than {limit} bytes; is it the right file?")).err()
        }
        Ok(_) => Ok(Some(bytes)),
    }
}

/// Writes a text that somebody asked for into a file that was not there.
///
/// # Errors
/// It is there, or cannot be written.
pub fn write_new(path: &Path, text: &str) -> Result<()> {
    made(path, text, 0o666)
}

/// The same for what is meant for this user alone. Never through a link: whatever bears the name is
/// in the way.
///
/// # Errors
/// As [`write_new`].
pub fn write_private(path: &Path, text: &str) -> Result<()> {
    made(path, text, 0o600)
}

fn made(path: &Path, text: &str, mode: u32) -> Result<()> {
    let shown = path.display();
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    let written = made.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    match written {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {
            Error::bad_input(format!("{shown}: is there already, and is not overwritten"))
                .hint("choose another name")
                .err()
        }
        Err(e) => Error::bad_input(format!("{shown}: cannot be written: {}", why(&e))).err(),
    }
}

/// Whether anything bears this name, be it a link that leads nowhere.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// A file that is to be made below a folder.
pub struct Planted {
    /// From the folder, with `/`.
    pub path: String,
    pub bytes: Vec<u8>,
    pub executable: bool,
}

/// Makes files that are not there, and the folders they need: all of them, or none.
///
/// # Errors
/// One is there, or cannot be written; what was made until then is gone again.
pub fn plant(folder: &Path, files: &[Planted]) -> Result<()> {
    let mut made = vec![];
    let written = plant_all(folder, files, &mut made);
    if written.is_err() {
        for path in made.iter().rev() {
            // A folder that somebody else has put something into stays.
            let _ = if path.is_dir() { std::fs::remove_dir(path) } else { std::fs::remove_file(path) };
        }
    }
    written
}

fn plant_all(folder: &Path, files: &[Planted], made: &mut Vec<PathBuf>) -> Result<()> {
    for file in files {
        let path = folder.join(&file.path);
        let missing: Vec<&Path> =
            path.ancestors().skip(1).take_while(|p| !p.as_os_str().is_empty() && !p.exists()).collect();
        for above in missing.into_iter().rev() {
            std::fs::create_dir(above).or_else(|e| cannot_write(above, &e))?;
            made.push(above.into());
        }
        let mode = if file.executable { 0o777 } else { 0o666 };
        let mut open = std::fs::OpenOptions::new();
        let mut new = open.write(true).create_new(true).mode(mode).open(&path).or_else(|e| cannot_write(&path, &e))?;
        made.push(path.clone());
        std::io::Write::write_all(&mut new, &file.bytes).or_else(|e| cannot_write(&path, &e))?;
    }
    Ok(())
}

fn cannot_write<T>(path: &Path, e: &std::io::Error) -> Result<T> {
    Error::bad_input(format!("{}: cannot be written: {}", path.display(), why(e))).err()
}

/// The files below a folder, by their paths from it, sorted; links are not followed.
pub fn files_below(folder: &Path) -> Vec<String> {
    let mut all = vec![];
    let mut open = vec![String::new()];
    while let Some(at) = open.pop() {
        for name in names_in(&folder.join(&at)) {
            let path = if at.is_empty() { name } else { format!("{at}/{name}") };
            match folder.join(&path).symlink_metadata() {
                Ok(m) if m.is_dir() => open.push(path),
                Ok(m) if m.is_file() => all.push(path),
                _ => {}
            }
        }
    }
    all.sort();
    all
}

/// What lies at the path of a private key.
pub enum KeyFile {
    Folder,
    File { mode: u32, bytes: Vec<u8> },
}

/// Looks at the file of a private key. `Ok(None)`: nothing lies there.
///
/// # Errors
/// Why it cannot be read, as the system says it.
pub fn private_key(path: &Path, limit: u64) -> std::result::Result<Option<KeyFile>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(why(&e)),
    };
    let meta = file.metadata().map_err(|e| why(&e))?;
    if meta.is_dir() {
        return Ok(Some(KeyFile::Folder));
    }
    let mut bytes = vec![];
    file.take(limit).read_to_end(&mut bytes).map_err(|e| why(&e))?;
    Ok(Some(KeyFile::File { mode: meta.mode() & 0o7777, bytes }))
}

/// The same where the file must be there.
///
/// # Errors
/// As [`find_text`], and when nothing lies there.
pub fn read_text(path: &Path, limit: u64) -> Result<String> {
    match find_text(path, limit)? {
        Some(text) => Ok(text),
        None => Error::bad_input(format!("{}: no such file", path.display())).err(),
    }
}

/// A file to which a process that is started writes, behind what is there; it is made where it is not.
///
/// # Errors
/// It cannot be opened.
pub fn sink(path: &Path) -> Result<Stdio> {
    let file = File::options().append(true).create(true).open(path);
    file.map(Stdio::from)
        .map_err(|e| Box::new(Error::bad_input(format!("{}: cannot be written to: {}", path.display(), why(&e)))))
}

/// Removes a file, if it is there.
///
/// # Errors
/// It cannot be removed.
pub fn clear_file(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => {
            Error::bad_input(format!("{}: cannot be removed: {}", path.display(), why(&e))).err()
        }
        _ => Ok(()),
    }
}

/// Empties a folder, but for what bears one of these names.
///
/// # Errors
/// Something in it cannot be removed.
pub fn clear(folder: &Path, but: &[&str]) -> Result<()> {
    for name in names_in(folder).iter().filter(|n| !but.contains(&n.as_str())) {
        let path = folder.join(name);
        let is_folder = path.symlink_metadata().is_ok_and(|m| m.is_dir());
        let gone = if is_folder { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        if let Err(e) = gone
            && e.kind() != ErrorKind::NotFound
        {
            return Error::bad_input(format!("{}: cannot be removed: {}", path.display(), why(&e))).err();
        }
    }
    Ok(())
}

/// The names of what lies in a folder, sorted; none when there is no such folder.
pub fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// What the system says, without the number it appends.
fn why(e: &std::io::Error) -> String {
    match e.kind() {
        ErrorKind::PermissionDenied => "permission denied".into(),
        _ => e.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        let says = |path: &Path| read_text(path, 100).unwrap_err().message;
        assert_eq!(read_text(&file("good", "é\n".as_bytes()), 100).unwrap(), "é\n");
        assert!(says(folder.path()).ends_with("is a folder, not a file"));
        assert!(says(&file("large", &[b'x'; 101])).contains("larger than 100 bytes"));
        assert!(says(&file("latin1", b"one\ncaf\xe9\n")).ends_with("is not UTF-8 (line 2, byte 7)"));
        assert!(says(&folder.path().join("none")).ends_with("no such file"));
        assert!(find_text(&folder.path().join("none"), 1).unwrap().is_none());
        assert_eq!(names_in(folder.path()), ["good", "large", "latin1"]);
    }
}
