//! A buffer that keeps the head and the tail of what is poured into it.

use std::collections::VecDeque;

/// At most so many bytes of a stream are kept, half of them head, half tail.
pub const LIMIT: usize = 8 << 20;

/// Keeps head and tail.
pub struct Capped {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    seen: u64,
}

impl Default for Capped {
    fn default() -> Self {
        Self::of(LIMIT)
    }
}

impl Capped {
    /// One that keeps at most `limit` bytes.
    pub fn of(limit: usize) -> Self {
        Capped { half: limit / 2, head: vec![], tail: VecDeque::new(), seen: 0 }
    }
    pub fn pour(&mut self, bytes: &[u8]) {
        self.seen += bytes.len() as u64;
        let fits = bytes.len().min(self.half - self.head.len());
        self.head.extend_from_slice(&bytes[..fits]);
        let rest = &bytes[fits..];
        let rest = &rest[rest.len().saturating_sub(self.half)..];
        let over = (self.tail.len() + rest.len()).saturating_sub(self.half);
        self.tail.drain(..over.min(self.tail.len()));
        self.tail.extend(rest);
    }
    /// Notes that so many bytes were passed over between head and tail.
    pub fn skip(&mut self, bytes: u64) {
        self.seen += bytes;
    }
    /// How many bytes came by.
    pub fn seen(&self) -> u64 {
        self.seen
    }
    /// All of it, with a note where something was left out.
    pub fn into_bytes(self) -> Vec<u8> {
        let kept = (self.head.len() + self.tail.len()) as u64;
        let mut all = self.head;
        if self.seen > kept {
            all.extend_from_slice(format!("\n[... {} bytes left out ...]\n", self.seen - kept).as_bytes());
        }
        all.extend(self.tail);
        all
    }
    /// As text; invalid UTF-8 is replaced.
    pub fn into_text(self) -> String {
        let bytes = self.into_bytes();
        String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_and_tail_are_kept() {
        let mut small = Capped::of(8);
        small.pour(b"12345678");
        assert_eq!(small.into_text(), "12345678");
        let mut long = Capped::of(8);
        for part in [b"1234".as_slice(), b"5", b"6789", b"abcdefghij"] {
            long.pour(part);
        }
        assert_eq!(long.seen(), 19);
        assert_eq!(long.into_text(), "1234\n[... 11 bytes left out ...]\nghij");
    }
}
