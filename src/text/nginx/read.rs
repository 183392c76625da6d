//! From bytes to directives, by the rules of nginx's reader (`ngx_conf_read_token`).

use super::node::{Block, Directive, Word, shown};
use super::skip::lua_end;
use crate::text::mark;
use std::ops::Range;

/// A larger file is no configuration that a person would edit.
pub const LIMIT: usize = 4 << 20;
/// How many blocks may stand in each other.
const DEEPEST: usize = 64;

/// Why a text is not read or not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A lower-case fragment; names the line where there is one.
    pub message: String,
    /// What can be typed, or done, next.
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Fault { message: message.into(), hint: None }
    }
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The line of a byte, from 1.
pub(super) fn line_of(text: &[u8], at: usize) -> usize {
    1 + text[..at.min(text.len())].iter().filter(|b| **b == b'\n').count()
}

/// Reads a configuration.
///
/// # Errors
/// What nginx would not read either: an open block or quote, a stray brace, a directive that does
/// not end; and what is no text at all, or larger than [`LIMIT`].
pub fn read(text: &[u8]) -> Result<Vec<Directive>, Fault> {
    if text.len() > LIMIT {
        return Err(Fault::new(format!("it has {} bytes; at most 4 MiB are read", text.len())));
    }
    if let Some(at) = text.iter().position(|b| *b == 0) {
        let line = line_of(text, at);
        return Err(Fault::new(format!("it is binary: a NUL byte stands in line {line}")));
    }
    if text.starts_with(&[0xff, 0xfe]) || text.starts_with(&[0xfe, 0xff]) {
        return Err(Fault::new("it is UTF-16, which nginx does not read").hint("convert it: iconv -f UTF-16 -t UTF-8"));
    }
    let at = mark::split(text).0.len();
    Reader { text, at, open: vec![], here: vec![] }.all()
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Blocks whose `}` has not come: their words, their `{`, and what stood before them.
    open: Vec<Open>,
    here: Vec<Directive>,
}
struct Open {
    words: Vec<Word>,
    brace: usize,
    before: Vec<Directive>,
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\r' | b'\n')
}

impl Reader<'_> {
    fn all(mut self) -> Result<Vec<Directive>, Fault> {
        let mut words: Vec<Word> = vec![];
        loop {
            self.blanks();
            let Some(&b) = self.text.get(self.at) else { break };
            match b {
                b';' if words.is_empty() => return Err(self.fault(self.at, "a \";\" stands where a directive begins")),
                b'{' if words.is_empty() => return Err(self.fault(self.at, "a \"{\" stands where a directive begins")),
                b';' => {
                    self.at += 1;
                    let words = std::mem::take(&mut words);
                    let span = start_of(&words)..self.at;
                    self.here.push(Directive { words, span, block: None });
                }
                b'{' => self.begin(std::mem::take(&mut words))?,
                b'}' => {
                    if let Some(first) = words.first() {
                        let text = format!("\"{}\" does not end with \";\" before the next \"}}\"", first.shown());
                        return Err(self.fault(first.span.start, &text));
                    }
                    self.end()?;
                }
                _ => words.push(self.word()?),
            }
        }
        if let Some(open) = self.open.last() {
            let name = shown(&self.text[start_of(&open.words)..open.brace]);
            let text = format!("the block \"{}\" is not closed", name.trim());
            return Err(self.fault(open.brace, &text).hint("is the file truncated, or is a } missing?"));
        }
        if let Some(first) = words.first() {
            let text = format!("the file ends within the directive \"{}\"", first.shown());
            return Err(self.fault(first.span.start, &text).hint("is the file truncated, or is a ; missing?"));
        }
        Ok(self.here)
    }

    fn fault(&self, at: usize, what: &str) -> Fault {
        Fault::new(format!("line {}: {what}", line_of(self.text, at)))
    }

    /// Over blanks and comments.
    fn blanks(&mut self) {
        while let Some(&b) = self.text.get(self.at) {
            if b == b'#' {
                self.at += self.text[self.at..].iter().position(|b| *b == b'\n').unwrap_or(self.text.len() - self.at);
            } else if is_blank(b) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    fn begin(&mut self, words: Vec<Word>) -> Result<(), Fault> {
        let brace = self.at;
        self.at += 1;
        if words[0].text.ends_with(b"_by_lua_block") {
            let Some(close) = lua_end(self.text, self.at) else {
                let text = format!("the block \"{}\" is not closed", words[0].shown());
                return Err(self.fault(brace, &text).hint("is the file truncated, or is a } missing?"));
            };
            self.at = close + 1;
            let block = Some(Block { open: brace, close, children: vec![] });
            self.here.push(Directive { span: start_of(&words)..self.at, words, block });
            return Ok(());
        }
        if self.open.len() >= DEEPEST {
            return Err(self.fault(brace, &format!("more than {DEEPEST} blocks stand in each other")));
        }
        self.open.push(Open { words, brace, before: std::mem::take(&mut self.here) });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let Some(Open { words, brace, before }) = self.open.pop() else {
            return Err(self.fault(self.at, "a \"}\" closes nothing").hint("is a { missing above it?"));
        };
        let children = std::mem::replace(&mut self.here, before);
        let close = self.at;
        self.at += 1;
        let block = Some(Block { open: brace, close, children });
        self.here.push(Directive { span: start_of(&words)..self.at, words, block });
        Ok(())
    }

    fn word(&mut self) -> Result<Word, Fault> {
        let start = self.at;
        let quote = self.text[start];
        if matches!(quote, b'"' | b'\'') {
            let mut i = start + 1;
            loop {
                match self.text.get(i) {
                    None => {
                        let fault = self.fault(start, "a quoted text is not closed");
                        return Err(fault.hint("is the file truncated, or is a quote missing?"));
                    }
                    Some(b'\\') => i += 2,
                    Some(b) if *b == quote => break,
                    Some(_) => i += 1,
                }
            }
            self.at = i + 1;
            // A `)` may follow, as in `if ($a ~ "b")`: it is a word of its own.
            if let Some(&next) = self.text.get(self.at)
                && !is_blank(next)
                && !matches!(next, b';' | b'{' | b')')
            {
                return Err(self.fault(start, "something stands right behind a quoted text"));
            }
            return Ok(Word { span: start..self.at, text: plain(&self.text[start + 1..i]) });
        }
        let mut after_dollar = false;
        while let Some(&b) = self.text.get(self.at) {
            match b {
                b'{' if after_dollar => {}
                b';' | b'{' => break,
                _ if is_blank(b) => break,
                b'\\' => self.at += 1,
                _ => {}
            }
            after_dollar = b == b'$';
            self.at += 1;
        }
        self.at = self.at.min(self.text.len());
        let span: Range<usize> = start..self.at;
        Ok(Word { text: plain(&self.text[span.clone()]), span })
    }
}

fn start_of(words: &[Word]) -> usize {
    words.first().map_or(0, |w| w.span.start)
}

/// Escapes undone, as nginx does: only those it knows.
fn plain(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        let known = match (b, bytes.peek()) {
            (b'\\', Some(&c @ (b'"' | b'\'' | b'\\'))) => Some(c),
            (b'\\', Some(b't')) => Some(b'\t'),
            (b'\\', Some(b'r')) => Some(b'\r'),
            (b'\\', Some(b'n')) => Some(b'\n'),
            _ => None,
        };
        if known.is_some() {
            bytes.next();
        }
        out.push(known.unwrap_or(b));
    }
    out
}
