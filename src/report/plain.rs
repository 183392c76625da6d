//! One line for each thing that happens, for a pipe or a log: no control characters, stable words
//! at the beginning of the line, nothing that is ever taken back.

use super::bytes::bytes;
use super::duration::{duration, whole_duration};
use super::harmless;
use super::label::place as title;
use super::plan::counted;
use super::sink::Sink;
use crate::contract::{Event, Listener};
use crate::name::HostName;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// Writes lines.
pub struct Plain(Mutex<State>);

struct State {
    sink: Sink,
    /// Output without its newline yet, by host and stream.
    begun: BTreeMap<(HostName, bool), String>,
    /// How many quarters of a copy were told.
    quarters: BTreeMap<(HostName, String), u64>,
    /// What a wait saw last.
    seen: BTreeMap<String, String>,
}

/// Longer lines of output are told in pieces of so many bytes.
const LONG: usize = 16 * 1024;

impl Plain {
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Plain(Mutex::new(State {
            sink: Sink::new(out),
            begun: BTreeMap::new(),
            quarters: BTreeMap::new(),
            seen: BTreeMap::new(),
        }))
    }
}

impl Listener for Plain {
    fn hear(&self, event: &Event) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = state.tell(event);
        if !text.is_empty() {
            state.sink.write(&text);
        }
    }
}

/// `Move / Copy the files: ` before what happened there; nothing outside of steps.
fn place(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!("{}: ", title(path)) }
}

impl State {
    fn tell(&mut self, event: &Event) -> String {
        let line = |word: &str, rest: &str| format!("{word:<8} {}\n", harmless::line(rest));
        match event {
            Event::RunBegins { run, playbook, mode } => line("run", &format!("{run} of {playbook} ({mode})")),
            Event::StepBegins { path, is_cutover, budget_ms } => match (is_cutover, budget_ms) {
                (true, Some(b)) => line("begin", &format!("{} (cutover, budget {})", title(path), whole_duration(*b))),
                (true, None) => line("begin", &format!("{} (cutover)", title(path))),
                _ => line("begin", &title(path)),
            },
            Event::StepEnds { path, ok, took_ms, replayed } => {
                let how = if *replayed { ", done before".into() } else { format!(", {}", duration(*took_ms)) };
                line(if *ok { "ok" } else { "failed" }, &format!("{}{how}", title(path)))
            }
            Event::Planned { path, call, steps, note, .. } => {
                let mut out = String::new();
                for step in steps {
                    out.push_str(&line("would", &format!("{}{}", place(path), step.deed)));
                }
                match note {
                    Some(note) => out.push_str(&line("plan", &format!("{}{call}: {note}", place(path)))),
                    None if steps.is_empty() => {
                        out.push_str(&line("plan", &format!("{}{call}: already so", place(path))));
                    }
                    None => {}
                }
                out
            }
            Event::CallBegins { .. } => String::new(),
            Event::DeedBegins { path, deed, .. } => line("do", &format!("{}{deed}", place(path))),
            Event::CallEnds { path, call, how, took_ms, failure, .. } => {
                self.quarters.clear();
                let mut out = self.rest_of_output();
                match (how.as_str(), failure) {
                    (_, Some(f)) => {
                        out.push_str(&line(
                            "failed",
                            &format!("{}{call}: {} (code {})", place(path), f.message, f.code),
                        ));
                    }
                    ("already so", _) => out.push_str(&line("already", &format!("{}{call}", place(path)))),
                    ("done" | "replayed", _) => {}
                    (how, _) => {
                        out.push_str(&line(how, &format!("{}{call}, {}", place(path), duration(*took_ms))));
                    }
                }
                out
            }
            Event::Output { host, is_stderr, text } => self.output(host, *is_stderr, text),
            Event::Progress { host, what, done, total } => self.progress(host, what, *done, *total),
            Event::Waiting { path, what, last, left_ms } => {
                let key = format!("{}{what}", place(path));
                if self.seen.get(&key) == Some(last) {
                    return String::new();
                }
                self.seen.insert(key.clone(), last.clone());
                let seen = if last.is_empty() { String::new() } else { format!(", saw {last}") };
                line("wait", &format!("{key}{seen} (time left {})", whole_duration(*left_ms)))
            }
            Event::Expected { path, what, holds } => match holds {
                Some(true) => line("holds", &format!("{}{what}", place(path))),
                Some(false) => line("failed", &format!("{}expected: {what}", place(path))),
                None => line("later", &format!("{}{what} (checked in the run)", place(path))),
            },
            Event::Note { path, text } => line("note", &format!("{}{text}", place(path))),
            Event::PointOfNoReturn { path, reason } => {
                line("no-way-back", &format!("{}point of no return: {reason}", place(path)))
            }
            Event::Connection { host, text } => line("link", &format!("{host}: {text}")),
            Event::CutoverEnds { path, took_ms, budget_ms } => {
                let over = if took_ms > budget_ms { ", OVER BUDGET" } else { "" };
                let budget = whole_duration(*budget_ms);
                line("outage", &format!("{}{} of {budget}{over}", place(path), duration(*took_ms)))
            }
            Event::Undo { deed, how, why } => {
                let why = why.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
                line("undo", &format!("{deed}: {how}{why}"))
            }
            Event::Warning { text } => line("warning", text),
            Event::RunEnds { run, state, tally } => {
                let mut text = format!("{run} {state}, {}", counted(tally.deeds, "deed"));
                if tally.already > 0 {
                    let _ = write!(text, ", {} already so", tally.already);
                }
                if let Some(outage) = tally.outage_ms {
                    let _ = write!(text, ", outage {}", duration(outage));
                }
                let _ = write!(text, ", {}", duration(tally.took_ms));
                let mut out = self.rest_of_output();
                out.push_str(&line("end", &text));
                out
            }
        }
    }

