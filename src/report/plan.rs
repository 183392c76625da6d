//! The page that `mig plan` prints and that `mig run` shows before it asks: every step and deed,
//! how each is taken back, and what only the run can tell.

use super::duration::whole_duration;
use super::harmless;
use super::label::{label, place};
use super::paint::Paint;
use super::some::some;
use crate::contract::{Deed, Event, Step, Undo};
use crate::name::HostName;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Renders the events of a plan.
pub fn plan(events: &[Event], paint: Paint) -> String {
    let mut page = Page::new(paint);
    events.iter().for_each(|e| page.hear(e));
    page.end()
}

struct Page {
    paint: Paint,
    out: String,
    /// The path whose headings are printed.
    shown: Vec<String>,
    /// Cutovers and their budgets.
    cutovers: BTreeMap<Vec<String>, Option<u64>>,
    deeds: usize,
    need_no_undo: usize,
    for_good: Vec<String>,
    hosts: Vec<HostName>,
    no_return: Option<String>,
    later: usize,
    /// Some deeds are told from the world as it is now.
    guesses: bool,
    /// The plan did not come to its end.
    is_cut: bool,
}

impl Page {
    fn new(paint: Paint) -> Self {
        Page {
            paint,
            out: String::new(),
            shown: vec![],
            cutovers: BTreeMap::new(),
            deeds: 0,
            need_no_undo: 0,
            for_good: vec![],
            hosts: vec![],
            no_return: None,
            later: 0,
            guesses: false,
            is_cut: false,
        }
    }

    fn hear(&mut self, event: &Event) {
        let paint = self.paint;
        match event {
            Event::RunBegins { playbook, .. } => {
                let _ = writeln!(self.out, "{}\n", paint.bold(&format!("Plan of {}", harmless::line(playbook))));
            }
            Event::StepBegins { path, is_cutover, budget_ms } => {
                if *is_cutover {
                    self.cutovers.insert(path.clone(), *budget_ms);
                }
                self.heading(path);
            }
            Event::Planned { path, call, steps, diffs, note } => {
                self.heading(path);
                let call = harmless::line(call);
                // What a call would do may be told from the world as it is, though something before it
                // may change that: one mark says so, instead of the same words again and again.
                let is_guess = note.as_deref().is_some_and(|n| n.starts_with("as things are now"));
                self.guesses |= is_guess;
                match note {
                    Some(_) if is_guess && steps.is_empty() => {
                        self.line(
                            path,
                            &format!("{} {}", paint.careful("≈"), paint.dim(&format!("{call}: already so"))),
                        );
                    }
                    Some(_) if is_guess => {}
                    Some(note) => self.line(path, &format!("{call}: {}", paint.careful(&harmless::line(note)))),
                    None if steps.is_empty() => self.line(path, &paint.dim(&format!("{call}: already so"))),
                    None => {}
                }
                for (n, step) in steps.iter().enumerate() {
                    self.deed(path, step, diffs.get(n).map_or("", String::as_str), is_guess);
                }
            }
            Event::Expected { path, what, holds } => {
                self.heading(path);
                let what = harmless::line(what);
                match holds {
                    Some(true) => self.line(path, &paint.dim(&format!("✓ {what}"))),
                    Some(false) => self.line(path, &format!("{} {what}", paint.bad("✗ does not hold:"))),
                    None => {
                        self.later += 1;
                        self.line(path, &format!("? {what}  {}", paint.dim("checked in the run")));
                    }
                }
            }
            Event::Note { path, text } => {
                self.heading(path);
                // The heading says already in which step that is.
                let open = text.strip_prefix("what comes next in \"").and_then(|t| t.split_once("\" is known"));
                match open {
                    Some((_, why)) => {
                        let text = harmless::line(&format!("what comes next is known{why}"));
                        self.line(path, &format!("{} {}", paint.careful("?"), paint.careful(&text)));
                    }
                    None => self.line(path, &format!("{} {}", paint.name("·"), harmless::line(text))),
                }
            }
            Event::PointOfNoReturn { path, reason } => {
                self.heading(path);
                let reason = harmless::line(reason);
                let text = format!("──── point of no return: {reason} ────");
                self.line(path, &paint.bad(&text));
                let place = if path.is_empty() { String::new() } else { format!("{}: ", place(path)) };
                self.no_return = Some(format!("{place}{reason}"));
            }
            Event::Warning { text } => self.line(&[], &format!("{} {}", paint.careful("!"), harmless::line(text))),
            Event::RunEnds { state, .. } => self.is_cut = state == "refused",
            _ => {}
        }
    }

