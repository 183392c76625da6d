//! The points that a run reached, and which of them are tried.

use std::collections::{BTreeMap, BTreeSet};

/// A place where a run can be killed.
///
/// Which call has which number depends on how hosts that go side by side take turns; how often a name is reached in all
/// does not. But a resume reaches it less often, while a call keeps its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub name: String,
    /// The how-manieth time a whole run reaches this name.
    pub nth: usize,
    /// The call, and the how-manieth time that call reaches the name; `None` where it is another call in another run.
    pub of_call: Option<(i64, usize)>,
}

impl Point {
    /// Those of a whole `MIG_FAIL_LOG`, whose lines look like `12 intent.before@7#1`, in its order.
    /// Polls come as often as the world takes: of each wait, only the first is a point.
    pub fn all(log: &str) -> Vec<Point> {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let point = |line| {
            let (_, rest): (&str, &str) = str::split_once(line, ' ')?;
            let (name, at) = rest.split_once('@')?;
            let (call, time) = at.split_once('#')?;
            let nth = times.entry(name).or_default();
            *nth += 1;
            Some(Point { name: name.into(), nth: *nth, of_call: Some((call.parse().ok()?, time.parse().ok()?)) })
        };
        log.lines().filter_map(point).filter(|point| point.name != "poll.again").collect()
    }
    /// The same, of one of two runs that nobody disturbed: calls are told where both made the same ones.
    pub fn of_runs(log: &str, other: &str) -> Vec<Point> {
        let known = |log| Point::all(log).into_iter().map(|p| (p.name, p.of_call)).collect::<BTreeSet<_>>();
        let is_steady = known(log) == known(other);
        let all = Point::all(log).into_iter();
        all.map(|p| Point { of_call: p.of_call.filter(|_| is_steady), ..p }).collect()
    }
    /// The same, known only by how often a whole run reaches its name: for a run that is killed nowhere else.
    pub fn alone(&self) -> Point {
        Point { of_call: None, ..self.clone() }
    }
    /// How `MIG_FAIL` is told of it.
    pub fn told(&self, how: &str) -> String {
        match self.of_call {
            Some((call, time)) => format!("{}@{call}#{time}={how}", self.name),
            None => format!("{}#{}={how}", self.name, self.nth),
        }
    }
    /// Whether a command with this log reached it.
    pub fn is_in(&self, log: &str) -> bool {
        let is_this = |p: &Point| match self.of_call {
            Some(_) => p.of_call == self.of_call,
            None => p.nth == self.nth,
        };
        Point::all(log).iter().any(|p| p.name == self.name && is_this(p))
    }
}

/// The first point of each name: it is tried in every rehearsal.
pub fn first_of_each(all: &[Point]) -> Vec<Point> {
    let mut names = BTreeSet::new();
    all.iter().filter(|p| names.insert(p.name.as_str())).cloned().collect()
}

/// So many of the points that are not the first of their name; others on another day, so that all are tried in the
/// course of time.
pub fn sample(all: &[Point], day: u64, wanted: usize) -> Vec<Point> {
    let first = first_of_each(all);
    let rest: Vec<Point> = all.iter().filter(|p| !first.contains(p)).cloned().collect();
    some(&rest, day, wanted)
}

/// So many of them, as far apart as they can be; others on another day.
pub fn some<T: Clone>(all: &[T], day: u64, wanted: usize) -> Vec<T> {
    let step = all.len().div_ceil(wanted.max(1)).max(1);
    let from = usize::try_from(day).unwrap_or(0) % step;
    all.iter().skip(from).step_by(step).take(wanted).cloned().collect()
}

/// As few rows as have so many in each at most: in each, one comes after the other in a run, far from each other.
pub fn in_rows(all: &[Point], each: usize) -> Vec<Vec<Point>> {
    let rows = all.len().div_ceil(each.max(1));
    (0..rows).map(|row| all.iter().skip(row).step_by(rows).cloned().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_tried_and_in_time_every_point() {
        let log = "1 a@1#1\n2 b@1#1\n3 a@2#1\n4 b@2#1\n5 poll@3#1\n6 poll.again@3#1\n7 a@2#2\n";
        let all = Point::of_runs(log, "1 a@1#1\n");
        assert_eq!(all.len(), 6);
        assert_eq!(all[0].told("abort"), "a#1=abort");
        assert_eq!(all[5].told("abort"), "a#3=abort");
        assert!(all[5].is_in("1 a@1#1\n2 a@1#2\n3 a@2#1\n"));
        let mut tried = BTreeSet::new();
        for day in 0..10 {
            let names: Vec<String> = first_of_each(&all).into_iter().map(|p| p.name).collect();
            assert_eq!(names, ["a", "b", "poll"]);
            tried.extend(first_of_each(&all));
            let sampled = sample(&all, day, 1);
            assert_eq!(sampled.len(), 1);
            tried.extend(sampled);
        }
        assert_eq!(tried.len(), all.len());
        let rows = in_rows(&all, 4);
        assert_eq!(rows.concat().len(), 6);
        assert_eq!(rows[0].iter().map(|p| p.told("io")).collect::<Vec<_>>(), ["a#1=io", "a#2=io", "poll#1=io"]);
        assert!(in_rows(&[], 4).is_empty());
        assert_eq!(some(&[1, 2, 3, 4, 5, 6, 7], 1, 3), [2, 5]);
        assert!(some(&[1, 2], 0, 0).is_empty());
    }

    #[test]
    fn a_point_of_a_call_is_known_again_in_a_resume() {
        let log = "1 lock@0#1\n2 a@1#1\n3 a@2#1\n4 a@2#2\n";
        let all = Point::of_runs(log, "1 a@1#1\n2 lock@0#1\n3 a@2#1\n4 a@2#2\n");
        assert_eq!(all[3].told("abort"), "a@2#2=abort");
        assert_eq!(all[3].alone().told("abort"), "a#3=abort");
        assert!(all[3].is_in("1 lock@0#1\n2 a@2#1\n3 a@2#2\n"));
        assert!(!all[3].is_in("1 a@3#1\n2 a@3#2\n3 a@3#3\n"));
    }
}
