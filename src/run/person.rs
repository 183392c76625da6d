//! What only a person can do or say. Each takes one slot, and its answer is recorded.

use super::gate::{brief, failure_of, lock, short};
use super::wait::polled;
use super::{Gate, Lane, Mode};
use crate::contract::{
    Answer, Deed, Event, Failure, Halt, Outcome, Question, Step, Undo, failed, unknown, unknown_why,
};
use crate::journal::{Call, CallState, DeedState, Key, Row};
use crate::name::HostName;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What `manual` was asked.
pub struct Manual {
    pub text: String,
    /// The instruction that takes it back.
    pub undo: Option<String>,
    /// The host that is off once it is done.
    pub off: Option<HostName>,
    pub every_ms: u64,
    pub timeout_ms: u64,
}

impl Gate {
    /// Shows the instruction, and waits for the person or for `done_when`.
    ///
    /// # Errors
    /// Nobody is there and nothing can be watched; it was not done in time; the person says no.
    pub fn manual(&self, lane: &Lane, manual: &Manual, mut done_when: Option<&mut dyn FnMut() -> Outcome>) -> Outcome {
        self.alive(lane)?;
        if lane.looking {
            return self.only_readings("manual");
        }
        let mut args = json!({ "text": manual.text, "undo": manual.undo });
        if let Some(off) = &manual.off {
            args["off"] = off.as_ref().into();
        }
        let key = lane.key("manual", args);
        let step = Step {
            deed: Deed::Ask { text: manual.text.clone() },
            undo: match &manual.undo {
                Some(undo) => Undo::By(vec![Deed::Ask { text: undo.clone() }]),
                None => Undo::NotNeeded,
            },
        };
        lane.forget_seen();
        if self.mode == Mode::Plan {
            return self.plan_manual(&key, step, done_when);
        }
        let (seq, n, again) = match self.replay(lane, &key)? {
            Some(call) if call.state == CallState::Done => {
                self.is_off(manual);
                return Ok(call.answer);
            }
            Some(call) if call.state == CallState::Failed => return Err(failure_of(&call)),
            Some(_) if self.mode == Mode::Verify => return self.lane_stops_at_edge(lane),
            Some(half) => (half.seq, attempt(&half), true),
            None => (self.record()?.tick(), 1, false),
        };
        lane.acts();
        // It may be done already: then there is nothing to ask for, and nothing to take back.
        if !again
            && let Some(poll) = done_when.as_mut()
            && polled(poll())? == true
        {
            let answer = json!({ "done": true, "changed": false });
            let row = Row::call(seq, &Lane::name(&lane.base), &key, CallState::Done, &answer);
            self.ride("manual", seq, vec![row])?;
            self.is_off(manual);
            return Ok(answer);
        }
        let mut rows = vec![];
        if !again {
            rows.push(Row::call(seq, &Lane::name(&lane.base), &key, CallState::Begun, &Value::Null));
            rows.extend(Row::deed(seq, 0, &step));
        }
        rows.push(Row::deed_begins(seq, 0, n, self.record()?.tick(), ""));
        self.commit("intent", seq, rows)?;
        self.hear(&Event::CallBegins { path: key.path.clone(), call: short(&key), id: seq });
        let began = Instant::now();
        let outcome = match done_when {
            Some(poll) => self.watch(&key, manual, poll),
            None => self.ask_for(&manual.text),
        };
        let (how, failure) = match &outcome {
            Ok(()) => ("done", None),
            Err(Halt::Failed(f)) => ("failed", Some((**f).clone())),
            Err(Halt::Stop(stop)) => return self.poison(stop.clone()),
        };
        let answer = json!({ "done": true, "changed": true });
        let rows = match &failure {
            None => vec![Row::deed_ends(seq, 0, DeedState::Done), Row::call_ends(seq, CallState::Done, &answer)],
            Some(f) => {
                vec![Row::deed_ends(seq, 0, DeedState::Failed), Row::call_ends(seq, CallState::Failed, &json!(f))]
            }
        };
        self.ride("end", seq, rows)?;
        self.hear(&Event::CallEnds {
            path: key.path.clone(),
            call: short(&key),
            id: seq,
            how: how.into(),
            took_ms: super::gate::ms(began.elapsed()),
            failure,
        });
        outcome.map(|()| {
            self.is_off(manual);
            answer
        })
    }

