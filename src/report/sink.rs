//! Where text goes. When nobody reads it any more (a closed pipe, a terminal that is gone), that is
//! remembered and everything after it is dropped: a run must not end because nobody watches.

use std::io::Write;

pub struct Sink(Option<Box<dyn Write + Send>>);

impl Sink {
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Sink(Some(out))
    }
    /// Writes the whole text at once, or nothing ever again.
    pub fn write(&mut self, text: &str) {
        if let Some(out) = &mut self.0
            && out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err()
        {
            self.0 = None;
        }
    }
    /// Whether anybody may still read.
    pub fn is_open(&self) -> bool {
        self.0.is_some()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};

    /// A place to write to that a test can read; it breaks after so many bytes.
    #[derive(Clone)]
    pub struct Paper {
        pub text: Arc<Mutex<Vec<u8>>>,
        pub breaks_at: usize,
    }
    impl Paper {
        pub fn new() -> Self {
            Paper { text: Arc::default(), breaks_at: usize::MAX }
        }
        pub fn read(&self) -> String {
            String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
        }
    }
    impl Write for Paper {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            let mut text = self.text.lock().unwrap();
            if text.len() + buf.len() > self.breaks_at {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            text.extend_from_slice(buf);
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_is_remembered() {
        let paper = Paper { breaks_at: 4, ..Paper::new() };
        let mut sink = Sink::new(Box::new(paper.clone()));
        sink.write("one\n");
        sink.write("two\n");
        assert!(!sink.is_open());
        sink.write("");
        assert_eq!(paper.read(), "one\n");
    }
}
