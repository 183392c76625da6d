//! What a playbook can say besides calling primitives: one file for each group of verbs.

mod expect;
mod manual;
mod on_each;
mod options;
mod register;
mod say;
mod step;
mod table;
mod things;
mod wait;

pub use options::{known, unknown_option};
pub use register::register;
pub use table::{VERBS, Verb};