    /// What was done by hand has taken a host away.
    fn is_off(&self, manual: &Manual) {
        lock(&self.off).extend(manual.off.clone());
    }

    fn plan_manual(&self, key: &Key, step: Step, done_when: Option<&mut dyn FnMut() -> Outcome>) -> Outcome {
        let now = done_when.map(|poll| self.plan_poll(poll())).transpose()?;
        let note = match &now {
            Some(now) if *now == true => Some("already so".to_string()),
            Some(now) => Some(match unknown_why(now) {
                Some(why) => format!("watched in the run: {why}"),
                None => format!("watched; now: {}", brief(now)),
            }),
            None => None,
        };
        let done = now.is_some_and(|n| n == true);
        self.show(key, if done { vec![] } else { vec![step] }, note);
        Ok(unknown("a person does it"))
    }

    fn watch(&self, key: &Key, manual: &Manual, poll: &mut dyn FnMut() -> Outcome) -> Outcome<()> {
        self.hear(&Event::Note { path: key.path.clone(), text: format!("PLEASE DO: {}", manual.text) });
        // Somebody may be told to do it by other means (the lab is).
        self.set.operator.instruct(&manual.text)?;
        let began = Instant::now();
        let limit = Duration::from_millis(manual.timeout_ms);
        loop {
            let seen = polled(poll())?;
            if seen == true {
                return Ok(());
            }
            if began.elapsed() >= limit {
                return failed(format!("not done in time: {}; last seen: {}", manual.text, brief(&seen)));
            }
            self.hear(&Event::Waiting {
                path: key.path.clone(),
                what: manual.text.clone(),
                last: brief(&seen),
                left_ms: super::gate::ms(limit.saturating_sub(began.elapsed())),
            });
            self.pause(Duration::from_millis(manual.every_ms.max(1)))?;
            self.over_budget()?;
        }
    }

    fn ask_for(&self, text: &str) -> Outcome<()> {
        match self.confirmed(&format!("PLEASE DO: {text}\nDone?"), true)? {
            true => Ok(()),
            false => failed(format!("not done: {text}")),
        }
    }

    /// Asks, and records the answer: a resume does not ask again.
    ///
    /// # Errors
    /// The answer is no, or nobody is there.
    pub fn confirm(&self, lane: &Lane, question: &str) -> Outcome {
        self.alive(lane)?;
        if lane.looking {
            return self.only_readings("confirm");
        }
        let key = lane.key("confirm", json!({ "text": question }));
        if self.mode == Mode::Plan {
            self.show(&key, vec![], Some(format!("asks you: {question}")));
            return Ok(true.into());
        }
        match self.replay(lane, &key)? {
            Some(call) if call.state == CallState::Done => return Ok(call.answer),
            Some(call) if call.state == CallState::Failed => return Err(failure_of(&call)),
            Some(_) if self.mode == Mode::Verify => return self.lane_stops_at_edge(lane),
            _ => {}
        }
        lane.acts();
        let yes = self.confirmed(question, false)?;
        let seq = self.record()?.tick();
        let name = Lane::name(&lane.base);
        if yes {
            self.ride("confirm", seq, vec![Row::call(seq, &name, &key, CallState::Done, &true.into())])?;
            return Ok(true.into());
        }
        let f = Failure::new(format!("you said no: {question}"));
        self.ride("confirm", seq, vec![Row::call(seq, &name, &key, CallState::Failed, &json!(f))])?;
        Err(f.into())
    }

    pub(super) fn confirmed(&self, text: &str, default: bool) -> Outcome<bool> {
        match self.set.operator.ask(&Question::Confirm { text: text.into(), default }) {
            Ok(Answer::Yes) => Ok(true),
            Ok(_) => Ok(false),
            Err(Halt::Stop(stop)) => self.poison(stop),
            Err(failed) => Err(failed),
        }
    }
}

fn attempt(half: &Call) -> i64 {
    half.deeds.first().map_or(1, |d| d.attempt + 1)
}
