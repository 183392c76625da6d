//! What is at hand: the call that is being made, its deed, its last output, its copy or its wait.

use super::duration::whole_duration;
use super::harmless;
use super::line::Line;
use super::paint::Ink;
use super::progress::Progress;
use crate::name::HostName;
use std::collections::VecDeque;

/// So many of the last lines of output are kept.
const KEPT: usize = 3;
/// And so much of a line that has not ended.
const LONG: usize = 4096;

pub struct Hand {
    pub path: Vec<String>,
    /// `None`: something that shows itself without a call.
    pub id: Option<i64>,
    pub host: Option<HostName>,
    what: String,
    began: u64,
    output: VecDeque<String>,
    line_goes_on: bool,
    copy: Option<Progress>,
    wait: Option<Wait>,
}

struct Wait {
    last: String,
    left: u64,
    at: u64,
}

impl Hand {
    pub fn new(path: Vec<String>, what: &str, id: Option<i64>, now: u64) -> Self {
        Hand {
            path,
            id,
            host: None,
            what: what.into(),
            began: now,
            output: VecDeque::new(),
            line_goes_on: false,
            copy: None,
            wait: None,
        }
    }
    /// The call came to its next deed.
    pub fn deed(&mut self, deed: &str, host: Option<HostName>, now: u64) {
        (self.what, self.host, self.began) = (deed.into(), host, now);
        (self.copy, self.wait, self.line_goes_on) = (None, None, false);
        self.output.clear();
    }
    pub fn output(&mut self, text: &str) {
        for piece in text.split_inclusive('\n') {
            let (line, ended) = piece.strip_suffix('\n').map_or((piece, false), |l| (l, true));
            if !self.line_goes_on {
                self.output.push_back(String::new());
            }
            if let Some(last) = self.output.back_mut()
                && last.len() < LONG
            {
                last.push_str(line);
            }
            self.line_goes_on = !ended;
        }
        while self.output.len() > KEPT {
            self.output.pop_front();
        }
    }
    pub fn progress(&mut self, what: &str, now: u64, done: u64, total: u64) {
        let what = harmless::line(what);
        if self.copy.as_ref().is_none_or(|c| c.what() != what) {
            self.copy = Some(Progress::new(what));
        }
        if let Some(copy) = &mut self.copy {
            copy.at(now, done, total);
        }
    }
    pub fn waits(&mut self, what: &str, last: &str, left: u64, now: u64) {
        self.what = what.into();
        self.wait = Some(Wait { last: last.into(), left, at: now });
    }

    /// What it looks like now, with at most so many lines of output.
    pub fn lines(&self, tail: usize, now: u64) -> Vec<Line> {
        let depth = self.path.len();
        let what = harmless::line(&self.what);
        let mut out = vec![];
        match &self.wait {
            Some(w) => {
                let left = w.left.saturating_sub(now.saturating_sub(w.at));
                let mut line = Line::at(depth).add(Ink::Name, "… ").add(Ink::Plain, format!("waiting: {what}"));
                if !w.last.is_empty() {
                    line = line.add(Ink::Dim, format!("  saw {}", harmless::line(&w.last)));
                }
                out.push(line.add(Ink::Dim, format!("  time left {}", whole_duration(left))));
            }
            None => {
                let took = whole_duration(now.saturating_sub(self.began));
                out.push(Line::at(depth).add(Ink::Name, "› ").add(Ink::Plain, what).add(Ink::Dim, format!("  {took}")));
            }
        }
        if let Some(copy) = self.copy.as_ref().filter(|c| !c.is_over()) {
            out.push(copy.line(depth + 1, now));
        }
        let shown = self.output.iter().filter(|l| !l.trim().is_empty());
        let skip = shown.clone().count().saturating_sub(tail);
        for line in shown.skip(skip) {
            // What overwrites itself with carriage returns shows its last state.
            let last = line.trim_end_matches('\r').rsplit('\r').next().unwrap_or(line);
            out.push(Line::at(depth + 1).add(Ink::Dim, harmless::line(last)));
        }
        out
    }
}
