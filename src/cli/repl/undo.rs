//! `:undo`: the last line that changed something is taken back, from what the journal has of it.

use super::line::How;
use super::talk::Talk;
use crate::cli::wrong::Wrong;
use crate::cli::{exit, signals};
use crate::contract::Listener;
use crate::error::{Error, Kind};
use crate::journal::{Call, Record, Row, RunState};
use crate::run::{Back, Rollback, is_typed, undoable};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

impl Talk<'_> {
    /// Takes the last change back.
    ///
    /// # Errors
    /// There is none, it cannot be taken back, or somebody changed it since.
    pub(super) fn undo(&mut self) -> Result<(), Wrong> {
        let Some(record) = self.record.clone() else {
            return Err(nothing().into());
        };
        self.flush(&record)?;
        let calls = self.journal.calls(&self.run)?;
        let Some(label) = self.last_change(&calls)? else {
            return Err(nothing().into());
        };
        let before = self.journal.runs()?.into_iter().find(|r| r.id == self.run);
        let (state, why) = before.map_or((RunState::Running, String::new()), |r| (r.state, r.why));
        self.world.cut_short(false);
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        signals::ask_line_to_stop(move || asked.store(true, Ordering::SeqCst));
        let listener: Arc<dyn Listener> = self.shown.clone();
        let back = Rollback {
            record: record.clone(),
            calls,
            hosts: self.journal.hosts(&self.run)?,
            world: self.world.clone(),
            listener,
            operator: self.operator.clone(),
            to: Some(label.clone()),
            past_no_return: false,
            yes: self.globals.yes,
            prepared: Mutex::default(),
            stop,
        };
        let end = back.run();
        self.shown.end_of_line();
        // What the gate knew of the run is old now, and the run goes on as it was.
        self.live = None;
        record.commit("undone", 0, vec![Row::run_is(state, &why)]).map_err(Error::bad_input)?;
        let again = ":undo takes it up again";
        match end {
            Ok(Back::Done(left)) => {
                for line in self.lines.iter_mut().filter(|l| l.label == label && l.how != How::Dry) {
                    line.how = How::Undone;
                }
                let rest = if left.is_empty() { "" } else { ", as far as it can be" };
                self.shown.page(&format!("{label}\n  is taken back{rest}"));
                Ok(())
            }
            Ok(Back::Ask { call, text }) => Err(Error::new(Kind::NeedsAnswer, format!("call {call}: {text}"))
                .hint(format!(
                    "leave with :quit, and say how it ended: mig resolve {} {call} --done, or --not-done",
                    self.run
                ))
                .into()),
            Ok(Back::NoReturn(reason)) => {
                Err(Error::refused(format!("a point of no return stands before it: {reason}")).into())
            }
            Ok(Back::Stopped(text) | Back::NoStep(text)) => Err(Error::new(Kind::StepFailed, text).hint(again).into()),
            Ok(Back::Halted(stop)) => Err(exit::error_of(&stop).hint(again).into()),
            Err(why) => Err(Error::new(Kind::StepFailed, why).hint(again).into()),
        }
    }

    /// The label of the last line that changed something that can be taken back. Where there is none,
    /// what can not is said; else the rollback says it.
    fn last_change(&self, calls: &[Call]) -> Result<Option<String>, Wrong> {
        let mut stays = vec![];
        for change in undoable(calls) {
            let Some(call) = calls.iter().find(|c| c.seq == change.call) else { continue };
            if !is_typed(&call.key.path) {
                return Err(nothing()
                    .hint("what the playbook did is taken back with the whole run, after :quit")
                    .hint(format!("mig rollback {}", self.run))
                    .into());
            }
            match change.left {
                // Taken back already, as far as that goes.
                Some(_) if call.past => {}
                Some(why) => stays.push(format!("stays as it is: {} ({why})", change.deed)),
                None => return Ok(call.key.path.first().cloned()),
            }
        }
        stays.iter().for_each(|line| self.shown.page(line));
        Ok(None)
    }

    /// Brings what still rides onto the disk, so that it can be read.
    pub(super) fn flush(&self, record: &Record) -> Result<(), Wrong> {
        Ok(record.commit("flush", 0, vec![]).map_err(Error::bad_input)?)
    }
}

fn nothing() -> Error {
    Error::bad_input("nothing that was typed here is left to be taken back")
}
