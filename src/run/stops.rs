//! Why a run must not go on: said once, kept, and seen by every later call.

use super::Gate;
use super::Lane;
use super::gate::lock;
use crate::contract::{Halt, Outcome, Stop};
use std::sync::atomic::Ordering;

impl Gate {
    /// Why the run must not go on, if it must not.
    pub fn stopped(&self) -> Option<Stop> {
        lock(&self.stop).clone()
    }
    /// Cheap; asked at every operation of the script.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Relaxed)
    }
    /// Records the stop (the first one wins) and gives it back as an error.
    ///
    /// # Errors
    /// Always: the stop.
    pub fn poison<T>(&self, stop: Stop) -> Outcome<T> {
        let stop = lock(&self.stop).get_or_insert(stop).clone();
        self.poisoned.store(true, Ordering::Relaxed);
        Err(Halt::Stop(stop))
    }
    /// The operator asks to stop: the deed at hand ends, nothing begins after it.
    pub fn interrupt(&self) {
        let _ = self.poison::<()>(Stop::Interrupted);
    }
    pub(super) fn clear_stop(&self) -> Option<String> {
        *lock(&self.stop) = None;
        self.poisoned.store(false, Ordering::Relaxed);
        lock(&self.place).take()
    }
    /// Keeps where the script stood when it raised the stop: `file:line:col`. The first place wins.
    pub fn stopped_at(&self, place: &str) {
        lock(&self.place).get_or_insert_with(|| place.into());
    }
    /// Where that was.
    pub fn place_of_stop(&self) -> Option<String> {
        lock(&self.place).clone()
    }
    /// Ends a lane at its edge (verifying).
    ///
    /// # Errors
    /// Always: the edge.
    pub fn lane_stops_at_edge<T>(&self, lane: &Lane) -> Outcome<T> {
        lane.stop_at_edge();
        Err(Halt::Stop(Stop::Edge))
    }
    /// # Errors
    /// The run is poisoned, or the lane has replayed all it has.
    pub fn alive(&self, lane: &Lane) -> Outcome<()> {
        match self.stopped() {
            Some(stop) => Err(Halt::Stop(stop)),
            None if lane.is_at_edge() => self.lane_stops_at_edge(lane),
            None => Ok(()),
        }
    }
    pub(super) fn only_readings<T>(&self, what: &str) -> Outcome<T> {
        self.poison(Stop::Refused(format!("{what} cannot stand inside wait_until or manual, where only readings may")))
    }
}
