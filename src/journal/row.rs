//! The rows that a run writes, so that SQL stays in this room.

use super::blob::take_out;
use super::{CallState, DeedState, Key, now_ms};
use crate::contract::{HostRecord, Step};
use rusqlite::types::Value as V;
use serde_json::Value;

/// One statement and its values; the first parameter of each is the run, filled in by the writer.
pub struct Row(pub(super) &'static str, pub(super) Vec<V>);

impl Row {
    /// A call that begins, or that ended at once.
    pub fn call(seq: i64, lane: &str, key: &Key, state: CallState, answer: &Value) -> Row {
        let ended = if state == CallState::Begun { 0 } else { now_ms() };
        Row(
            "insert into call(run,seq,lane,key,state,answer,began_ms,ended_ms) values(?1,?2,?3,?4,?5,?6,?7,?8)",
            vec![seq.into(), text(lane), json(key), text(state.word()), json(answer), now_ms().into(), ended.into()],
        )
    }
    pub fn call_ends(seq: i64, state: CallState, answer: &Value) -> Row {
        Row(
            "update call set state=?3, answer=?4, ended_ms=?5 where run=?1 and seq=?2",
            vec![seq.into(), text(state.word()), json(answer), now_ms().into()],
        )
    }
    /// Its state alone; the answer stays.
    pub fn call_is(seq: i64, state: CallState) -> Row {
        Row("update call set state=?3 where run=?1 and seq=?2", vec![seq.into(), text(state.word())])
    }
    /// The answer is known, its being seen in the world is not yet.
    pub fn call_answers(seq: i64, answer: &Value) -> Row {
        Row("update call set answer=?3 where run=?1 and seq=?2", vec![seq.into(), json(answer)])
    }
    pub fn call_is_past(seq: i64) -> Row {
        Row("update call set past=1 where run=?1 and seq=?2", vec![seq.into()])
    }
    /// A planned deed; more than one row when it holds long texts.
    pub fn deed(seq: i64, n: usize, step: &Step) -> Vec<Row> {
        let mut step = serde_json::to_value(step).unwrap_or(Value::Null);
        let mut long = vec![];
        take_out(&mut step, &mut long);
        let blob = |(sha, bytes): (String, String)| {
            Row(
                "insert or ignore into blob(sha256,bytes) select ?2,?3 where ?1 is not null",
                vec![text(&sha), V::Blob(bytes.into_bytes())],
            )
        };
        let mut rows: Vec<Row> = long.into_iter().map(blob).collect();
        rows.push(Row(
            "insert into deed(run,seq,n,step,state,attempt,at) values(?1,?2,?3,?4,'planned',1,0)",
            vec![seq.into(), number(n), json(&step)],
        ));
        rows
    }
    /// `boot`: the boot id of its host, as last seen.
    pub fn deed_begins(seq: i64, n: usize, attempt: i64, at: i64, boot: &str) -> Row {
        Row(
            "update deed set state='begun', attempt=?4, at=?5, began_ms=?6, boot=?7 where run=?1 and seq=?2 and n=?3",
            vec![seq.into(), number(n), attempt.into(), at.into(), now_ms().into(), text(boot)],
        )
    }
    pub fn deed_ends(seq: i64, n: usize, state: DeedState) -> Row {
        Row(
            "update deed set state=?4, ended_ms=?5 where run=?1 and seq=?2 and n=?3",
            vec![seq.into(), number(n), text(state.word()), now_ms().into()],
        )
    }
    /// The operator says it did not happen: it may be started under a new token.
    pub fn deed_again(seq: i64, n: usize) -> Row {
        Row(
            "update deed set state='planned', attempt=attempt+1, undo='', undo_attempt=undo_attempt+1 \
             where run=?1 and seq=?2 and n=?3",
            vec![seq.into(), number(n)],
        )
    }
    /// How far an undo is. `boot`: as for [`Row::deed_begins`].
    pub fn undo(seq: i64, n: usize, state: &str, attempt: i64, boot: &str) -> Row {
        Row(
            "update deed set undo=?4, undo_attempt=?5, undo_boot=?6 where run=?1 and seq=?2 and n=?3",
            vec![seq.into(), number(n), text(state), attempt.into(), text(boot)],
        )
    }
    pub fn run_is(state: super::RunState, why: &str) -> Row {
        Row(
            "update run set state=?2, why=?3, ended_ms=?4 where id=?1",
            vec![text(state.word()), text(why), now_ms().into()],
        )
    }
    pub fn host(record: &HostRecord) -> Row {
        Row(
            "insert into host(run,name,record) values(?1,?2,?3) on conflict do update set record=excluded.record",
            vec![text(record.host.as_ref()), json(record)],
        )
    }
    pub fn step_begins(path: &[String], budget_ms: Option<u64>, is_cutover: bool) -> Row {
        Row(
            "insert into step(run,path,is_cutover,budget_ms,began_ms) values(?1,?2,?3,?4,?5) \
             on conflict do update set state='begun', ended_ms=null",
            vec![
                json(&path),
                i64::from(is_cutover).into(),
                budget_ms.map_or(V::Null, |b| V::Integer(b.try_into().unwrap_or(i64::MAX))),
                now_ms().into(),
            ],
        )
    }
    pub fn step_ends(path: &[String], ok: bool) -> Row {
        Row(
            "update step set state=?3, ended_ms=?4 where run=?1 and path=?2",
            vec![json(&path), text(if ok { "done" } else { "failed" }), now_ms().into()],
        )
    }
    pub fn moment(n: i64, event: &Value) -> Row {
        Row("insert into moment(run,n,at_ms,event) values(?1,?2,?3,?4)", vec![n.into(), now_ms().into(), json(event)])
    }
    /// Another text of the playbook was taken (`--edited`).
    pub fn script(name: &str, file: &str, body: &str) -> Row {
        Row(
            "insert into script(run,name,file,text) values(?1,?2,?3,?4) \
             on conflict do update set file=excluded.file, text=excluded.text",
            vec![text(name), text(file), text(body)],
        )
    }
    /// Drops the pinned modules before others are pinned.
    pub fn no_scripts() -> Row {
        Row("delete from script where run=?1", vec![])
    }
    /// The inventory was edited: an address changed.
    pub fn inventory(body: &str) -> Row {
        Row("update run set inventory=?2 where id=?1", vec![text(body)])
    }
}

fn number(n: usize) -> V {
    V::Integer(i64::try_from(n).unwrap_or(i64::MAX))
}
fn text(s: &str) -> V {
    V::Text(s.into())
}
fn json(v: &impl serde::Serialize) -> V {
    V::Text(serde_json::to_string(v).unwrap_or_else(|e| format!("\"{e}\"")))
}
