//! Takes a run back from the journal alone: newest deed first, each undo recorded before it acts.
//!
//! Every undo is guarded by the deed itself: a file is put back only while it still is what we
//! wrote. Rolling back again takes up where the last one ended.

use super::gate::{lock, ms};
use crate::contract::{
    Answer, Deed, Event, Failure, Halt, HostRecord, Listener, Operator, Question, Settled, Stop, Tally, Token, Undo,
    World,
};
use crate::fault;
use crate::journal::{Call, DeedRow, DeedState, Record, Row, RunState};
use crate::name::HostName;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// How a rollback ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Back {
    /// Taken back, with what had to be left as it is.
    Done(Vec<String>),
    /// Only the operator can say how this ended.
    Ask {
        call: i64,
        text: String,
    },
    /// It was to go back to a step that the run does not have.
    NoStep(String),
    /// An undo failed or was refused. Rolling back again tries it again.
    Stopped(String),
    /// It would have to pass the point of no return.
    NoReturn(String),
    Halted(Stop),
}

/// Everything a rollback stands on.
pub struct Rollback {
    pub record: Arc<Record>,
    pub calls: Vec<Call>,
    pub hosts: Vec<HostRecord>,
    pub world: Arc<dyn World>,
    pub listener: Arc<dyn Listener>,
    pub operator: Arc<dyn Operator>,
    /// Take back only what this step and what came after it did: its title, or a path `a / b`.
    pub to: Option<String>,
    pub past_no_return: bool,
    /// Undo commands of deeds that failed or are unknown are sent without a question.
    pub yes: bool,
    pub prepared: Mutex<BTreeMap<HostName, HostRecord>>,
    pub stop: Arc<std::sync::atomic::AtomicBool>,
}

/// One deed that a rollback would take back now.
#[derive(Debug, Clone)]
pub struct Undoable {
    pub call: i64,
    pub n: usize,
    pub place: String,
    pub deed: String,
    /// What would be done; empty with `left`.
    pub undo: Vec<String>,
    /// Why it would be left as it is.
    pub left: Option<String>,
    /// How long the deed itself took: the best guess for its undo.
    pub took_ms: u64,
}

/// What a rollback would do now, newest first.
#[must_use]
pub fn undoable(calls: &[Call]) -> Vec<Undoable> {
    begun(calls, None)
        .into_iter()
        .filter_map(|(call, d)| {
            let (undo, left) = match &d.step.undo {
                Undo::By(deeds) => (deeds.iter().map(ToString::to_string).collect(), None),
                Undo::NotNeeded => return None,
                Undo::Impossible(why) => (vec![], Some(why.clone())),
            };
            Some(Undoable {
                call: call.seq,
                n: d.n,
                place: call.key.place(),
                deed: d.step.deed.to_string(),
                undo,
                left,
                took_ms: u64::try_from(d.ended_ms - d.began_ms).unwrap_or(0),
            })
        })
        .collect()
}

/// All tokens under which the journal has begun anything.
pub(super) fn tokens(calls: &[Call]) -> BTreeSet<String> {
    let deeds = calls.iter().flat_map(|c| c.deeds.iter().map(move |d| (c.seq, d)));
    let all = deeds.flat_map(|(seq, d)| {
        let undo = match &d.step.undo {
            Undo::By(undo) => undo.len(),
            _ => 0,
        };
        let tries = (1..=d.attempt).map(move |a| Token::deed(seq, d.n, a));
        tries.chain((0..undo).flat_map(move |u| (0..=d.undo_attempt).map(move |a| Token::undo(seq, d.n, u, a))))
    });
    all.map(|t| t.as_ref().to_owned()).collect()
}

/// The deeds that were begun and are not taken back, newest first.
fn begun(calls: &[Call], from: Option<i64>) -> Vec<(&Call, &DeedRow)> {
    let mut deeds: Vec<_> = calls
        .iter()
        .filter(|c| from.is_none_or(|from| c.seq >= from))
        .flat_map(|c| c.deeds.iter().map(move |d| (c, d)))
        .filter(|(_, d)| !matches!(d.state, DeedState::Planned | DeedState::NotDone) && d.undo != "done")
        .collect();
    deeds.sort_by_key(|(_, d)| std::cmp::Reverse(d.at));
    deeds
}

