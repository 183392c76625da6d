//! One case: a run or a rollback is disturbed, then gone on with, then compared.

use super::points::Point;
use super::stage::{Ended, Stage};
use crate::error::Result;
use crate::lab::Snapshot;
use std::collections::BTreeMap;
use std::time::Duration;

/// No run is over as soon as this.
const SOON: Duration = Duration::from_millis(20);

/// No run has more to ask than this: one that asks for ever is found.
const QUESTIONS: usize = 64;

/// How a run is disturbed.
#[derive(Debug, Clone)]
pub enum Disturbed {
    /// The process aborts, or is told of an I/O error, at the first of these points that it reaches; what goes on after
    /// it at the next, and so on.
    At(Vec<Point>, &'static str),
    /// The same in the rollback of a whole run.
    BackAt(Vec<Point>, &'static str),
    /// SIGKILL after so long.
    Killed(Duration),
    /// Killed at a point, and the resume after it five times more.
    FiveTimes(Point, Duration),
    /// Killed at a point, then two resumes at once.
    TwoResumes(Point),
}

/// Where it goes after that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// It is gone on with, to the end of an undisturbed run.
    On,
    /// It is taken back, to the start.
    Back,
}

#[derive(Debug, Clone)]
pub struct Case {
    pub disturbed: Disturbed,
    pub way: Way,
}

/// What came of a case.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Points that were not reached.
    pub missed: Vec<Point>,
    pub questions: usize,
    pub doubles: Vec<String>,
    pub differences: Vec<String>,
    pub wrong: Vec<String>,
    pub took_ms: u64,
}

impl Outcome {
    /// What is not as it must be.
    pub fn all_wrong(&self) -> impl Iterator<Item = &String> {
        self.wrong.iter().chain(&self.doubles).chain(&self.differences)
    }
    fn add(&mut self, more: Outcome) {
        self.missed.extend(more.missed);
        self.questions += more.questions;
        self.doubles.extend(more.doubles);
        self.differences.extend(more.differences);
        self.wrong.extend(more.wrong);
    }
}

/// What a case must end like.
pub struct Wanted<'a> {
    pub end: &'a BTreeMap<String, Snapshot>,
    /// Differs between two undisturbed runs as well.
    pub may: &'a (dyn Fn(&str, &str) -> bool + Sync),
}

impl Case {
    /// Plays it on a stage. A point that was not reached among others is tried alone: what died before it may have taken
    /// another way than a run that reaches it.
    ///
    /// # Errors
    /// The lab, or mig cannot be started.
    pub fn play(&self, stage: &Stage, wanted: &Wanted) -> Result<Outcome> {
        let mut seen = self.play_once(stage, wanted)?;
        if matches!(&self.disturbed, Disturbed::At(points, _) | Disturbed::BackAt(points, _) if points.len() > 1) {
            for point in std::mem::take(&mut seen.missed) {
                seen.add(self.with(vec![point.alone()]).play_once(stage, wanted)?);
            }
        }
        Ok(seen)
    }

    /// The same at other points.
    fn with(&self, points: Vec<Point>) -> Case {
        let disturbed = match &self.disturbed {
            Disturbed::BackAt(_, how) => Disturbed::BackAt(points, how),
            Disturbed::At(_, how) => Disturbed::At(points, how),
            other => other.clone(),
        };
        Case { disturbed, way: self.way }
    }

    fn play_once(&self, stage: &Stage, wanted: &Wanted) -> Result<Outcome> {
        stage.reset()?;
        let mut seen = Outcome::default();
        match &self.disturbed {
            Disturbed::At(points, how) => hinder(stage, "run", points, how, &mut seen)?,
            Disturbed::BackAt(points, how) => {
                let ran = stage.mig("run", "")?;
                if ran.code != Some(0) {
                    seen.wrong.push(format!("the run before the rollback: {}", ran.tail()));
                }
                hinder(stage, "rollback", points, how, &mut seen)?;
            }
            Disturbed::Killed(after) => {
                let mut after = *after;
                let mut died = stage.kill("run", after)?;
                // It may be quicker now than when it was measured, on a machine that has other things to do as well.
                while died.code.is_some() && after > SOON {
                    after /= 2;
                    stage.reset()?;
                    died = stage.kill("run", after)?;
                }
                if died.code.is_some() {
                    seen.wrong.push("it is over before it can be killed".into());
                }
            }
            Disturbed::FiveTimes(point, after) => {
                hinder(stage, "run", std::slice::from_ref(point), "abort", &mut seen)?;
                for n in 1..=5u32 {
                    stage.kill("resume", *after * n)?;
                }
            }
            Disturbed::TwoResumes(point) => {
                hinder(stage, "run", std::slice::from_ref(point), "abort", &mut seen)?;
                let both = stage.twice("resume")?;
                let mut codes: Vec<Option<i32>> = both.iter().map(|e| e.code).collect();
                codes.sort_unstable();
                // One goes on; the other is refused, or comes when it is over.
                if codes != [Some(0), Some(6)] && codes != [Some(0), Some(2)] {
                    seen.wrong.push(format!("two resumes ended with {codes:?}: {}", both[0].tail()));
                }
            }
        }
        let back = self.way == Way::Back || matches!(self.disturbed, Disturbed::BackAt(..));
        go_on(stage, if back { "rollback" } else { "resume" }, &mut seen)?;
        seen.doubles = stage.doubles();
        let now = stage.snapshots()?;
        let different = if back {
            stage.compare(&stage.start, &now, &|host, path| stage.may_differ(host, path))
        } else {
            stage.compare(wanted.end, &now, wanted.may)
        };
        seen.differences.extend(different.into_iter().map(|(path, what)| format!("{path} {what}")));
        Ok(seen)
    }

