//! `on_each`: the same for many hosts. Branches are lanes: own step path, own numbers, own record,
//! own copy of every captured variable. They give back values and nothing else.

use super::options::{Options, closure, known};
use crate::contract::{Event, Failure, Halt, Outcome, failed};
use crate::name::HostName;
use crate::run::{Ended, Lane, Mode, numbered};
use crate::script::closure::Stored;
use crate::script::closure::{call_in, store, unshared, unshared_value};
use crate::script::engine::STACK;
use crate::script::errors::failure_of;
use crate::script::host::Host;
use crate::script::lower::{lower, words};
use crate::script::play::{Eval, Play, here};
use crate::script::unknown::{Unknown, is_stop, or_unknown};
use rhai::{Array, Dynamic, Engine, FnPtr, NativeCallContext};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

pub fn register(e: &mut Engine, play: &Arc<Play>) {
    let p = play.clone();
    e.register_fn("on_each", move |c: NativeCallContext, items: Dynamic, body: Dynamic| {
        on_each(&p, &c, &items, Ok(Options::none("on_each")), &body)
    });
    let p = play.clone();
    e.register_fn("on_each", move |c: NativeCallContext, items: Dynamic, options: Dynamic, body: Dynamic| {
        on_each(&p, &c, &items, Options::of("on_each", &options), &body)
    });
}

/// What was asked, checked.
struct Asked {
    items: Array,
    labels: Vec<String>,
    names: Value,
    at_once: usize,
    first: usize,
    max_failures: usize,
    body: FnPtr,
}

fn asked(items: &Dynamic, o: Outcome<Options>, body: &Dynamic) -> Outcome<Asked> {
    let o = o?;
    let v = known(items)?;
    let Some(items) = v.read_lock::<Array>().map(|a| a.clone()) else {
        return failed(format!("on_each needs a list, found {}", words(&v)));
    };
    let names = items.iter().map(lower).collect::<Outcome<Vec<_>>>()?;
    let label = |v: &Value| v.as_str().map_or_else(|| v.to_string(), String::from);
    Ok(Asked {
        labels: names.iter().map(label).collect(),
        names: json!({ "items": names }),
        items,
        at_once: o.count("at_once", 10, 1)?,
        first: o.count("first", 1, 0)?,
        max_failures: o.count("max_failures", 0, 0)?,
        body: closure("on_each", "the last argument", body)?,
    })
}

fn on_each(play: &Play, c: &NativeCallContext, items: &Dynamic, o: Outcome<Options>, body: &Dynamic) -> Eval {
    let watch = play.watch.get();
    let earlier = watch.map(|w| w.branches_begin());
    let ended = for_each(play, c, items, o, body);
    if let (Some(watch), Some(earlier)) = (watch, earlier) {
        watch.branches_end(earlier, ended.is_err());
    }
    ended
}

fn for_each(play: &Play, c: &NativeCallContext, items: &Dynamic, o: Outcome<Options>, body: &Dynamic) -> Eval {
    let asked = asked(items, o, body).or_else(|h| play.raise(c, h))?;
    let lane = here(c)?;
    let (path, number, seq) = play.gate.open(&lane, asked.names.clone()).or_else(|h| play.raise(c, h))?;

    let mut seen = BTreeMap::new();
    let queue = asked.items.iter().zip(&asked.labels).enumerate().map(|(n, (item, label))| {
        let mut base = path.clone();
        base.push(format!("on_each {number} [{}]", numbered(&mut seen, label)));
        (n, item.flatten_clone(), base)
    });
    let branches = Branches {
        play,
        c,
        body: &asked.body,
        data: store(c),
        max_failures: asked.max_failures,
        queue: Mutex::new(queue.collect()),
        results: Mutex::default(),
    };
    let hosts: Vec<HostName> =
        asked.items.iter().filter_map(|i| HostName::parse(&i.read_lock::<Host>()?.name).ok()).collect();
    play.gate.meet(&hosts).or_else(|h| play.raise(c, h))?;
    play.gate.reach(&hosts, asked.at_once);
    branches.work(asked.first);
    // The canaries failed: nobody else begins. Their failures are recorded, so replay agrees.
    if branches.failures() <= asked.max_failures {
        // What is recorded comes first: then whether another one may begin is the same in a replay.
        let (recorded, fresh) = held(&branches.queue).drain(..).partition(|(_, _, base)| play.gate.has_record(base));
        *held(&branches.queue) = recorded;
        let at_once = play.gate.at_once(asked.at_once.min(asked.items.len()));
        branches.work_in_parallel(at_once);
        *held(&branches.queue) = fresh;
        branches.work_in_parallel(at_once);
    }
    let results = branches.results.into_inner().unwrap_or_else(PoisonError::into_inner);

    if let Some(stop) = play.gate.stopped() {
        return play.raise(c, Halt::Stop(stop));
    }
    if results.values().any(|r| r.as_ref().is_err_and(|e| is_stop(e))) {
        return play.gate.lane_stops_at_edge(&lane).or_else(|h| play.raise(c, h));
    }
    let failures: Vec<(usize, Failure)> =
        results.iter().filter_map(|(n, r)| Some((*n, failure_of(r.as_ref().err()?, play.setting.table)))).collect();
    if failures.len() > asked.max_failures {
        let skipped = asked.items.len() - results.len();
        return play.raise(c, sum_up(&asked.labels, failures, skipped).into());
    }
    if !failures.is_empty() {
        let names: Vec<&str> = failures.iter().filter_map(|(n, _)| Some(asked.labels.get(*n)?.as_str())).collect();
        let text = format!("{} of {} failed, and so many may: {}", names.len(), asked.items.len(), names.join(", "));
        play.gate.hear(&Event::Warning { text });
    }
    play.gate.close(seq);
    Ok(results.into_values().map(|r| r.unwrap_or(Dynamic::UNIT)).collect::<Array>().into())
}