impl Rollback {
    /// Takes the run back.
    ///
    /// # Errors
    /// The journal.
    pub fn run(&self) -> Result<Back, String> {
        let began = Instant::now();
        let from = match self.start() {
            Ok(from) => from,
            Err(back) => return Ok(back),
        };
        self.record.commit("rolling back", 0, vec![Row::run_is(RunState::RollingBack, "")])?;
        let deeds: Vec<_> = begun(&self.calls, from).into_iter().map(|(c, d)| (c.seq, d.clone())).collect();
        self.world.knows(tokens(&self.calls));
        let mut left = vec![];
        let mut tally = Tally::default();
        for (seq, deed) in deeds {
            if self.stop.load(std::sync::atomic::Ordering::SeqCst) {
                return Ok(Back::Halted(Stop::Interrupted));
            }
            tally.deeds += usize::from(!matches!(deed.step.undo, Undo::NotNeeded));
            match (Undoing { back: self, seq, deed }).run() {
                Ok(line) => left.extend(line),
                Err(End::Back(back)) => return Ok(back),
                Err(End::Journal(why)) => return Err(why),
            }
        }
        let (state, why) = match from {
            None => (RunState::RolledBack, String::new()),
            Some(_) => (RunState::Stopped, format!("rolled back to \"{}\"", self.to.as_deref().unwrap_or_default())),
        };
        if from.is_none() {
            // Before the end is noted: after a crash in between it is simply done again.
            let hosts: BTreeMap<HostName, HostRecord> =
                self.hosts.iter().map(|h| (h.host.clone(), h.clone())).chain(lock(&self.prepared).clone()).collect();
            if !hosts.is_empty() {
                let released = self.world.release(&hosts.into_values().collect::<Vec<_>>());
                left.extend(released.left);
                let kept = serde_json::json!({ "kept": released.kept });
                self.record.ride("moment", 0, vec![Row::moment(self.record.tick(), &kept)])?;
            }
        }
        let mut rows = vec![Row::run_is(state, &why)];
        if let Some(from) = from {
            // What was taken back answers no more: a resume does it again.
            rows.extend(self.calls.iter().filter(|c| c.seq >= from).map(|c| Row::call_is_past(c.seq)));
        }
        self.record.commit("rolled back", 0, rows)?;
        tally.took_ms = ms(began.elapsed());
        self.listener.hear(&Event::RunEnds { run: self.record.run.clone(), state: state.word().into(), tally });
        Ok(Back::Done(left))
    }

    /// Takes back one call whose outcome nobody knows, whatever happened of it, and makes it one
    /// that was not done: a resume does it again, under new tokens.
    ///
    /// # Errors
    /// The journal.
    pub fn undo_call(&self, call: &Call) -> Result<Back, String> {
        let mut deeds: Vec<&DeedRow> =
            call.deeds.iter().filter(|d| !matches!(d.state, DeedState::Planned | DeedState::NotDone)).collect();
        deeds.sort_by_key(|d| std::cmp::Reverse(d.at));
        for deed in &deeds {
            if let Undo::Impossible(why) = &deed.step.undo {
                return Ok(Back::Stopped(format!("{} cannot be taken back: {why}", deed.step.deed)));
            }
        }
        for deed in deeds.iter().filter(|d| d.undo != "done") {
            if let Err(End::Back(back)) = self.prepare(&deed.step.deed) {
                return Ok(back);
            }
            self.world.sweep(&deed.step.deed);
            // Whoever asked for this knows that it may not have happened: a failing undo is told.
            let deed = DeedRow { state: DeedState::Done, ..(*deed).clone() };
            match (Undoing { back: self, seq: call.seq, deed }).run() {
                Ok(_) => {}
                Err(End::Back(back)) => return Ok(back),
                Err(End::Journal(why)) => return Err(why),
            }
        }
        let rows = deeds.iter().map(|d| Row::deed_again(call.seq, d.n)).collect();
        self.record.commit("undone", call.seq, rows)?;
        Ok(Back::Done(vec![]))
    }

    /// The clock from which on things are taken back; `None`: all of it.
    fn start(&self) -> Result<Option<i64>, Back> {
        let from = match &self.to {
            None => None,
            Some(to) => {
                let first =
                    self.calls.iter().filter(|c| c.key.path.join(" / ") == *to || c.key.path.iter().any(|p| p == to));
                match first.map(|c| c.seq).min() {
                    Some(seq) => Some(seq),
                    None => {
                        let mut titles: Vec<&str> =
                            self.calls.iter().filter_map(|c| c.key.path.first()).map(String::as_str).collect();
                        titles.dedup();
                        return Err(Back::NoStep(format!(
                            "the run has no step \"{to}\" in which anything was called; it has: {}",
                            titles.join(", ")
                        )));
                    }
                }
            }
        };
        let no_return = self.calls.iter().filter(|c| c.key.name == "point_of_no_return" && !c.past);
        let behind = no_return.filter(|c| from.is_none_or(|from| from < c.seq)).max_by_key(|c| c.seq);
        match behind {
            Some(c) if !self.past_no_return => {
                let reason = c.key.args.get("reason").and_then(serde_json::Value::as_str).unwrap_or_default();
                Err(Back::NoReturn(reason.into()))
            }
            _ => Ok(from),
        }
    }

