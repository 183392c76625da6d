//! Makes what a command prints harmless for a terminal, without splitting a character.

/// A stream being made harmless: keeps the first bytes of a character until the rest comes.
#[derive(Default)]
pub struct Printable {
    pending: Vec<u8>,
}

impl Printable {
    /// The text of what has come, as far as its characters are whole.
    pub fn more(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let keep = unfinished(&self.pending);
        let rest = self.pending.split_off(self.pending.len() - keep);
        let whole = std::mem::replace(&mut self.pending, rest);
        printable(&String::from_utf8_lossy(&whole))
    }
    /// What is left at the end.
    pub fn end(&mut self) -> String {
        printable(&String::from_utf8_lossy(&std::mem::take(&mut self.pending)))
    }
}

/// How many bytes at the end begin a character that is not whole yet.
fn unfinished(bytes: &[u8]) -> usize {
    for n in 1..=bytes.len().min(3) {
        let b = bytes[bytes.len() - n];
        let length = match b {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => return 0,
        };
        return if length > n { n } else { 0 };
    }
    0
}

/// Makes control characters visible (ESC becomes `␛`) and directional overrides plain, so that no
/// text can move the cursor, set a title or disguise itself. Newline and tab stay.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => out.push(c),
            // A progress bar draws over its line; here each state is a line.
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\u{0}'..='\u{1f}' => out.extend(char::from_u32(0x2400 + c as u32)),
            '\u{7f}' => out.push('␡'),
            '\u{80}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                out.push_str(&format!("\\u{{{:x}}}", c as u32));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(printable("\x1b]0;title\x07 \x1b[2Jx\u{202e}"), "␛]0;title␇ ␛[2Jx\\u{202e}");
        assert_eq!(printable("a\r\nb\rc\td\n"), "a\nb\nc\td\n");
    }

    #[test]
    fn a_character_is_never_split() {
        let text = "aé€😀z";
        for step in 1..text.len() {
            let mut stream = Printable::default();
            let mut all = String::new();
            for part in text.as_bytes().chunks(step) {
                all += &stream.more(part);
            }
            assert_eq!(all + &stream.end(), text, "step {step}");
        }
        let mut bad = Printable::default();
        assert_eq!(bad.more(b"\xff\xfe!") + &bad.end(), "\u{fffd}\u{fffd}!");
    }
}
