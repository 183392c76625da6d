//! A call that was begun and not ended: its deed is settled, and it goes on from there.

use super::Gate;
use super::gate::{failure_of, lock, short};
use super::perform::Half;
use crate::contract::{Deed, Event, Failure, GIVEN, Halt, Http, Outcome, Settled, Spec, Step, Stop, Token, unknown};
use crate::journal::{Call, DeedRow, DeedState, Key, Row};
use serde_json::Value;
use std::time::Instant;

impl Gate {
    /// A call found half done: the *deed* is settled, never the call planned again, because an
    /// empty plan of the whole says nothing of its later deeds (a file is right, its reload is not).
    pub(super) fn go_on(&self, call: Call, spec: &Spec) -> Outcome {
        let (began, key) = (Instant::now(), call.key.clone());
        self.hear(&Event::CallBegins { path: key.path.clone(), call: short(&key), id: call.seq });
        lock(&self.tally).calls += 1;
        tracing::debug!(call = call.seq, "was begun and is settled");
        let seq = call.seq;
        let answer = self.settle(call, spec);
        self.ended(&key, seq, began, "settled", answer)
    }

    pub(super) fn settle(&self, call: Call, spec: &Spec) -> Outcome {
        if call.deeds.iter().any(|d| !d.undo.is_empty()) {
            let (run, call) = (self.run_id(), call.seq);
            let text = format!("its undo has begun; bring that to its end: mig resolve {run} {call} --undo");
            return self.poison(Stop::Ask { call, text });
        }
        let half = Half { seq: call.seq, key: &call.key, spec };
        let steps: Vec<Step> = call.deeds.iter().map(|d| d.step.clone()).collect();
        let mut deeds: Vec<(Step, i64)> = call.deeds.iter().map(|d| (d.step.clone(), d.attempt)).collect();
        let Some(DeedRow { n, state, boot, .. }) = call.deeds.iter().find(|d| d.state != DeedState::Done).cloned()
        else {
            let answer = match &call.answer {
                Value::Null => self.told(&call, &steps)?,
                // It was done and not seen to be so: how that ended is not what it gave.
                ended if serde_json::from_value::<Failure>(ended.clone()).is_ok() => self.given_again(&call, &steps)?,
                known => known.clone(),
            };
            return self.observed(&half, &steps, answer);
        };
        // It may be rebooting because of the very deed.
        if state == DeedState::Begun {
            steps[n].deed.hosts().into_iter().for_each(|host| self.set.world.expect_back(host));
        }
        // A host that cannot be reached says nothing of what was begun there: it stays begun.
        if let Err(halt) = self.prepare(&steps) {
            return self.poison(unready(halt));
        }
        let last = deeds.len() - 1;
        let again = |deeds: &mut Vec<(Step, i64)>| -> Outcome<()> {
            deeds[n].1 += 1;
            let (attempt, boot) = (deeds[n].1, self.boot_of(&deeds[n].0.deed));
            self.commit("again", call.seq, vec![Row::deed_begins(call.seq, n, attempt, self.record()?.tick(), &boot)])
        };
        match state {
            DeedState::Planned => return self.perform(&half, deeds, n, false),
            DeedState::Failed | DeedState::NotDone => {
                self.may_repeat(&call.key, &deeds[n].0, failure_of(&call))?;
                again(&mut deeds)?;
            }
            DeedState::Begun | DeedState::Done => {
                match self.set.world.settle(&Token::deed(call.seq, n, deeds[n].1).in_boot(&boot), &deeds[n].0.deed) {
                    Settled::Done(answer) if n == last => return self.acted(&half, n, &steps, answer),
                    Settled::Done(_) => return self.perform(&half, deeds, n + 1, false),
                    Settled::Failed(f) => return self.fails(call.seq, n, f),
                    Settled::SameToken => {}
                    Settled::NewToken | Settled::Repeatable(_) => again(&mut deeds)?,
                    Settled::Unknown(text) => return self.poison(Stop::Ask { call: call.seq, text }),
                }
            }
        }
        self.perform(&half, deeds, n, true)
    }

