//! The deeds of one call, one after the other, and the look that sees them done.
//!
//! One commit a deed is waited for, its intent; everything else rides with the next one.

use super::Gate;
use super::gate::{lock, ms, short};
use crate::contract::{Deed, Event, Failure, Halt, Kind, Outcome, Plan, Spec, Step, Token, failed};
use crate::journal::{CallState, DeedState, Key, Row};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

impl Gate {
    /// Does the deeds of a call from number `from` on.
    pub(super) fn perform(&self, call: &Half, deeds: Vec<(Step, i64)>, from: usize, mut begun: bool) -> Outcome {
        let seq = call.seq;
        let mut answer = json!({ "changed": true });
        for (n, (step, attempt)) in deeds.iter().enumerate().skip(from) {
            if !begun {
                self.begins(call, n, *attempt, &step.deed)?;
            }
            begun = false;
            self.hear(&Event::DeedBegins {
                path: call.key.path.clone(),
                deed: step.deed.to_string(),
                host: step.deed.host().cloned(),
            });
            self.point("deed.before", seq)?;
            tracing::debug!(call = seq, deed = n, attempt, "acts: {}", step.deed);
            let token = Token::deed(seq, n, *attempt).in_boot(&self.boot_of(&step.deed));
            let done = self.set.world.act(&token, &step.deed);
            tracing::debug!(call = seq, deed = n, attempt, "acted");
            self.point("deed.after", seq)?;
            lock(&self.tally).deeds += 1;
            match done {
                Ok(new) => answer = new,
                Err(Halt::Failed(f)) => {
                    self.set.world.sweep(&step.deed);
                    return self.fails(seq, n, *f);
                }
                Err(Halt::Stop(stop)) => return self.poison(stop),
            }
        }
        let last = deeds.len().saturating_sub(1);
        let steps: Vec<Step> = deeds.into_iter().map(|(s, _)| s).collect();
        self.acted(call, last, &steps, answer)
    }

    pub(super) fn begins(&self, call: &Half, n: usize, attempt: i64, deed: &Deed) -> Outcome<()> {
        if self.is_poisoned() {
            self.alive_anywhere()?;
        }
        let mut rows = vec![Row::deed_begins(call.seq, n, attempt, self.record()?.tick(), &self.boot_of(deed))];
        rows.extend((n > 0).then(|| Row::deed_ends(call.seq, n - 1, DeedState::Done)));
        self.commit("begin", call.seq, rows)
    }
    pub(super) fn alive_anywhere(&self) -> Outcome<()> {
        self.stopped().map_or(Ok(()), |stop| Err(Halt::Stop(stop)))
    }

    /// The boot of its host in which a deed is begun now.
    pub(super) fn boot_of(&self, deed: &Deed) -> String {
        deed.host().map_or_else(String::new, |host| self.set.world.boot_seen(host))
    }

    /// All deeds are done; what is left is to see it.
    pub(super) fn acted(&self, call: &Half, last: usize, steps: &[Step], answer: Value) -> Outcome {
        let rows = vec![Row::deed_ends(call.seq, last, DeedState::Done), Row::call_answers(call.seq, &answer)];
        self.ride("acted", call.seq, rows)?;
        self.observed(call, steps, answer)
    }

    /// Done means seen to be so: the change is planned again until nothing is left to do.
    pub(super) fn observed(&self, call: &Half, steps: &[Step], answer: Value) -> Outcome {
        let Kind::Change { observe, patience_ms, .. } = call.spec.kind else {
            return failed(format!("{} is no change", call.spec.name));
        };
        if let Some(patience) = patience_ms(&call.key.args) {
            let began = Instant::now();
            let mut pause = Duration::from_millis(50);
            loop {
                let left = match observe(&*self.set.world, &call.key.args, steps) {
                    Ok(Plan::Already) => break,
                    Ok(Plan::Do(steps)) if steps.is_empty() => break,
                    Ok(Plan::Do(steps)) => steps.iter().map(|s| s.deed.to_string()).collect::<Vec<_>>().join("; "),
                    Ok(Plan::Wait(what)) => what,
                    Err(Halt::Failed(f)) => f.message,
                    Err(Halt::Stop(stop)) => return self.poison(stop),
                };
                let waited = began.elapsed();
                if ms(waited) >= patience {
                    let f = Failure::new(format!(
                        "it was done, but {} s later it is still not seen to be so: {left}",
                        waited.as_secs()
                    ));
                    self.ride("end", call.seq, vec![Row::call_ends(call.seq, CallState::Failed, &json!(f))])?;
                    return Err(f.into());
                }
                self.hear(&Event::Waiting {
                    path: call.key.path.clone(),
                    what: short(call.key),
                    last: left,
                    left_ms: patience - ms(waited),
                });
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_secs(2));
                self.alive_anywhere()?;
            }
        }
        self.ride("end", call.seq, vec![Row::call_ends(call.seq, CallState::Done, &answer)])?;
        Ok(answer)
    }

    /// A failure is an answer: it is recorded, and replay gives it again, caught or not.
    pub(super) fn fails(&self, seq: i64, n: usize, f: Failure) -> Outcome {
        let rows = vec![Row::deed_ends(seq, n, DeedState::Failed), Row::call_ends(seq, CallState::Failed, &json!(f))];
        self.ride("end", seq, rows)?;
        Err(f.into())
    }
}

/// A call that is being made.
pub(super) struct Half<'a> {
    pub seq: i64,
    pub key: &'a Key,
    pub spec: &'a Spec,
}
