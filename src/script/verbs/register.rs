//! Teaches an engine every verb.

use super::{expect, manual, on_each, say, step, things, wait};
use crate::script::play::Play;
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
