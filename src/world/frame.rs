//! Finds the answer of a script in the stream of a channel, between two marks that nobody can
//! guess, whatever a login shell or a command prints around it. A third mark says that a script was
//! ended before it gave its answer.

/// The byte before each mark: rare, so a mark is looked for quickly.
const LEAD: u8 = 0x1e;
/// How much of what stands outside the marks is kept, to explain why there are none.
const NOISE: usize = 4096;

/// Takes a stream apart: noise, head line, body, trailer line.
pub struct Frame {
    /// What each mark begins with; a byte more says which it is.
    mark: Vec<u8>,
    state: State,
    pending: Vec<u8>,
    noise: Vec<u8>,
    head: Option<String>,
    trailer: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Before,
    Head,
    Body,
    Trailer,
    Over,
    /// The script ended before it gave its answer.
    Torn,
}

impl Frame {
    pub fn new(nonce: &str) -> Self {
        Frame {
            mark: format!("{}{nonce}", LEAD as char).into_bytes(),
            state: State::Before,
            pending: vec![],
            noise: vec![],
            head: None,
            trailer: None,
        }
    }

    /// Takes more of the stream and gives the bytes of the body that are certain.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.pending.extend_from_slice(bytes);
        let mut body = vec![];
        loop {
            let before = (self.state, self.pending.len());
            match self.state {
                State::Before => {
                    let (noise, found) = cut(&mut self.pending, &self.mark);
                    self.noise.extend_from_slice(&noise);
                    if self.noise.len() > NOISE {
                        self.noise.drain(..self.noise.len() - NOISE);
                    }
                    self.state = match found {
                        Some(b'<') => State::Head,
                        // A script that prints nothing begins with its answer.
                        Some(b'>') => State::Trailer,
                        Some(b'!') => State::Torn,
                        _ => State::Before,
                    };
                }
                State::Head => self.head = self.line(State::Body),
                State::Body => {
                    let (part, found) = cut(&mut self.pending, &self.mark);
                    if body.is_empty() {
                        body = part;
                    } else {
                        body.extend_from_slice(&part);
                    }
                    self.state = match found {
                        Some(b'>') => State::Trailer,
                        Some(b'!') => State::Torn,
                        _ => State::Body,
                    };
                }
                State::Trailer => self.trailer = self.line(State::Over),
                State::Over | State::Torn => self.pending.clear(),
            }
            if (self.state, self.pending.len()) == before || self.pending.is_empty() {
                return body;
            }
        }
    }

    /// A line of ours, if one is whole, and what comes after it. The script may have been ended within it.
    fn line(&mut self, next: State) -> Option<String> {
        let at = self.pending.iter().position(|b| *b == b'\n')?;
        let line: Vec<u8> = self.pending.drain(..=at).collect();
        let torn = [&self.mark[..], b"!"].concat();
        self.state = if line.windows(torn.len()).any(|w| w == torn) { State::Torn } else { next };
        (self.state == next).then(|| String::from_utf8_lossy(&line[..at]).into_owned())
    }

    /// What the script said first.
    pub fn head(&self) -> Option<&str> {
        self.head.as_deref()
    }
    /// What the script said last; there once the answer is whole.
    pub fn trailer(&self) -> Option<&str> {
        self.trailer.as_deref()
    }
    pub fn is_whole(&self) -> bool {
        self.state == State::Over
    }
    /// Whether more of the stream can say anything.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over | State::Torn)
    }
    /// The end of what stood before the answer, also what never became one.
    pub fn noise(&self) -> String {
        let mut all = self.noise.clone();
        if self.state == State::Before {
            all.extend_from_slice(&self.pending);
        }
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// Takes from `pending` what stands before a mark, and the mark, and says which it is. Keeps what may be its beginning.
fn cut(pending: &mut Vec<u8>, mark: &[u8]) -> (Vec<u8>, Option<u8>) {
    let mut from = 0;
    while let Some(at) = pending[from..].iter().position(|b| *b == LEAD).map(|n| n + from) {
        let rest = &pending[at..];
        if mark.starts_with(rest) {
            return (pending.drain(..at).collect(), None);
        }
        if let (true, Some(which @ (b'<' | b'>' | b'!'))) = (rest.starts_with(mark), rest.get(mark.len()).copied()) {
            let part = pending[..at].to_vec();
            pending.drain(..=at + mark.len());
            return (part, Some(which));
        }
        from = at + 1;
    }
    (std::mem::take(pending), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_the_stream_is_cut_the_answer_is_the_same() {
        let stream = b"Welcome!\n\x1exx\x1eabc<7 8\nbody\x1e\x1eab\n no newline\x1eabc>0 done\nlate";
        for step in 1..stream.len() {
            let mut frame = Frame::new("abc");
            let mut body = vec![];
            for part in stream.chunks(step) {
                body.extend(frame.feed(part));
            }
            assert_eq!(body, b"body\x1e\x1eab\n no newline", "step {step}");
            assert_eq!((frame.head(), frame.trailer()), (Some("7 8"), Some("0 done")));
            assert!(frame.is_whole());
            assert_eq!(frame.noise(), "Welcome!\n\x1exx");
        }
    }

    #[test]
    fn an_answer_may_be_all_there_is() {
        let stream = b"Welcome!\n\x1eabc>ok 7\n";
        for step in 1..stream.len() {
            let mut frame = Frame::new("abc");
            let printed: Vec<u8> = stream.chunks(step).flat_map(|part| frame.feed(part)).collect();
            assert!(printed.is_empty() && frame.is_whole(), "step {step}");
            assert_eq!((frame.head(), frame.trailer(), frame.noise().as_str()), (None, Some("ok 7"), "Welcome!\n"));
        }
    }

    #[test]
    fn a_stream_without_a_frame_is_noise() {
        let mut frame = Frame::new("abc");
        assert!(frame.feed(b"This account is currently not available.\n").is_empty());
        assert!(!frame.is_whole());
        assert_eq!(frame.noise(), "This account is currently not available.\n");
    }

    #[test]
    fn a_script_that_was_ended_gives_no_answer_wherever_that_was() {
        let whole = b"Welcome!\n\x1eabc<7 8\nbody\x1eabc>0 done\n";
        for cut in 0..whole.len() {
            let stream = [&whole[..cut], b"\x1eabc!\n\x1enext<\n\x1enext>late\n"].concat();
            for step in [1, 7, stream.len()] {
                let mut frame = Frame::new("abc");
                for part in stream.chunks(step) {
                    frame.feed(part);
                }
                assert!(frame.is_over() && !frame.is_whole(), "cut at {cut}, step {step}");
                assert_eq!(frame.trailer(), None);
            }
        }
    }
}
