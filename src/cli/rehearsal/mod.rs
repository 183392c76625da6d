//! The rehearsal behind `mig test`: a playbook is run in labs of its own, killed at every point,
//! gone on with or taken back, and compared with a run that nobody disturbed.
//!
//! Each case is a process of its own, killed inside where that is exact, by SIGKILL for a sample.
//! Deliberately not here: what a point is (`fault`), and what a lab is (`lab`).

mod case;
mod cases;
mod points;
mod progress;
mod stage;
mod table;
mod truth;

pub use case::{Case, Outcome, Wanted};
pub use cases::{Whole, cases};
pub use progress::Progress;
pub use stage::{Ended, Stage};
pub use table::{Line, in_short, table};