    /// What a host did for the run and the journal lacks would not be taken back.
    fn is_whole(&self, host: &HostName) -> Result<(), End> {
        self.world.beyond(host).map_or(Ok(()), |why| Err(End::Back(Back::Halted(Stop::Refused(why)))))
    }

    fn prepare(&self, deed: &Deed) -> Result<(), End> {
        for host in deed.hosts() {
            if lock(&self.prepared).contains_key(host) {
                continue;
            }
            let mut known = self.hosts.iter().find(|h| h.host == *host);
            let intended = HostRecord::intended(host, &self.world.lock_id());
            if known.is_none() && !intended.lock.is_empty() {
                // An undo may touch a host that no deed did: first the id of its lock.
                self.record.commit("lock", 0, vec![Row::host(&intended)])?;
                known = Some(&intended);
            }
            match self.world.prepare(host, known) {
                Ok(record) => {
                    if known != Some(&record) {
                        self.record.ride("host", 0, vec![Row::host(&record)]).map_err(End::Journal)?;
                    }
                    lock(&self.prepared).insert(host.clone(), record);
                    self.is_whole(host)?;
                }
                Err(Halt::Failed(f)) => return Err(End::Back(Back::Stopped(f.message))),
                Err(Halt::Stop(stop)) => return Err(End::Back(Back::Halted(stop))),
            }
        }
        Ok(())
    }
}

enum End {
    Back(Back),
    Journal(String),
}
impl From<String> for End {
    fn from(why: String) -> Self {
        End::Journal(why)
    }
}

/// One deed being taken back. Its `undo` column says how far that got: "begun 0", "did 0",
/// "begun 1", ... for the deeds of the undo in turn, and "done".
struct Undoing<'a> {
    back: &'a Rollback,
    seq: i64,
    deed: DeedRow,
}

