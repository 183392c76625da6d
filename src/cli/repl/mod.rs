//! `mig repl`: the playbook language, typed line by line over live hosts, as a run.
//!
//! Deliberately not here: what a line means (the script room), and what it does and records (the
//! gate). Here are the prompt, the commands that begin with a colon, and when a run begins and ends.

mod after_failure;
mod args;
mod colon;
mod editor;
mod ending;
mod history;
mod line;
mod pipe;
mod reader;
mod resumed;
mod saved;
mod talk;
mod undo;

pub use args::{ReplArgs, run};
pub use resumed::{is_typed_run, resume};
