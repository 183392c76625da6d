//! `mig test [PLAYBOOK...]`.

use super::gathered::{checked, gather};
use super::in_lab::source_of;
use super::rehearsal::{Case, Ended, Line, Outcome, Progress, Stage, Wanted, Whole, cases, in_short, table};
use super::wrong::Wrong;
use super::{Globals, page, signals};
use crate::error::{Error, Kind};
use crate::report;
use clap::Args;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ScopedJoinHandle;
use std::time::Instant;

/// Rehearse in the lab: run, roll back, kill at every point and resume
///
/// Prints a table of points, kills, double runs and differences. Fails when a run that was killed
/// ends otherwise than one that was not, or when a point was never reached.
#[derive(Debug, Clone, Args)]
pub struct TestArgs {
    /// Files, or names of shipped playbooks; left out, all shipped ones
    #[arg(value_name = "PLAYBOOK")]
    pub playbooks: Vec<String>,

    /// Kills at every point in every way; without it, at one point of each name and at others as time allows
    #[arg(long)]
    pub full: bool,

    /// Only the Kth of N parts of what is tried, as 1/4: a job for each, or one a night
    #[arg(long, value_name = "K/N", value_parser = part)]
    pub part: Option<(usize, usize)>,

    /// So many labs at once
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub at_once: usize,

    /// Which of the other points are tried; left out, others every day
    #[arg(long, value_name = "N")]
    pub sample: Option<u64>,
}

/// `2/4` is every fourth case, from the second on.
fn part(text: &str) -> Result<(usize, usize), String> {
    let parsed = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
    parsed
        .filter(|(k, n)| (1..=*n).contains(k))
        .ok_or_else(|| "expected K/N, as 1/4 for the first of four parts".into())
}

/// Rehearses playbooks.
///
/// # Errors
/// A playbook has no lab, or a lab cannot be opened.
pub fn run(args: &TestArgs, globals: &Globals) -> Result<u8, Wrong> {
    let names = match args.playbooks.is_empty() {
        true => super::playbook_names(),
        false => args.playbooks.clone(),
    };
    let stop = Arc::new(AtomicBool::new(false));
    let asked = stop.clone();
    signals::ask_rehearsal_to_stop(move || asked.store(true, Ordering::SeqCst));
    let mut wrong = vec![];
    for name in &names {
        if !rehearse(name, args, globals, &stop)? {
            wrong.push(name.as_str());
        }
    }
    if wrong.is_empty() {
        return Ok(0);
    }
    // Their tables may have scrolled away.
    if names.len() > 1 {
        page(&format!("✗ {} of {} playbooks are not as they must be: {}", wrong.len(), names.len(), wrong.join(", ")));
    }
    Ok(Kind::StepFailed.exit_code())
}

/// One playbook. `false`: something was not as it must be.
fn rehearse(name: &str, args: &TestArgs, globals: &Globals, stop: &Arc<AtomicBool>) -> Result<bool, Wrong> {
    let (script, playbook) = gather(name)?;
    checked(&playbook)?;
    let source = source_of(&script)?;
    let started = Instant::now();
    let open = || Stage::open(&source, name, stop);
    let [one, two] = [open()?, open()?];
    // Undisturbed, twice: what differs between these two says nothing about a killed one. The others open meanwhile.
    let (whole, more) = std::thread::scope(|s| {
        let runs = [&one, &two].map(|stage| s.spawn(move || undisturbed(stage)));
        let more = s.spawn(|| (2..args.at_once).map(|_| open()).collect::<Result<Vec<_>, _>>());
        (runs.map(joined), joined(more))
    });
    let [whole, other] = whole;
    let whole = [whole?, other?];
    let stages: Vec<Stage> = [one, two].into_iter().chain(more?).collect();
    let done = on_stages(name, &stages, &whole, args, globals);
    for stage in stages {
        stage.close()?;
    }
    if done? {
        let took = report::whole_duration(ms(started));
        let of = args.part.map(|(k, n)| format!(" of part {k}/{n}")).unwrap_or_default();
        page(&format!("✓ {name}: every point{of} hit, 0 double runs, 0 differences, {took}\n"));
        return Ok(true);
    }
    Ok(false)
}

fn joined<T>(thread: ScopedJoinHandle<Result<T, Wrong>>) -> Result<T, Wrong> {
    thread.join().unwrap_or_else(|_| Err(Error::bug("a rehearsal panicked").into()))
}

