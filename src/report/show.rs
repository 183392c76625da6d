//! The page of `mig show`: one run, step by step, from the journal alone.

use super::before_after::before_after;
use super::duration::{duration, whole_duration};
use super::harmless;
use super::label::{label, place};
use super::paint::Paint;
use super::plan::{counted, difference_line};
use super::runs::in_its_colour;
use crate::contract::{HostRecord, Source, Undo};
use crate::journal::{Call, CallState, DeedRow, DeedState, RunRow, RunState, StepRow};
use crate::name::HostName;
use crate::run::{Undoable, difference, open_leases, short, undoable};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// One run, as the journal has it.
pub struct ShownRun<'a> {
    pub run: &'a RunRow,
    pub steps: &'a [StepRow],
    pub calls: &'a [Call],
    pub hosts: &'a [HostRecord],
    /// Notes and the like, with their times.
    pub moments: &'a [(i64, Value)],
    pub now_ms: i64,
}

impl ShownRun<'_> {
    pub fn render(&self, paint: Paint) -> String {
        let mut page =
            Page { paint, out: String::new(), shown: vec![], steps: self.steps, began_ms: self.run.began_ms };
        self.head(&mut page);
        for call in self.calls {
            page.call(call, self.is_history(call));
        }
        self.machines(&mut page);
        self.cutovers(&mut page);
        self.notes(&mut page);
        self.leases(&mut page);
        self.rollback(&mut page);
        page.out
    }

    /// Whether a later pass has come by this call again. What failed last answers no more either, but
    /// nothing has come after it.
    pub(super) fn is_history(&self, call: &Call) -> bool {
        call.past && self.calls.iter().any(|c| c.seq > call.seq && c.lane == call.lane)
    }

    /// The last call that was a point of no return.
    pub(super) fn edge(&self) -> Option<i64> {
        self.calls.iter().filter(|c| c.key.name == "point_of_no_return").map(|c| c.seq).max()
    }

    fn head(&self, page: &mut Page<'_>) {
        let (r, paint) = (self.run, page.paint);
        let state = in_its_colour(r.state.word(), paint);
        page.line(0, &format!("{} {}  {state}", paint.bold(&harmless::line(&r.playbook)), paint.name(&r.id)));
        let ago = whole_duration(since(r.began_ms, self.now_ms));
        let took = r.ended_ms.map(|e| format!(", took {}", duration(since(r.began_ms, e)))).unwrap_or_default();
        page.line(1, &paint.dim(&format!("began {ago} ago{took}, from {}", harmless::line(&r.file))));
        if !r.why.is_empty() {
            page.line(1, &paint.careful(&harmless::line(&r.why)));
        }
        if let Value::Object(params) = &r.params {
            for (name, value) in params {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                page.line(1, &paint.dim(&harmless::line(&format!("{name} = {value}"))));
            }
        }
        page.out.push('\n');
    }

    fn cutovers(&self, page: &mut Page<'_>) {
        let paint = page.paint;
        for step in self.steps.iter().filter(|s| s.is_cutover) {
            let took = since(step.began_ms, step.ended_ms.unwrap_or(self.now_ms));
            let goes_on = if step.ended_ms.is_none() { ", not ended" } else { "" };
            let budget = step.budget_ms.map(|b| format!(" of {}", whole_duration(b))).unwrap_or_default();
            let over = step.budget_ms.is_some_and(|b| took > b);
            let text = format!("outage {}{budget}{goes_on}", duration(took));
            let text = if over { paint.bad(&format!("{text}, OVER BUDGET")) } else { text };
            page.line(0, &format!("\n{text} in {}", place(&step.path)));
        }
    }

    /// What was done on each machine, and how long that took.
    fn machines(&self, page: &mut Page<'_>) {
        let mut hosts: BTreeMap<&HostName, (usize, u64)> = BTreeMap::new();
        for deed in self.calls.iter().flat_map(|c| &c.deeds).filter(|d| d.began_ms > 0) {
            if let Some(host) = deed.step.deed.host() {
                let (n, took) = hosts.entry(host).or_default();
                (*n, *took) = (*n + 1, *took + since(deed.began_ms, deed.ended_ms));
            }
        }
        if !hosts.is_empty() {
            page.out.push('\n');
        }
        for (host, (n, took)) in hosts {
            page.line(0, &format!("on {host}: {}, {}", counted(n, "deed"), duration(took)));
        }
    }

    fn notes(&self, page: &mut Page<'_>) {
        for note in self.moments.iter().filter_map(|(_, m)| m.get("note").and_then(Value::as_str)) {
            page.line(0, &format!("\nnote: {}", harmless::line(note)));
        }
    }

    fn leases(&self, page: &mut Page<'_>) {
        let open = open_leases(self.calls);
        if open.is_empty() || self.run.state == RunState::Finished {
            return;
        }
        page.line(
            0,
            &format!(
                "\n{}",
                page.paint.bold("Open on the hosts, until it is closed by the run, mig rollback or mig finish:")
            ),
        );
        for lease in open {
            page.line(1, &harmless::line(&format!("{lease} ({})", lease.name)));
        }
    }

    fn rollback(&self, page: &mut Page<'_>) {
        let paint = page.paint;
        if !self.run.state.can_roll_back() {
            return;
        }
        let undoable = undoable(self.calls);
        if undoable.is_empty() {
            page.line(0, "\nThere is nothing to roll back.");
            return;
        }
        let estimate: u64 = undoable.iter().map(|u| u.took_ms).sum();
        let text = format!(
            "A rollback now would take back {}, in about {}:",
            counted(undoable.iter().filter(|u| u.left.is_none()).count(), "deed"),
            whole_duration(estimate.max(1000))
        );
        page.line(0, &format!("\n{}", paint.bold(&text)));
        // Newest first: what lies before the point of no return needs a word of its own.
        let edge = self.edge();
        let mut is_said = false;
        for Undoable { call, deed, undo, left, .. } in &undoable {
            if let Some(edge) = edge
                && *call < edge
                && !is_said
            {
                is_said = true;
                page.line(1, &paint.bad("──── point of no return: further only with --past-no-return ────"));
            }
            match left {
                Some(why) => {
                    page.line(1, &format!("{} {}: {}", paint.bad("stays"), harmless::line(deed), harmless::line(why)))
                }
                None => undo.iter().for_each(|u| page.line(1, &harmless::line(u))),
            }
        }
    }
}

