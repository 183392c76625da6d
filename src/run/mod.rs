//! Plan, run, resume, roll back: the rules, over the journal and the world.
//!
//! Deliberately not here: Rhai (the script room calls the gate), and any printing (events).

mod cut;
mod cutover;
mod drift;
mod expect;
mod gate;
mod hosts;
mod lane;
mod leases;
mod perform;
mod person;
mod plan;
mod resolve;
mod rollback;
mod settle;
mod step;
mod stops;
mod typed;
mod wait;

pub use cutover::{Cutover, OnFailure};
pub use gate::{Gate, Mode, Setting, short};
pub use lane::{Lane, numbered};
pub use leases::open_leases;
pub use person::Manual;
pub use plan::{Shown, difference};
pub use resolve::{Resolution, open_question, open_undo, resolve};
pub use rollback::{Back, Rollback, Undoable, undoable};
pub use step::{Ended, spoken};
pub use typed::{is_typed, typed_label};
pub use wait::Wait;
