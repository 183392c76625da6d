//! `mig resume` of a session that was cut off: the call at hand is brought to its end.
//!
//! The lines before it are in the journal and stay done; the names they had defined went with the
//! process that was killed.

use super::talk::TYPED_FILE;
use crate::cli::ground::faces;
use crate::cli::resume::pinned_ground;
use crate::cli::run::hands;
use crate::cli::wrong::Wrong;
use crate::cli::{Globals, exit, page, signals};
use crate::journal::{Journal, RunRow, RunState};
use crate::lab::OpenLab;
use crate::primitives::ALL;
use crate::run::{Gate, Mode, Setting};
use std::sync::Arc;

/// Whether a run is a session of typed lines.
pub fn is_typed_run(run: &RunRow) -> bool {
    run.file == TYPED_FILE
}

/// Brings a session to its end. The run is held by the caller.
///
/// # Errors
/// How the call at hand ended cannot be known, or its host cannot be reached.
pub fn resume(run: &RunRow, journal: &Journal, lab: Option<&OpenLab>, globals: &Globals) -> Result<u8, Wrong> {
    let mut ground = pinned_ground(run, globals)?;
    ground.playbook.clone_from(&run.playbook);
    let (face, person) = faces(globals);
    let operator = hands(lab, person, globals.yes);
    let world = ground.open(&run.id, globals, lab, face.listener(), operator.clone())?;
    let record = Arc::new(journal.record(&run.id)?);
    let gate = Arc::new(Gate::new(Setting {
        mode: Mode::Live,
        params: run.params.clone(),
        secrets: ground.inventory.secrets.keys().cloned().collect(),
        world: world.clone(),
        listener: face.listener(),
        operator,
        record: Some(record),
        calls: journal.calls(&run.id)?,
        hosts: journal.hosts(&run.id)?,
        steps: journal.steps(&run.id)?,
        shown: None,
        yes: globals.yes,
        retry: false,
    }));
    let asked = gate.clone();
    signals::ask_to_stop(move || asked.interrupt());
    let ended = gate.finish_typed(ALL);
    let halted = |halt| Wrong::from(exit::error_of_halt(&halt));
    let done = match ended {
        Ok(n) => {
            gate.release(true);
            gate.rests(RunState::Done, "").map_err(halted).map(|()| n)
        }
        Err(halt) => Err(halted(halt)),
    };
    face.end();
    world.close();
    let id = &run.id;
    page(&format!(
        "run {id}: {}; it is kept\n  mig rollback {id}  take it back\n  mig finish {id}    end it: it cannot be taken back any more",
        match done? {
            0 => "no line was at hand".to_string(),
            n => format!("{n} call(s) that were at hand are brought to their end"),
        }
    ));
    Ok(0)
}