    fn output(&mut self, host: &HostName, is_stderr: bool, text: &str) -> String {
        let begun = self.begun.entry((host.clone(), is_stderr)).or_default();
        begun.push_str(text);
        let mut out = String::new();
        while let Some(end) = begun.find('\n') {
            let line: String = begun.drain(..=end).collect();
            out.push_str(&told(host, is_stderr, &line));
        }
        if begun.len() > LONG {
            out.push_str(&told(host, is_stderr, &std::mem::take(begun)));
        }
        out
    }

    fn rest_of_output(&mut self) -> String {
        let begun = std::mem::take(&mut self.begun);
        begun.iter().filter(|(_, t)| !t.is_empty()).map(|((host, e), t)| told(host, *e, t)).collect()
    }

    /// A quarter of a copy at a time: a log is not a progress bar.
    fn progress(&mut self, host: &HostName, what: &str, done: u64, total: u64) -> String {
        let quarter = if total == 0 { 4 } else { u128::from(done) * 4 / u128::from(total) };
        let quarter = u64::try_from(quarter).unwrap_or(4).min(4);
        let told = self.quarters.entry((host.clone(), what.into())).or_insert(0);
        if quarter <= *told {
            return String::new();
        }
        *told = quarter;
        let what = harmless::line(what);
        format!("{:<8} {host}: {what}: {} of {} ({}%)\n", "copy", bytes(done), bytes(total), quarter * 25)
    }
}

/// One line that a command printed. What overwrote itself with carriage returns shows its last state.
fn told(host: &HostName, is_stderr: bool, line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    let last = line.rsplit('\r').next().unwrap_or(line);
    format!("{:<8} {host}: {}\n", if is_stderr { "err" } else { "out" }, harmless::line(last))
}

#[cfg(test)]
mod tests {
    use super::super::sink::tests::Paper;
    use super::*;
    use crate::contract::{Failure, Tally};

