//! The points that a run reached, and which of them are tried.

use std::collections::BTreeMap;

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

/// The first point of each name: it is tried in every rehearsal.
pub fn first_of_each(all: &[Point]) -> Vec<Point> {
    all.iter().filter(|p| p.time == 1).cloned().collect()
}

/// So many of the points that are not the first of their name; others on another day, so that all are tried in the
/// course of time.
pub fn sample(all: &[Point], day: u64, wanted: usize) -> Vec<Point> {
    let rest: Vec<&Point> = all.iter().filter(|p| p.time > 1).collect();
    some(&rest, day, wanted).into_iter().cloned().collect()
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
    use std::collections::BTreeSet;

    #[test]
    fn each_name_is_tried_and_in_time_every_point() {
        let log = "1 a@1#1\n2 b@1#1\n3 a@2#1\n4 b@2#1\n5 poll@3#1\n6 poll.again@3#1\n7 a@2#2\n";
        let all = Point::all(log);
        assert_eq!(all.len(), 6);
        assert_eq!(all[0].told("abort"), "a#1=abort");
        assert_eq!(all[5].told("abort"), "a#3=abort");
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
}
