//! Which face a run shows: a screen, plain lines, or JSON.

use super::globals::{Globals, is_dumb};
use crate::contract::Listener;
use crate::report::{Json, Paint, Plain, Screen, Terminal};
use std::io::IsTerminal;
use std::sync::Arc;

/// A run as it is shown on standard output.
pub enum Face {
    Screen(Arc<Screen>),
    Plain(Arc<Plain>),
    Json(Arc<Json>),
}

impl Face {
    /// The one that fits: JSON when asked for, a screen on a terminal that knows a cursor, else lines.
    /// `now` gives the milliseconds of a clock that never goes back.
    pub fn new(globals: &Globals, now: Box<dyn Fn() -> u64 + Send>) -> Self {
        let out = Box::new(std::io::stdout());
        if globals.json {
            return Face::Json(Arc::new(Json::new(out)));
        }
        if !std::io::stdout().is_terminal() || is_dumb() {
            return Face::Plain(Arc::new(Plain::new(out)));
        }
        let paint = Paint { colours: globals.colours() };
        Face::Screen(Arc::new(Screen::new(Terminal { out, size: Box::new(size), now, paint })))
    }
    pub fn listener(&self) -> Arc<dyn Listener> {
        match self {
            Face::Screen(s) => s.clone(),
            Face::Plain(p) => p.clone(),
            Face::Json(j) => j.clone(),
        }
    }
    /// The screen, which must be held while a question is asked.
    pub fn screen(&self) -> Option<Arc<Screen>> {
        match self {
            Face::Screen(s) => Some(s.clone()),
            _ => None,
        }
    }
    /// Shows what is left. To be called before a page is printed.
    pub fn end(&self) {
        if let Face::Screen(s) = self {
            s.end();
        }
    }
}

/// Columns and rows of the terminal.
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(std::io::stdout()) {
        Ok(s) if s.ws_col > 0 && s.ws_row > 0 => (s.ws_col.into(), s.ws_row.into()),
        _ => (80, 24),
    }
}
