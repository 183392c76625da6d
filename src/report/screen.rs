//! A real terminal: finished steps scroll up and stay, what still changes is drawn anew below them.
//!
//! A thread of its own draws, so that a terminal that is held (Ctrl-S) never holds the run. The
//! last rows are drawn by going up as many rows as the drawn lines take *now*: a terminal that
//! was made narrower has wrapped them meanwhile. Deliberately not here: what is shown (`tree`),
//! where the terminal is and how large (cli), what time it is (the caller).

use super::paint::Paint;
use super::sink::Sink;
use super::tree::Tree;
use crate::contract::{Event, Listener};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a drawing moves when nothing happens, and how long events are gathered when they do.
const SPIN: Duration = Duration::from_millis(100);
const CALM: Duration = Duration::from_millis(25);
/// So many events may wait to be drawn before those that only pass by are left out.
const MOST_WAITING: usize = 4096;

/// A terminal, as far as a screen needs one.
pub struct Terminal {
    pub out: Box<dyn Write + Send>,
    /// Columns and rows, asked at each drawing.
    pub size: Box<dyn Fn() -> (usize, usize) + Send>,
    /// Milliseconds of a clock that never goes back.
    pub now: Box<dyn Fn() -> u64 + Send>,
    pub paint: Paint,
}

/// Shows a run while it goes on.
pub struct Screen {
    to: Mutex<Sender<Message>>,
    /// How many events are not drawn yet.
    waiting: Arc<AtomicUsize>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Heard(Box<Event>),
    /// Somebody else writes to the terminal until `Release`.
    Hold(Sender<()>),
    Release,
    End,
}

/// While it lives the screen draws nothing: for a question.
pub struct Hold(Sender<Message>);

impl Drop for Hold {
    fn drop(&mut self) {
        // The screen may have ended before; then there is nothing to release.
        let _ = self.0.send(Message::Release);
    }
}

impl Screen {
    /// Begins to draw.
    pub fn new(terminal: Terminal) -> Self {
        let (to, from) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let heard = waiting.clone();
        let thread = std::thread::spawn(move || {
            let mut drawing = Drawing::new(terminal);
            loop {
                match from.recv_timeout(SPIN) {
                    Ok(first) => {
                        if matches!(first, Message::Heard(_)) {
                            // What comes close together is drawn once.
                            std::thread::sleep(CALM);
                        }
                        for message in std::iter::once(first).chain(from.try_iter()) {
                            match message {
                                Message::Heard(event) => {
                                    heard.fetch_sub(1, Ordering::Relaxed);
                                    drawing.hear(&event);
                                }
                                Message::Hold(ready) => {
                                    drawing.hold();
                                    let _ = ready.send(());
                                }
                                Message::Release => drawing.release(),
                                Message::End => return drawing.end(),
                            }
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return drawing.end(),
                }
                drawing.draw();
            }
        });
        Screen { to: Mutex::new(to), waiting, thread: Mutex::new(Some(thread)) }
    }

    fn sender(&self) -> Sender<Message> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Clears what changes and draws nothing until the answer is dropped.
    pub fn hold(&self) -> Hold {
        let to = self.sender();
        let (ready, is_ready) = mpsc::channel();
        if to.send(Message::Hold(ready)).is_ok() {
            // An error means that the screen has ended: nothing is drawn then either. A terminal
            // that is held must not hold a question for ever.
            let _ = is_ready.recv_timeout(Duration::from_secs(2));
        }
        Hold(to)
    }

    /// Draws what is left for the last time and stops. Later events are not shown.
    pub fn end(&self) {
        let _ = self.sender().send(Message::End);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.end();
    }
}

impl Listener for Screen {
    fn hear(&self, event: &Event) {
        // A terminal that is held must not fill the memory: what only passes by is left out then.
        let passes_by = matches!(event, Event::Output { .. } | Event::Progress { .. } | Event::Waiting { .. });
        if passes_by && self.waiting.load(Ordering::Relaxed) > MOST_WAITING {
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.sender().send(Message::Heard(Box::new(event.clone())));
    }
}

/// The drawing itself, without the thread.
struct Drawing {
    tree: Tree,
    sink: Sink,
    size: Box<dyn Fn() -> (usize, usize) + Send>,
    now: Box<dyn Fn() -> u64 + Send>,
    paint: Paint,
    /// How wide each of the lines is that are drawn now.
    drawn: Vec<usize>,
    holds: usize,
}

impl Drawing {
    fn new(t: Terminal) -> Self {
        Drawing {
            tree: Tree::default(),
            sink: Sink::new(t.out),
            size: t.size,
            now: t.now,
            paint: t.paint,
            drawn: vec![],
            holds: 0,
        }
    }
    fn hear(&mut self, event: &Event) {
        let now = (self.now)();
        self.tree.hear(event, now);
    }
    fn hold(&mut self) {
        self.holds += 1;
        let text = self.up() + "\x1b[J";
        self.sink.write(&text);
    }
    fn release(&mut self) {
        self.holds = self.holds.saturating_sub(1);
    }
    /// Goes to the first of the drawn lines.
    fn up(&mut self) -> String {
        let (columns, _) = (self.size)();
        let rows: usize = self.drawn.drain(..).map(|w| w.div_ceil(columns.max(1)).max(1)).sum();
        // The cursor stands behind the last line, which has no newline.
        match rows {
            0 => String::new(),
            1 => "\r".into(),
            n => format!("\r\x1b[{}A", n - 1),
        }
    }
    fn draw(&mut self) {
        if self.holds > 0 || !self.sink.is_open() {
            return;
        }
        let now = (self.now)();
        let (columns, rows) = (self.size)();
        // The last column stays free: a full line would wrap in some terminals.
        let columns = columns.saturating_sub(1).max(1);
        let (mut is_first, had_drawn) = (true, !self.drawn.is_empty());
        let mut text = self.up();
        // The rest is cleared behind the first line, not before it: tmux takes clearing from the top
        // left corner for a new page, and would keep a copy of each drawing in its history.
        let mut clear = |text: &mut String, painted: &str| {
            let (before, after) = if std::mem::take(&mut is_first) { ("\x1b[2K", "\x1b[J") } else { ("", "") };
            text.extend([before, painted, after]);
        };
        for line in self.tree.take_final(now) {
            // What stays may be as long as it is: nothing will have to find its way back over it.
            clear(&mut text, &line.paint(self.paint, usize::MAX).0);
            text.push('\n');
        }
        let live = self.tree.live(columns, rows.saturating_sub(2).max(1), now);
        for (n, line) in live.iter().enumerate() {
            let (painted, width) = line.paint(self.paint, columns);
            if n > 0 {
                text.push('\n');
            }
            clear(&mut text, &painted);
            self.drawn.push(width);
        }
        if is_first && had_drawn {
            text.push_str("\x1b[J");
        }
        if !text.is_empty() {
            self.sink.write(&text);
        }
    }
    /// What is still open stays on the terminal as it is.
    fn end(mut self) {
        self.holds = 0;
        self.draw();
        if !self.drawn.is_empty() {
            self.sink.write("\n");
        }
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
