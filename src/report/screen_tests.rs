//! The screen against a small terminal that wraps and reflows.

use super::super::sink::tests::Paper;
use super::*;
use crate::contract::Failure;
use crate::name::HostName;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// A terminal that knows text, newline, carriage return, cursor up and erase to the end, and that
/// wraps lines again when its width changes.
struct Glass {
    /// Logical lines.
    lines: Vec<Vec<char>>,
    /// The cursor: which line, which character.
    at: (usize, usize),
    columns: usize,
}

impl Glass {
    fn new(columns: usize) -> Self {
        Glass { lines: vec![vec![]], at: (0, 0), columns }
    }
    fn rows(&self, line: usize) -> usize {
        let text: String = self.lines[line].iter().collect();
        super::super::width::width(&text).div_ceil(self.columns).max(1)
    }
    fn up(&mut self, rows: usize) {
        let mut line = self.at.0;
        let mut gone = 0;
        // Rows of the cursor's own line above it.
        let own = self.at.1 / self.columns;
        gone += own;
        while gone < rows && line > 0 {
            line -= 1;
            gone += self.rows(line);
        }
        assert!(gone == rows, "the cursor went {rows} rows up and met no beginning of a line");
        self.at = (line, 0);
    }
    fn feed(&mut self, text: &str) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\x1b' => {
                    assert_eq!(chars.next(), Some('['));
                    let mut n = String::new();
                    let end = loop {
                        match chars.next().unwrap() {
                            d if d.is_ascii_digit() => n.push(d),
                            end => break end,
                        }
                    };
                    match end {
                        'A' => self.up(n.parse().unwrap()),
                        'J' => {
                            self.lines.truncate(self.at.0 + 1);
                            self.lines[self.at.0].truncate(self.at.1);
                        }
                        'K' => self.lines[self.at.0].truncate(self.at.1 - self.at.1 % self.columns),
                        'm' => {}
                        other => panic!("an unknown sequence: {other}"),
                    }
                }
                // To the first column of the row; with one row per line that is the line's begin.
                '\r' => self.at.1 -= self.at.1 % self.columns,
                '\n' => {
                    self.at = (self.at.0 + 1, 0);
                    if self.at.0 == self.lines.len() {
                        self.lines.push(vec![]);
                    }
                }
                c => {
                    let line = &mut self.lines[self.at.0];
                    line.truncate(self.at.1);
                    line.push(c);
                    self.at.1 += 1;
                }
            }
        }
    }
    fn shows(&self) -> String {
        let all: Vec<String> = self.lines.iter().map(|l| l.iter().collect::<String>()).collect();
        all.join("\n")
    }
}

struct Desk {
    drawing: Drawing,
    paper: Paper,
    read: usize,
    glass: Glass,
    columns: Arc<AtomicUsize>,
    now: Arc<AtomicU64>,
}

impl Desk {
    fn new(columns: usize, rows: usize) -> Self {
        let paper = Paper::new();
        let (width, now) = (Arc::new(AtomicUsize::new(columns)), Arc::new(AtomicU64::new(0)));
        let (w, n) = (width.clone(), now.clone());
        let drawing = Drawing::new(Terminal {
            out: Box::new(paper.clone()),
            size: Box::new(move || (w.load(SeqCst), rows)),
            now: Box::new(move || n.load(SeqCst)),
            paint: Paint::COLOURS,
        });
        Desk { drawing, paper, read: 0, glass: Glass::new(columns), columns: width, now }
    }
    fn at(&mut self, ms: u64, events: &[Event]) {
        self.now.store(ms, SeqCst);
        events.iter().for_each(|e| self.drawing.hear(e));
        self.drawing.draw();
        self.look();
    }
    fn look(&mut self) {
        let all = self.paper.read();
        self.glass.feed(&all[self.read..]);
        self.read = all.len();
    }
    fn resize(&mut self, columns: usize) {
        self.columns.store(columns, SeqCst);
        self.glass.columns = columns;
    }
}

fn host() -> HostName {
    HostName::parse("dest").unwrap()
}
fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|p| (*p).to_owned()).collect()
}
fn begins(parts: &[&str]) -> Event {
    Event::StepBegins { path: path(parts), is_cutover: false, budget_ms: None }
}
fn ends(parts: &[&str], took_ms: u64) -> Event {
    Event::StepEnds { path: path(parts), ok: true, took_ms, replayed: false }
}
fn acts(parts: &[&str], id: i64, deed: &str) -> [Event; 2] {
    [
        Event::CallBegins { path: path(parts), call: "ssh dest".into(), id },
        Event::DeedBegins { path: path(parts), deed: format!("dest: {deed}"), host: Some(host()) },
    ]
}
fn call_ends(parts: &[&str], id: i64, failure: Option<Failure>) -> Event {
    let how = if failure.is_some() { "failed" } else { "done" };
    Event::CallEnds { path: path(parts), call: "ssh dest".into(), id, how: how.into(), took_ms: 5, failure }
}
fn prints(text: &str) -> Event {
    Event::Output { host: host(), is_stderr: false, text: text.into() }
}