    /// Prints the headings of a path that are not printed yet.
    fn heading(&mut self, path: &[String]) {
        let same = self.shown.iter().zip(path).take_while(|(a, b)| a == b).count();
        for depth in same..path.len() {
            let title = self.paint.bold(&label(&path[depth]));
            let more = match self.cutovers.get(&path[..=depth]) {
                Some(Some(budget)) => format!("  cutover, budget {}", whole_duration(*budget)),
                Some(None) => "  cutover".into(),
                None => String::new(),
            };
            let _ = writeln!(self.out, "{}{title}{}", "  ".repeat(depth), self.paint.careful(&more));
        }
        self.shown = path.to_vec();
    }

    fn line(&mut self, path: &[String], text: &str) {
        let _ = writeln!(self.out, "{}{text}", "  ".repeat(path.len()));
    }

    /// Several lines, each so far in.
    fn block(&mut self, indent: usize, text: &str, ink: impl Fn(Paint, &str) -> String) {
        for line in harmless::lines(text).trim_end_matches('\n').split('\n') {
            let _ = writeln!(self.out, "{}{}", "  ".repeat(indent), ink(self.paint, line));
        }
    }

    fn deed(&mut self, path: &[String], step: &Step, diff: &str, is_guess: bool) {
        let paint = self.paint;
        let depth = path.len();
        self.deeds += 1;
        if let Some(host) = step.deed.host()
            && !self.hosts.contains(host)
        {
            self.hosts.push(host.clone());
        }
        let mark = if is_guess { paint.careful("≈") } else { paint.good("+") };
        self.line(path, &format!("{mark} {}", harmless::line(&step.deed.to_string())));
        if let Deed::Run(run) = &step.deed {
            let text = run.command.to_sh();
            if text.trim().lines().count() > 1 {
                self.block(depth + 2, text.trim(), |p, l| p.dim(l));
            }
        }
        if !diff.is_empty() {
            self.block(depth + 2, diff, difference_line);
        }
        match &step.undo {
            Undo::By(deeds) => {
                for deed in deeds {
                    let text = format!("  undo: {}", harmless::line(&deed.to_string()));
                    self.line(path, &paint.dim(&text));
                }
            }
            Undo::NotNeeded => {
                self.need_no_undo += 1;
                self.line(path, &paint.dim("  undo: not needed"));
            }
            Undo::Impossible(why) => {
                let why = harmless::line(why);
                self.line(path, &format!("  {}", paint.bad(&format!("CANNOT BE UNDONE: {why}"))));
                self.for_good.push(format!("{}: {why}", harmless::line(&step.deed.to_string())));
            }
        }
    }

    fn end(mut self) -> String {
        let paint = self.paint;
        let hosts = match self.hosts.as_slice() {
            [] => String::new(),
            hosts => format!(" on {}", some(hosts)),
        };
        let undoable = self.deeds - self.for_good.len();
        let text = match self.deeds {
            _ if self.is_cut => "The plan ends here.".into(),
            0 => "Nothing to do: everything is as the playbook wants it.".into(),
            n if n == undoable => format!("{}{hosts}; all of it can be undone.", counted(n, "deed")),
            n => format!("{}{hosts}; {undoable} of them can be undone.", counted(n, "deed")),
        };
        let _ = writeln!(self.out, "\n{}", paint.bold(&text));
        if self.guesses {
            let _ =
                writeln!(self.out, "{} as things are now; what comes before it may change that", paint.careful("≈"));
        }
        if !self.for_good.is_empty() {
            let _ = writeln!(self.out, "{}", paint.bad("Cannot be undone:"));
            for line in &self.for_good {
                let _ = writeln!(self.out, "  {line}");
            }
        }
        if let Some(text) = &self.no_return {
            let _ = writeln!(self.out, "{} {text}", paint.bad("Rollback stops at the point of no return, in"));
        }
        if self.later > 0 {
            let _ = writeln!(self.out, "{} checked in the run.", counted_are(self.later, "expectation"));
        }
        self.out
    }
}

