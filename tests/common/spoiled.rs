//! Worlds of a lab in which something is wrong, and runs that must be refused there before anything is changed.

use super::forked::Forked;

/// What is wrong in the world of a lab before a run, and what the run is refused for.
#[derive(Clone, Copy)]
pub struct Spoiled {
    /// In the lab's `hosts`; it need not be there.
    pub file: &'static str,
    /// What is to be replaced in it; empty: the text is added at the end.
    pub was: &'static str,
    pub becomes: &'static str,
    pub why: &'static str,
}

/// Runs a playbook once in each of the spoiled worlds, in a fork of it.
pub fn refuses_in(playbook: &'static str, worlds: &[Spoiled]) {
    refuses_with(playbook, &[], worlds);
}

/// The same, with more words for `mig run`.
pub fn refuses_with(playbook: &'static str, more: &[&str], worlds: &[Spoiled]) {
    for world in worlds {
        let forked = Forked::new(playbook);
        match world.was {
            "" => forked.adds(world.file, world.becomes),
            was => forked.edits(world.file, was, world.becomes),
        }
        forked.runs(more, false, &[world.why, "Nothing was changed on any host."]);
    }
}
