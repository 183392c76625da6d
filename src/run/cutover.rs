//! A cutover: the step in which the service is away. Its length is measured, also across a crash,
//! and held against its budget; over budget or failed, a person is asked.

use super::Gate;
use super::gate::lock;
use super::step::spoken;
use crate::contract::{Event, Halt, Outcome, Question, Stop};
use serde_json::json;

/// What `cutover` was asked.
#[derive(Clone)]
pub struct Cutover {
    pub budget_ms: u64,
    pub on_failure: OnFailure,
}
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// A person chooses: go on, or roll back.
    Ask,
    /// It is rolled back without being asked.
    Rollback,
    /// The run stops as at any failed step.
    Stop,
}

/// A cutover that is going on.
pub(super) struct Open {
    path: Vec<String>,
    began_ms: i64,
    cutover: Cutover,
    /// Being over budget was said and decided.
    decided: bool,
}

impl Gate {
    pub(super) fn cutover_begins(&self, path: &[String], cutover: &Cutover) {
        let began_ms = self.step_began(path).unwrap_or_else(|| self.now_ms());
        lock(&self.cutovers).push(Open { path: path.to_vec(), began_ms, cutover: cutover.clone(), decided: false });
    }

    /// Asked before each call and each poll: is a cutover over its budget?
    pub(super) fn over_budget(&self) -> Outcome<()> {
        let now = self.now_ms();
        let (title, took, cutover) = {
            let mut open = lock(&self.cutovers);
            let late = open
                .iter_mut()
                .find(|o| !o.decided && now.abs_diff(o.began_ms) > o.cutover.budget_ms && now > o.began_ms);
            match late {
                Some(o) => {
                    o.decided = true;
                    (o.path.join(" / "), now.abs_diff(o.began_ms), o.cutover.clone())
                }
                None => return Ok(()),
            }
        };
        let text = format!("\"{title}\" is over its budget: {} of {}", spoken(took), spoken(cutover.budget_ms));
        self.hear(&Event::Warning { text: text.clone() });
        self.moment(&json!({ "warning": text }))?;
        self.decide(&text, &cutover, true)
    }

    pub(super) fn cutover_ends(&self, path: &[String], cutover: &Cutover, result: Result<(), &Halt>) -> Outcome<()> {
        let began = {
            let mut open = lock(&self.cutovers);
            let at = open.iter().rposition(|o| o.path == path);
            at.map(|at| open.remove(at).began_ms)
        };
        // A cutover that was over before this process began is measured from the journal.
        let took_ms = match self.set.steps.iter().find(|s| s.path == path && s.state == "done") {
            Some(s) => s.ended_ms.map_or(0, |e| e.abs_diff(s.began_ms)),
            None => self.now_ms().abs_diff(began.unwrap_or_else(|| self.now_ms())),
        };
        match result {
            Ok(()) => {
                let mut tally = lock(&self.tally);
                tally.outage_ms = Some(tally.outage_ms.unwrap_or(0) + took_ms);
                drop(tally);
                self.hear(&Event::CutoverEnds { path: path.to_vec(), took_ms, budget_ms: cutover.budget_ms });
                Ok(())
            }
            Err(Halt::Failed(f)) => {
                let text = format!("\"{}\" failed after {}: {}", path.join(" / "), spoken(took_ms), f.message);
                self.decide(&text, cutover, false)
            }
            Err(Halt::Stop(_)) => Ok(()),
        }
    }

    fn decide(&self, text: &str, cutover: &Cutover, can_go_on: bool) -> Outcome<()> {
        match cutover.on_failure {
            OnFailure::Stop => Ok(()),
            OnFailure::Rollback => self.poison(Stop::RollBack(text.into())),
            // Nobody there: the run goes on, or stops as at any failed step. Nothing is rolled
            // back without being asked.
            OnFailure::Ask if !self.set.operator.is_there() => Ok(()),
            OnFailure::Ask => {
                let go_on = if can_go_on { "go on" } else { "stop here" };
                let question = Question::Choose {
                    text: format!("{text}\nThe service is away. What now?"),
                    choices: vec![go_on.into(), "roll back".into()],
                };
                match self.set.operator.ask(&question)? {
                    crate::contract::Answer::Text(t) if t == "roll back" => self.poison(Stop::RollBack(text.into())),
                    _ => Ok(()),
                }
            }
        }
    }
}
