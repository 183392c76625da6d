//! `mig journal`.

use super::wrong::Wrong;
use super::{Globals, page};
use crate::journal::Journal;
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Copy the journal, in which the runs live
#[derive(Debug, Clone, Args)]
pub struct JournalArgs {
    #[command(subcommand)]
    pub command: JournalCommand,
}

#[derive(Debug, Clone, Subcommand)]
pub enum JournalCommand {
    /// Write a consistent copy of the journal to a new file, also while a run goes on
    Export {
        /// The file to write; it must not exist
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Writes a consistent copy.
///
/// # Errors
/// The file exists, or cannot be written.
pub fn run(args: &JournalArgs, globals: &Globals) -> Result<u8, Wrong> {
    let JournalCommand::Export { file } = &args.command;
    Journal::open(&globals.state()?)?.export(file)?;
    page(&format!("the journal is copied to {}", file.display()));
    Ok(0)
}
