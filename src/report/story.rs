//! Remembers what happened, for the page at the end of a run.

use super::duration::{duration, whole_duration};
use super::failure::{FailurePage, next_commands};
use super::harmless;
use super::label::place;
use super::paint::Paint;
use super::plan::counted;
use crate::contract::{Event, Failure, Halt, Listener, Stop, Tally};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Listens beside the face that shows the run.
#[derive(Default)]
pub struct Story(Mutex<Told>);

#[derive(Default)]
struct Told {
    run: String,
    playbook: String,
    succeeded: Vec<(Vec<String>, u64)>,
    /// The innermost step that failed first.
    failed_step: Option<Vec<String>>,
    failed_call: Option<(Vec<String>, String, Failure)>,
    /// The steps and calls that are open, innermost last.
    open: Vec<Vec<String>>,
    calls: BTreeMap<i64, (Vec<String>, String)>,
    deeds: BTreeMap<Vec<String>, String>,
    cutovers: Vec<(Vec<String>, u64, u64)>,
    warnings: Vec<String>,
    tally: Tally,
}

impl Listener for Story {
    fn hear(&self, event: &Event) {
        let mut t = self.told();
        match event {
            Event::RunBegins { run, playbook, .. } => (t.run, t.playbook) = (run.clone(), playbook.clone()),
            Event::StepBegins { path, .. } => t.open.push(path.clone()),
            Event::StepEnds { path, ok, took_ms, .. } => {
                t.open.retain(|p| p != path);
                if *ok {
                    t.succeeded.push((path.clone(), *took_ms));
                } else if t.failed_step.is_none() {
                    t.failed_step = Some(path.clone());
                }
            }
            Event::CallBegins { path, call, id } => {
                t.calls.insert(*id, (path.clone(), call.clone()));
            }
            Event::DeedBegins { path, deed, .. } => {
                t.deeds.insert(path.clone(), deed.clone());
            }
            Event::CallEnds { path, call, id, failure, .. } => {
                t.calls.remove(id);
                match failure {
                    // A script may catch it and go on: the last one counts.
                    Some(f) => t.failed_call = Some((path.clone(), call.clone(), f.clone())),
                    None => {
                        t.deeds.remove(path);
                    }
                }
            }
            Event::CutoverEnds { path, took_ms, budget_ms } => t.cutovers.push((path.clone(), *took_ms, *budget_ms)),
            Event::Warning { text } => t.warnings.push(text.clone()),
            Event::RunEnds { run, tally, .. } => {
                t.run.clone_from(run);
                t.tally = tally.clone();
            }
            _ => {}
        }
    }
}

impl Story {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What failed, for `FailurePage::render`. `run` is the id as the user may type it.
    pub fn failure(&self, run: &str, halt: &Halt) -> FailurePage {
        let t = self.told();
        let mut page = FailurePage {
            run: run.into(),
            playbook: t.playbook.clone(),
            succeeded: t.succeeded.clone(),
            next: next_commands(run, halt),
            ..FailurePage::default()
        };
        match halt {
            Halt::Failed(f) => {
                page.message.clone_from(&f.message);
                page.output.clone_from(&f.output);
                page.hints.clone_from(&f.hints);
                match &t.failed_call {
                    // The call that failed, unless the script made another failure of it.
                    Some((path, call, seen)) if seen.message == f.message => {
                        page.path.clone_from(path);
                        page.call = Some(call.clone());
                        page.deed = t.deeds.get(path).cloned();
                        page.code = page.deed.is_some().then_some(f.code);
                    }
                    _ => page.path = t.where_it_stands(),
                }
            }
            Halt::Stop(stop) => {
                page.path = t.where_it_stands();
                if let Some((path, call)) = t.calls.values().next_back() {
                    page.path.clone_from(path);
                    page.call = Some(call.clone());
                    page.deed = t.deeds.get(path).cloned();
                }
                page.message = match stop {
                    Stop::Drift(t)
                    | Stop::OnlyARun(t)
                    | Stop::Refused(t)
                    | Stop::NoAnswer(t)
                    | Stop::Held(t)
                    | Stop::RollBack(t)
                    | Stop::Fault(t) => t.clone(),
                    Stop::Ask { call, text } => {
                        page.call = Some(format!("number {call}"));
                        text.clone()
                    }
                    Stop::Interrupted => "stopped by the operator".into(),
                    Stop::Edge => "a lane ran out of what was recorded; this is a bug in mig".into(),
                };
            }
        }
        page
    }

    /// The end of a run or a rollback that went well, and what the rollback has `left` as it is.
    pub fn summary(&self, run: &str, mode: &str, left: &[String], paint: Paint) -> String {
        let t = self.told();
        let run = harmless::line(run);
        let what = harmless::line(&t.playbook);
        let took = paint.dim(&duration(t.tally.took_ms));
        let is_back = mode == "rollback";
        let end = if is_back { "is taken back" } else { "is done" };
        let mut out = format!("{} {} {run} {end}  {took}\n", paint.good("✓"), paint.bold(&what));
        let mut counts = vec![counted(t.tally.deeds, "deed")];
        if t.tally.already > 0 {
            counts.push(format!("{} already so", counted(t.tally.already, "call")));
        }
        if t.tally.replayed > 0 {
            counts.push(format!("{} done before", counted(t.tally.replayed, "call")));
        }
        let _ = writeln!(out, "  {}", counts.join(", "));
        for (path, took, budget) in &t.cutovers {
            let text = format!("outage {} of {}", duration(*took), whole_duration(*budget));
            let text = if took > budget { paint.bad(&format!("{text}, OVER BUDGET")) } else { paint.good(&text) };
            let _ = writeln!(out, "  {text} in {}", place(path));
        }
        for text in &t.warnings {
            let _ = writeln!(out, "  {} {}", paint.careful("!"), harmless::line(text));
        }
        if !left.is_empty() {
            let _ = writeln!(out, "  {}", paint.careful("left as it is:"));
            for line in left {
                let _ = writeln!(out, "    {}", harmless::line(line));
            }
        }
        if !is_back {
            let back = paint.name(&format!("mig rollback {run}"));
            let finish = paint.name(&format!("mig finish {run}"));
            let _ = writeln!(out, "  {back} takes it back, until {finish} ends it for good");
        }
        out
    }
}

impl Told {
    fn where_it_stands(&self) -> Vec<String> {
        self.failed_step.clone().or_else(|| self.open.last().cloned()).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "story_tests.rs"]
mod tests;
