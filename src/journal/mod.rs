//! Runs, calls and deeds in SQLite: the only truth about what was done.

mod record;

pub use record::{Call, CallState, DeedRow, DeedState, Key};
