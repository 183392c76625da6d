//! What a playbook can say besides calling primitives: one file for each group of verbs.

mod expect;
mod manual;
mod on_each;
mod options;
mod say;
mod step;
mod table;
mod things;
mod wait;

pub use options::{known, unknown_option};
pub use table::{VERBS, Verb};

use super::play::Play;
use rhai::Engine;
use std::sync::Arc;

/// Registers every verb.
pub fn register(e: &mut Engine, play: &Arc<Play>) {
    step::register(e, play);
    on_each::register(e, play);
    wait::register(e, play);
    manual::register(e, play);
    expect::register(e, play);
    say::register(e, play);
    things::register(e, play);
}
