//! One event a line, for programs.

use super::sink::Sink;
use crate::contract::{Event, Listener};
use std::io::Write;
use std::sync::{Mutex, PoisonError};

/// Writes each event as one line of JSON.
pub struct Json(Mutex<Sink>);

impl Json {
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Json(Mutex::new(Sink::new(out)))
    }
}

impl Listener for Json {
    fn hear(&self, event: &Event) {
        // Serialising words, numbers and lists cannot fail; if it ever does, one line is missing.
        if let Ok(mut line) = serde_json::to_string(event) {
            line.push('\n');
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sink::tests::Paper;
    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let paper = Paper::new();
        let json = Json::new(Box::new(paper.clone()));
        json.hear(&Event::Note { path: vec!["a".into()], text: "two\nlines\x1b[2J".into() });
        json.hear(&Event::Warning { text: "w".into() });
        assert_eq!(
            paper.read(),
            "{\"event\":\"note\",\"path\":[\"a\"],\"text\":\"two\\nlines\\u001b[2J\"}\n{\"event\":\"warning\",\"text\":\"w\"}\n"
        );
    }
}
