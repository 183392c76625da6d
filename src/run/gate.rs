//! The one road from a call to the world: answer from the journal, or plan, record, act, record.
//!
//! Here is what all modes share, and one call from beginning to end. Planning, waiting, steps and
//! the verbs for people have files of their own; all are `impl Gate`.

use super::perform::Half;
use super::plan::Overlay;
use super::{Lane, Shown};
use crate::contract::{
    Event, Failure, Halt, HostRecord, Kind, Listener, Operator, Outcome, Plan, Spec, Stop, Tally, World, unknown,
};
use crate::fault;
use crate::journal::{Call, CallState, Key, Record, Row, StepRow, now_ms};
use crate::name::HostName;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
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
    pub(super) recorded: Mutex<BTreeMap<String, Vec<Call>>>,
    pub(super) lanes: Mutex<Vec<Arc<Lane>>>,
    pub(super) overlay: Mutex<Overlay>,
    pub(super) plan: Mutex<Shown>,
    /// A stop that a script has swallowed still ends the run: every later call refuses.
    pub(super) stop: Mutex<Option<Stop>>,
    pub(super) poisoned: AtomicBool,
    pub(super) place: Mutex<Option<String>>,
    pub(super) hosts: Mutex<BTreeMap<HostName, HostRecord>>,
    pub(super) tally: Mutex<Tally>,
    pub(super) began: Instant,
    /// Calls that ended badly and were put aside by a stop: sending their command again is asked.
    pub(super) ended_badly: Vec<Call>,
    pub(super) cutovers: Mutex<Vec<super::cutover::Open>>,
    pub(super) prepared: Mutex<BTreeSet<HostName>>,
    pub(super) said_per_user: AtomicBool,
    /// Hosts that a person was told to turn off, and did.
    pub(super) off: Mutex<BTreeSet<HostName>>,
}

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
            off: Mutex::default(),
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

    pub(super) fn replayed(&self, call: &Call, answer: Outcome) -> Outcome {
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

    pub(super) fn make(&self, lane: &Lane, key: &Key, spec: &Spec) -> Outcome {
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
    pub(super) fn never_sent(&self, call: &Half, lane: &str, began: Instant, halt: Halt) -> Outcome {
        if let Halt::Failed(f) = &halt {
            let row = Row::call(call.seq, lane, call.key, CallState::Failed, &json!(f));
            self.ride("reading", call.seq, vec![row])?;
        }
        self.ended(call.key, call.seq, began, "failed", Err(halt))
    }

    pub(super) fn ended(&self, key: &Key, id: i64, began: Instant, how: &str, answer: Outcome) -> Outcome {
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

    pub(super) fn run_id(&self) -> &str {
        self.set.record.as_ref().map_or("", |r| r.run.as_str())
    }

    // ---- the end ----------------------------------------------------------------------------

    /// After the script: everything recorded must have been asked for. Says what was not.
    pub fn leftovers(&self) -> Option<String> {
        self.not_asked_for().map(|c| super::drift::no_longer(&c.key))
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
    let first = [
        "host", "from", "address", "id", "name", "bucket", "key", "what", "command", "unit", "path", "file", "to",
        "text", "state", "port", "method", "url", "type", "server", "servers",
    ];
    let told = first.iter().filter_map(|k| key.args.get(*k)).filter(|v| !v.is_object());
    let args: Vec<String> = told.map(word).collect();
    format!("{} {}", key.name, args.join(" ")).trim().chars().take(160).collect()
}

/// A value on one line, cut.
pub(super) fn brief(v: &Value) -> String {
    let text = match v {
        Value::String(s) => format!("{:?}", s.trim_end()),
        // What has a sentence of its own is told by it.
        v => v.get("text").and_then(Value::as_str).map_or_else(|| v.to_string(), Into::into),
    };
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}
