//! `mig runs`.

use clap::Args;

/// List the runs: state, age, hosts, and the size of what a rollback needs
#[derive(Debug, Clone, Args)]
pub struct RunsArgs {}
