//! The one road from a call to the world: answer from the journal, or plan, record, act, record.
//!
//! Here is what all modes share, and one call from beginning to end. Planning, waiting, steps and
//! the verbs for people have files of their own; all are `impl Gate`.

use super::plan::Overlay;
use super::{Lane, Shown};
use crate::contract::{
    Deed, Event, Failure, Halt, HostRecord, Kind, Listener, Operator, Outcome, Plan, Settled, Spec, Step, Stop, Tally,
    Token, Undo, World, failed, unknown,
};
use crate::fault;
use crate::journal::{Call, CallState, DeedRow, DeedState, Key, Record, Row, StepRow, now_ms};
use crate::name::HostName;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Nothing is recorded and nothing acts; planned writes go into the overlay.
    Plan,
    /// Recorded calls answer; a lane ends where its record ends. Shows drift before anything acts.
    Verify,
    /// Run and resume: recorded calls answer, the others are made.
    Live,
}

/// Everything a gate stands on.
pub struct Setting {
    pub mode: Mode,
    /// The parameters, bound: a JSON object, hosts by name.
    pub params: Value,
    /// The names of the secrets that the inventory has.
    pub secrets: Vec<String>,
    pub world: Arc<dyn World>,
    pub listener: Arc<dyn Listener>,
    pub operator: Arc<dyn Operator>,
    /// Where it is written; none while planning.
    pub record: Option<Arc<Record>>,
    /// What the journal has: calls, hosts and steps of the run so far.
    pub calls: Vec<Call>,
    pub hosts: Vec<HostRecord>,
    pub steps: Vec<StepRow>,
    /// What the plan showed, to say when a run does something else.
    pub shown: Option<Shown>,
    /// `--yes`: differences from the plan are said, not asked.
    pub yes: bool,
    /// `--retry`: commands that ended badly are sent again without a question.
    pub retry: bool,
}

pub struct Gate {
    pub mode: Mode,
    pub(super) set: Setting,
    recorded: Mutex<BTreeMap<String, Vec<Call>>>,
    lanes: Mutex<Vec<Arc<Lane>>>,
    pub(super) overlay: Mutex<Overlay>,
    pub(super) plan: Mutex<Shown>,
    /// A stop that a script has swallowed still ends the run: every later call refuses.
    stop: Mutex<Option<Stop>>,
    poisoned: AtomicBool,
    place: Mutex<Option<String>>,
    hosts: Mutex<BTreeMap<HostName, HostRecord>>,
    pub(super) tally: Mutex<Tally>,
    began: Instant,
    /// Calls that ended badly and were put aside by a stop: sending their command again is asked.
    ended_badly: Vec<Call>,
    pub(super) cutovers: Mutex<Vec<super::cutover::Open>>,
    prepared: Mutex<BTreeSet<HostName>>,
    said_per_user: AtomicBool,
}

/// At how many hosts the locks are taken at a time.
const AT_ONCE: usize = 16;

