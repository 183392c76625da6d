//! `mig show RUN`.

use clap::Args;

/// Show one run, step by step, and what a rollback of it would do now
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// The run, or the first letters of its id; left out, the only one there is
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}
