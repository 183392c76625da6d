//! Lines that a person types into a run, beside its playbook or without one.
//!
//! Each line is a lane of its own, with its own step path, numbers and record. Its calls are
//! journaled, undone and reported like all others, and rollback goes against them by the same
//! clock. No playbook asks for them: a resume neither replays them nor calls them drift.

use super::gate::lock;
use super::{Gate, Lane};
use crate::contract::{Event, Failure, Halt, Outcome, Spec, Stop};
use crate::journal::{Call, CallState, DeedState, Row};
use serde_json::json;
use std::sync::Arc;

/// What the label of a typed line begins with, and the title of a step never does.
pub const TYPED: char = ':';

/// Whether a lane, or a step path, belongs to a typed line.
#[must_use]
pub fn is_typed(path: &[String]) -> bool {
    path.first().is_some_and(|label| label.starts_with(TYPED))
}

/// The label of a line: its number, and as much of its text as tells it apart.
#[must_use]
pub fn typed_label(number: usize, text: &str) -> String {
    const MOST: usize = 60;
    let text = text.trim();
    let first: String = text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    let cut: String = first.chars().take(MOST).collect();
    let dots = if cut.len() < text.len() { " …" } else { "" };
    format!("{TYPED}{number} {}{dots}", cut.trim_end())
}

impl Gate {
    /// Opens the lane of a line that was typed. What was typed rides with its first intent, so a
    /// deed is never on a host whose line is not in the journal.
    ///
    /// # Errors
    /// The journal.
    pub fn line_begins(&self, number: usize, label: &str, text: &str) -> Outcome<Arc<Lane>> {
        let path = vec![label.to_string()];
        if self.set.record.is_some() {
            let n = self.record()?.tick();
            let moment = Row::moment(n, &json!({ "typed": number, "label": label, "text": text }));
            self.ride("typed", 0, vec![moment, Row::step_begins(&path, None, false)])?;
        }
        self.hear(&Event::StepBegins { path: path.clone(), is_cutover: false, budget_ms: None });
        Ok(self.lane(path, false))
    }

    /// The line has ended: `how` is `done`, `failed` or `stopped`.
    ///
    /// # Errors
    /// The journal.
    pub fn line_ends(&self, lane: &Lane, number: usize, how: &str) -> Outcome<()> {
        if self.set.record.is_some() {
            let n = self.record()?.tick();
            let moment = Row::moment(n, &json!({ "typed": number, "ended": how }));
            // Waited for: the prompt comes back, and nothing may come after it for hours.
            self.commit("typed", 0, vec![moment, Row::step_ends(&lane.base, how == "done")])?;
        }
        Ok(())
    }

    /// The operator stopped a line between two deeds of one call: the call has failed, so that no
    /// resume goes on with what was not wanted any more. What it had done is undone like any
    /// other; a deed whose end nobody saw stays begun, and is settled first.
    ///
    /// # Errors
    /// The journal.
    pub fn line_was_stopped(&self, lane: &Lane, calls: &[Call]) -> Outcome<()> {
        let is_settled = |c: &Call| c.deeds.iter().all(|d| d.state != DeedState::Begun);
        let of_line = |c: &&Call| c.key.path.starts_with(&lane.base) && c.state == CallState::Begun && !c.past;
        let failure = json!(Failure::new("you stopped it"));
        let rows: Vec<Row> = calls
            .iter()
            .filter(of_line)
            .filter(|c| is_settled(c))
            .map(|c| Row::call_ends(c.seq, CallState::Failed, &failure))
            .collect();
        if rows.is_empty() { Ok(()) } else { self.commit("typed", 0, rows) }
    }

    /// Brings the calls of typed lines that a crash cut to their end, as a resume does with any
    /// other: each is settled by looking, and its recorded deeds go on. What stood behind it in its
    /// line is not done; it is said. Gives back how many there were.
    ///
    /// # Errors
    /// Only the operator can say how one ended, or its host cannot be reached.
    pub fn finish_typed(&self, table: &[Spec]) -> Outcome<usize> {
        let is_cut = |c: &&Call| !c.past && c.state == CallState::Begun && is_typed(&c.key.path) && !c.deeds.is_empty();
        let cut: Vec<Call> = self.set.calls.iter().filter(is_cut).cloned().collect();
        let mut ended = 0;
        for call in cut {
            let Some(spec) = table.iter().find(|s| s.name == call.key.name) else { continue };
            let label = call.key.path.first().cloned().unwrap_or_default();
            ended += 1;
            match self.go_on(call, spec) {
                Err(Halt::Stop(stop)) => return Err(Halt::Stop(stop)),
                Ok(_) => self.hear(&Event::Warning { text: format!("the typed line \"{label}\" was cut off; its call has been brought to its end, what came after it in the line was not done") }),
                Err(Halt::Failed(f)) => self.hear(&Event::Warning {
                    text: format!("the typed line \"{label}\" was cut off, and its call failed: {}", f.message),
                }),
            }
        }
        Ok(ended)
    }

    /// A title that would look like a typed line is refused.
    pub(super) fn is_title(&self, title: &str) -> Outcome<()> {
        match title.starts_with(TYPED) {
            false => Ok(()),
            true => self.poison(Stop::Refused(format!(
                "{title:?} is no title of a step: lines typed into a run begin with {TYPED}"
            ))),
        }
    }

    /// The calls that a playbook has made and this evaluation has not asked for, by lane.
    pub(super) fn not_asked_for(&self) -> Option<Call> {
        let unread = lock(&self.recorded).values().flatten().find(|c| !is_typed(&c.key.path)).cloned();
        let lanes = lock(&self.lanes);
        lanes.iter().filter(|l| !is_typed(&l.base)).find_map(|l| l.left_over()).or(unread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_tells_a_line_apart_and_is_never_a_title() {
        assert_eq!(typed_label(3, " dest.ssh(\"uptime\")\n"), ":3 dest.ssh(\"uptime\")");
        assert_eq!(typed_label(4, "step(\"x\", || {\n  1 })"), ":4 step(\"x\", || { …");
        assert!(typed_label(5, &"é".repeat(100)).ends_with("é …"));
        assert!(is_typed(&[typed_label(1, "x"), "Copy".into()]) && !is_typed(&["Copy".into()]) && !is_typed(&[]));
    }
}
