//! A copy under way: how much, how fast, how long still.

use super::bytes::bytes;
use super::duration::whole_duration;
use super::line::Line;
use super::paint::Ink;
use std::collections::VecDeque;

/// The speed is that of so many milliseconds past: old enough to be calm, young enough to be true.
const WINDOW: u64 = 10_000;

#[derive(Debug, Clone, Default)]
pub struct Progress {
    what: String,
    done: u64,
    total: u64,
    /// When, and how many bytes there were then.
    samples: VecDeque<(u64, u64)>,
}

impl Progress {
    pub fn new(what: String) -> Self {
        Progress { what, ..Progress::default() }
    }
    pub fn what(&self) -> &str {
        &self.what
    }
    pub fn is_over(&self) -> bool {
        self.total > 0 && self.done >= self.total
    }
    /// Takes a new count at this time.
    pub fn at(&mut self, now: u64, done: u64, total: u64) {
        if done < self.done {
            // It began anew: the speed so far says nothing.
            self.samples.clear();
        }
        (self.done, self.total) = (done, total);
        if self.samples.back().is_none_or(|&(at, _)| now >= at.saturating_add(200)) {
            self.samples.push_back((now, done));
        }
        while self.samples.len() > 2 && self.samples.front().is_some_and(|&(at, _)| at.saturating_add(WINDOW) < now) {
            self.samples.pop_front();
        }
    }
    /// Bytes a second, once there is something to tell from.
    fn speed(&self, now: u64) -> Option<u64> {
        let &(then, before) = self.samples.front()?;
        let took = now.checked_sub(then).filter(|t| *t >= 500)?;
        u64::try_from(u128::from(self.done.saturating_sub(before)) * 1000 / u128::from(took)).ok()
    }
    /// Returns `copy /x  [#####     ] 50%  1.2 GB of 2.4 GB  80 MB/s  time left 15s`.
    pub fn line(&self, depth: usize, now: u64) -> Line {
        const CELLS: u64 = 20;
        let part = |of: u64| {
            let n = u128::from(self.done.min(self.total)) * u128::from(of) / u128::from(self.total.max(1));
            usize::try_from(n).unwrap_or(0)
        };
        let (full, cells) = (part(CELLS), usize::try_from(CELLS).unwrap_or(0));
        let bar = format!("{}{}", "━".repeat(full), "─".repeat(cells - full.min(cells)));
        let mut line = Line::at(depth)
            .add(Ink::Name, bar)
            .add(Ink::Plain, format!(" {}%  {} of {}", part(100), bytes(self.done), bytes(self.total)));
        if let Some(speed) = self.speed(now) {
            line = line.add(Ink::Dim, format!("  {}/s", bytes(speed)));
            let left = self.total.saturating_sub(self.done);
            if left > 0 && speed > 0 {
                line = line.add(Ink::Dim, format!("  time left {}", whole_duration(left.saturating_mul(1000) / speed)));
            }
        }
        line.add(Ink::Dim, format!("  {}", self.what))
    }
}

#[cfg(test)]
mod tests {
    use super::super::paint::Paint;
    use super::*;

    #[test]
    fn a_copy_says_how_fast_and_how_long() {
        let mut p = Progress::new("/var/lib/x".into());
        p.at(0, 0, 2_400_000_000);
        let said = |p: &Progress, now| p.line(0, now).paint(Paint::PLAIN, 200).0;
        assert_eq!(said(&p, 0), "──────────────────── 0%  0 B of 2.4 GB  /var/lib/x");
        for second in 1..=15u64 {
            p.at(second * 1000, second * 80_000_000, 2_400_000_000);
        }
        assert_eq!(
            said(&p, 15_000),
            "━━━━━━━━━━────────── 50%  1.2 GB of 2.4 GB  80.0 MB/s  time left 15s  /var/lib/x"
        );
    }

    #[test]
    fn odd_numbers_do_no_harm() {
        let mut p = Progress::new("x".into());
        for (now, done, total) in [(5, 10, 0), (4, 3, 2), (u64::MAX, u64::MAX, 1), (1, 0, u64::MAX)] {
            p.at(now, done, total);
            p.line(0, now).paint(Paint::PLAIN, 80);
        }
    }
}