    fn hear(events: &[Event]) -> String {
        let paper = Paper::new();
        let plain = Plain::new(Box::new(paper.clone()));
        events.iter().for_each(|e| plain.hear(e));
        paper.read()
    }
    fn host() -> HostName {
        HostName::parse("dest").unwrap()
    }
    fn path(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|p| (*p).to_owned()).collect()
    }

    #[test]
    fn a_run_in_lines() {
        let p = path(&["Move", "Start"]);
        let failure = Failure { code: 3, ..Failure::new("exit code 3") };
        let said = hear(&[
            Event::RunBegins { run: "7f3a".into(), playbook: "conductor".into(), mode: "run".into() },
            Event::StepBegins { path: path(&["Move"]), is_cutover: true, budget_ms: Some(300_000) },
            Event::StepBegins { path: p.clone(), is_cutover: false, budget_ms: None },
            Event::Expected { path: p.clone(), what: "names agree".into(), holds: Some(true) },
            Event::DeedBegins { path: p.clone(), deed: "dest: true".into(), host: Some(host()) },
            Event::Output { host: host(), is_stderr: false, text: "one\ntw".into() },
            Event::Output { host: host(), is_stderr: false, text: "o\n\x1b[2Jthree".into() },
            Event::CallEnds {
                path: p.clone(),
                call: "ssh dest".into(),
                id: 1,
                how: "failed".into(),
                took_ms: 10,
                failure: Some(failure),
            },
            Event::StepEnds { path: p, ok: false, took_ms: 1200, replayed: false },
            Event::CutoverEnds { path: path(&["Move"]), took_ms: 400_000, budget_ms: 300_000 },
            Event::RunEnds {
                run: "7f3a".into(),
                state: "stopped".into(),
                tally: Tally { deeds: 1, outage_ms: Some(400_000), took_ms: 400_100, ..Tally::default() },
            },
        ]);
        insta::assert_snapshot!(said, @r"
        run      7f3a of conductor (run)
        begin    Move (cutover, budget 5m)
        begin    Move / Start
        holds    Move / Start: names agree
        do       Move / Start: dest: true
        out      dest: one
        out      dest: two
        out      dest: ^[[2Jthree
        failed   Move / Start: ssh dest: exit code 3 (code 3)
        failed   Move / Start, 1.2s
        outage   Move: 6m40s of 5m, OVER BUDGET
        end      7f3a stopped, 1 deed, outage 6m40s, 6m40s
        ");
    }

    #[test]
    fn a_copy_is_told_by_quarters_and_a_wait_when_it_sees_something_new() {
        let copy = |done| Event::Progress { host: host(), what: "/x".into(), done, total: 1000 };
        let wait = |last: &str| Event::Waiting {
            path: vec![],
            what: "routers run".into(),
            last: last.into(),
            left_ms: 80_000,
        };
        let said = hear(&[
            copy(0),
            copy(100),
            copy(260),
            copy(300),
            copy(1000),
            wait("1 of 3"),
            wait("1 of 3"),
            wait("2 of 3"),
        ]);
        insta::assert_snapshot!(said, @r"
        copy     dest: /x: 260 B of 1.0 kB (25%)
        copy     dest: /x: 1.0 kB of 1.0 kB (100%)
        wait     routers run, saw 1 of 3 (time left 1m20s)
        wait     routers run, saw 2 of 3 (time left 1m20s)
        ");
    }

    #[test]
    fn no_control_character_ever_gets_into_a_log() {
        let bad = "a\x1b]0;x\x07\rb\u{9b}c".to_owned();
        let said = hear(&[
            Event::Note { path: vec![bad.clone()], text: bad.clone() },
            Event::Warning { text: bad.clone() },
            Event::Connection { host: host(), text: bad.clone() },
            Event::Output { host: host(), is_stderr: true, text: format!("{bad}\n") },
            Event::Undo { deed: bad.clone(), how: "left".into(), why: Some(bad) },
        ]);
        assert!(said.chars().all(|c| c == '\n' || !c.is_control()), "{said:?}");
        assert_eq!(said.lines().count(), 5);
    }
}
