//! Waiting for the world: one slot, one answer. The polls are not recorded, the deadline and the
//! last value are.

use super::gate::{brief, failure_of, ms, short};
use super::{Gate, Lane, Mode};
use crate::contract::{Event, Failure, Halt, Outcome, unknown, unknown_why};
use crate::journal::{CallState, Row};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// What `wait_until` was asked.
pub struct Wait {
    pub what: String,
    pub every_ms: u64,
    pub timeout_ms: u64,
    /// It must have been seen true for so long without a break; only observed time counts.
    pub hold_ms: u64,
}

impl Gate {
    /// Polls until it is true. `poll` gives the value of the closure; a failing reading is "not yet".
    ///
    /// # Errors
    /// It was not so in time; or the run stopped.
    pub fn wait_until(&self, lane: &Lane, wait: &Wait, poll: &mut dyn FnMut() -> Outcome) -> Outcome {
        self.alive(lane)?;
        if lane.looking {
            return self.only_readings("wait_until");
        }
        let args = json!({
            "what": wait.what, "every": wait.every_ms, "timeout": wait.timeout_ms, "hold": wait.hold_ms
        });
        let key = lane.key("wait_until", args);
        if self.mode == Mode::Plan {
            let now = self.plan_poll(poll())?;
            return match unknown_why(&now) {
                Some(why) => {
                    self.show(&key, vec![], Some(format!("checked in the run: {why}")));
                    Ok(unknown(format!("\"{}\" is waited for", wait.what)))
                }
                None if now == true => {
                    self.show(&key, vec![], Some("already so".into()));
                    Ok(true.into())
                }
                None => {
                    self.show(&key, vec![], Some(format!("waits; now: {}", brief(&now))));
                    Ok(unknown(format!("\"{}\" is waited for", wait.what)))
                }
            };
        }
        let now = u64::try_from(self.now_ms()).unwrap_or(0);
        let (seq, deadline) = match self.replay(lane, &key)? {
            Some(call) if call.state == CallState::Done => return Ok(call.answer),
            Some(call) if call.state == CallState::Failed => return Err(failure_of(&call)),
            Some(_) if self.mode == Mode::Verify => return self.lane_stops_at_edge(lane),
            Some(half) => (half.seq, half.answer.as_u64().unwrap_or(now)),
            None => {
                let (seq, deadline) = (self.record()?.tick(), now.saturating_add(wait.timeout_ms));
                let row = Row::call(seq, &Lane::name(&lane.base), &key, CallState::Begun, &deadline.into());
                self.commit("wait", seq, vec![row])?;
                (seq, deadline)
            }
        };
        lane.acts();
        self.hear(&Event::CallBegins { path: key.path.clone(), call: short(&key), id: seq });
        // The wall clock tells how much is left once, when this process begins to wait; from then
        // on only the monotonic one counts, so a clock that jumps ends no wait.
        let began = Instant::now();
        let left = Duration::from_millis(left_ms(deadline, now, wait.timeout_ms));
        let mut true_since: Option<Instant> = None;
        let mut point = "poll";
        loop {
            self.point(std::mem::replace(&mut point, "poll.again"), seq)?;
            let seen = polled(poll())?;
            if seen == true {
                let since = *true_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= Duration::from_millis(wait.hold_ms) {
                    self.ride("end", seq, vec![Row::call_ends(seq, CallState::Done, &seen)])?;
                    self.wait_ends(&key, seq, began, None);
                    return Ok(seen);
                }
            } else {
                true_since = None;
                if let Some(why) = unknown_why(&seen) {
                    let f = Failure::new(format!("{}: the value waited for is not known: {why}", wait.what));
                    return self.wait_fails(&key, seq, began, f);
                }
            }
            if began.elapsed() >= left && true_since.is_none() {
                let f = Failure::new(format!(
                    "{}: not so after {}; last seen: {}",
                    wait.what,
                    super::step::spoken(ms(began.elapsed()).max(wait.timeout_ms.min(ms(left)))),
                    brief(&seen)
                ));
                return self.wait_fails(&key, seq, began, f);
            }
            self.hear(&Event::Waiting {
                path: key.path.clone(),
                what: wait.what.clone(),
                last: brief(&seen),
                left_ms: ms(left.saturating_sub(began.elapsed())),
            });
            self.pause(Duration::from_millis(wait.every_ms.max(1)))?;
            self.alive(lane)?;
            self.over_budget()?;
        }
    }

    /// Sleeps in slices, so that a stop is obeyed soon.
    pub(super) fn pause(&self, how_long: Duration) -> Outcome<()> {
        let until = Instant::now() + how_long;
        loop {
            if let Some(stop) = self.stopped() {
                return Err(Halt::Stop(stop));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            std::thread::sleep(left.min(Duration::from_millis(100)));
        }
    }

    fn wait_fails(&self, key: &crate::journal::Key, seq: i64, began: Instant, f: Failure) -> Outcome {
        self.ride("end", seq, vec![Row::call_ends(seq, CallState::Failed, &json!(f))])?;
        self.wait_ends(key, seq, began, Some(f.clone()));
        Err(f.into())
    }
    fn wait_ends(&self, key: &crate::journal::Key, id: i64, began: Instant, failure: Option<Failure>) {
        self.hear(&Event::CallEnds {
            path: key.path.clone(),
            call: short(key),
            id,
            how: if failure.is_some() { "failed".into() } else { "done".into() },
            took_ms: ms(began.elapsed()),
            failure,
        });
    }
}

/// A reading that fails is "not yet", and what was seen last.
pub(super) fn polled(seen: Outcome) -> Outcome {
    match seen {
        Err(Halt::Failed(f)) => Ok(Value::String(f.message)),
        seen => seen,
    }
}

/// What is left of a wait whose deadline was recorded, perhaps by an earlier process. A clock that
/// was set back in between gives it no more than its whole time.
fn left_ms(deadline: u64, now: u64, timeout_ms: u64) -> u64 {
    deadline.saturating_sub(now).min(timeout_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_9_a_clock_that_jumps_between_two_processes_lengthens_no_wait() {
        let (now, day) = (1_800_000_000_000, 86_400_000);
        assert_eq!(left_ms(now + 5_000, now + 2_000, 5_000), 3_000);
        assert_eq!(left_ms(now + 5_000, now - day, 5_000), 5_000, "set back by a day");
        assert_eq!(left_ms(now + 5_000, now + day, 5_000), 0, "set forward: it is over, and is polled once more");
    }
}
