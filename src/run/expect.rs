//! What must hold. An expectation is not recorded: it is held anew against recorded readings.

use super::{Gate, Lane, Mode};
use crate::contract::{Event, Failure, Outcome, Stop};
use crate::journal::{CallState, Row};
use serde_json::{Value, json};

impl Gate {
    /// `holds`: `None` when only a run can tell. `detail` shows both sides.
    ///
    /// Before the first change of a plan this is the preflight. Behind it, a plan goes on: what
    /// comes before may make it true.
    ///
    /// # Errors
    /// It does not hold.
    pub fn expect(&self, lane: &Lane, holds: Option<bool>, what: &str, detail: Option<String>) -> Outcome<()> {
        self.alive(lane)?;
        if lane.looking {
            return self.only_readings("expect");
        }
        self.hear(&Event::Expected { path: lane.path(), what: what.into(), holds });
        match holds {
            Some(true) => Ok(()),
            None if self.mode == Mode::Plan => Ok(()),
            None => self.poison(Stop::OnlyARun(format!("expected: {what}"))),
            Some(false) if self.mode == Mode::Plan && self.plan_acts() => Ok(()),
            Some(false) => {
                let mut f = Failure::new(format!("expected: {what}"));
                let seen: Vec<String> = lane.seen();
                f.output = match (detail, seen.is_empty()) {
                    (Some(detail), _) => Some(detail),
                    (None, false) => Some(format!("what was read before it:\n  {}", seen.join("\n  "))),
                    (None, true) => None,
                };
                Err(f.into())
            }
        }
    }

    /// Rollback does not go behind this unless told.
    ///
    /// # Errors
    /// The run has stopped.
    pub fn point_of_no_return(&self, lane: &Lane, reason: &str) -> Outcome<()> {
        self.alive(lane)?;
        if lane.looking {
            return self.only_readings("point_of_no_return");
        }
        let key = lane.key("point_of_no_return", json!({ "reason": reason }));
        let path = key.path.clone();
        match self.mode {
            Mode::Plan => {
                super::gate::lock(&self.plan).no_return = Some(format!("{}: {reason}", path.join(" / ")));
            }
            _ => {
                if self.replay(lane, &key)?.is_none() {
                    lane.acts();
                    let seq = self.record()?.tick();
                    let row = Row::call(seq, &Lane::name(&lane.base), &key, CallState::Done, &Value::Null);
                    // On disk before anything behind it is done: it rides with that intent.
                    self.ride("no_return", seq, vec![row])?;
                }
            }
        }
        self.hear(&Event::PointOfNoReturn { path, reason: reason.into() });
        Ok(())
    }

    /// Whether the inventory has a secret of this name.
    ///
    /// # Errors
    /// Names those it has.
    pub fn has_secret(&self, name: &str) -> Outcome<()> {
        if self.set.secrets.iter().any(|s| s == name) {
            return Ok(());
        }
        let known = if self.set.secrets.is_empty() { "none".into() } else { self.set.secrets.join(", ") };
        Err(Failure::new(format!("the inventory has no secret {name:?}; it has: {known}"))
            .hint(format!("secrets: {{ {name}: {{ env: {} }} }}", name.to_uppercase()))
            .into())
    }
}
