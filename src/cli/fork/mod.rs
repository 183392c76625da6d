//! `mig fork`: a shipped playbook of one's own.
//!
//! Deliberately not here: merging. What upstream changed is shown beside what the fork changed; taking
//! it over is the work of whoever knows why the fork differs.

mod args;
mod compare;
mod copy;
mod found;
mod origin;
mod upstream;

pub use args::{ForkArgs, run};
pub use found::forked;
pub use upstream::{all as shipped, says_of_itself};