struct Page<'a> {
    paint: Paint,
    out: String,
    shown: Vec<String>,
    steps: &'a [StepRow],
    began_ms: i64,
}

impl Page<'_> {
    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(depth));
    }

    fn after_start(&self, ms: i64) -> String {
        format!(", {} after the start", duration(since(self.began_ms, ms)))
    }

    fn heading(&mut self, path: &[String]) {
        let same = self.shown.iter().zip(path).take_while(|(a, b)| a == b).count();
        for depth in same..path.len() {
            let step = self.steps.iter().find(|s| s.path == path[..=depth]);
            let took = match step {
                Some(StepRow { began_ms, ended_ms: Some(end), .. }) => {
                    format!("  {}{}", duration(since(*began_ms, *end)), self.after_start(*began_ms))
                }
                Some(step) => format!("  not ended{}", self.after_start(step.began_ms)),
                None => String::new(),
            };
            let text = format!("{}{}", self.paint.bold(&label(&path[depth])), self.paint.dim(&took));
            self.line(depth, &text);
        }
        self.shown = path.to_vec();
    }

    fn call(&mut self, call: &Call, is_history: bool) {
        let paint = self.paint;
        self.heading(&call.key.path);
        let depth = call.key.path.len();
        let mark = match call.state {
            CallState::Done => paint.good("✓"),
            CallState::Failed => paint.bad("✗"),
            CallState::Begun => paint.careful("…"),
        };
        let past = if is_history { "  before the last resume" } else { "" };
        let took = if call.ended_ms > call.began_ms {
            format!("  {}", duration(since(call.began_ms, call.ended_ms)))
        } else {
            String::new()
        };
        // A reading is quick, and what was already so took no time of its own.
        let took = if call.state == CallState::Done && call.deeds.is_empty() { "" } else { took.as_str() };
        let tail = paint.dim(&format!("  {}{took}{past}", call.seq));
        let text = format!("{mark} {}{tail}", harmless::line(&short(&call.key)));
        self.line(depth, &text);
        if call.state == CallState::Failed
            && let Some(message) = call.answer.get("message").and_then(Value::as_str)
        {
            self.line(depth + 1, &paint.bad(&harmless::line(message)));
        }
        for deed in &call.deeds {
            self.deed(depth + 1, deed);
        }
    }

    fn deed(&mut self, depth: usize, row: &DeedRow) {
        let paint = self.paint;
        let state = match row.state {
            DeedState::Done => String::new(),
            state => paint.careful(&format!("  {}", state.word())),
        };
        let undone = match row.undo.as_str() {
            "" => String::new(),
            "done" => paint.good("  taken back"),
            half => paint.careful(&format!("  undo {half}")),
        };
        self.line(depth, &format!("{}{state}{undone}", harmless::line(&row.step.deed.to_string())));
        let diff = match row.step.deed.put() {
            // Its content exists only while acting; not even its length is told here.
            Some(put) if matches!(put.source, Source::Secret(_)) => "holds a secret: not shown".into(),
            _ => difference(&row.step),
        };
        if diff.is_empty()
            && let Some(sides) = before_after(&row.step)
        {
            self.line(depth + 1, &paint.dim(&harmless::line(&format!("before: {}", sides.before))));
            self.line(depth + 1, &paint.dim(&harmless::line(&format!("after:  {}", sides.after))));
        }
        for line in harmless::lines(&diff).trim_end_matches('\n').lines() {
            let text = difference_line(paint, line);
            self.line(depth + 1, &text);
        }
        if let Undo::Impossible(why) = &row.step.undo {
            self.line(depth + 1, &paint.bad(&format!("CANNOT BE UNDONE: {}", harmless::line(why))));
        }
    }
}

/// Milliseconds between two times of the journal; a clock that was set back gives none.
pub fn since(began: i64, ended: i64) -> u64 {
    u64::try_from(ended.saturating_sub(began)).unwrap_or(0)
}

#[cfg(test)]
#[path = "show_tests.rs"]
mod tests;
