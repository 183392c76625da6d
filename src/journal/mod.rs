//! Runs, calls and deeds in SQLite: the only truth about what was done.
//!
//! `Journal` is the file and its readers; `Record` is one run being written, by one thread, so
//! that whoever waits for the same commit shares it. Deliberately not here: what the rows mean
//! for resume and rollback (the run room), and any knowledge of the world.

mod blob;
mod file;
mod read;
mod record;
mod row;
mod runs;
mod writer;

pub use file::{Held, Journal, now_ms};
pub use record::{Call, CallState, DeedRow, DeedState, Key};
pub use row::Row;
pub use runs::{NewRun, RunRow, RunState, StepRow};
pub use writer::Record;
