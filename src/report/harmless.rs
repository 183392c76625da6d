//! Text that came from a host, a file or a person, made safe to show: whoever prints it must not
//! move the cursor, colour the terminal, set its title or turn the reading direction around.

/// Returns one line: every control character is made visible, a tab is a blank, a newline is `⏎`.
pub fn line(text: &str) -> String {
    text.trim_end_matches(['\n', '\r']).chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\n' => out.push('⏎'),
            '\t' => out.push(' '),
            _ => push(&mut out, c),
        }
        out
    })
}

/// Returns the text with its line breaks and tabs; every other control character is made visible.
pub fn lines(text: &str) -> String {
    // A carriage return before a newline is only a line end of another system.
    text.replace("\r\n", "\n").chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '\n' | '\t' => out.push(c),
            _ => push(&mut out, c),
        }
        out
    })
}

fn push(out: &mut String, c: char) {
    match c {
        // As `cat -v` shows them: ESC is ^[.
        '\0'..='\x1f' => {
            out.push('^');
            out.push(char::from(c as u8 + b'@'));
        }
        '\x7f' => out.push_str("^?"),
        // C1 controls, invisible marks, and those that turn the direction of what follows.
        '\u{80}'..='\u{9f}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}' => out.push_str(&c.escape_unicode().to_string()),
        _ => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_gets_through() {
        assert_eq!(line("a\x1b[2Jb\x07\n"), "a^[[2Jb^G");
        assert_eq!(line("a\nb\tc\x7f"), "a⏎b c^?");
        assert_eq!(line("x\u{9b}31m\u{202e}y"), "x\\u{9b}31m\\u{202e}y");
        assert_eq!(lines("a\r\nb\rc\td\x1b]0;t\x07"), "a\nb^Mc\td^[]0;t^G");
    }

    #[test]
    fn plain_text_stays() {
        for text in ["", "plain", "zwölf Boxkämpfer", "漢字 🙂", "e\u{301}"] {
            assert_eq!(line(text), text);
            assert_eq!(lines(text), text);
        }
    }
}