#[test]
fn a_run_on_a_screen() {
    let mut d = Desk::new(60, 24);
    d.at(0, &[begins(&["Check both machines"])]);
    d.at(
        1200,
        &[
            Event::Expected { path: path(&["Check both machines"]), what: "names agree".into(), holds: Some(true) },
            ends(&["Check both machines"], 1200),
        ],
    );
    let cutover = Event::StepBegins { path: path(&["Move"]), is_cutover: true, budget_ms: Some(300_000) };
    d.at(2000, &[cutover, begins(&["Move", "Copy"]), ends(&["Move", "Copy"], 3000), begins(&["Move", "Start"])]);
    d.at(5000, &acts(&["Move", "Start"], 1, "systemctl start 128T"));
    d.at(7000, &[prints("one\ntwo\nthree\nfo"), prints("ur\n\x1b[2Jfive")]);
    insta::assert_snapshot!(d.glass.shows(), @r"
    ✓ Check both machines  1.2s
      ✓ names agree
    ⠋ Move  outage 5s of 5m
      ✓ Copy  3.0s
      ⠋ Start  5s
        › dest: systemctl start 128T  2s
          three
          four
          ^[[2Jfive
    ");
    d.at(9000, &[call_ends(&["Move", "Start"], 1, None), ends(&["Move", "Start"], 7000)]);
    let over = Event::CutoverEnds { path: path(&["Move"]), took_ms: 7100, budget_ms: 300_000 };
    d.at(9100, &[over, ends(&["Move"], 7100)]);
    d.drawing.end();
    insta::assert_snapshot!(d.glass.shows(), @r"
    ✓ Check both machines  1.2s
      ✓ names agree
    ✓ Move  7.1s  outage, within its budget of 5m
      ✓ Copy  3.0s
      ✓ Start  7.0s
    ");
}

#[test]
fn copies_waits_and_failures() {
    let mut d = Desk::new(90, 24);
    d.at(0, &[begins(&["A"])]);
    d.at(0, &acts(&["A"], 1, "copy /x"));
    let copy = |done| Event::Progress { host: host(), what: "/x".into(), done, total: 1_000_000_000 };
    d.at(0, &[copy(0)]);
    d.at(5000, &[copy(250_000_000)]);
    insta::assert_snapshot!(d.glass.shows(), @r"
    ⠋ A  5s
      › dest: copy /x  5s
        ━━━━━─────────────── 25%  250 MB of 1.0 GB  50.0 MB/s  time left 15s  /x
    ");
    d.at(6000, &[call_ends(&["A"], 1, None)]);
    let waits =
        Event::Waiting { path: path(&["A"]), what: "routers run".into(), last: "1 of 3".into(), left_ms: 80_000 };
    d.at(6000, &[waits]);
    d.at(7000, &[]);
    insta::assert_snapshot!(d.glass.shows(), @r"
    ⠋ A  7s
      … waiting: routers run  saw 1 of 3  time left 1m19s
    ");
    d.at(8000, &acts(&["A"], 2, "false"));
    let ended = Event::StepEnds { path: path(&["A"]), ok: false, took_ms: 8100, replayed: false };
    d.at(8100, &[call_ends(&["A"], 2, Some(Failure::new("exit code 1"))), ended]);
    insta::assert_snapshot!(d.glass.shows(), @r"
    ✗ A  8.1s
      ✗ ssh dest  exit code 1
    ");
}

#[test]
fn making_the_terminal_narrower_leaves_nothing_behind() {
    for to in [20, 30, 7, 79, 200] {
        let mut d = Desk::new(80, 24);
        d.at(0, &[begins(&["Finished"]), ends(&["Finished"], 100)]);
        d.at(0, &[begins(&["A step with a title that is rather long, longer than a phone is wide"])]);
        d.at(10, &acts(&["A step with a title that is rather long, longer than a phone is wide"], 1, &"x".repeat(90)));
        d.at(20, &[prints("some output of a length that matters when it is wrapped\n")]);
        d.resize(to);
        d.at(30, &[]);
        d.at(40, &[]);
        let shown = d.glass.shows();
        let cut = super::super::width::cut("✓ Finished  0.1s", 79);
        assert_eq!(shown.lines().next(), Some(cut.as_str()), "{to}: {shown}");
        assert_eq!(shown.lines().count(), 4, "{to}: {shown}");
        assert!(shown.lines().skip(1).all(|l| super::super::width::width(l) < to), "{to}: {shown}");
    }
}

#[test]
fn a_low_terminal_shows_what_is_at_hand() {
    let mut d = Desk::new(40, 6);
    d.at(0, &[begins(&["Outer"])]);
    for n in 0..20 {
        let title = format!("Step {n}");
        d.at(n, &[begins(&["Outer", &title]), ends(&["Outer", &title], 100)]);
    }
    d.at(30, &acts(&["Outer"], 1, "true"));
    assert_eq!(d.glass.shows(), "  ✓ Step 17  0.1s\n  ✓ Step 18  0.1s\n  ✓ Step 19  0.1s\n  › dest: true  0s");
    d.at(40, &[call_ends(&["Outer"], 1, None), ends(&["Outer"], 40)]);
    assert_eq!(d.glass.shows().lines().count(), 21);
}

#[test]
fn branches_bear_the_names_of_their_hosts() {
    let mut d = Desk::new(60, 24);
    let (one, two) = ("on_each 1 [r1]", "on_each 1 [r2]");
    d.at(0, &[begins(&["Routers"]), begins(&["Routers", one, "Move"]), begins(&["Routers", two, "Move"])]);
    d.at(10, &[ends(&["Routers", two, "Move"], 10)]);
    d.at(20, &[ends(&["Routers", one, "Move"], 20), ends(&["Routers"], 20)]);
    insta::assert_snapshot!(d.glass.shows(), @r"
    ✓ Routers  0.0s
      ✓ [r1]  0.0s
        ✓ Move  0.0s
      ✓ [r2]  0.0s
        ✓ Move  0.0s
    ");
}

#[test]
fn a_question_has_the_terminal_for_itself() {
    let mut d = Desk::new(60, 24);
    d.at(0, &[begins(&["A"])]);
    d.drawing.hold();
    d.look();
    d.at(5, &[begins(&["A", "B"])]);
    assert_eq!(d.glass.shows(), "");
    d.glass.feed("Go on? y\n");
    d.drawing.release();
    d.at(10, &[]);
    assert_eq!(d.glass.shows(), "Go on? y\n⠋ A  0s\n  ⠋ B  0s");
}

#[test]
fn a_screen_that_nobody_sees_does_not_stop_the_run() {
    let paper = Paper { breaks_at: 10, ..Paper::new() };
    let screen = Screen::new(Terminal {
        out: Box::new(paper),
        size: Box::new(|| (0, 0)),
        now: Box::new(|| 0),
        paint: Paint::PLAIN,
    });
    for n in 0..100 {
        screen.hear(&begins(&[&format!("step {n}")]));
    }
    drop(screen.hold());
    screen.end();
    screen.hear(&begins(&["late"]));
    drop(screen.hold());
}

#[test]
fn a_terminal_that_is_held_holds_neither_the_run_nor_the_memory() {
    /// Writes nothing until it is let go.
    struct Held(Arc<Mutex<()>>);
    impl Write for Held {
        fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
            let _wait = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(buf.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let key = Arc::new(Mutex::new(()));
    let held = key.lock().unwrap();
    let screen = Screen::new(Terminal {
        out: Box::new(Held(key.clone())),
        size: Box::new(|| (80, 24)),
        now: Box::new(|| 0),
        paint: Paint::PLAIN,
    });
    screen.hear(&begins(&["A"]));
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..20_000 {
        screen.hear(&prints("x\n"));
    }
    screen.hear(&ends(&["A"], 1));
    assert!(screen.waiting.load(SeqCst) <= MOST_WAITING + 2);
    drop(held);
    screen.end();
    assert_eq!(screen.waiting.load(SeqCst), 0);
}

#[test]
fn an_instruction_can_be_read_to_its_end() {
    let mut d = Desk::new(30, 24);
    let text = "PLEASE DO: power the old machine off by hand\nthen wait";
    d.at(0, &[begins(&["A"]), Event::Note { path: path(&["A"]), text: text.into() }]);
    insta::assert_snapshot!(d.glass.shows(), @r"
    ⠋ A  0s
      · PLEASE DO: power the old
        machine off by hand
        then wait
    ");
    d.at(10, &[ends(&["A"], 10)]);
    assert_eq!(d.glass.shows(), "✓ A  0.0s\n  · PLEASE DO: power the old machine off by hand\n    then wait\n");
}