    /// How often mig dies in it where it is told to.
    pub fn kills(&self) -> usize {
        match &self.disturbed {
            Disturbed::At(points, _) | Disturbed::BackAt(points, _) => points.len(),
            Disturbed::Killed(_) | Disturbed::TwoResumes(_) => 1,
            Disturbed::FiveTimes(..) => 6,
        }
    }

    /// What it is called in the table's list of what is wrong.
    pub fn name(&self) -> String {
        let then = if self.way == Way::Back { ", then rolled back" } else { "" };
        match &self.disturbed {
            Disturbed::At(points, how) => format!("{}{then}", told(points, how)),
            Disturbed::BackAt(points, how) => format!("rollback {}", told(points, how)),
            Disturbed::Killed(after) => format!("SIGKILL after {} ms{then}", after.as_millis()),
            Disturbed::FiveTimes(p, _) => format!("{} and five kills more", p.told("abort")),
            Disturbed::TwoResumes(p) => format!("{}, then two resumes", p.told("abort")),
        }
    }
}

fn told(points: &[Point], how: &str) -> String {
    points.iter().map(|p| p.told(how)).collect::<Vec<_>>().join(", ")
}

fn is_no_run(ended: &Ended) -> bool {
    ended.code == Some(2) && ended.text.contains("there is no run to")
}

/// Until each of the points was reached, or the command ends before: then those that are left are missed.
fn hinder(stage: &Stage, what: &str, points: &[Point], how: &str, seen: &mut Outcome) -> Result<()> {
    let (mut left, mut what, mut asked) = (points.to_vec(), what, 0);
    while !left.is_empty() {
        let told: Vec<String> = left.iter().map(|p| p.told(how)).collect();
        let ended = begin(stage, what, &told.join(","))?;
        let (log, were) = (stage.log(), left.len());
        left.retain(|p| !p.is_in(&log));
        if how == "abort" && left.len() < were && ended.code.is_some() {
            seen.wrong.push(format!("it did not die at one of {told:?}; it ended with {:?}", ended.code));
        }
        if asked < QUESTIONS && ended.code == Some(5) && stage.answer(&ended.text)? {
            (seen.questions, asked) = (seen.questions + 1, asked + 1);
        } else if left.len() == were || ended.code == Some(0) {
            // Several are tried again, each alone.
            if let ([point], [_]) = (points, left.as_slice()) {
                let why = format!("{} was not reached; it ended with {:?}", point.told(how), ended.code);
                seen.wrong.push(format!("{why}: {}", ended.tail()));
            }
            break;
        }
        if what == "run" {
            what = "resume";
        }
    }
    seen.missed.extend(left);
    Ok(())
}

/// The command; a run, when it is to be resumed but had died before there was one.
fn begin(stage: &Stage, what: &str, fail: &str) -> Result<Ended> {
    let ended = stage.mig(what, fail)?;
    if what == "resume" && is_no_run(&ended) && stage.mig("runs", "")?.text.contains("No runs yet") {
        return stage.mig("run", fail);
    }
    Ok(ended)
}

/// Until it ends well; questions are answered by the truth.
fn go_on(stage: &Stage, what: &str, seen: &mut Outcome) -> Result<()> {
    for _ in 0..8 {
        let ended = begin(stage, what, "")?;
        match ended.code {
            Some(0) => return Ok(()),
            Some(5) if stage.answer(&ended.text)? => seen.questions += 1,
            // The run was over already.
            Some(2) if is_no_run(&ended) => return Ok(()),
            _ => {
                seen.wrong.push(format!("{what} ended with {:?}: {}", ended.code, ended.tail()));
                return Ok(());
            }
        }
    }
    seen.wrong.push(format!("{what} does not come to an end"));
    Ok(())
}
