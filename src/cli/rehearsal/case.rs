//! One case: a run or a rollback is disturbed, then gone on with, then compared.

use super::points::Point;
use super::stage::{Ended, Stage};
use crate::error::Result;
use crate::lab::Snapshot;
use std::collections::BTreeMap;
use std::time::Duration;

/// No run is over as soon as this.
const SOON: Duration = Duration::from_millis(20);

/// How a run is disturbed.
#[derive(Debug, Clone)]
pub enum Disturbed {
    /// The process aborts, or is told of an I/O error, at a point of the run; the resume after it at the next one of
    /// these, and so on.
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
    /// Points that were not reached, or where the process did not die.
    pub missed: usize,
    pub questions: usize,
    pub doubles: Vec<String>,
    pub differences: Vec<String>,
    pub wrong: Vec<String>,
    pub took_ms: u64,
}

/// What a case must end like.
pub struct Wanted<'a> {
    pub end: &'a BTreeMap<String, Snapshot>,
    /// Differs between two undisturbed runs as well.
    pub may: &'a (dyn Fn(&str, &str) -> bool + Sync),
}

impl Case {
    /// Plays it on a stage that is as at the start.
    ///
    /// # Errors
    /// The lab, or mig cannot be started.
    pub fn play(&self, stage: &Stage, wanted: &Wanted) -> Result<Outcome> {
        let mut seen = Outcome::default();
        match &self.disturbed {
            Disturbed::At(points, how) => {
                let mut what = "run";
                for point in points {
                    let mut died = stage.mig(what, &point.told(how))?;
                    // It had died before there was a run.
                    if what == "resume" && is_no_run(&died) {
                        died = stage.mig("run", &point.told(how))?;
                    }
                    note_hit(stage, point, &died, how, &mut seen);
                    what = "resume";
                }
            }
            Disturbed::BackAt(points, how) => {
                let ran = stage.mig("run", "")?;
                if ran.code != Some(0) {
                    seen.wrong.push(format!("the run before the rollback: {}", ran.tail()));
                }
                for point in points {
                    let died = stage.mig("rollback", &point.told(how))?;
                    note_hit(stage, point, &died, how, &mut seen);
                }
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
                    seen.missed += 1;
                    seen.wrong.push("it is over before it can be killed".into());
                }
            }
            Disturbed::FiveTimes(point, after) => {
                let died = stage.mig("run", &point.told("abort"))?;
                note_hit(stage, point, &died, "abort", &mut seen);
                for n in 1..=5u32 {
                    stage.kill("resume", *after * n)?;
                }
            }
            Disturbed::TwoResumes(point) => {
                let died = stage.mig("run", &point.told("abort"))?;
                note_hit(stage, point, &died, "abort", &mut seen);
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

/// The point was reached; and where the process had to die there, it did.
/// Where it was not, what the process said instead is told.
fn note_hit(stage: &Stage, point: &Point, died: &Ended, how: &str, seen: &mut Outcome) {
    let hit = Point::all(&stage.log()).contains(point) && (how != "abort" || died.code.is_none());
    if !hit {
        seen.missed += 1;
        let point = point.told(how);
        seen.wrong.push(format!("{point} was not reached; it ended with {:?}: {}", died.code, died.tail()));
    }
}

/// Until it ends well; questions are answered by the truth.
fn go_on(stage: &Stage, what: &str, seen: &mut Outcome) -> Result<()> {
    for _ in 0..8 {
        let ended = stage.mig(what, "")?;
        match ended.code {
            Some(0) => return Ok(()),
            Some(5) if stage.answer(&ended.text)? => seen.questions += 1,
            // It died before there was a run, or the run was over already.
            Some(2) if is_no_run(&ended) => {
                if what == "resume" && stage.mig("runs", "")?.text.contains("No runs yet") {
                    let ran = stage.mig("run", "")?;
                    if ran.code != Some(0) {
                        seen.wrong.push(format!("run anew: {}", ran.tail()));
                    }
                }
                return Ok(());
            }
            _ => {
                seen.wrong.push(format!("{what} ended with {:?}: {}", ended.code, ended.tail()));
                return Ok(());
            }
        }
    }
    seen.wrong.push(format!("{what} does not come to an end"));
    Ok(())
}
