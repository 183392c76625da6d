//! Steps and branches: headings in a lane, whose end is where drift is said.

use super::cutover::Cutover;
use super::gate::ms;
use super::{Gate, Lane, Mode};
use crate::contract::{Event, Halt, Outcome, Stop};
use crate::journal::{CallState, Row};
use serde_json::{Value, json};
use std::time::Duration;

/// How a step ended, for whoever called its closure.
pub enum Ended {
    /// As its closure did.
    AsItDid,
    /// Planning: it needed a value that only a run can give. Its result is unknown, for this reason;
    /// the plan goes on behind it, and the error of the closure is to be dropped.
    Unknown(String),
}

impl Gate {
    /// Opens a step and gives its path.
    ///
    /// # Errors
    /// The run has stopped, or the step stands where none may.
    pub fn step_begins(&self, lane: &Lane, title: &str, cutover: Option<&Cutover>) -> Outcome<Vec<String>> {
        self.alive(lane)?;
        if lane.looking {
            return self.only_readings("a step");
        }
        if title.trim().is_empty() || title.chars().any(char::is_control) {
            return self.poison(Stop::Refused(format!("{title:?} is no title of a step: one line of text is needed")));
        }
        self.is_title(title)?;
        lane.enter(title, self.now_ms());
        let path = lane.path();
        self.hear(&Event::StepBegins {
            path: path.clone(),
            is_cutover: cutover.is_some(),
            budget_ms: cutover.map(|c| c.budget_ms),
        });
        if self.mode == Mode::Live {
            if self.step_began(&path).is_none() {
                let row = Row::step_begins(&path, cutover.map(|c| c.budget_ms), cutover.is_some());
                self.ride("step", 0, vec![row])?;
            }
            if let Some(cutover) = cutover {
                self.cutover_begins(&path, cutover);
            }
        }
        Ok(path)
    }

    /// Closes it. `result` is what its closure came to.
    ///
    /// # Errors
    /// Drift, which wins over the closure's result.
    pub fn step_ends(
        &self,
        lane: &Lane,
        path: &[String],
        cutover: Option<&Cutover>,
        result: Result<(), &Halt>,
    ) -> Outcome<Ended> {
        let drift = if result.is_ok() { self.nothing_left(lane, path) } else { Ok(()) };
        let (acted, entered_ms) = lane.leave();
        if let Some(why) = self.plan_goes_on(path) {
            return Ok(Ended::Unknown(why));
        }
        drift?;
        if self.mode != Mode::Live {
            return Ok(Ended::AsItDid);
        }
        let known = self.set.steps.iter().find(|s| s.path == path);
        let replayed = !acted && known.is_some_and(|s| s.state == "done");
        let began = known.map_or(entered_ms, |s| s.began_ms);
        let took_ms = match known {
            Some(s) if replayed => s.ended_ms.map_or(0, |e| e.abs_diff(s.began_ms)),
            _ => self.now_ms().abs_diff(began),
        };
        let is_edge = matches!(result, Err(Halt::Stop(_)));
        if !replayed && !is_edge {
            self.ride("step", 0, vec![Row::step_ends(path, result.is_ok())])?;
        }
        self.hear(&Event::StepEnds { path: path.to_vec(), ok: result.is_ok(), took_ms, replayed });
        if let Some(cutover) = cutover {
            self.cutover_ends(path, cutover, result)?;
        }
        Ok(Ended::AsItDid)
    }

    /// A branch ended: what the journal has in it and nobody asked for is drift.
    ///
    /// # Errors
    /// Drift.
    pub fn branch_ends(&self, lane: &Lane, result: Result<(), &Halt>) -> Outcome<Ended> {
        if result.is_ok() {
            self.nothing_left(lane, &lane.base)?;
        }
        match self.plan_goes_on(&lane.base) {
            Some(why) => Ok(Ended::Unknown(why)),
            None => Ok(Ended::AsItDid),
        }
    }

    /// A step that ended while the journal has more calls in it is drift, said at once.
    fn nothing_left(&self, lane: &Lane, path: &[String]) -> Outcome<()> {
        match lane.left_over() {
            Some(call) if !lane.is_at_edge() && call.key.path.starts_with(path) => {
                self.poison(Stop::Drift(super::drift::no_longer(&call.key)))
            }
            _ => Ok(()),
        }
    }

    /// Takes the slot of an `on_each` in its lane: the path and number that its branches stand
    /// under, and the sequence number to give to [`Gate::close`] (`None` when it is over already).
    ///
    /// # Errors
    /// Drift, or the run has stopped.
    pub fn open(&self, lane: &Lane, args: Value) -> Outcome<(Vec<String>, u32, Option<i64>)> {
        self.alive(lane)?;
        if lane.looking {
            return self.only_readings("on_each");
        }
        let key = lane.key("on_each", args);
        if self.mode == Mode::Plan {
            return Ok((key.path, key.number, None));
        }
        match self.replay(lane, &key)? {
            Some(call) => Ok((key.path, key.number, (call.state == CallState::Begun).then_some(call.seq))),
            None => {
                lane.acts();
                let seq = self.record()?.tick();
                let row = Row::call(seq, &Lane::name(&lane.base), &key, CallState::Begun, &Value::Null);
                self.ride("on_each", seq, vec![row])?;
                Ok((key.path, key.number, Some(seq)))
            }
        }
    }

    /// All branches have ended, and not too many badly.
    pub fn close(&self, seq: Option<i64>) {
        if let (Some(seq), Mode::Live) = (seq, self.mode) {
            // An error has poisoned the run; the next call says it.
            let _ = self.ride("on_each", seq, vec![Row::call_ends(seq, CallState::Done, &Value::Null)]);
        }
    }

    /// # Errors
    /// The run has stopped, or the journal cannot be written.
    pub fn note(&self, lane: &Lane, text: &str) -> Outcome<()> {
        self.alive(lane)?;
        let path = lane.path();
        self.moment(&json!({ "note": text, "path": path }))?;
        self.hear(&Event::Note { path, text: text.into() });
        Ok(())
    }
}

/// `1.2 s`, `3 min 20 s`.
pub fn spoken(took: u64) -> String {
    let d = Duration::from_millis(took);
    match d.as_secs() {
        0 => format!("{} ms", ms(d)),
        s if s < 60 => format!("{:.1} s", d.as_secs_f64()),
        s if s < 3600 => format!("{} min {} s", s / 60, s % 60),
        s => format!("{} h {} min", s / 3600, s % 3600 / 60),
    }
}
