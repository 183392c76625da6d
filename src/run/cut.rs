//! What a run that stopped by a failure leaves for its resume to read and try again.

use super::{Gate, Lane};
use crate::contract::Outcome;
use crate::error::Result;
use crate::journal::{Call, CallState, Journal, Key, Row, RunState};
use std::collections::BTreeSet;

impl Gate {
    /// The run ended by a failure (not by a crash, a drift or a question): what came after the last
    /// call that acted is history. Resume reads it and tries it again; else a failed `expect`
    /// would fail for ever on its recorded reading. One transaction.
    ///
    /// # Errors
    /// The journal.
    pub fn cut(&self, journal: &Journal, why: &str) -> Result<Outcome<()>> {
        if let Err(halt) = self.commit("flush", 0, vec![]) {
            return Ok(Err(halt));
        }
        let calls: Vec<Call> = journal.calls(self.run_id())?.into_iter().filter(|c| !c.past).collect();
        let mut rows = vec![Row::run_is(RunState::Stopped, why)];
        cut_lane(&calls, &Lane::name(&[]), &mut rows);
        Ok(self.commit("stopped", 0, rows))
    }

    /// The run comes to rest in this state.
    ///
    /// # Errors
    /// The journal.
    pub fn rests(&self, state: RunState, why: &str) -> Outcome<()> {
        self.commit("rests", 0, vec![Row::run_is(state, why)])
    }
}

/// Only the last call kept may be an `on_each` that is cut inside: those before it have been
/// passed by a call that acted on their answers.
fn cut_lane(calls: &[Call], lane: &str, rows: &mut Vec<Row>) {
    let acted = |c: &Call| acts(c) || calls.iter().any(|b| acts(b) && is_under(b, &c.key));
    let of: Vec<&Call> = calls.iter().filter(|c| c.lane == lane).collect();
    let keep = of.iter().rposition(|c| acted(c)).map_or(0, |n| n + 1);
    for cut in &of[keep..] {
        let under = calls.iter().filter(|b| is_under(b, &cut.key));
        rows.extend(under.map(|b| Row::call_is_past(b.seq)));
        rows.push(Row::call_is_past(cut.seq));
    }
    let Some(last) = keep.checked_sub(1).map(|n| of[n]) else {
        return;
    };
    if last.state == CallState::Failed {
        // Failed after some of its deeds: it goes on at the deed that failed.
        rows.push(Row::call_is(last.seq, CallState::Begun));
    }
    let depth = last.key.path.len() + 1;
    let branches = calls.iter().filter(|b| is_under(b, &last.key)).filter_map(|b| b.key.path.get(..depth));
    branches.map(Lane::name).collect::<BTreeSet<_>>().iter().for_each(|branch| cut_lane(calls, branch, rows));
}

/// A point of no return acts as well: what comes before it is passed.
fn acts(c: &Call) -> bool {
    c.acted() || (c.key.name == "point_of_no_return") || (c.key.name == "confirm" && c.state == CallState::Done)
}

fn is_under(call: &Call, on_each: &Key) -> bool {
    if on_each.name != "on_each" {
        return false;
    }
    let depth = on_each.path.len();
    let branch = format!("on_each {} [", on_each.number);
    call.key.path.starts_with(&on_each.path) && call.key.path.get(depth).is_some_and(|p| p.starts_with(&branch))
}
