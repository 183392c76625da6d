//! The points that a run reached, and which of them are tried.

use std::collections::{BTreeMap, BTreeSet};

/// A place where a run can be killed: its name, and the how-manieth time it is reached.
///
/// Which call has which number depends on how hosts that go side by side take turns; how often a
/// place is reached in all does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    pub name: String,
    pub time: usize,
}

impl Point {
    /// Those of a whole `MIG_FAIL_LOG`, whose lines look like `12 intent.before@7#1`, in its order.
    /// Polls come as often as the world takes: of each wait, only the first is a point.
    pub fn all(log: &str) -> Vec<Point> {
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        let names = log.lines().filter_map(|line| line.split_once(' ')?.1.split_once('@')).map(|(name, _)| name);
        names
            .filter(|name| *name != "poll.again")
            .map(|name| {
                let time = times.entry(name).or_default();
                *time += 1;
                Point { name: name.into(), time: *time }
            })
            .collect()
    }
    /// How `MIG_FAIL` is told of it.
    pub fn told(&self, how: &str) -> String {
        format!("{}#{}={how}", self.name, self.time)
    }
}

/// Which points are tried: all of them with `full`; else each name once, and a sample of the
/// others that moves on from day to day, so that all are tried in the course of time.
pub fn chosen(all: &[Point], full: bool, day: u64, sample: usize) -> Vec<Point> {
    if full {
        return all.to_vec();
    }
    let mut names = BTreeSet::new();
    let (first, rest): (Vec<&Point>, Vec<&Point>) = all.iter().partition(|p| names.insert(p.name.clone()));
    let step = rest.len().div_ceil(sample.max(1)).max(1);
    let from = usize::try_from(day).unwrap_or(0) % step;
    first.into_iter().chain(rest.into_iter().skip(from).step_by(step)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_tried_and_in_time_every_point() {
        let log = "1 a@1#1\n2 b@1#1\n3 a@2#1\n4 b@2#1\n5 poll@3#1\n6 poll.again@3#1\n7 a@2#2\n";
        let all = Point::all(log);
        assert_eq!(all.len(), 6);
        assert_eq!(all[0].told("abort"), "a#1=abort");
        assert_eq!(all[5].told("abort"), "a#3=abort");
        let mut tried = BTreeSet::new();
        for day in 0..10 {
            let now = chosen(&all, false, day, 1);
            for name in ["a", "b", "poll"] {
                assert!(now.iter().any(|p| p.name == name), "{day}: {name}");
            }
            tried.extend(now);
        }
        assert_eq!(tried.len(), all.len());
        assert_eq!(chosen(&all, true, 0, 1).len(), all.len());
    }
}
