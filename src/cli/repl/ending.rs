//! The end of a session: what it did is kept, or rolled back.

use super::reader::Reader;
use super::talk::{Left, Talk};
use crate::cli::backwards::Backwards;
use crate::cli::wrong::Wrong;
use crate::cli::{exit, faces};
use crate::contract::{Answer, Question};
use crate::error::{Error, Kind};
use crate::journal::{CallState, RunState};
use crate::report;
use crate::run::{is_typed, undoable};

impl Talk<'_> {
    /// `:quit`: asks what becomes of what was done. `None`: the session goes on.
    pub(super) fn quit(&mut self, reader: &mut dyn Reader) -> Result<Option<Left>, Wrong> {
        let (true, true, Some(_)) = (self.is_own, reader.is_terminal(), &self.record) else {
            return self.leave(reader, 0).map(|code| Some(Left::Quit(code)));
        };
        let changes = undoable(&self.calls()?).into_iter().filter(|u| u.left.is_none()).count();
        if changes == 0 {
            return self.leave(reader, 0).map(|code| Some(Left::Quit(code)));
        }
        let text = format!("{changes} change(s) of this session can be taken back.");
        let choices = ["keep", "roll back", "stay"].map(String::from).into();
        match self.operator.ask(&Question::Choose { text, choices }) {
            Ok(Answer::Text(word)) if word == "stay" => Ok(None),
            Ok(Answer::Text(word)) if word == "roll back" => self.roll_back().map(|code| Some(Left::Quit(code))),
            Ok(_) => self.leave(reader, 0).map(|code| Some(Left::Quit(code))),
            // Ctrl-C at the question: nothing is decided.
            Err(halt) => match exit::error_of_halt(&halt).kind {
                Kind::Stopped => Ok(None),
                _ => self.leave(reader, 0).map(|code| Some(Left::Quit(code))),
            },
        }
    }

    fn calls(&self) -> Result<Vec<crate::journal::Call>, Wrong> {
        if let Some(record) = &self.record {
            self.flush(record)?;
        }
        Ok(self.journal.calls(&self.run)?)
    }

    /// Takes the whole session back.
    fn roll_back(&mut self) -> Result<u8, Wrong> {
        let Some(record) = self.record.clone() else { return Ok(0) };
        self.world.cut_short(false);
        let (face, _) = faces(self.globals);
        let back = Backwards {
            globals: self.globals,
            face: &face,
            operator: self.operator.clone(),
            world: self.world.clone(),
            run: &self.run,
            playbook: "repl",
        };
        back.go(self.journal, record, None, false)
    }

    /// Ends the session with everything kept. Gives the exit code.
    ///
    /// # Errors
    /// The journal.
    pub(super) fn leave(&mut self, reader: &dyn Reader, code: u8) -> Result<u8, Wrong> {
        if !self.is_own {
            if reader.is_terminal() {
                let run = &self.run;
                self.shown.page(&format!(
                    "run {run} stays as it is; what was typed belongs to it\n  mig resume {run}    go on\n  mig rollback {run}  take it back, with what was typed"
                ));
            }
            return Ok(code);
        }
        if self.record.is_none() {
            return Ok(code);
        }
        let calls = self.calls()?;
        let is_cut = calls
            .iter()
            .any(|c| is_typed(&c.key.path) && c.state == CallState::Begun && !c.past && !c.deeds.is_empty());
        let has_acted = calls.iter().any(|c| !c.deeds.is_empty());
        self.is_dry = false;
        let gate = self.open_gate()?;
        let run = &self.run;
        let halted = |halt| Wrong::from(exit::error_of_halt(&halt));
        if is_cut {
            gate.rests(RunState::Stopped, "a typed line was cut off").map_err(halted)?;
            let error =
                Error::new(Kind::StepFailed, format!("a line of run {run} was cut off, and how it ended is not known"));
            return Err(error
                .hint(format!("mig resume {run}    looks, and brings it to its end"))
                .hint(format!("mig rollback {run}  takes the session back"))
                .into());
        }
        let kept = gate.release(true);
        gate.rests(RunState::Done, "").map_err(halted)?;
        if has_acted {
            let mut said = format!(
                "run {run} is kept\n  mig rollback {run}  take it back\n  mig finish {run}    end it: it cannot be taken back any more"
            );
            if kept > 0 {
                said += &format!("\n  for that, {} of files stay on the hosts until then", report::bytes(kept));
            }
            self.shown.page(&said);
        }
        Ok(code)
    }
}