impl Undoing<'_> {
    fn mark(&self, state: &str, attempt: i64, boot: &str) -> Result<(), End> {
        self.back.record.commit("undo", self.seq, vec![Row::undo(self.seq, self.deed.n, state, attempt, boot)])?;
        Ok(())
    }
    fn says(&self, how: &str, why: Option<String>) {
        self.back.listener.hear(&Event::Undo { deed: self.deed.step.deed.to_string(), how: how.into(), why });
    }

    fn run(mut self) -> Result<Option<String>, End> {
        self.settle_first()?;
        let d = &self.deed;
        let undo = match &d.step.undo {
            _ if d.state == DeedState::NotDone => &vec![],
            Undo::By(undo) => undo,
            Undo::NotNeeded => &vec![],
            Undo::Impossible(why) => {
                self.says("left", Some(why.clone()));
                return Ok(Some(format!("{} ({why})", d.step.deed)));
            }
        };
        let (was, at) = match d.undo.split_once(' ') {
            Some((was, n)) => (was, n.parse::<usize>().unwrap_or(0)),
            None => ("", 0),
        };
        let mut attempt = d.undo_attempt;
        let mut left = None;
        for (n, deed) in undo.iter().enumerate().skip(at + usize::from(was == "did")) {
            if d.state == DeedState::Failed && !self.is_wanted(deed)? {
                self.says("left", Some("you said so".into()));
                left = Some(format!("the undo of a deed that had failed was not wanted: {deed}"));
                continue;
            }
            self.back.prepare(deed)?;
            let begun = was == "begun" && n == at;
            match self.one(n, deed, begun, &mut attempt)? {
                Ok(()) => self.mark(&format!("did {n}"), attempt, "")?,
                // Perhaps there was nothing to take back.
                Err(f) if d.state == DeedState::Failed && (!deed.converges() || matches!(deed, Deed::Aws(_))) => {
                    left = Some(format!("the undo of a deed that had failed, failed: {deed} ({})", f.message));
                }
                Err(f) => {
                    self.mark(&format!("failed {n}"), attempt, "")?;
                    self.says("failed", Some(f.message.clone()));
                    let mut text = format!("cannot take back {}: {}", d.step.deed, f.message);
                    if let Some(out) = &f.output {
                        text = format!("{text}\n{out}");
                    }
                    for hint in &f.hints {
                        text = format!("{text}\n{hint}");
                    }
                    return Err(End::Back(Back::Stopped(text)));
                }
            }
        }
        self.mark("done", attempt, "")?;
        if !undo.is_empty() {
            self.says("done", None);
        }
        Ok(left)
    }

    /// A deed that was begun and whose end nobody saw is settled before it is taken back.
    fn settle_first(&mut self) -> Result<(), End> {
        let d = &self.deed;
        if d.state == DeedState::Failed && d.undo.is_empty() && d.step.deed.put().is_some() {
            self.back.prepare(&d.step.deed)?;
            self.back.world.sweep(&d.step.deed);
        }
        if d.state != DeedState::Begun || !d.undo.is_empty() || !matches!(d.step.undo, Undo::By(_)) {
            return Ok(());
        }
        if matches!(d.step.deed, Deed::Ask { .. }) {
            // Nobody said that it was done: the undo is an instruction, and the person decides.
            self.deed.state = DeedState::Failed;
            return Ok(());
        }
        d.step.deed.hosts().into_iter().for_each(|host| self.back.world.expect_back(host));
        self.back.prepare(&d.step.deed)?;
        let state = match self.back.world.settle(&Token::deed(self.seq, d.n, d.attempt).in_boot(&d.boot), &d.step.deed)
        {
            Settled::Repeatable(text) | Settled::Unknown(text) => {
                return Err(End::Back(Back::Ask { call: self.seq, text }));
            }
            // It did run; its check does not see the whole of it, or not yet: what there is goes.
            Settled::NewToken if matches!(d.step.deed, Deed::Run(_)) => DeedState::Failed,
            // An attempt before this one may have left something: its undo is tried.
            Settled::SameToken | Settled::NewToken if d.step.deed.converges() => DeedState::Failed,
            Settled::SameToken | Settled::NewToken if d.attempt == 1 => DeedState::NotDone,
            Settled::SameToken | Settled::NewToken | Settled::Failed(_) => DeedState::Failed,
            Settled::Done(_) => DeedState::Done,
        };
        self.back.world.sweep(&d.step.deed);
        self.back.record.commit("settled", self.seq, vec![Row::deed_ends(self.seq, d.n, state)])?;
        self.deed.state = state;
        Ok(())
    }

    /// The opaque undo of a deed that failed is shown and asked.
    fn is_wanted(&self, undo: &Deed) -> Result<bool, End> {
        let (Deed::Run(_) | Deed::Http(_) | Deed::Ask { .. }) = undo else {
            return Ok(true);
        };
        if self.back.yes || !self.back.operator.is_there() {
            return Ok(true);
        }
        let text = format!("{}\nhad failed or may not have happened. Its undo is\n{undo}\nDo it?", self.deed.step.deed);
        match self.back.operator.ask(&Question::Confirm { text, default: true }) {
            Ok(Answer::No) => Ok(false),
            Ok(_) => Ok(true),
            Err(Halt::Stop(stop)) => Err(End::Back(Back::Halted(stop))),
            Err(Halt::Failed(f)) => Err(End::Back(Back::Stopped(f.message))),
        }
    }

    fn one(&self, n: usize, deed: &Deed, begun: bool, attempt: &mut i64) -> Result<Result<(), Failure>, End> {
        let world = &self.back.world;
        let token = |attempt| Token::undo(self.seq, self.deed.n, n, attempt);
        let boot = deed.host().map_or_else(String::new, |host| world.boot_seen(host));
        let settled = match (begun, deed) {
            (true, Deed::Ask { .. }) => Settled::NewToken,
            (true, _) => world.settle(&token(*attempt).in_boot(&self.deed.undo_boot), deed),
            // The old bytes may be back already: said, not written.
            (false, Deed::Put(_)) => match world.settle(&token(0), deed) {
                Settled::Unknown(_) => Settled::NewToken, // the deed itself refuses, and shows both
                seen => seen,
            },
            (false, _) => Settled::NewToken,
        };
        match settled {
            Settled::Done(_) => return Ok(Ok(())),
            Settled::Failed(f) => return Ok(Err(f)),
            Settled::Unknown(text) => return Err(End::Back(Back::Ask { call: self.seq, text })),
            Settled::SameToken if begun => {}
            Settled::SameToken | Settled::NewToken | Settled::Repeatable(_) => {
                *attempt += 1;
                self.mark(&format!("begun {n}"), *attempt, &boot)?;
            }
        }
        fault::point("undoing.before", self.seq)?;
        let done = world.act(&token(*attempt).in_boot(&boot), deed);
        fault::point("undoing.after", self.seq)?;
        match done {
            Ok(_) => Ok(Ok(())),
            Err(Halt::Failed(f)) => Ok(Err(*f)),
            // An instruction, and nobody there to read it: it can be answered for beforehand.
            Err(Halt::Stop(Stop::NoAnswer(_))) if matches!(deed, Deed::Ask { .. }) => {
                Err(End::Back(Back::Ask { call: self.seq, text: format!("please do: {deed}") }))
            }
            Err(Halt::Stop(stop)) => Err(End::Back(Back::Halted(stop))),
        }
    }
}
