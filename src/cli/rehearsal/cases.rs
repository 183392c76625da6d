//! Which cases a rehearsal plays.

use super::case::{Case, Disturbed, Way};
use super::points::{Point, first_of_each, in_rows, sample, some};
use crate::lab::Snapshot;
use std::collections::BTreeMap;
use std::time::Duration;

/// A run and a rollback that nobody disturbs.
pub struct Whole {
    pub end: BTreeMap<String, Snapshot>,
    pub back: BTreeMap<String, Snapshot>,
    /// The points that it reached.
    pub run_log: String,
    pub back_log: String,
    pub took: Duration,
}

/// How long all cases of the short form may take when they are run one after the other: with the labs side by side on
/// two processors, some two minutes.
const SHORT: Duration = Duration::from_secs(150);

/// So many points one run and its resumes are killed at in the short form, where there is a name to try at each.
const IN_A_ROW: usize = 4;

/// So many in the full form, where points are known again in a resume: a resume is less than half a run.
const IN_A_LONG_ROW: usize = 12;

/// What is tried: a title, how many points there are of it, and the cases.
///
/// The full form has every point, several in one run and its resumes. The short one has the first point of each name;
/// beside these, as much of the rest as there is time for, at least one of each kind, and on another day others.
pub fn cases(whole: &[Whole; 2], full: bool, day: u64) -> Vec<(String, usize, Vec<Case>)> {
    let [one, two] = whole;
    let (host, run): (Vec<Point>, Vec<Point>) =
        Point::of_runs(&one.run_log, &two.run_log).into_iter().partition(is_on_host);
    let (_, back): (Vec<Point>, Vec<Point>) =
        Point::of_runs(&one.back_log, &two.back_log).into_iter().partition(is_on_host);
    let journal: Vec<Point> = run.iter().filter(|p| p.name.ends_with(".before")).cloned().collect();

    let names = [&run, &back].map(|all| in_rows(&first_of_each(all), IN_A_ROW));
    let first = |of: &[Point], more: usize| -> Vec<Point> {
        first_of_each(of).into_iter().chain(sample(of, day, more)).collect()
    };
    // In the short form, when there is time.
    let rest = [
        sample(&run, day, 8),
        some(&first(&run, 8), day, 11),
        first(&host, 2),
        sample(&back, day, 4),
        first(&journal, 2),
    ];
    let time = usize::try_from(SHORT.as_millis() / one.took.as_millis().max(1)).unwrap_or(usize::MAX);
    // A run that is killed again and again takes about twice as long.
    let (needed, wanted) = (2 * names.iter().map(Vec::len).sum::<usize>(), rest.iter().map(Vec::len).sum::<usize>());
    let there_is = time.saturating_sub(needed).min(wanted);
    let [more, taken_back, on_hosts, more_back, disk] =
        rest.map(|points| some(&points, day, (points.len() * there_is / wanted.max(1)).max(1)));
    let [name, name_back] = names;

    let each = |points: &[Point]| -> Vec<Vec<Point>> { points.iter().map(|p| vec![p.alone()]).collect() };
    let tried = |rows: Vec<Vec<Point>>, points: Vec<Point>, all: &[Point]| -> Vec<Vec<Point>> {
        if full { long_rows(all) } else { rows.into_iter().chain(each(&points)).collect() }
    };
    let at = |rows: Vec<Vec<Point>>, how, way| -> Vec<Case> {
        rows.into_iter().map(|row| Case { disturbed: Disturbed::At(row, how), way }).collect()
    };
    let taken_back = each(if full { &run } else { &taken_back });
    let killed_back = tried(name_back, more_back, &back).into_iter();
    let killed_back = killed_back.map(|row| Case { disturbed: Disturbed::BackAt(row, "abort"), way: Way::Back });
    let n = if full { 20 } else { 3 };
    let ms = u64::try_from(one.took.as_millis()).unwrap_or(1000);
    let killed = (1..=n).map(|k| Duration::from_millis(ms * k / (n + 1) + day % 97));
    let killed = killed.map(|after| Case { disturbed: Disturbed::Killed(after), way: Way::On });
    let middle: Vec<Point> = run.iter().filter(|p| p.name == "deed.after").map(Point::alone).collect();
    let six = || some(&middle, 0, if full { 6 } else { 1 }).into_iter();
    let five = six().map(|p| Case { disturbed: Disturbed::FiveTimes(p, Duration::from_millis(150)), way: Way::On });
    let two = six().map(|p| Case { disturbed: Disturbed::TwoResumes(p), way: Way::On });
    vec![
        ("killed, resumed".into(), run.len(), at(tried(name, more, &run), "abort", Way::On)),
        ("killed, rolled back".into(), run.len(), at(taken_back, "abort", Way::Back)),
        ("the host's wrapper dies".into(), host.len(), at(tried(vec![], on_hosts, &host), "io", Way::On)),
        ("rollback killed".into(), back.len(), killed_back.collect()),
        ("the journal's disk fails".into(), journal.len(), at(tried(vec![], disk, &journal), "io", Way::On)),
        ("SIGKILL at some time".into(), 0, killed.collect()),
        ("six kills in a row".into(), middle.len(), five.collect()),
        ("two resumes at once".into(), middle.len(), two.collect()),
    ]
}

fn is_on_host(point: &Point) -> bool {
    point.name.starts_with("host.")
}

fn long_rows(all: &[Point]) -> Vec<Vec<Point>> {
    let is_known_again = all.iter().all(|p| p.of_call.is_some());
    in_rows(all, if is_known_again { IN_A_LONG_ROW } else { 1 })
}
