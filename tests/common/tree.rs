//! Folders that a test needs of its own.

use std::fs;
use std::path::Path;

/// Copies what is in a folder into another one, which need not be there.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let at = to.join(entry.file_name());
        match entry.file_type().expect("its kind").is_dir() {
            true => copy(&entry.path(), &at),
            false => drop(fs::copy(entry.path(), &at).expect("a copy")),
        }
    }
}
