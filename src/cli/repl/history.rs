//! The lines of earlier sessions: one file an inventory, in the state folder, for its owner only.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The file for an inventory; for a lab, its name stands in the place of the inventory's path.
pub fn file_of(state: &Path, inventory: &str) -> PathBuf {
    let whole = std::path::absolute(inventory).unwrap_or_else(|_| inventory.into());
    let digest = hex::encode(Sha256::digest(whole.as_os_str().as_encoded_bytes()));
    state.join(format!("repl-{}.history", &digest[..12]))
}
