//! Plan, run, resume, roll back: the rules, over the journal and the world.
//!
//! Deliberately not here: Rhai (the script room calls the gate), and any printing (events).

mod gate;
mod lane;

pub use gate::{Cutover, Ended, Gate, Manual, Mode, OnFailure, Wait};
pub use lane::{Lane, numbered};
