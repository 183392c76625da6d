//! `mig test [PLAYBOOK...]`.

use clap::Args;

/// Rehearse in the lab: run, roll back, kill at every point and resume
///
/// Prints a table of points, kills, double runs and differences. Fails when a run that was killed
/// ends otherwise than one that was not, or when a point was never reached.
#[derive(Debug, Clone, Args)]
pub struct TestArgs {
    /// Files, or names of shipped playbooks; left out, all shipped ones
    #[arg(value_name = "PLAYBOOK")]
    pub playbooks: Vec<String>,

    /// Kills at every point in every way; without it, at every point once
    #[arg(long)]
    pub full: bool,
}
