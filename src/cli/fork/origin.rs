//! What a fork came from: the file `NAME.fork.json` beside it.
//!
//! It holds every file as it was copied, so that what the fork changed and what upstream changed can be
//! told apart for good, also by a binary that knows only its own version. It is one file because nobody
//! should edit it, and because it is committed and moved with the fork.

use crate::contract::Bytes;
use crate::error::{Error, Result};
use crate::world::files::find_text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The ending of the file's name.
pub const ENDING: &str = ".fork.json";

/// A lab is some kilobytes; a megabyte would be strange.
const LARGEST: u64 = 16 << 20;

/// What a fork came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The playbook that was copied.
    pub playbook: String,
    /// The version of mig that had it.
    pub mig: String,
    /// Each file as it was copied, by its path from the folder of the fork.
    pub files: BTreeMap<String, Bytes>,
}

impl Origin {
    /// Its text in the file.
    pub fn to_text(&self) -> String {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        format!("{text}\n")
    }

    /// Reads it.
    ///
    /// # Errors
    /// It cannot be read, or is not what `mig fork` wrote.
    pub fn read(file: &Path) -> Result<Origin> {
        let shown = file.display();
        let Some(text) = find_text(file, LARGEST)? else {
            return Error::bad_input(format!("{shown}: no such file")).err();
        };
        let origin: Origin = serde_json::from_str(&text).or_else(|e| {
            Error::bad_input(format!("{shown}: is not what `mig fork` wrote: {e}"))
                .hint("take it from where the fork is kept, such as its repository")
                .err()
        })?;
        // Its paths are read below the fork's folder, whoever wrote them.
        let is_inside = |path: &str| !path.starts_with('/') && path.split('/').all(|p| !matches!(p, "" | "." | ".."));
        match origin.files.keys().find(|path| !is_inside(path)) {
            Some(path) => Error::bad_input(format!("{shown}: names a file outside of its folder: {path:?}")).err(),
            None => Ok(origin),
        }
    }
}