pub(super) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    pub fn new(set: Setting) -> Self {
        let mut recorded: BTreeMap<String, Vec<Call>> = BTreeMap::new();
        let mut ended_badly = vec![];
        for call in &set.calls {
            if !call.past {
                recorded.entry(call.lane.clone()).or_default().push(call.clone());
            } else if call.state == CallState::Failed {
                ended_badly.push(call.clone());
            }
        }
        if set.mode == Mode::Live {
            set.world.knows(super::rollback::tokens(&set.calls));
        }
        let hosts = set.hosts.iter().map(|h| (h.host.clone(), h.clone())).collect();
        Gate {
            mode: set.mode,
            recorded: Mutex::new(recorded),
            lanes: Mutex::default(),
            overlay: Mutex::default(),
            plan: Mutex::default(),
            stop: Mutex::default(),
            poisoned: AtomicBool::new(false),
            place: Mutex::default(),
            hosts: Mutex::new(hosts),
            tally: Mutex::default(),
            began: Instant::now(),
            ended_badly,
            cutovers: Mutex::default(),
            prepared: Mutex::default(),
            said_per_user: AtomicBool::new(false),
            set,
        }
    }

    /// The parameters of the run, bound: a JSON object, hosts by name.
    pub fn params(&self) -> &Value {
        &self.set.params
    }
    /// A new lane. `looking`: for the closure of a wait, with the path of its lane as `base`.
    pub fn lane(&self, base: Vec<String>, looking: bool) -> Arc<Lane> {
        let recorded =
            if looking { vec![] } else { lock(&self.recorded).remove(&Lane::name(&base)).unwrap_or_default() };
        let lane = Arc::new(Lane::new(base, recorded, looking));
        if !looking {
            lock(&self.lanes).push(lane.clone());
        }
        lane
    }
    /// Whether a lane that is not asked for yet has something recorded.
    pub fn has_record(&self, base: &[String]) -> bool {
        lock(&self.recorded).contains_key(&Lane::name(base))
    }
    pub fn hear(&self, event: &Event) {
        if self.mode != Mode::Verify {
            self.set.listener.hear(event);
        }
    }
    pub(super) fn record(&self) -> Outcome<&Record> {
        match &self.set.record {
            Some(record) => Ok(record),
            None => self.poison(Stop::Fault("this run has no journal".into())),
        }
    }
    pub(super) fn commit(&self, what: &str, call: i64, rows: Vec<Row>) -> Outcome<()> {
        self.record()?.commit(what, call, rows).or_else(|why| self.poison(Stop::Fault(why)))
    }
    pub(super) fn ride(&self, what: &str, call: i64, rows: Vec<Row>) -> Outcome<()> {
        self.record()?.ride(what, call, rows).or_else(|why| self.poison(Stop::Fault(why)))
    }
    pub(super) fn point(&self, name: &str, call: i64) -> Outcome<()> {
        fault::point(name, call).or_else(|why| self.poison(Stop::Fault(why)))
    }

    // ---- stops ------------------------------------------------------------------------------

    /// Why the run must not go on, if it must not.
    pub fn stopped(&self) -> Option<Stop> {
        lock(&self.stop).clone()
    }
    /// Cheap; asked at every operation of the script.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Relaxed)
    }
    /// Records the stop (the first one wins) and gives it back as an error.
    ///
    /// # Errors
    /// Always: the stop.
    pub fn poison<T>(&self, stop: Stop) -> Outcome<T> {
        let stop = lock(&self.stop).get_or_insert(stop).clone();
        self.poisoned.store(true, Ordering::Relaxed);
        Err(Halt::Stop(stop))
    }
    /// The operator asks to stop: the deed at hand ends, nothing begins after it.
    pub fn interrupt(&self) {
        let _ = self.poison::<()>(Stop::Interrupted);
    }
    pub(super) fn clear_stop(&self) -> Option<String> {
        *lock(&self.stop) = None;
        self.poisoned.store(false, Ordering::Relaxed);
        lock(&self.place).take()
    }
    /// Keeps where the script stood when it raised the stop: `file:line:col`. The first place wins.
    pub fn stopped_at(&self, place: &str) {
        lock(&self.place).get_or_insert_with(|| place.into());
    }
    /// Where that was.
    pub fn place_of_stop(&self) -> Option<String> {
        lock(&self.place).clone()
    }
    /// Ends a lane at its edge (verifying).
    ///
    /// # Errors
    /// Always: the edge.
    pub fn lane_stops_at_edge<T>(&self, lane: &Lane) -> Outcome<T> {
        lane.stop_at_edge();
        Err(Halt::Stop(Stop::Edge))
    }
    /// # Errors
    /// The run is poisoned, or the lane has replayed all it has.
    pub fn alive(&self, lane: &Lane) -> Outcome<()> {
        match self.stopped() {
            Some(stop) => Err(Halt::Stop(stop)),
            None if lane.is_at_edge() => self.lane_stops_at_edge(lane),
            None => Ok(()),
        }
    }
    pub(super) fn only_readings<T>(&self, what: &str) -> Outcome<T> {
        self.poison(Stop::Refused(format!("{what} cannot stand inside wait_until or manual, where only readings may")))
    }

    // ---- one call ---------------------------------------------------------------------------

    /// One use of a primitive.
    ///
    /// # Errors
    /// The failure, which a script may catch, or the stop, which it may not.
    pub fn call(&self, lane: &Lane, spec: &Spec, args: Value) -> Outcome {
        self.alive(lane)?;
        if lane.looking {
            return match spec.kind {
                Kind::Reading(read) if self.mode == Mode::Plan => self.plan_reading(read, &args),
                Kind::Reading(read) => read(&*self.set.world, &args),
                Kind::Change { .. } => self.only_readings(spec.name),
            };
        }
        let key = lane.key(spec.name, args);
        let answer = match self.mode {
            Mode::Plan => self.plan(&key, spec),
            _ => match self.replay(lane, &key)? {
                Some(call) if call.state == CallState::Done => self.replayed(&call, Ok(call.answer.clone())),
                Some(call) if call.state == CallState::Failed => self.replayed(&call, Err(failure_of(&call))),
                Some(_) if self.mode == Mode::Verify => return self.lane_stops_at_edge(lane),
                Some(half) => {
                    lane.acts();
                    self.go_on(half, spec)
                }
                None => {
                    lane.acts();
                    self.over_budget()?;
                    self.make(lane, &key, spec)
                }
            },
        };
        match (&spec.kind, &answer) {
            (Kind::Reading(_), Ok(seen)) => lane.saw(format!("{} = {}", short(&key), brief(seen))),
            (Kind::Change { .. }, _) => lane.forget_seen(),
            _ => {}
        }
        answer
    }

    fn replayed(&self, call: &Call, answer: Outcome) -> Outcome {
        lock(&self.tally).replayed += 1;
        let failure = answer.as_ref().err().and_then(|h| match h {
            Halt::Failed(f) => Some((**f).clone()),
            Halt::Stop(_) => None,
        });
        self.hear(&Event::CallEnds {
            path: call.key.path.clone(),
            call: short(&call.key),
            id: call.seq,
            how: "replayed".into(),
            took_ms: 0,
            failure,
        });
        answer
    }

    /// Gives what the journal has for this call. The cursor is the truth, not the key: the next
    /// call of a lane must *be* its next recorded one, or an inserted step would run too late, unseen.
    pub(super) fn replay(&self, lane: &Lane, key: &Key) -> Outcome<Option<Call>> {
        match lane.take_recorded() {
            Some(call) if call.key == *key => Ok(Some(call)),
            Some(call) => self.poison(Stop::Drift(super::drift::difference(&call.key, key))),
            None if self.mode == Mode::Verify => self.lane_stops_at_edge(lane),
            None => Ok(None),
        }
    }

    fn make(&self, lane: &Lane, key: &Key, spec: &Spec) -> Outcome {
        let seq = self.record()?.tick();
        let name = Lane::name(&lane.base);
        self.hear(&Event::CallBegins { path: key.path.clone(), call: short(key), id: seq });
        let began = Instant::now();
        lock(&self.tally).calls += 1;
        let mut how = "done";
        let answer = match spec.kind {
            Kind::Reading(read) => read(&*self.set.world, &key.args),
            Kind::Change { plan, .. } => match plan(&*self.set.world, &key.args) {
                Ok(Plan::Do(steps)) if !steps.is_empty() => {
                    self.is_as_shown(key, &steps)?;
                    self.may_send_again(key, &steps)?;
                    if let Err(halt) = self.prepare(&steps) {
                        return self.never_sent(&Half { seq, key, spec }, &name, began, halt);
                    }
                    let mut rows = vec![Row::call(seq, &name, key, CallState::Begun, &Value::Null)];
                    rows.extend(steps.iter().enumerate().flat_map(|(n, s)| Row::deed(seq, n, s)));
                    rows.push(Row::deed_begins(seq, 0, 1, self.record()?.tick(), &self.boot_of(&steps[0].deed)));
                    self.commit("intent", seq, rows)?;
                    let deeds = steps.into_iter().map(|s| (s, 1)).collect();
                    let answer = self.perform(&Half { seq, key, spec }, deeds, 0, true);
                    return self.ended(key, seq, began, "done", answer);
                }
                Ok(Plan::Wait(_)) => {
                    let row = Row::call(seq, &name, key, CallState::Begun, &json!({ "changed": false }));
                    self.ride("wait", seq, vec![row])?;
                    let answer = self.observed(&Half { seq, key, spec }, &[], json!({ "changed": false }));
                    return self.ended(key, seq, began, "done", answer);
                }
                Ok(_) => {
                    how = "already so";
                    lock(&self.tally).already += 1;
                    Ok(unknown("it was already so, and nothing ran"))
                }
                Err(halt) => Err(halt),
            },
        };
        // Nothing acted, so the record need not be on disk before we go on: it rides with the
        // next intent, which is the first thing that could depend on it.
        let row = match &answer {
            Ok(answer) => Row::call(seq, &name, key, CallState::Done, answer),
            Err(Halt::Failed(f)) => Row::call(seq, &name, key, CallState::Failed, &json!(f)),
            Err(Halt::Stop(stop)) => return self.poison(stop.clone()),
        };
        self.ride("reading", seq, vec![row])?;
        self.ended(key, seq, began, how, answer)
    }

    /// A host could not be made ready, so nothing was sent: a failure like any other.
    fn never_sent(&self, call: &Half, lane: &str, began: Instant, halt: Halt) -> Outcome {
        if let Halt::Failed(f) = &halt {
            let row = Row::call(call.seq, lane, call.key, CallState::Failed, &json!(f));
            self.ride("reading", call.seq, vec![row])?;
        }
        self.ended(call.key, call.seq, began, "failed", Err(halt))
    }

    fn ended(&self, key: &Key, id: i64, began: Instant, how: &str, answer: Outcome) -> Outcome {
        let failure = match &answer {
            Err(Halt::Failed(f)) => Some((**f).clone()),
            Err(Halt::Stop(stop)) => return self.poison(stop.clone()),
            Ok(_) => None,
        };
        self.hear(&Event::CallEnds {
            path: key.path.clone(),
            call: short(key),
            id,
            how: if failure.is_some() { "failed".into() } else { how.into() },
            took_ms: ms(began.elapsed()),
            failure,
        });
        answer
    }

    /// Makes the run's folder on every host that the steps or their undo touch, and records it.
    fn prepare(&self, steps: &[Step]) -> Outcome<()> {
        let mut wanted: BTreeSet<&HostName> = BTreeSet::new();
        for step in steps {
            let undo = match &step.undo {
                Undo::By(deeds) => deeds.as_slice(),
                _ => &[],
            };
            for deed in std::iter::once(&step.deed).chain(undo) {
                wanted.extend(deed.hosts());
            }
        }
        for host in wanted {
            self.prepare_host(host)?;
        }
        Ok(())
    }

    /// Once for each host in this process; with what the journal has of it, if it has.
    pub(super) fn prepare_host(&self, host: &HostName) -> Outcome<()> {
        if lock(&self.prepared).contains(host) {
            return Ok(());
        }
        let mut known = lock(&self.hosts).get(host).cloned();
        let id = self.set.world.lock_id();
        if known.is_none() && !id.is_empty() {
            // A lock must go again also when this process dies while it is made: first its id.
            let intended = HostRecord::intended(host, &id);
            self.commit("lock", 0, vec![Row::host(&intended)])?;
            lock(&self.hosts).insert(host.clone(), intended.clone());
            known = Some(intended);
        }
        let record = self.set.world.prepare(host, known.as_ref())?;
        if known.as_ref() != Some(&record) {
            if record.is_per_user && !record.lock.is_empty() && !self.said_per_user.swap(true, Ordering::Relaxed) {
                let text = format!(
                    "{host} is reached without root: its lock keeps away only runs of the same user there \
                     (so on every host without root; said once)"
                );
                self.hear(&Event::Warning { text });
            }
            self.ride("host", 0, vec![Row::host(&record)])?;
            lock(&self.hosts).insert(host.clone(), record);
        }
        lock(&self.prepared).insert(host.clone());
        Ok(())
    }

    /// Takes the locks of these hosts before anything is done on any of them, so that a run which
    /// meets another one has changed nothing. A host that cannot be reached yet is left to the
    /// call that needs it.
    ///
    /// # Errors
    /// Another run holds one of them: what was taken here is given back.
    pub fn take_locks(&self, hosts: &[HostName]) -> Outcome<()> {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let refused = Mutex::new(None);
        let go = || {
            while let Some(host) = hosts.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(Halt::Stop(stop)) = self.prepare_host(host) {
                    lock(&refused).get_or_insert(stop);
                }
            }
        };
        std::thread::scope(|threads| {
            for _ in 1..hosts.len().min(AT_ONCE) {
                threads.spawn(go);
            }
            go();
        });
        match lock(&refused).take() {
            None => Ok(()),
            Some(stop) => {
                self.release(false);
                self.poison(stop)
            }
        }
    }

    /// Gives back the locks of all hosts that the run has touched, and notes how much undo
    /// material stays there, in bytes. A lock that cannot be given back is a warning, not a failure.
    pub fn release(&self, is_over: bool) -> u64 {
        let hosts: Vec<HostRecord> = lock(&self.hosts).values().cloned().collect();
        let released = self.set.world.release(&hosts);
        for text in released.left {
            self.hear(&Event::Warning { text });
        }
        if is_over && !hosts.is_empty() {
            // A journal that fails here is found broken by the next commit, which is waited for.
            let _ = self.moment(&json!({ "kept": released.kept }));
        }
        released.kept
    }

    /// Does the deeds of a call from number `from` on.
    fn perform(&self, call: &Half, deeds: Vec<(Step, i64)>, from: usize, mut begun: bool) -> Outcome {
        let seq = call.seq;
        let mut answer = json!({ "changed": true });
        for (n, (step, attempt)) in deeds.iter().enumerate().skip(from) {
            if !begun {
                self.begins(call, n, *attempt, &step.deed)?;
            }
            begun = false;
            self.hear(&Event::DeedBegins {
                path: call.key.path.clone(),
                deed: step.deed.to_string(),
                host: step.deed.host().cloned(),
            });
            self.point("deed.before", seq)?;
            tracing::debug!(call = seq, deed = n, attempt, "acts: {}", step.deed);
            let token = Token::deed(seq, n, *attempt).in_boot(&self.boot_of(&step.deed));
            let done = self.set.world.act(&token, &step.deed);
            self.point("deed.after", seq)?;
            lock(&self.tally).deeds += 1;
            match done {
                Ok(new) => answer = new,
                Err(Halt::Failed(f)) => {
                    self.set.world.sweep(&step.deed);
                    return self.fails(seq, n, *f);
                }
                Err(Halt::Stop(stop)) => return self.poison(stop),
            }
        }
        let last = deeds.len().saturating_sub(1);
        let steps: Vec<Step> = deeds.into_iter().map(|(s, _)| s).collect();
        self.acted(call, last, &steps, answer)
    }

    fn begins(&self, call: &Half, n: usize, attempt: i64, deed: &Deed) -> Outcome<()> {
        if self.is_poisoned() {
            self.alive_anywhere()?;
        }
        let mut rows = vec![Row::deed_begins(call.seq, n, attempt, self.record()?.tick(), &self.boot_of(deed))];
        rows.extend((n > 0).then(|| Row::deed_ends(call.seq, n - 1, DeedState::Done)));
        self.commit("begin", call.seq, rows)
    }
    fn alive_anywhere(&self) -> Outcome<()> {
        self.stopped().map_or(Ok(()), |stop| Err(Halt::Stop(stop)))
    }

    /// The boot of its host in which a deed is begun now.
    fn boot_of(&self, deed: &Deed) -> String {
        deed.host().map_or_else(String::new, |host| self.set.world.boot_seen(host))
    }

    /// All deeds are done; what is left is to see it.
    fn acted(&self, call: &Half, last: usize, steps: &[Step], answer: Value) -> Outcome {
        let rows = vec![Row::deed_ends(call.seq, last, DeedState::Done), Row::call_answers(call.seq, &answer)];
        self.ride("acted", call.seq, rows)?;
        self.observed(call, steps, answer)
    }

    /// Done means seen to be so: the change is planned again until nothing is left to do.
    fn observed(&self, call: &Half, steps: &[Step], answer: Value) -> Outcome {
        let Kind::Change { observe, patience_ms, .. } = call.spec.kind else {
            return failed(format!("{} is no change", call.spec.name));
        };
        if let Some(patience) = patience_ms(&call.key.args) {
            let began = Instant::now();
            let mut pause = Duration::from_millis(50);
            loop {
                let left = match observe(&*self.set.world, &call.key.args, steps) {
                    Ok(Plan::Already) => break,
                    Ok(Plan::Do(steps)) if steps.is_empty() => break,
                    Ok(Plan::Do(steps)) => steps.iter().map(|s| s.deed.to_string()).collect::<Vec<_>>().join("; "),
                    Ok(Plan::Wait(what)) => what,
                    Err(Halt::Failed(f)) => f.message,
                    Err(Halt::Stop(stop)) => return self.poison(stop),
                };
                let waited = began.elapsed();
                if ms(waited) >= patience {
                    let f = Failure::new(format!(
                        "it was done, but {} s later it is still not seen to be so: {left}",
                        waited.as_secs()
                    ));
                    self.ride("end", call.seq, vec![Row::call_ends(call.seq, CallState::Failed, &json!(f))])?;
                    return Err(f.into());
                }
                self.hear(&Event::Waiting {
                    path: call.key.path.clone(),
                    what: short(call.key),
                    last: left,
                    left_ms: patience - ms(waited),
                });
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_secs(2));
                self.alive_anywhere()?;
            }
        }
        self.ride("end", call.seq, vec![Row::call_ends(call.seq, CallState::Done, &answer)])?;
        Ok(answer)
    }

    /// A failure is an answer: it is recorded, and replay gives it again, caught or not.
    fn fails(&self, seq: i64, n: usize, f: Failure) -> Outcome {
        let rows = vec![Row::deed_ends(seq, n, DeedState::Failed), Row::call_ends(seq, CallState::Failed, &json!(f))];
        self.ride("end", seq, rows)?;
        Err(f.into())
    }

    /// A call found half done: the *deed* is settled, never the call planned again, because an
    /// empty plan of the whole says nothing of its later deeds (a file is right, its reload is not).
    fn go_on(&self, call: Call, spec: &Spec) -> Outcome {
        let (began, key) = (Instant::now(), call.key.clone());
        self.hear(&Event::CallBegins { path: key.path.clone(), call: short(&key), id: call.seq });
        lock(&self.tally).calls += 1;
        tracing::debug!(call = call.seq, "was begun and is settled");
        let seq = call.seq;
        let answer = self.settle(call, spec);
        self.ended(&key, seq, began, "settled", answer)
    }

    fn settle(&self, call: Call, spec: &Spec) -> Outcome {
        if call.deeds.iter().any(|d| !d.undo.is_empty()) {
            let (run, call) = (self.run_id(), call.seq);
            let text = format!("its undo has begun; bring that to its end: mig resolve {run} {call} --undo");
            return self.poison(Stop::Ask { call, text });
        }
        let half = Half { seq: call.seq, key: &call.key, spec };
        let steps: Vec<Step> = call.deeds.iter().map(|d| d.step.clone()).collect();
        let mut deeds: Vec<(Step, i64)> = call.deeds.iter().map(|d| (d.step.clone(), d.attempt)).collect();
        let Some(DeedRow { n, state, boot, .. }) = call.deeds.iter().find(|d| d.state != DeedState::Done).cloned()
        else {
            let answer = match call.answer {
                Value::Null => unknown("its answer was lost"),
                known => known,
            };
            return self.observed(&half, &steps, answer);
        };
        // A host that cannot be reached says nothing of what was begun there: it stays begun.
        match self.prepare(&steps) {
            Ok(()) => {}
            Err(Halt::Failed(f)) => return self.poison(Stop::Fault(f.message)),
            // As a host key that has changed: no answer of an operator about the deed makes that right.
            Err(Halt::Stop(stop)) => return self.poison(stop),
        }
        let last = deeds.len() - 1;
        let again = |deeds: &mut Vec<(Step, i64)>| -> Outcome<()> {
            deeds[n].1 += 1;
            let (attempt, boot) = (deeds[n].1, self.boot_of(&deeds[n].0.deed));
            self.commit("again", call.seq, vec![Row::deed_begins(call.seq, n, attempt, self.record()?.tick(), &boot)])
        };
        match state {
            DeedState::Planned => return self.perform(&half, deeds, n, false),
            DeedState::Failed | DeedState::NotDone => {
                self.may_repeat(&call.key, &deeds[n].0, failure_of(&call))?;
                again(&mut deeds)?;
            }
            DeedState::Begun | DeedState::Done => {
                match self.set.world.settle(&Token::deed(call.seq, n, deeds[n].1).in_boot(&boot), &deeds[n].0.deed) {
                    Settled::Done(answer) if n == last => return self.acted(&half, n, &steps, answer),
                    Settled::Done(_) => return self.perform(&half, deeds, n + 1, false),
                    Settled::Failed(f) => return self.fails(call.seq, n, f),
                    Settled::SameToken => {}
                    Settled::NewToken | Settled::Repeatable(_) => again(&mut deeds)?,
                    Settled::Unknown(text) => return self.poison(Stop::Ask { call: call.seq, text }),
                }
            }
        }
        self.perform(&half, deeds, n, true)
    }

    /// A command that ended badly in an earlier attempt is sent again only when it says that this
    /// is safe, or the operator does.
    fn may_send_again(&self, key: &Key, steps: &[Step]) -> Outcome<()> {
        let Some(before) = self.ended_badly.iter().rev().find(|c| c.key == *key) else {
            return Ok(());
        };
        let ran = before.deeds.iter().find(|d| d.state == DeedState::Failed);
        match (ran, steps.first()) {
            (Some(_), Some(step)) => self.may_repeat(key, step, failure_of(before)),
            _ => Ok(()),
        }
    }
    fn may_repeat(&self, key: &Key, step: &Step, ended: Halt) -> Outcome<()> {
        let Deed::Run(run) = &step.deed else { return Ok(()) };
        if run.check.is_some() || run.idempotent || self.set.retry {
            return Ok(());
        }
        let how = match ended {
            Halt::Failed(f) => match &f.output {
                Some(out) => format!("{}\n{out}", f.message),
                None => f.message.clone(),
            },
            Halt::Stop(_) => "it failed".into(),
        };
        let text = format!(
            "{}: {} ended badly last time: {how}\nIt has no check and is not marked idempotent. Send it again?",
            key.place(),
            step.deed
        );
        if !self.set.operator.is_there() {
            return self.poison(Stop::NoAnswer(format!(
                "{text}\nsay so beforehand with: mig resume {} --retry",
                self.run_id()
            )));
        }
        match self.confirmed(&text, false)? {
            true => Ok(()),
            false => self.poison(Stop::Interrupted),
        }
    }
    pub(super) fn run_id(&self) -> &str {
        self.set.record.as_ref().map_or("", |r| r.run.as_str())
    }

    /// A run whose deeds differ from those that were shown says so, and asks unless `--yes`.
    fn is_as_shown(&self, key: &Key, steps: &[Step]) -> Outcome<()> {
        let Some(was) = self.set.shown.as_ref().and_then(|s| s.deeds_of(key)) else {
            return Ok(());
        };
        let now: Vec<String> = steps.iter().map(|s| s.deed.to_string()).collect();
        if *was == now {
            return Ok(());
        }
        let text = format!(
            "{}: not what the plan showed\n  shown: {}\n  now:   {}",
            key.place(),
            was.join("; "),
            now.join("; ")
        );
        self.hear(&Event::Warning { text: text.clone() });
        if self.set.yes || self.confirmed(&format!("{text}\nGo on?"), false)? {
            return Ok(());
        }
        self.poison(Stop::Interrupted)
    }

    // ---- the end ----------------------------------------------------------------------------

    /// After the script: everything recorded must have been asked for. Says what was not.
    pub fn leftovers(&self) -> Option<String> {
        let unread = lock(&self.recorded).values().flatten().next().cloned();
        let left = lock(&self.lanes).iter().find_map(|l| l.left_over());
        left.or(unread).map(|c| super::drift::no_longer(&c.key))
    }
    /// The run in numbers, so far.
    pub fn tally(&self) -> Tally {
        Tally { took_ms: ms(self.began.elapsed()), ..lock(&self.tally).clone() }
    }
    /// What a plan showed.
    pub fn shown(&self) -> Shown {
        lock(&self.plan).clone()
    }
    /// When the journal says that a step began, if it has begun before.
    pub(super) fn step_began(&self, path: &[String]) -> Option<i64> {
        self.set.steps.iter().find(|s| s.path == path).map(|s| s.began_ms)
    }
    pub(super) fn moment(&self, event: &Value) -> Outcome<()> {
        match self.mode {
            Mode::Live => {
                let n = self.record()?.tick();
                self.ride("moment", 0, vec![Row::moment(n, event)])
            }
            _ => Ok(()),
        }
    }
    pub(super) fn now_ms(&self) -> i64 {
        now_ms()
    }
}