    /// What a call gave of which the operator said that it was done. Where that cannot be asked now, the run goes
    /// on: perhaps nobody looks at it.
    fn told(&self, call: &Call, steps: &[Step]) -> Outcome {
        let lost = unknown("its answer was lost");
        let Some(last) = call.deeds.last() else { return Ok(lost) };
        match self.prepare(steps) {
            Err(Halt::Failed(_)) => return Ok(lost),
            Err(halt) => return self.poison(unready(halt)),
            Ok(()) => {}
        }
        let token = Token::deed(call.seq, last.n, last.attempt).in_boot(&last.boot);
        Ok(self.set.world.told(&token, &last.step.deed).unwrap_or(lost))
    }

    /// What a call gave whose deeds are all done, as far as the world still knows.
    fn given_again(&self, call: &Call, steps: &[Step]) -> Outcome {
        let Some(last) = call.deeds.last() else { return Ok(unknown("its answer was lost")) };
        if let Err(halt) = self.prepare(steps) {
            return self.poison(unready(halt));
        }
        let token = Token::deed(call.seq, last.n, last.attempt).in_boot(&last.boot);
        Ok(match self.set.world.settle(&token, &last.step.deed) {
            Settled::Done(answer) => answer,
            _ => unknown("its answer was lost"),
        })
    }

    /// A command that ended badly in an earlier attempt is sent again only when it says that this
    /// is safe, or the operator does.
    pub(super) fn may_send_again(&self, key: &Key, steps: &[Step]) -> Outcome<()> {
        let Some(before) = self.ended_badly.iter().rev().find(|c| c.key == *key) else {
            return Ok(());
        };
        let ran = before.deeds.iter().find(|d| d.state == DeedState::Failed);
        match (ran, steps.first()) {
            (Some(_), Some(step)) => self.may_repeat(key, step, failure_of(before)),
            _ => Ok(()),
        }
    }
    pub(super) fn may_repeat(&self, key: &Key, step: &Step, ended: Halt) -> Outcome<()> {
        let is_safe = match &step.deed {
            Deed::Run(run) => run.check.is_some() || run.idempotent,
            Deed::Http(http) => {
                let never_sent = matches!(&ended, Halt::Failed(f) if f.code == Http::NEVER_SENT);
                http.check.is_some() || http.idempotent || never_sent
            }
            _ => true,
        };
        if is_safe || self.set.retry {
            return Ok(());
        }
        let how = match ended {
            Halt::Failed(f) => match &f.output {
                Some(out) => format!("{}\n{out}", f.message),
                None => f.message.clone(),
            },
            Halt::Stop(_) => "it failed".into(),
        };
        let text = format!(
            "{}: {} ended badly last time: {how}\nIt has no check and is not marked idempotent. Send it again?",
            key.place(),
            step.deed
        );
        if !self.set.operator.is_there() {
            return self.poison(Stop::NoAnswer(format!(
                "{text}\nsay so beforehand with: mig resume {} --retry",
                self.run_id()
            )));
        }
        match self.confirmed(&text, false)? {
            true => Ok(()),
            false => self.poison(Stop::Interrupted),
        }
    }

    /// A run whose deeds differ from those that were shown says so, and asks unless `--yes`.
    pub(super) fn is_as_shown(&self, key: &Key, steps: &[Step]) -> Outcome<()> {
        let Some(was) = self.set.shown.as_ref().and_then(|s| s.deeds_of(key)) else {
            return Ok(());
        };
        let now: Vec<String> = steps.iter().map(|s| s.deed.to_string()).collect();
        if was.iter().map(|t| masked(t)).eq(now.iter().map(|t| masked(t))) {
            return Ok(());
        }
        let text = format!(
            "{}: not what the plan showed\n  shown: {}\n  now:   {}",
            key.place(),
            was.join("; "),
            now.join("; ")
        );
        self.hear(&Event::Warning { text: text.clone() });
        if self.set.yes || self.confirmed(&format!("{text}\nGo on?"), false)? {
            return Ok(());
        }
        self.poison(Stop::Interrupted)
    }
}

/// A host that could not be made ready stops the run, as does a host key that has changed: no answer of an operator
/// about the deed makes that right.
fn unready(halt: Halt) -> Stop {
    match halt {
        Halt::Failed(f) => Stop::Fault(f.message),
        Halt::Stop(stop) => stop,
    }
}

/// A deed's text without the names of what servers gave: a session is another one in the plan and in the run.
fn masked(text: &str) -> String {
    let mark = format!("\u{2039}secret:{GIVEN}");
    let mut parts = text.split(mark.as_str());
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + mark.as_str() + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}