fn on_stages(
    name: &str,
    stages: &[Stage],
    whole: &[Whole; 2],
    args: &TestArgs,
    globals: &Globals,
) -> Result<bool, Wrong> {
    let volatile = stages[0].compare(&whole[0].end, &whole[1].end, &|_, _| false);
    // What may differ after a rollback differs for a reason that holds here too.
    let may =
        |host: &str, path: &str| volatile.contains_key(&format!("{host}:{path}")) || stages[0].may_differ(host, path);
    let left = stages[0].compare(&stages[0].start, &whole[0].back, &|host, path| stages[0].may_differ(host, path));
    let mut wrong: Vec<String> =
        left.iter().map(|(path, what)| format!("after the undisturbed rollback: {path} {what}")).collect();

    let day = u64::try_from(crate::journal::now_ms() / 86_400_000).unwrap_or(0);
    let day = args.sample.unwrap_or(day);
    let mut cases = cases(whole, args.full, day);
    if let Some((k, n)) = args.part {
        let mut turn = (0..n).cycle();
        for (_, _, cases) in &mut cases {
            cases.retain(|_| turn.next() == Some(k - 1));
        }
    }
    let mut lines: Vec<Line> = vec![];
    let wanted = Wanted { end: &whole[0].end, may: &may };
    // One queue for all of them: the long ones do not wait for each other.
    let queue: Vec<Case> = cases.iter().flat_map(|(_, _, cases)| cases.iter().cloned()).collect();
    let mut outcomes = play(stages, &queue, &wanted, &Progress::new(name, queue.len()))?.into_iter();
    for (what, points, cases) in cases {
        let mut line = Line { what, points, cases: cases.len(), ..Line::default() };
        for (case, seen) in cases.iter().zip(outcomes.by_ref().take(cases.len()).collect::<Vec<_>>()) {
            line.took_ms += seen.took_ms;
            line.missed += seen.missed.len();
            line.kills += case.kills();
            line.questions += seen.questions;
            line.doubles += seen.doubles.len();
            line.differences += seen.differences.len();
            line.wrong += seen.wrong.len();
            wrong.extend(seen.all_wrong().map(|what| format!("{}: {what}", case.name())));
        }
        lines.push(line);
    }
    if globals.json {
        for l in &lines {
            page(&serde_json::json!({ "playbook": name, "what": l.what, "points": l.points, "cases": l.cases, "kills": l.kills, "missed": l.missed, "questions": l.questions, "double_runs": l.doubles, "differences": l.differences, "wrong": l.wrong, "took_ms": l.took_ms }).to_string());
        }
    } else {
        page(&table(name, &lines));
        if !volatile.is_empty() {
            let ignored = in_short(volatile.keys().map(String::as_str));
            page(&format!("differs between two undisturbed runs, so not compared: {ignored}"));
        }
    }
    for what in wrong.iter().take(40) {
        page(&format!("✗ {what}"));
    }
    if !wrong.is_empty() {
        page(&format!("✗ {name}: {} wrong\n", wrong.len()));
    }
    Ok(wrong.is_empty())
}

fn undisturbed(stage: &Stage) -> Result<Whole, Wrong> {
    let went_wrong = |what: &str, ended: &Ended| {
        let wrong = Error::new(Kind::StepFailed, format!("undisturbed, the {what} ended with {:?}", ended.code));
        Wrong::from(wrong.hint(ended.tail()))
    };
    stage.reset()?;
    let began = Instant::now();
    let ran = stage.mig("run", "")?;
    if ran.code != Some(0) {
        return Err(went_wrong("run", &ran));
    }
    let (took, run_log) = (began.elapsed(), stage.log());
    let end = stage.snapshots()?;
    let back = stage.mig("rollback", "")?;
    if back.code != Some(0) {
        return Err(went_wrong("rollback", &back));
    }
    let back_log = stage.log();
    Ok(Whole { end, back: stage.snapshots()?, run_log, back_log, took })
}

/// Plays cases on all stages at once; the outcomes in the order of the cases.
fn play(stages: &[Stage], cases: &[Case], wanted: &Wanted, progress: &Progress) -> Result<Vec<Outcome>, Wrong> {
    let next = AtomicUsize::new(0);
    let seen: Mutex<BTreeMap<usize, Result<Outcome, Box<Error>>>> = Mutex::default();
    std::thread::scope(|s| {
        for stage in stages {
            s.spawn(|| {
                loop {
                    let n = next.fetch_add(1, Ordering::SeqCst);
                    let Some(case) = cases.get(n) else { return };
                    let began = Instant::now();
                    let outcome = case.play(stage, wanted).map(|seen| Outcome { took_ms: ms(began), ..seen });
                    let wrong = outcome.as_ref().ok().and_then(|seen| seen.all_wrong().next());
                    progress.add(wrong.map(|what| format!("{}: {what}", case.name())).as_deref());
                    seen.lock().unwrap_or_else(PoisonError::into_inner).insert(n, outcome);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(seen.into_values().collect::<Result<_, _>>()?)
}

fn ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn a_part_is_one_of_so_many() {
        assert_eq!(part("1/4"), Ok((1, 4)));
        assert_eq!(part("4/4"), Ok((4, 4)));
        for wrong in ["0/4", "5/4", "1/0", "1", "a/b", "1/4/2", "-1/4"] {
            assert!(part(wrong).is_err(), "{wrong}");
        }
    }
}
