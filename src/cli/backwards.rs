//! One road for every rollback, from the journal alone: goes it, and says how it ended.

use super::drive::Both;
use super::wrong::Wrong;
use super::{Face, Globals, exit, page, signals};
use crate::contract::{Event, Listener, Operator};
use crate::error::{Error, Kind};
use crate::journal::{Journal, Record};
use crate::report::{Paint, Story};
use crate::run::{Back, Rollback};
use crate::world::Remote;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A rollback: it needs no playbook, only the journal.
pub struct Backwards<'a> {
    pub globals: &'a Globals,
    pub face: &'a Face,
    pub operator: Arc<dyn Operator>,
    pub world: Arc<Remote>,
    pub run: &'a str,
    pub playbook: &'a str,
}

impl Backwards<'_> {
    /// Takes the run back. Gives the exit code.
    ///
    /// # Errors
    /// The journal.
    pub fn go(
        &self,
        journal: &Journal,
        record: Arc<Record>,
        to: Option<String>,
        past_no_return: bool,
    ) -> Result<u8, Wrong> {
        let story = Arc::new(Story::default());
        let listener: Arc<dyn Listener> = Arc::new(Both(vec![self.face.listener(), story.clone()]));
        listener.hear(&Event::RunBegins {
            run: self.run.into(),
            playbook: self.playbook.into(),
            mode: "rollback".into(),
        });
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        signals::ask_to_stop(move || asked.store(true, Ordering::SeqCst));
        let back = Rollback {
            record,
            calls: journal.calls(self.run)?,
            hosts: journal.hosts(self.run)?,
            world: self.world.clone(),
            listener,
            operator: self.operator.clone(),
            to,
            past_no_return,
            yes: self.globals.yes,
            prepared: Mutex::default(),
            stop,
        };
        let end = back.run();
        self.face.end();
        let run = self.run;
        let wrong = |kind, message: String| Error::new(kind, message);
        let again = format!("rolling back again takes it up: mig rollback {run}");
        match end {
            Ok(Back::Done(left)) => {
                if !self.globals.json {
                    page(&story.summary(run, "rollback", &left, Paint { colours: self.globals.colours() }));
                    if let Some(step) = &back.to {
                        page(&format!("that is \"{step}\" and what came after it; what came before it stays"));
                        page(&format!("  mig resume {run} does it again, mig rollback {run} takes back the rest"));
                    }
                }
                Ok(0)
            }
            Ok(Back::Ask { call, text }) => Err(wrong(Kind::NeedsAnswer, format!("call {call}: {text}"))
                .hint(format!("mig resolve {run} {call} --done       it happened"))
                .hint(format!("mig resolve {run} {call} --not-done   it had no effect"))
                .hint(again)
                .into()),
            Ok(Back::NoStep(text)) => Err(Error::bad_input(text).hint(format!("mig show {run}")).into()),
            Ok(Back::Stopped(text)) => Err(wrong(Kind::StepFailed, text).hint(again).into()),
            Ok(Back::NoReturn(reason)) => {
                Err(wrong(Kind::Refused, format!("the run has passed its point of no return: {reason}"))
                    .hint(format!("what came after it can be taken back with --to STEP; see mig show {run}"))
                    .hint(format!("all of it, knowing what that loses: mig rollback {run} --past-no-return"))
                    .into())
            }
            Ok(Back::Halted(stop)) => Err(exit::error_of(&stop).hint(again).into()),
            Err(why) => Err(wrong(Kind::StepFailed, why).hint(again).into()),
        }
    }
}
