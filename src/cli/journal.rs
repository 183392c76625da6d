//! `mig journal`.

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
