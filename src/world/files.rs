//! Files of the operator's machine that are text: playbooks, inventories, labs.

use crate::error::{Error, Result};
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Reads a text of at most `limit` bytes: UTF-8, without NUL; a byte order mark is dropped.
///
/// # Errors
/// Says which of these does not hold, and for a missing file that it is missing.
pub fn read_text(path: &Path, limit: u64) -> Result<String> {
    let name = path.display();
    let cannot = |e: std::io::Error| match e.kind() {
        ErrorKind::NotFound => Error::bad_input(format!("{name} does not exist")),
        ErrorKind::IsADirectory => Error::bad_input(format!("{name} is a folder, not a file")),
        _ => Error::bad_input(format!("{name} cannot be read: {e}")),
    };
    let file = fs::File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.is_dir() {
        return Error::bad_input(format!("{name} is a folder, not a file")).err();
    }
    let mut bytes = vec![];
    file.take(limit + 1).read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > limit {
        return Error::bad_input(format!("{name} is larger than {limit} bytes")).err();
    }
    text_of(bytes).or_else(|why| Error::bad_input(format!("{name} {why}")).err())
}

/// The text in these bytes, or why they are none.
fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("is UTF-16; save it as UTF-8".into());
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let at = e.utf8_error().valid_up_to();
        let line = e.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
        format!("is not UTF-8: see line {line}, byte {at}")
    })?;
    if let Some(at) = text.find('\0') {
        let line = text[..at].matches('\n').count() + 1;
        return Err(format!("has a NUL character in line {line}; it is not a text"));
    }
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The files and folders in a folder, sorted by name.
///
/// # Errors
/// Says that the folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |e: std::io::Error| Error::bad_input(format!("{} cannot be read: {e}", folder.display()));
    let mut all = vec![];
    for entry in fs::read_dir(folder).map_err(cannot)? {
        all.push(entry.map_err(cannot)?.path());
    }
    all.sort();
    Ok(all)
}

/// Whether a file (not a folder) is there.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_checked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.rhai");
        let read = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            read_text(&file, 16).map_err(|e| e.message.replace(&file.display().to_string(), "x"))
        };
        assert_eq!(read(b"\xef\xbb\xbfa\n"), Ok("a\n".into()));
        assert_eq!(read(b"a\nb\xff"), Err("x is not UTF-8: see line 2, byte 3".into()));
        assert_eq!(read(b"a\0"), Err("x has a NUL character in line 1; it is not a text".into()));
        assert_eq!(read(b"\xff\xfea\0"), Err("x is UTF-16; save it as UTF-8".into()));
        assert_eq!(read(&[b'a'; 17]), Err("x is larger than 16 bytes".into()));
        assert!(read_text(folder.path(), 16).unwrap_err().message.ends_with("is a folder, not a file"));
        assert!(read_text(&folder.path().join("no"), 16).unwrap_err().message.ends_with("does not exist"));
        assert_eq!(list(folder.path()).unwrap(), [file]);
    }
}
