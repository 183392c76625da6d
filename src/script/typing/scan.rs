//! A line as far as it is typed: which brackets and texts are open where it ends.
//!
//! It never fails: half a line is the usual case. What is wrong in it is the checker's to say.

use crate::contract::Spec;
use crate::script::verbs::VERBS;

/// An open bracket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// `(`, `[`, `{`, or `#` for a map.
    pub open: char,
    /// The function in front of `(`.
    pub call: Option<String>,
    /// The plain variable in front of its dot; empty text for anything else in front of one.
    pub receiver: Option<String>,
    /// How many commas stand in it.
    pub commas: usize,
    /// In a map: the keys before the one at hand, and the key whose value is at hand.
    pub keys: Vec<String>,
    pub key: Option<String>,
}

/// Where the text ends.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spot {
    pub frames: Vec<Frame>,
    /// The text that is open: its quote, and where it begins behind it.
    pub quote: Option<(char, usize)>,
    pub comment: bool,
    /// The word at the end, from its first letter.
    pub word: usize,
    /// What stands in front of the dot before that word: a plain variable, or empty text.
    pub dot: Option<String>,
    /// The word before that one, as `import` or `let`.
    pub before: String,
}

/// Whether more must come before the line can be evaluated.
#[must_use]
pub fn is_open(text: &str) -> bool {
    let spot = scan(text);
    !spot.frames.is_empty() || spot.quote.is_some() || spot.comment
}

/// Whether the text ends inside of quotes.
#[must_use]
pub fn is_in_text(text: &str) -> bool {
    scan(text).quote.is_some()
}

/// Whether a text names a verb or a primitive, or imports what may call one: then evaluating it
/// may do something.
#[must_use]
pub fn names_a_call(text: &str, table: &[Spec]) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|w| !w.is_empty()).any(|w| {
        w == "import"
            || VERBS.iter().any(|v| v.name == w && v.runs)
            || ACTING.contains(&w)
            || table.iter().any(|s| s.name == w)
    })
}

/// Verbs that are recorded though they run no closure.
const ACTING: &[&str] = &["confirm", "point_of_no_return", "note", "print", "debug", "expect", "expect_equal"];

