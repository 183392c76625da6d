//! A lane is one sequence of calls: the run itself, or one branch of an `on_each`.
//! It knows where in the playbook it stands and what the journal has for it.

use crate::journal::{Call, Key};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct Lane {
    /// The step path in which the lane began; also its name in the journal.
    pub base: Vec<String>,
    /// The closure of a `wait_until`: readings only, none of them recorded.
    pub looking: bool,
    inner: Mutex<Inner>,
}

struct Inner {
    frames: Vec<Frame>,
    recorded: Vec<Call>,
    cursor: usize,
    edge: bool,
    /// Readings since the last change, for the page of a failed `expect`.
    seen: Vec<String>,
}

/// An open step. Its numbers and titles start anew each time it is entered.
#[derive(Default)]
struct Frame {
    label: String,
    calls: u32,
    titles: BTreeMap<String, u32>,
    acted: bool,
    began_ms: i64,
}

impl Lane {
    pub fn new(base: Vec<String>, recorded: Vec<Call>, looking: bool) -> Self {
        let inner = Inner { frames: vec![Frame::default()], recorded, cursor: 0, edge: false, seen: vec![] };
        Lane { base, looking, inner: Mutex::new(inner) }
    }
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The name of a lane in the journal.
    pub fn name(base: &[String]) -> String {
        Value::from(base.to_vec()).to_string()
    }

    /// Opens a step. The second step of one title under one parent is "title (2)".
    pub fn enter(&self, title: &str, now_ms: i64) {
        let mut l = self.inner();
        if let Some(top) = l.frames.last_mut() {
            let label = numbered(&mut top.titles, title);
            l.frames.push(Frame { label, began_ms: now_ms, ..Frame::default() });
        }
    }
    /// Closes it, and says whether anything in it acted, and when this process entered it.
    pub fn leave(&self) -> (bool, i64) {
        let mut l = self.inner();
        let (acted, began_ms) = l.frames.pop().map_or((false, 0), |f| (f.acted, f.began_ms));
        if let Some(top) = l.frames.last_mut() {
            top.acted |= acted;
        }
        (acted, began_ms)
    }
    /// Notes that a call was made just now, not replayed.
    pub fn acts(&self) {
        if let Some(top) = self.inner().frames.last_mut() {
            top.acted = true;
        }
    }
    pub fn path(&self) -> Vec<String> {
        let l = self.inner();
        self.base.iter().cloned().chain(l.frames.iter().skip(1).map(|f| f.label.clone())).collect()
    }
    /// The key of the next call: takes a number, whether the call succeeds or not.
    pub fn key(&self, name: &str, args: Value) -> Key {
        let path = self.path();
        let mut l = self.inner();
        let number = l.frames.last_mut().map_or(0, |top| {
            top.calls += 1;
            top.calls
        });
        Key { path, number, name: name.into(), args }
    }
    pub fn take_recorded(&self) -> Option<Call> {
        let mut l = self.inner();
        let next = l.recorded.get(l.cursor).cloned();
        l.cursor += 1;
        next
    }
    /// What the journal has for this lane and nobody has asked for.
    pub fn left_over(&self) -> Option<Call> {
        let l = self.inner();
        l.recorded.get(l.cursor).cloned()
    }
    pub fn is_at_edge(&self) -> bool {
        self.inner().edge
    }
    pub fn stop_at_edge(&self) {
        self.inner().edge = true;
    }
    /// A reading was made: kept for the page of a failed `expect`.
    pub fn saw(&self, reading: String) {
        self.inner().seen.push(reading);
    }
    /// A change was made: what was read before it explains nothing any more.
    pub fn forget_seen(&self) {
        self.inner().seen.clear();
    }
    pub fn seen(&self) -> Vec<String> {
        self.inner().seen.clone()
    }
}

/// The label of a title that may have been used before.
pub fn numbered(seen: &mut BTreeMap<String, u32>, title: &str) -> String {
    let n = seen.entry(title.into()).or_insert(0);
    *n += 1;
    if *n == 1 { title.into() } else { format!("{title} ({n})") }
}
