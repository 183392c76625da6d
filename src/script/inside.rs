//! The variables inside the step that failed, for lines that are typed into a failed run.
//!
//! Rhai unwinds them while the error leaves the closure, and copying them at each statement would
//! cost every run for the sake of failed ones. So a failed run is evaluated twice more against its
//! record, where nothing is asked or done: first variables are only counted as they are read, up to
//! the place of the failure; then those that were alive at the last counts are copied.

use super::memory::Memory;
use super::play::Setting;
use super::playbook::Playbook;
use super::run::run_into;
use crate::run::Gate;
use rhai::{Dynamic, Engine, FnPtr, Scope};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is seen of variables while a playbook is evaluated.
#[derive(Default)]
pub struct Watch(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// How often any variable was read.
    count: u64,
    /// The last read in each function that has not returned, the outermost first: depth and count.
    alive: Vec<(usize, u64)>,
    /// The same when the first branch of an `on_each` failed, and the count when that was raised.
    failed: Option<(Vec<(usize, u64)>, u64)>,
    /// At which counts variables are to be copied, and the copies.
    wanted: Vec<u64>,
    copies: BTreeMap<u64, Scope<'static>>,
}

/// A branch that failed earlier, while an inner `on_each` has its own.
pub struct Earlier(Option<(Vec<(usize, u64)>, u64)>);

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Lets an engine tell of each variable that is read.
    #[expect(deprecated, reason = "Rhai marks it so to say that it may change")]
    pub fn listen(self: &Arc<Self>, engine: &mut Engine) {
        let watch = self.clone();
        engine.on_var(move |_, _, context| {
            watch.seen().reads(context.call_level(), context.scope());
            Ok(None)
        });
    }
    /// An `on_each` begins.
    pub fn branches_begin(&self) -> Earlier {
        Earlier(self.seen().failed.take())
    }
    /// A branch did not come to its end. Those behind it are evaluated all the same.
    pub fn branch_fails(&self) {
        let mut seen = self.seen();
        let now = (seen.alive.clone(), seen.count);
        seen.failed.get_or_insert(now);
    }
    /// An `on_each` ends, by raising what its branches came to or without.
    pub fn branches_end(&self, earlier: Earlier, raises: bool) {
        let mut seen = self.seen();
        let own = seen.failed.take().filter(|_| raises);
        let count = seen.count;
        seen.failed = earlier.0.or(own).map(|(alive, _)| (alive, count));
    }
    /// The counts at which the variables that were alive at the failure were last read.
    fn at_the_end(&self) -> Vec<u64> {
        let seen = self.seen();
        // What was read after a branch had failed: its failure was caught.
        let of_a_branch = seen.failed.as_ref().filter(|(_, raised)| *raised == seen.count).map(|(alive, _)| alive);
        of_a_branch.unwrap_or(&seen.alive).iter().map(|(_, count)| *count).collect()
    }
}

impl Seen {
    fn reads(&mut self, depth: usize, scope: &Scope<'_>) {
        self.count += 1;
        self.alive.retain(|(d, _)| *d < depth);
        self.alive.push((depth, self.count));
        if self.wanted.contains(&self.count) {
            let mut copy = Scope::new();
            for (name, is_constant, value) in scope.iter_raw() {
                let value = super::closure::unshared_value(value);
                match is_constant {
                    true => copy.push_constant_dynamic(name.to_string(), value),
                    false => copy.push_dynamic(name.to_string(), value),
                };
            }
            self.copies.insert(self.count, copy);
        }
    }
}

/// Adds to what a failed playbook leaves the variables of the steps and functions in which it
/// failed. `gate` opens one that verifies: it answers from the record, and nothing acts.
pub fn look_inside(gate: &dyn Fn() -> Arc<Gate>, playbook: &Playbook, setting: &Setting, memory: &mut Memory) {
    let counted = Arc::new(Watch::default());
    run_into(&gate(), playbook, setting, &mut Memory::default(), Some(&counted));
    let wanted = counted.at_the_end();
    let copied = Arc::new(Watch::default());
    copied.seen().wanted.clone_from(&wanted);
    run_into(&gate(), playbook, setting, &mut Memory::default(), Some(&copied));
    let mut copies = std::mem::take(&mut copied.seen().copies);
    for scope in wanted.iter().filter_map(|count| copies.remove(count)) {
        for (name, is_constant, value) in scope.iter_raw() {
            // The body of a closure that a module made is not known to typed lines.
            if value.read_lock::<FnPtr>().is_some_and(|f| !memory.has_function(f.fn_name())) {
                continue;
            }
            let value: Dynamic = value.clone();
            match is_constant {
                true => memory.scope.push_constant_dynamic(name.to_string(), value),
                false => memory.scope.push_dynamic(name.to_string(), value),
            };
        }
    }
}
