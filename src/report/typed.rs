//! What a line that was typed shows while it is done: the output of commands as it comes, each
//! deed, and what is waited for. Nothing is drawn twice, so a prompt can follow at any time.

use super::bytes::bytes;
use super::duration::{duration, whole_duration};
use super::harmless;
use super::label::place;
use super::paint::Paint;
use super::sink::Sink;
use crate::contract::{Event, Listener, Step, Undo};
use crate::name::HostName;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// Writes what happens, below the line that was typed.
pub struct Typed(Mutex<State>);

struct State {
    sink: Sink,
    paint: Paint,
    /// Output without its newline yet, by host and stream.
    begun: BTreeMap<(HostName, bool), String>,
    quarters: BTreeMap<(HostName, String), u64>,
    seen: BTreeMap<String, String>,
    /// A command has printed something since the line was typed.
    has_printed: bool,
}

/// Longer lines of output are told in pieces of so many bytes.
const LONG: usize = 16 * 1024;

impl Typed {
    pub fn new(out: Box<dyn Write + Send>, paint: Paint) -> Self {
        let sink = Sink::new(out);
        let state = State {
            sink,
            paint,
            begun: BTreeMap::new(),
            quarters: BTreeMap::new(),
            seen: BTreeMap::new(),
            has_printed: false,
        };
        Typed(Mutex::new(state))
    }
    /// A line has ended: what is left is shown. Says whether a command of it printed anything.
    pub fn end_of_line(&self) -> bool {
        let mut s = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = s.rest_of_output();
        s.sink.write(&rest);
        s.quarters.clear();
        s.seen.clear();
        std::mem::take(&mut s.has_printed)
    }
    /// A page, or the value of a line.
    pub fn page(&self, text: &str) {
        let mut s = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        s.sink.write(&format!("{text}{end}"));
    }
}

impl Listener for Typed {
    fn hear(&self, event: &Event) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = state.tell(event);
        if !text.is_empty() {
            state.sink.write(&text);
        }
    }
}

impl State {
    fn tell(&mut self, event: &Event) -> String {
        let paint = self.paint;
        let line = |mark: String, text: &str| format!("{mark} {}\n", harmless::line(text));
        match event {
            // The line itself stands above; only steps inside of it are headings.
            Event::StepBegins { path, .. } if path.len() > 1 => line(paint.name("▸"), &place(&path[1..])),
            Event::StepEnds { path, ok, took_ms, .. } if path.len() > 1 => {
                let mark = if *ok { paint.good("✓") } else { paint.bad("✗") };
                line(mark, &format!("{}  {}", place(&path[1..]), duration(*took_ms)))
            }
            Event::Planned { call, steps, diffs, note, .. } => self.planned(call, steps, diffs, note.as_deref()),
            Event::DeedBegins { deed, .. } => format!("{}\n", paint.dim(&format!("· {}", harmless::line(deed)))),
            Event::CallEnds { call, how, failure, .. } => {
                let mut out = self.rest_of_output();
                self.quarters.clear();
                match (how.as_str(), failure) {
                    // Its page follows, unless the line caught it.
                    (_, Some(f)) => out.push_str(&line(paint.bad("✗"), &format!("{call}: {}", f.message))),
                    ("already so", _) => out.push_str(&line(paint.dim("="), &format!("{call}: already so"))),
                    _ => {}
                }
                out
            }
            Event::Output { host, is_stderr, text } => self.output(host, *is_stderr, text),
            Event::Progress { host, what, done, total } => self.progress(host, what, *done, *total),
            Event::Waiting { what, last, left_ms, .. } => {
                if self.seen.get(what) == Some(last) {
                    return String::new();
                }
                self.seen.insert(what.clone(), last.clone());
                let seen = if last.is_empty() { String::new() } else { format!(", saw {last}") };
                line(paint.name("…"), &format!("{what}{seen} (time left {})", whole_duration(*left_ms)))
            }
            Event::Expected { what, holds, .. } => match holds {
                Some(true) => line(paint.good("✓"), what),
                Some(false) => line(paint.bad("✗"), &format!("does not hold: {what}")),
                None => line(paint.careful("?"), &format!("{what}  checked in the run")),
            },
            Event::Note { text, .. } => line(paint.name("·"), text),
            Event::PointOfNoReturn { reason, .. } => line(paint.careful("!"), &format!("point of no return: {reason}")),
            Event::Connection { host, text } => line(paint.name("·"), &format!("{host}: {text}")),
            Event::CutoverEnds { took_ms, budget_ms, .. } => {
                let over = if took_ms > budget_ms { ", OVER BUDGET" } else { "" };
                let text =
                    format!("the service was away for {} of {}{over}", duration(*took_ms), whole_duration(*budget_ms));
                line(paint.name("·"), &text)
            }
            Event::Undo { deed, how, why } => {
                let why = why.as_ref().map(|w| format!(" ({w})")).unwrap_or_default();
                let text = match how.as_str() {
                    "done" => format!("taken back: {deed}{why}"),
                    "left" => format!("left as it is: {deed}{why}"),
                    how => format!("{how}: {deed}{why}"),
                };
                line(paint.name("↶"), &text)
            }
            Event::Warning { text } => line(paint.careful("!"), text),
            _ => String::new(),
        }
    }