/// Reads a text up to its end.
pub fn scan(text: &str) -> Spot {
    let mut s = Scan { text, at: 0, spot: Spot::default(), last: Token::Nothing, quotes: vec![] };
    while s.at < text.len() {
        s.step();
    }
    s.end()
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Nothing,
    /// A word, where it begins, and what stands in front of its dot.
    Word(usize, String, Option<String>),
    /// A dot behind this plain variable, or behind anything else.
    Dot(String),
    Text,
    Other(char),
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    spot: Spot,
    last: Token,
    /// Texts in backquotes whose `${` is open, by the number of frames around them.
    quotes: Vec<usize>,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn step(&mut self) {
        let rest = &self.text[self.at..];
        let Some(c) = rest.chars().next() else { return };
        if rest.starts_with("//") {
            self.at += rest.find('\n').unwrap_or(rest.len());
            self.spot.comment = false;
            return;
        }
        if rest.starts_with("/*") {
            return self.block_comment();
        }
        match c {
            '"' | '`' | '\'' => {
                self.at += 1;
                self.quoted(c);
            }
            c if c.is_alphanumeric() || c == '_' => {
                let n = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
                let dot = match &self.last {
                    Token::Dot(before) => Some(before.clone()),
                    _ => None,
                };
                if let Token::Word(_, before, _) = &self.last {
                    self.spot.before.clone_from(before);
                } else {
                    self.spot.before.clear();
                }
                self.last = Token::Word(self.at, rest[..n].into(), dot);
                self.at += n;
            }
            '.' => {
                let before = match &self.last {
                    Token::Word(_, name, None) => name.clone(),
                    _ => String::new(),
                };
                self.last = if rest.starts_with("..") { Token::Other('.') } else { Token::Dot(before) };
                self.at += 1 + usize::from(rest.starts_with(".."));
            }
            c if c.is_whitespace() => self.at += c.len_utf8(),
            c => self.punctuation(c),
        }
    }

    fn punctuation(&mut self, c: char) {
        let rest = &self.text[self.at..];
        self.at += c.len_utf8();
        match c {
            '(' => {
                let (call, receiver) = match std::mem::replace(&mut self.last, Token::Other('(')) {
                    Token::Word(_, name, dot) => (Some(name), dot),
                    _ => (None, None),
                };
                self.spot.frames.push(Frame { open: '(', call, receiver, ..Frame::default() });
            }
            '#' if rest.starts_with("#{") => {
                self.at += 1;
                self.spot.frames.push(Frame { open: '#', ..Frame::default() });
                self.last = Token::Other('{');
            }
            '[' | '{' => {
                self.spot.frames.push(Frame { open: c, ..Frame::default() });
                self.last = Token::Other(c);
            }
            ')' | ']' | '}' => {
                self.spot.frames.pop();
                self.last = Token::Other(c);
                if c == '}' && self.quotes.last() == Some(&self.spot.frames.len()) {
                    self.quotes.pop();
                    self.quoted('`');
                }
            }
            ',' => {
                if let Some(top) = self.spot.frames.last_mut() {
                    top.commas += 1;
                    top.keys.extend(top.key.take());
                }
                self.last = Token::Other(',');
            }
            ':' => {
                if let (Some(top), Token::Word(_, name, None)) = (self.spot.frames.last_mut(), &self.last)
                    && top.open == '#'
                    && top.key.is_none()
                {
                    top.key = Some(name.clone());
                }
                self.last = Token::Other(':');
            }
            c => self.last = Token::Other(c),
        }
    }

    /// The rest of a text whose quote has been read.
    fn quoted(&mut self, quote: char) {
        let begin = self.at;
        loop {
            let Some(c) = self.rest().chars().next() else {
                self.spot.quote = Some((quote, begin));
                return;
            };
            if quote == '`' && self.rest().starts_with("${") {
                self.at += 2;
                self.quotes.push(self.spot.frames.len());
                self.spot.frames.push(Frame { open: '{', ..Frame::default() });
                self.last = Token::Other('{');
                return;
            }
            self.at += c.len_utf8();
            match c {
                '\\' if quote != '`' => self.at += self.rest().chars().next().map_or(0, char::len_utf8),
                c if c == quote => break,
                _ => {}
            }
        }
        self.last = Token::Text;
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        while !self.rest().is_empty() {
            if self.rest().starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if self.rest().starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return;
                }
            } else {
                self.at += self.rest().chars().next().map_or(1, char::len_utf8);
            }
        }
        self.spot.comment = true;
    }

    fn end(mut self) -> Spot {
        let end = self.text.len();
        self.spot.word = end;
        if self.spot.quote.is_some() || self.spot.comment {
            if let (Some(_), Token::Word(_, before, _)) = (self.spot.quote, &self.last) {
                self.spot.before.clone_from(before);
            }
            return self.spot;
        }
        match &self.last {
            Token::Word(at, word, dot) if at + word.len() == end => {
                self.spot.word = *at;
                self.spot.dot.clone_from(dot);
            }
            Token::Word(_, before, _) => self.spot.before.clone_from(before),
            Token::Dot(before) => self.spot.dot = Some(before.clone()),
            _ => self.spot.before.clear(),
        }
        self.spot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_whole_when_all_brackets_and_texts_are_closed() {
        for (text, open) in [
            ("dest.ssh(\"uptime\")", false),
            ("step(\"x\", || {", true),
            ("step(\"x\", || {\n  dest.ssh(\"(\");\n});", false),
            ("let s = \"a", true),
            ("let s = `a ${b", true),
            ("let s = `a ${b(\"}\")} c", true),
            ("let s = `a ${b(\"}\")} c`", false),
            ("note(\"\\\"\")", false),
            ("1 // (", false),
            ("/* (", true),
            ("/* /* */ (", true),
            ("/* ( */", false),
            (")))", false),
            ("", false),
            ("'\"'", false),
            ("é.ü(\"ß", true),
        ] {
            assert_eq!(is_open(text), open, "{text}");
        }
    }

    #[test]
    fn the_place_in_a_call_is_known() {
        let spot = scan("dest.systemd(\"ssh\", \"star");
        let top = spot.frames.last().unwrap();
        assert_eq!((top.call.as_deref(), top.receiver.as_deref(), top.commas), (Some("systemd"), Some("dest"), 1));
        assert!(spot.quote.is_some());
        let spot = scan("dest.ssh(\"x\", #{ undo: \"y\", time");
        let top = spot.frames.last().unwrap();
        assert_eq!((top.open, top.keys.as_slice(), &top.key), ('#', &["undo".to_string()][..], &None));
        assert_eq!(spot.frames[0].commas, 1);
        let spot = scan("let x = source.fi");
        assert_eq!((spot.dot.as_deref(), spot.word), (Some("source"), 15));
        assert_eq!(scan("f(1).").dot.as_deref(), Some(""));
        assert_eq!(scan("import \"std").before, "import");
    }
}
