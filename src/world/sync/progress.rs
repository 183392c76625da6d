//! How far a copy is, from what rsync prints with `--info=progress2`.

use crate::contract::{Event, Listener};
use crate::name::HostName;
use std::sync::{Mutex, PoisonError};

/// No line of progress is longer.
const LONGEST: usize = 4096;

/// Hears the output of rsync, and tells how far it is.
pub struct Progress<'a> {
    pub listener: &'a dyn Listener,
    pub host: HostName,
    pub what: String,
    /// Bytes that are to be sent.
    pub total: u64,
    pub line: Mutex<Vec<u8>>,
}

impl Progress<'_> {
    pub fn hear(&self, bytes: &[u8]) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.extend_from_slice(bytes);
        // There is a line for each file: of what comes at once the last one says all.
        let is_end = |b: &u8| matches!(b, b'\r' | b'\n');
        if let Some(end) = line.iter().rposition(is_end) {
            if let Some(done) = line[..end].rsplit(is_end).find_map(bytes_of) {
                let (host, what) = (self.host.clone(), self.what.clone());
                self.listener.hear(&Event::Progress { host, what, done: done.min(self.total), total: self.total });
            }
            line.drain(..=end);
        }
        if line.len() > LONGEST {
            line.clear();
        }
    }
}

impl Listener for Progress<'_> {
    fn hear(&self, event: &Event) {
        match event {
            Event::Output { is_stderr: false, text, .. } => Progress::hear(self, text.as_bytes()),
            // Errors are shown with the failure; twice would be once too often.
            Event::Output { .. } => {}
            other => self.listener.hear(other),
        }
    }
}

/// `  1,234,567  45%  12.3MB/s    0:00:10 (xfr#5, to-chk=3/9)`
fn bytes_of(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line).ok()?;
    let mut words = text.split_whitespace();
    let (bytes, percent) = (words.next()?, words.next()?);
    percent.strip_suffix('%')?.parse::<u64>().ok()?;
    bytes.chars().filter(|c| !matches!(c, ',' | '.')).collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_progress_is_read() {
        assert_eq!(bytes_of(b"  1,234,567  45%   12.30MB/s    0:00:10 (xfr#5, to-chk=3/9)"), Some(1_234_567));
        assert_eq!(bytes_of(b"rsync: 5% of it"), None);
    }
}
