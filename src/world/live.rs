//! The output of a command as it comes: nothing is told twice, nothing that matters is left out.

use super::printable::Printable;
use super::redact::Redactor;
use crate::contract::{Event, Listener};
use crate::name::HostName;

/// A listener that is further behind than this is taken to the end at once.
const BEHIND: u64 = 256 << 10;
/// How much of the end is told then.
const END: u64 = 64 << 10;

/// The output of one command, and how far it has been told.
pub struct Live<'a> {
    host: &'a HostName,
    listener: &'a dyn Listener,
    redactor: &'a Redactor,
    streams: [Stream; 2],
}
#[derive(Default)]
struct Stream {
    at: u64,
    text: Printable,
    /// The beginning of a line, where a value must not be told in two halves.
    held: String,
}

impl<'a> Live<'a> {
    pub fn new(host: &'a HostName, listener: &'a dyn Listener, redactor: &'a Redactor) -> Self {
        Live { host, listener, redactor, streams: Default::default() }
    }
    /// How many bytes of stdout and stderr have been told.
    pub fn at(&self) -> (u64, u64) {
        (self.streams[0].at, self.streams[1].at)
    }
    /// The next bytes of a stream.
    pub fn more(&mut self, is_stderr: bool, bytes: &[u8]) {
        let stream = &mut self.streams[usize::from(is_stderr)];
        stream.at += bytes.len() as u64;
        let text = stream.text.more(bytes);
        self.tell_whole_lines(is_stderr, text);
    }
    /// So much has been printed by now; what would take too long to tell is passed over.
    pub fn catch_up(&mut self, sizes: (u64, u64)) {
        for (is_stderr, size) in [(false, sizes.0), (true, sizes.1)] {
            let at = self.streams[usize::from(is_stderr)].at;
            if size > at + BEHIND {
                self.skip_to(is_stderr, size - END);
            }
        }
    }
    /// The command has ended: tells what is left of a stream, given its head and its tail.
    pub fn end(&mut self, is_stderr: bool, head: &[u8], tail: &[u8], size: u64) {
        let i = usize::from(is_stderr);
        if size > self.streams[i].at + BEHIND {
            self.skip_to(is_stderr, size - END);
        }
        let from = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let rest = head.get(from(self.streams[i].at)..).unwrap_or_default();
        self.more(is_stderr, rest);
        let tail_at = size - tail.len() as u64;
        if !tail.is_empty() && self.streams[i].at < tail_at {
            self.skip_to(is_stderr, tail_at);
        }
        let rest = tail.get(from(self.streams[i].at.saturating_sub(tail_at))..).unwrap_or_default();
        self.more(is_stderr, rest);
        let last = std::mem::take(&mut self.streams[i].held) + self.streams[i].text.end().as_str();
        self.tell(is_stderr, last);
    }

    fn skip_to(&mut self, is_stderr: bool, at: u64) {
        let stream = &mut self.streams[usize::from(is_stderr)];
        let skipped = at - stream.at;
        stream.at = at;
        let held = std::mem::take(&mut stream.held);
        let text = format!("{held}{}\n[... {skipped} bytes not shown ...]\n", stream.text.end());
        self.tell(is_stderr, text);
    }
    /// Without a secret everything is told at once; with one, line by line.
    fn tell_whole_lines(&mut self, is_stderr: bool, text: String) {
        if !self.redactor.is_needed() {
            return self.tell(is_stderr, text);
        }
        let held = &mut self.streams[usize::from(is_stderr)].held;
        held.push_str(&text);
        let end = held.rfind('\n').map_or(0, |at| at + 1);
        let rest = held.split_off(end);
        let whole = std::mem::replace(held, rest);
        self.tell(is_stderr, whole);
    }
    fn tell(&self, is_stderr: bool, text: String) {
        if !text.is_empty() {
            let text = self.redactor.text(text);
            self.listener.hear(&Event::Output { host: self.host.clone(), is_stderr, text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    struct Ear(Mutex<String>);
    impl Listener for Ear {
        fn hear(&self, event: &Event) {
            if let Event::Output { text, .. } = event {
                self.0.lock().unwrap().push_str(text);
            }
        }
    }

    #[test]
    fn nothing_is_told_twice_and_the_tail_comes_at_the_end() {
        let (host, ear) = (HostName::parse("h").unwrap(), Ear(Mutex::default()));
        let redactor = Redactor::default();
        let mut live = Live::new(&host, &ear, &redactor);
        live.more(false, b"one \xc3");
        live.end(false, b"one \xc3\xa9 two\x1b", b"", 11);
        assert_eq!(*ear.0.lock().unwrap(), "one é two␛");
        assert_eq!(live.at(), (11, 0));
    }

    #[test]
    fn what_is_far_behind_is_passed_over_and_said_so() {
        let (host, ear) = (HostName::parse("h").unwrap(), Ear(Mutex::default()));
        let redactor = Redactor::default();
        let mut live = Live::new(&host, &ear, &redactor);
        live.more(true, b"begin");
        live.catch_up((0, 1 << 20));
        assert_eq!(live.at(), (0, (1 << 20) - END));
        live.end(true, b"begin....", &[b'x'; 100], 1 << 20);
        let text = ear.0.lock().unwrap().clone();
        assert!(text.starts_with("begin\n[... 983035 bytes not shown ...]\n"), "{}", &text[..60]);
        assert!(text.ends_with(&"x".repeat(100)));
    }
    #[test]
    fn a_secret_is_not_told_in_two_halves() {
        let (host, ear) = (HostName::parse("h").unwrap(), Ear(Mutex::default()));
        let redactor = Redactor::default();
        redactor.learn("pw", &crate::secret::Secret::new("hunter2hunter2".into()));
        let mut live = Live::new(&host, &ear, &redactor);
        live.more(false, b"a hunter2");
        live.more(false, b"hunter2 b\nit is hunter2hu");
        live.end(false, b"a hunter2hunter2 b\nit is hunter2hunter2", b"", 39);
        assert_eq!(*ear.0.lock().unwrap(), "a \u{2039}secret:pw\u{203a} b\nit is \u{2039}secret:pw\u{203a}");
    }
}
