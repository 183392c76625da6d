//! Colours, or none.

/// What a piece of text is; how that looks is decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    #[default]
    Plain,
    Bold,
    /// Of less weight than what stands beside it.
    Dim,
    Good,
    Bad,
    Careful,
    /// Names: places in a diff, commands that can be typed.
    Name,
}

/// Puts ink on text: with escape sequences, or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    pub colours: bool,
}

impl Paint {
    pub const PLAIN: Paint = Paint { colours: false };
    pub const COLOURS: Paint = Paint { colours: true };

    /// Returns the text in this ink.
    pub fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Plain => return text.into(),
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Good => "32",
            Ink::Bad => "31",
            Ink::Careful => "33",
            Ink::Name => "36",
        };
        if self.colours && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.into() }
    }
    pub fn bold(self, text: &str) -> String {
        self.ink(Ink::Bold, text)
    }
    pub fn dim(self, text: &str) -> String {
        self.ink(Ink::Dim, text)
    }
    pub fn good(self, text: &str) -> String {
        self.ink(Ink::Good, text)
    }
    pub fn bad(self, text: &str) -> String {
        self.ink(Ink::Bad, text)
    }
    pub fn careful(self, text: &str) -> String {
        self.ink(Ink::Careful, text)
    }
    pub fn name(self, text: &str) -> String {
        self.ink(Ink::Name, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_there_is_no_escape() {
        assert_eq!(Paint::PLAIN.bad("x"), "x");
        assert_eq!(Paint::COLOURS.bad("x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Paint::COLOURS.bad(""), "");
    }
}
