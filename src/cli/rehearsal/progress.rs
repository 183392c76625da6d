//! How far a rehearsal is, on stderr: one line that is written over on a terminal, a line a minute elsewhere, for a job
//! that says nothing for long is ended by some.

use crate::report;
use std::io::{IsTerminal, Write as _, stderr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(60);

pub struct Progress<'a> {
    playbook: &'a str,
    cases: usize,
    began: Instant,
    is_terminal: bool,
    seen: Mutex<Seen>,
}

struct Seen {
    done: usize,
    wrong: usize,
    told: Instant,
}

impl<'a> Progress<'a> {
    pub fn new(playbook: &'a str, cases: usize) -> Self {
        let began = Instant::now();
        let seen = Mutex::new(Seen { done: 0, wrong: 0, told: began });
        let progress = Progress { playbook, cases, began, is_terminal: stderr().is_terminal(), seen };
        progress.tell(&progress.seen.lock().unwrap_or_else(PoisonError::into_inner));
        progress
    }

    /// One more case was played; what is wrong with it, if anything, is told at once: the table comes much later.
    pub fn add(&self, wrong: Option<&str>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.done += 1;
        if let Some(wrong) = wrong {
            seen.wrong += 1;
            let erase = if self.is_terminal { "\r\x1b[K" } else { "" };
            let _ = writeln!(stderr(), "{erase}✗ {wrong}");
        }
        if self.is_terminal || wrong.is_some() || seen.told.elapsed() >= EVERY {
            seen.told = Instant::now();
            self.tell(&seen);
        }
    }

    fn tell(&self, seen: &Seen) {
        let took = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let line = line(self.playbook, seen.done, self.cases, seen.wrong, took);
        // Where nobody listens any more, nobody misses it.
        let _ = match self.is_terminal {
            true => write!(stderr(), "\r{line}\x1b[K"),
            false => writeln!(stderr(), "{line}"),
        };
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        if self.is_terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

fn line(playbook: &str, done: usize, cases: usize, wrong: usize, took_ms: u64) -> String {
    let wrong = if wrong > 0 { format!(", {wrong} wrong") } else { String::new() };
    format!("{playbook}: {done} of {cases} cases{wrong}, {}", report::whole_duration(took_ms))
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn what_is_wrong_is_told_at_once() {
        assert_eq!(line("conductor", 3, 40, 0, 61_000), "conductor: 3 of 40 cases, 1m01s");
        assert_eq!(line("conductor", 4, 40, 1, 62_000), "conductor: 4 of 40 cases, 1 wrong, 1m02s");
    }
}