    /// What would be done, with its difference and its undo.
    fn planned(&self, call: &str, steps: &[Step], diffs: &[String], note: Option<&str>) -> String {
        let (paint, mut out) = (self.paint, String::new());
        match note {
            Some(note) => {
                let _ = writeln!(out, "{} {}: {}", paint.careful("?"), harmless::line(call), harmless::line(note));
            }
            None if steps.is_empty() => {
                let _ = writeln!(out, "{} {}: already so", paint.dim("="), harmless::line(call));
            }
            None => {}
        }
        for (n, step) in steps.iter().enumerate() {
            let _ = writeln!(out, "{} {}", paint.bold("would"), harmless::line(&step.deed.to_string()));
            for diff in diffs.get(n).map_or("", String::as_str).lines() {
                let ink = match diff.chars().next() {
                    Some('+') => paint.good(&harmless::line(diff)),
                    Some('-') => paint.bad(&harmless::line(diff)),
                    _ => harmless::line(diff),
                };
                let _ = writeln!(out, "      {ink}");
            }
            let undo = match &step.undo {
                Undo::By(deeds) => deeds.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                Undo::NotNeeded => continue,
                Undo::Impossible(why) => format!("impossible: {why}"),
            };
            let _ = writeln!(out, "      {}", paint.dim(&format!("undo: {}", harmless::line(&undo))));
        }
        out
    }

    fn output(&mut self, host: &HostName, is_stderr: bool, text: &str) -> String {
        self.has_printed = true;
        let paint = self.paint;
        let begun = self.begun.entry((host.clone(), is_stderr)).or_default();
        begun.push_str(text);
        let mut out = String::new();
        while let Some(end) = begun.find('\n') {
            let line: String = begun.drain(..=end).collect();
            out.push_str(&told(paint, host, is_stderr, &line));
        }
        if begun.len() > LONG {
            out.push_str(&told(paint, host, is_stderr, &std::mem::take(begun)));
        }
        out
    }

    fn rest_of_output(&mut self) -> String {
        let begun = std::mem::take(&mut self.begun);
        let rest = begun.iter().filter(|(_, t)| !t.is_empty());
        rest.map(|((host, e), t)| told(self.paint, host, *e, t)).collect()
    }

    /// A quarter of a copy at a time.
    fn progress(&mut self, host: &HostName, what: &str, done: u64, total: u64) -> String {
        let quarter = if total == 0 { 4 } else { u128::from(done) * 4 / u128::from(total) };
        let quarter = u64::try_from(quarter).unwrap_or(4).min(4);
        let told = self.quarters.entry((host.clone(), what.into())).or_insert(0);
        if quarter <= *told {
            return String::new();
        }
        *told = quarter;
        let what = harmless::line(what);
        format!("{} {host}: {what}: {} of {} ({}%)\n", self.paint.name("·"), bytes(done), bytes(total), quarter * 25)
    }
}

/// One line that a command printed, behind the name of its host.
fn told(paint: Paint, host: &HostName, is_stderr: bool, line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    let last = harmless::line(line.rsplit('\r').next().unwrap_or(line));
    let text = if is_stderr { paint.careful(&last) } else { last };
    format!("{} {text}\n", paint.dim(&format!("{host}|")))
}

#[cfg(test)]
mod tests {
    use super::super::sink::tests::Paper;
    use super::*;

    #[test]
    fn output_comes_line_by_line_and_the_rest_at_the_end() {
        let paper = Paper::new();
        let typed = Typed::new(Box::new(paper.clone()), Paint::PLAIN);
        let host = HostName::parse("dest").unwrap();
        let say = |is_stderr, text: &str| {
            typed.hear(&Event::Output { host: host.clone(), is_stderr, text: text.into() });
        };
        say(false, "one\ntw");
        assert_eq!(paper.read(), "dest| one\n");
        say(false, "o\x1b[2J");
        say(true, "bad\n");
        assert!(typed.end_of_line());
        assert_eq!(paper.read(), "dest| one\ndest| bad\ndest| two^[[2J\n");
        assert!(!typed.end_of_line(), "the next line has printed nothing");
        typed.hear(&Event::StepBegins { path: vec![":1 x".into()], is_cutover: false, budget_ms: None });
        typed.hear(&Event::StepBegins { path: vec![":1 x".into(), "Copy".into()], is_cutover: false, budget_ms: None });
        assert!(paper.read().ends_with("two^[[2J\n▸ Copy\n"), "{}", paper.read());
    }
}