/// One line of a unified diff in its colour.
pub fn difference_line(paint: Paint, line: &str) -> String {
    match line.as_bytes().first() {
        Some(b'+') => paint.good(line),
        Some(b'-') => paint.bad(line),
        Some(b'@') => paint.name(line),
        _ => paint.dim(line),
    }
}

/// `1 deed`, `2 deeds`.
pub(super) fn counted(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
fn counted_are(n: usize, word: &str) -> String {
    format!("{} {}", counted(n, word), if n == 1 { "is" } else { "are" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Command, Run, Tally};

    fn path(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|p| (*p).to_owned()).collect()
    }
    fn run(host: &str, command: &str) -> Deed {
        Deed::Run(Run::new(&HostName::parse(host).unwrap(), Command::Shell(command.into())))
    }
    fn planned(p: &[&str], steps: Vec<Step>, diffs: &[&str], note: Option<&str>) -> Event {
        Event::Planned { path: path(p), call: "ssh dest".into(), steps, diffs: path(diffs), note: note.map(Into::into) }
    }

    #[test]
    fn a_plan_is_a_page() {
        let move_it = &["Move"][..];
        let events = [
            Event::RunBegins { run: String::new(), playbook: "conductor".into(), mode: "plan".into() },
            Event::StepBegins { path: path(&["Check"]), is_cutover: false, budget_ms: None },
            Event::Expected { path: path(&["Check"]), what: "names agree".into(), holds: Some(true) },
            planned(&["Check"], vec![], &[], None),
            Event::StepBegins { path: path(move_it), is_cutover: true, budget_ms: Some(300_000) },
            planned(
                move_it,
                vec![Step { deed: run("source", "systemctl stop x"), undo: Undo::By(vec![run("source", "start x")]) }],
                &[""],
                None,
            ),
            planned(
                &["Move", "Copy"],
                vec![
                    Step { deed: run("dest", "one\ntwo"), undo: Undo::NotNeeded },
                    Step { deed: run("dest", "erase\x1b[2J"), undo: Undo::Impossible("it is gone".into()) },
                ],
                &["@@ -1 +1 @@\n-old\n+new\n same\n", ""],
                None,
            ),
            planned(&["Move", "Copy"], vec![], &[], Some("waits: the unit is active")),
            Event::PointOfNoReturn { path: path(move_it), reason: "names point to it".into() },
            Event::Expected { path: path(move_it), what: "routers run".into(), holds: None },
            planned(
                move_it,
                vec![Step { deed: run("dest", "start"), undo: Undo::NotNeeded }],
                &[""],
                Some("as things are now; x comes before it"),
            ),
            planned(move_it, vec![], &[], Some("as things are now; x comes before it")),
            Event::Note { path: path(move_it), text: "what comes next in \"Move\" is known only in the run: x".into() },
        ];
        insta::assert_snapshot!(plan(&events, Paint::PLAIN), @r"
        Plan of conductor

        Check
          ✓ names agree
          ssh dest: already so
        Move  cutover, budget 5m
          + source: systemctl stop x
            undo: source: start x
          Copy
            + dest: one ...
                one
                two
                @@ -1 +1 @@
                -old
                +new
                 same
              undo: not needed
            + dest: erase^[[2J
              CANNOT BE UNDONE: it is gone
            ssh dest: waits: the unit is active
          ──── point of no return: names point to it ────
          ? routers run  checked in the run
          ≈ dest: start
            undo: not needed
          ≈ ssh dest: already so
          ? what comes next is known only in the run: x

        4 deeds on source, dest; 3 of them can be undone.
        ≈ as things are now; what comes before it may change that
        Cannot be undone:
          dest: erase^[[2J: it is gone
        Rollback stops at the point of no return, in Move: names point to it
        1 expectation is checked in the run.
        ");
        let coloured = plan(&events, Paint::COLOURS);
        assert!(coloured.contains("\x1b[31m-old\x1b[0m") && !coloured.contains("\x1b[2J"));
        let refused = Event::RunEnds { run: String::new(), state: "refused".into(), tally: Tally::default() };
        assert_eq!(plan(&[refused], Paint::PLAIN), "\nThe plan ends here.\n");
        assert!(plan(&[], Paint::PLAIN).contains("Nothing to do"));
    }
}