/// One failure of all: each host with its own.
fn sum_up(labels: &[String], failures: Vec<(usize, Failure)>, skipped: usize) -> Failure {
    let code = failures.first().map_or(1, |(_, f)| f.code);
    let mut lines: Vec<String> =
        failures.iter().map(|(n, f)| format!("{}: {}", labels.get(*n).map_or("", String::as_str), f.message)).collect();
    if skipped > 0 {
        lines.push(format!("not begun after that: {skipped}"));
    }
    let outputs: Vec<&str> = failures.iter().filter_map(|(_, f)| f.output.as_deref()).collect();
    let output = Some(outputs.join("\n")).filter(|o| !o.is_empty());
    let mut hints: Vec<String> = failures.iter().flat_map(|(_, f)| f.hints.clone()).collect();
    hints.dedup();
    Failure { message: lines.join("\n"), code, output, hints }
}

/// The branches of one `on_each`: those that wait, and how the others ended.
struct Branches<'a> {
    play: &'a Play,
    c: &'a NativeCallContext<'a>,
    body: &'a FnPtr,
    data: Stored,
    max_failures: usize,
    queue: Mutex<VecDeque<(usize, Dynamic, Vec<String>)>>,
    results: Mutex<BTreeMap<usize, Eval>>,
}

fn held<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Branches<'_> {
    /// Takes at most so many branches from the queue, one after the other.
    fn work(&self, most: usize) {
        for _ in 0..most {
            let next = held(&self.queue).pop_front();
            let Some((n, item, base)) = next else { return };
            // Too many have failed: what has not begun does not. (Verifying looks at all of them.)
            let is_over = self.play.gate.mode == Mode::Live && self.failures() > self.max_failures;
            if is_over && !self.play.gate.has_record(&base) {
                continue;
            }
            let lane = self.play.gate.lane(base, false);
            let result = self.branch(&lane, item);
            held(&self.results).insert(n, result);
        }
    }

    fn work_in_parallel(&self, at_once: usize) {
        // Planning goes one by one, so that the plan reads the same every time.
        let at_once = if self.play.gate.mode == Mode::Live { at_once.min(held(&self.queue).len()) } else { 1 };
        if at_once <= 1 {
            return self.work(usize::MAX);
        }
        thread::scope(|s| {
            for _ in 0..at_once {
                let big = thread::Builder::new().stack_size(STACK);
                // No thread left to have: those that run do the work of all.
                if big.spawn_scoped(s, || self.work(usize::MAX)).is_err() {
                    break;
                }
            }
        });
        self.work(usize::MAX);
    }

    fn branch(&self, lane: &Arc<Lane>, item: Dynamic) -> Eval {
        let (play, c) = (self.play, self.c);
        let result = call_in(lane.clone(), c.engine(), &self.data, &unshared(self.body), (item,));
        let result = or_unknown(play, result).map(|v| unshared_value(&v));
        let halt = result.as_ref().err().map(|e| {
            if let Some(watch) = play.watch.get() {
                watch.branch_fails();
            }
            play.keep_place(e);
            play.halt_of(e)
        });
        match play.gate.branch_ends(lane, halt.as_ref().map_or(Ok(()), Err)) {
            Ok(Ended::AsItDid) => result,
            Ok(Ended::Unknown(why)) => Ok(Unknown::value(&play.gate, why)),
            Err(h) => play.raise(c, h),
        }
    }

    /// How many failed. A branch at its edge (verifying) has not: the others are looked at all the same.
    fn failures(&self) -> usize {
        held(&self.results).values().filter(|r| r.as_ref().is_err_and(|e| !is_stop(e))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_branches_are_summed_up_by_host() {
        let labels = ["r1".to_string(), "r2".into(), "r3".into()];
        let f = sum_up(&labels, vec![(1, Failure { code: 7, ..Failure::new("it is full") })], 1);
        assert_eq!(f.message, "r2: it is full\nnot begun after that: 1");
        assert_eq!(f.code, 7);
    }

    #[test]
    fn row_28_on_each_needs_a_list_and_a_closure() {
        let e = Engine::new();
        let (list, f) = (e.eval::<Dynamic>("[1]").unwrap(), e.eval::<Dynamic>("|h| h").unwrap());
        let said = |items: &Dynamic, body: &Dynamic| match asked(items, Ok(Options::none("on_each")), body) {
            Err(Halt::Failed(f)) => f.message,
            _ => String::new(),
        };
        assert_eq!(said(&f, &f), "on_each needs a list, found a closure");
        assert!(said(&list, &list).contains("must be a closure"));
        assert_eq!(said(&list, &f), "");
    }
}
