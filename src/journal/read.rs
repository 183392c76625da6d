//! What the journal tells of runs.

use super::blob::put_back;
use super::{Call, CallState, DeedRow, DeedState, Journal, RunRow, RunState, StepRow};
use crate::contract::HostRecord;
use crate::error::{Error, Result};
use rusqlite::{Connection, params};
use serde_json::Value;

const RUN: &str =
    "select id,playbook,file,state,why,params,inventory,inventory_file,lab,version,began_ms,ended_ms from run";

impl Journal {
    /// All runs, newest first.
    ///
    /// # Errors
    /// The file.
    pub fn runs(&self) -> Result<Vec<RunRow>> {
        self.query(|db| {
            let mut q = db.prepare(&format!("{RUN} order by began_ms desc, rowid desc"))?;
            q.query_map([], run_row)?.collect()
        })
    }

    /// The text and modules that a run pinned: (name, file, text).
    ///
    /// # Errors
    /// The file.
    pub fn scripts(&self, run: &str) -> Result<Vec<(String, String, String)>> {
        self.query(|db| {
            let mut q = db.prepare("select name,file,text from script where run=? order by name")?;
            q.query_map(params![run], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect()
        })
    }

    /// The calls of a run in the order in which they were made, with their deeds.
    ///
    /// # Errors
    /// The file, or a row that this binary cannot read.
    pub fn calls(&self, run: &str) -> Result<Vec<Call>> {
        let mut calls: Vec<Call> = self.query(|db| {
            let mut q = db.prepare(
                "select seq,lane,key,state,answer,past,began_ms,ended_ms from call where run=? order by seq",
            )?;
            q.query_map(params![run], |r| {
                Ok(Call {
                    seq: r.get(0)?,
                    lane: r.get(1)?,
                    key: json(r, 2)?,
                    state: word(r, 3, CallState::of)?,
                    answer: json(r, 4)?,
                    past: r.get::<_, i64>(5)? == 1,
                    began_ms: r.get(6)?,
                    ended_ms: r.get(7)?,
                    deeds: vec![],
                })
            })?
            .collect()
        })?;
        let deeds: Vec<(i64, DeedRow)> = self.query(|db| {
            let mut q = db.prepare(
                "select seq,n,step,state,attempt,at,undo,undo_attempt,began_ms,ended_ms,boot,undo_boot from deed where run=? \
                 order by seq,n",
            )?;
            q.query_map(params![run], |r| {
                let mut step: Value = json(r, 2)?;
                put_back(db, &mut step)?;
                let step = serde_json::from_value(step).map_err(|e| unreadable(2, &e))?;
                let n: i64 = r.get(1)?;
                Ok((
                    r.get(0)?,
                    DeedRow {
                        n: usize::try_from(n).unwrap_or_default(),
                        step,
                        state: word(r, 3, DeedState::of)?,
                        attempt: r.get(4)?,
                        at: r.get(5)?,
                        undo: r.get(6)?,
                        undo_attempt: r.get(7)?,
                        began_ms: r.get(8)?,
                        ended_ms: r.get(9)?,
                        boot: r.get(10)?,
                        undo_boot: r.get(11)?,
                    },
                ))
            })?
            .collect()
        })?;
        for (seq, deed) in deeds {
            if let Ok(at) = calls.binary_search_by_key(&seq, |c| c.seq) {
                calls[at].deeds.push(deed);
            }
        }
        Ok(calls)
    }

    /// # Errors
    /// The file.
    pub fn hosts(&self, run: &str) -> Result<Vec<HostRecord>> {
        self.query(|db| {
            let mut q = db.prepare("select record from host where run=? order by name")?;
            q.query_map(params![run], |r| json(r, 0))?.collect()
        })
    }

    /// # Errors
    /// The file.
    pub fn steps(&self, run: &str) -> Result<Vec<StepRow>> {
        self.query(|db| {
            let mut q = db.prepare(
                "select path,is_cutover,budget_ms,began_ms,ended_ms,state from step where run=? order by rowid",
            )?;
            q.query_map(params![run], |r| {
                Ok(StepRow {
                    path: json(r, 0)?,
                    is_cutover: r.get::<_, i64>(1)? == 1,
                    budget_ms: r.get::<_, Option<i64>>(2)?.map(i64::unsigned_abs),
                    began_ms: r.get(3)?,
                    ended_ms: r.get(4)?,
                    state: r.get(5)?,
                })
            })?
            .collect()
        })
    }

    /// Notes, warnings and answers, with their times.
    ///
    /// # Errors
    /// The file.
    pub fn moments(&self, run: &str) -> Result<Vec<(i64, Value)>> {
        self.query(|db| {
            let mut q = db.prepare("select at_ms,event from moment where run=? order by n")?;
            q.query_map(params![run], |r| Ok((r.get(0)?, json(r, 1)?)))?.collect()
        })
    }

    fn query<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        ask(&self.db).or_else(|e| {
            Error::bad_input(format!("cannot read {}: {e}", self.state.join("journal.db").display())).err()
        })
    }
}

fn run_row(r: &rusqlite::Row) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: r.get(0)?,
        playbook: r.get(1)?,
        file: r.get(2)?,
        state: word(r, 3, RunState::of)?,
        why: r.get(4)?,
        params: json(r, 5)?,
        inventory: r.get(6)?,
        inventory_file: r.get(7)?,
        lab: r.get(8)?,
        version: r.get(9)?,
        began_ms: r.get(10)?,
        ended_ms: r.get(11)?,
    })
}

fn json<T: serde::de::DeserializeOwned>(r: &rusqlite::Row, at: usize) -> rusqlite::Result<T> {
    let text: String = r.get(at)?;
    serde_json::from_str(&text).map_err(|e| unreadable(at, &e))
}
fn word<T>(r: &rusqlite::Row, at: usize, of: fn(&str) -> Option<T>) -> rusqlite::Result<T> {
    let text: String = r.get(at)?;
    of(&text).ok_or_else(|| unreadable(at, &format!("{text:?} is not a state that this mig knows")))
}
fn unreadable(at: usize, why: &dyn std::fmt::Display) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(at, rusqlite::types::Type::Text, why.to_string().into())
}