/// A call that is being made.
struct Half<'a> {
    seq: i64,
    key: &'a Key,
    spec: &'a Spec,
}

pub(super) fn failure_of(call: &Call) -> Halt {
    serde_json::from_value::<Failure>(call.answer.clone())
        .unwrap_or_else(|_| Failure::new("it failed; how is not in the journal"))
        .into()
}

pub(super) fn ms(d: Duration) -> u64 {
    u64::try_from(d.as_millis()).unwrap_or(u64::MAX)
}

/// A call in a few words: the primitive and its first arguments.
#[must_use]
pub fn short(key: &Key) -> String {
    let word = |v: &Value| match v {
        Value::String(s) => s.lines().next().unwrap_or_default().to_string(),
        Value::Array(words) if words.iter().all(Value::is_string) => {
            words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
        }
        v => v.to_string(),
    };
    let first = ["host", "from", "address", "what", "command", "unit", "path", "file", "to", "text", "state", "port"];
    let told = first.iter().filter_map(|k| key.args.get(*k)).filter(|v| !v.is_object());
    let args: Vec<String> = told.map(word).collect();
    format!("{} {}", key.name, args.join(" ")).trim().chars().take(160).collect()
}

/// A value on one line, cut.
pub(super) fn brief(v: &Value) -> String {
    let text = match v {
        Value::String(s) => format!("{:?}", s.trim_end()),
        v => v.to_string(),
    };
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
