//! Replaces, adds or removes one line of a configuration file; every other byte stays.
//!
//! Works on bytes: line endings, a byte order mark, a missing final newline and bytes that are not
//! UTF-8 are kept. Doing the same again changes nothing.

use super::mark;
use regex::bytes::{Regex, RegexBuilder};

/// What line is wanted, and where.
#[derive(Debug, Clone)]
pub struct LineEdit {
    matching: Option<Regex>,
    line: Option<String>,
    after: Option<Regex>,
    comment_old: bool,
}

/// What became of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// The line is there; nothing is to be done.
    Already,
    /// The whole new text.
    Changed(Vec<u8>),
}

impl LineEdit {
    /// Describes an edit: the one line that matches `matching` becomes `line`; when none matches,
    /// `line` is added behind the line that matches `after`, or at the end. Without `line` the
    /// matching line goes; without `matching` the line is only added. With `comment_old` the old
    /// line stays as a comment.
    ///
    /// # Errors
    /// Says which pattern is wrong, that the line is not one line, or that nothing is asked.
    pub fn new(
        matching: Option<&str>,
        line: Option<&str>,
        after: Option<&str>,
        comment_old: bool,
    ) -> Result<Self, String> {
        let pattern = |name: &str, text: &str| {
            if text.is_empty() {
                return Err(format!("{name} is empty, so every line would match"));
            }
            // A limit, so that no pattern takes all memory.
            let regex = RegexBuilder::new(text).size_limit(1 << 20).build();
            regex.map_err(|e| format!("{name}: {text:?} is not a regular expression: {e}"))
        };
        if matching.is_none() && line.is_none() {
            return Err("neither matching nor line is given, so there is nothing to do".into());
        }
        if matching.is_none() && comment_old {
            return Err("comment_old is of no use without matching, which finds the old line".into());
        }
        if line.is_none() && after.is_some() {
            return Err("after is of no use without line, which it finds a place for".into());
        }
        if let Some(c) = line.and_then(|l| l.chars().find(|c| matches!(c, '\n' | '\r' | '\0'))) {
            return Err(format!("line has {c:?} in it; one line is expected, without its line ending"));
        }
        if line == Some("") {
            return Err("line is empty; leave it out to remove the matching line".into());
        }
        Ok(LineEdit {
            matching: matching.map(|text| pattern("matching", text)).transpose()?,
            line: line.map(Into::into),
            after: after.map(|text| pattern("after", text)).transpose()?,
            comment_old,
        })
    }

    /// Edits a text.
    ///
    /// Where both comments (lines that begin with `#`) and other lines match, the comments do not
    /// count; a line that is there already satisfies the edit when nothing but comments match. A
    /// comment never goes.
    ///
    /// # Errors
    /// Names the lines when several match, and says when no line matches `after`.
    pub fn apply(&self, text: &[u8]) -> Result<Edited, String> {
        let lines = split(text);
        let matches = self.matching.as_ref().map_or(vec![], |m| find(m, &lines));
        let live: Vec<usize> = matches.iter().copied().filter(|i| !lines[*i].is_comment()).collect();
        let Some(line) = &self.line else {
            return match live.as_slice() {
                [] => Ok(Edited::Already),
                [at] => self.remove(text, &lines[*at]).map(Edited::Changed),
                several => Err(self.several("matching", self.matching.as_ref(), &lines, several)),
            };
        };
        let is_there = |i: &usize| lines[*i].content == line.as_bytes();
        if live.is_empty() && lines.iter().any(|l| l.content == line.as_bytes()) {
            return Ok(Edited::Already);
        }
        let found = if live.is_empty() { matches } else { live };
        if !found.is_empty() && found.iter().all(is_there) {
            return Ok(Edited::Already);
        }
        match found.as_slice() {
            [] => self.add(text, &lines, line),
            [at] => Ok(Edited::Changed(self.replace(text, &lines, *at, line))),
            several => Err(self.several("matching", self.matching.as_ref(), &lines, several)),
        }
    }

    fn remove(&self, text: &[u8], old: &Line<'_>) -> Result<Vec<u8>, String> {
        let (front, back) = (&text[..old.start], &text[old.start + old.content.len()..]);
        if self.comment_old {
            return Ok([front, &self.comment_of(old.content), back].concat());
        }
        let back = &back[old.ending.len()..];
        if front.is_empty() && back.starts_with(mark::MARK) {
            return Err("line 2 begins with a byte order mark, which without line 1 would become that of the file; \
                        take it away by hand"
                .into());
        }
        Ok([front, back].concat())
    }

    fn several(&self, option: &str, pattern: Option<&Regex>, lines: &[Line<'_>], which: &[usize]) -> String {
        let more = if which.len() > 5 { "\n  ..." } else { "" };
        let shown = which.iter().take(5).map(|i| format!("\n  {}: {}", i + 1, lines[*i].shown()));
        format!(
            "{} lines match `{option}` {:?}, and only one may:{}{more}\nmake the pattern match one of them",
            which.len(),
            pattern.map_or("", Regex::as_str),
            shown.collect::<String>()
        )
    }

    fn replace(&self, text: &[u8], lines: &[Line<'_>], at: usize, line: &str) -> Vec<u8> {
        let old = &lines[at];
        let comment = self.comment_of(old.content);
        let above = at.checked_sub(1).map(|i| lines[i].content);
        // An old line that is a comment already stays as it is; one that stands above is enough.
        let keep_old = self.comment_old && above != Some(&comment) && comment != line.as_bytes();
        let mut out = Vec::with_capacity(text.len() + line.len() + comment.len() + 2);
        out.extend_from_slice(&text[..old.start]);
        if keep_old {
            out.extend_from_slice(&comment);
            out.extend_from_slice(if old.ending.ends_with(b"\n") { old.ending } else { ending_of(lines) });
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(&text[old.start + old.content.len()..]);
        out
    }

    fn add(&self, text: &[u8], lines: &[Line<'_>], line: &str) -> Result<Edited, String> {
        let at = match &self.after {
            None => text.len(),
            Some(after) => {
                let all = find(after, lines);
                let live: Vec<usize> = all.iter().copied().filter(|i| !lines[*i].is_comment()).collect();
                match if live.is_empty() { all } else { live }.as_slice() {
                    [] => {
                        return Err(format!(
                            "no line matches `after` {:?}, so there is no place for the new line",
                            after.as_str()
                        ));
                    }
                    [one] => lines[*one].start + lines[*one].content.len() + lines[*one].ending.len(),
                    several => return Err(self.several("after", Some(after), lines, several)),
                }
            }
        };
        let ending = ending_of(lines);
        let mut out = text[..at].to_vec();
        // The line before must end before another can begin.
        match lines.last() {
            Some(last) if at == text.len() && last.ending == b"\r" => out.push(b'\n'),
            Some(last) if at == text.len() && last.ending.is_empty() => out.extend_from_slice(ending),
            _ => {}
        }
        out.extend_from_slice(line.as_bytes());
        out.extend_from_slice(ending);
        out.extend_from_slice(&text[at..]);
        Ok(Edited::Changed(out))
    }

    /// A line as a comment, with its indentation; a comment as it is.
    fn comment_of(&self, old: &[u8]) -> Vec<u8> {
        let indent = old.len() - old.trim_ascii_start().len();
        if old[indent..].starts_with(b"#") {
            return old.to_vec();
        }
        [&old[..indent], b"# ", &old[indent..]].concat()
    }
}

/// A line: where its content begins, the content, and the line ending.
struct Line<'a> {
    start: usize,
    content: &'a [u8],
    ending: &'a [u8],
}

impl Line<'_> {
    fn is_comment(&self) -> bool {
        self.content.trim_ascii_start().starts_with(b"#")
    }
    /// For a message: at most 120 characters, none of which a terminal would act upon.
    fn shown(&self) -> String {
        let text = String::from_utf8_lossy(self.content);
        text.chars().take(120).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
    }
}

/// The lines of a text; a byte order mark belongs to none of them.
fn split(text: &[u8]) -> Vec<Line<'_>> {
    let mut start = mark::split(text).0.len();
    let mut lines = vec![];
    for whole in text[start..].split_inclusive(|b| *b == b'\n') {
        let content = match whole {
            // A CR at the very end becomes part of a line ending as soon as a line follows.
            [content @ .., b'\r', b'\n'] | [content @ .., b'\n'] | [content @ .., b'\r'] => content,
            content => content,
        };
        lines.push(Line { start, content, ending: &whole[content.len()..] });
        start += whole.len();
    }
    lines
}

fn find(pattern: &Regex, lines: &[Line<'_>]) -> Vec<usize> {
    lines.iter().enumerate().filter(|(_, l)| pattern.is_match(l.content)).map(|(i, _)| i).collect()
}

/// The line ending of the file: that of its first line.
fn ending_of<'a>(lines: &[Line<'a>]) -> &'a [u8] {
    match lines.first() {
        Some(first) if first.ending.ends_with(b"\n") => first.ending,
        _ => b"\n",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edit(
        text: &[u8],
        matching: &str,
        line: &str,
        after: Option<&str>,
        comment_old: bool,
    ) -> Result<Vec<u8>, String> {
        let edit = LineEdit::new(Some(matching), Some(line), after, comment_old)?;
        let out = match edit.apply(text)? {
            Edited::Already => text.to_vec(),
            Edited::Changed(new) => new,
        };
        assert_eq!(edit.apply(&out)?, Edited::Already, "{:?}", String::from_utf8_lossy(&out));
        Ok(out)
    }

    #[test]
    fn the_matching_line_is_replaced() {
        assert_eq!(edit(b"a 1\nb 2\nc 3\n", "^b ", "b 9", None, false).unwrap(), b"a 1\nb 9\nc 3\n");
        assert_eq!(edit(b"a 1\nb 2", "^b ", "b 9", None, false).unwrap(), b"a 1\nb 9", "no final newline");
    }

    #[test]
    fn a_missing_line_is_added() {
        assert_eq!(edit(b"a\n", "^b", "b", None, false).unwrap(), b"a\nb\n");
        assert_eq!(edit(b"a", "^b", "b", None, false).unwrap(), b"a\nb\n");
        assert_eq!(edit(b"", "^b", "b", None, false).unwrap(), b"b\n");
        assert_eq!(edit(b"[x]\r\n[y]\r\n", "^b", "b", Some("x"), false).unwrap(), b"[x]\r\nb\r\n[y]\r\n");
        assert_eq!(edit(b"x\r\ny", "^b", "b", Some("y"), false).unwrap(), b"x\r\ny\r\nb\r\n");
        let wrong = edit(b"a\n", "^b", "b", Some("^z"), false).unwrap_err();
        assert_eq!(wrong, "no line matches `after` \"^z\", so there is no place for the new line");
    }

    #[test]
    fn the_old_line_stays_as_a_comment_once() {
        assert_eq!(edit(b"  port 1\n", "port", "  port 2", None, true).unwrap(), b"  # port 1\n  port 2\n");
        assert_eq!(edit(b"# port 1\nport 1\n", "port", "port 2", None, true).unwrap(), b"# port 1\nport 2\n");
        assert_eq!(edit(b"#Port 22\n", "^#?Port ", "Port 23", None, true).unwrap(), b"#Port 22\nPort 23\n");
        assert_eq!(edit(b"foo", "foo", "# foo", None, true).unwrap(), b"# foo");
        assert_eq!(edit(b"a\r\nb 1", "^b", "b 2", None, true).unwrap(), b"a\r\n# b 1\r\nb 2");
    }

    #[test]
    fn several_matches_are_an_error_that_names_the_lines() {
        let wrong = edit(b"b 1\na\nb 2\n", "^b", "b 3", None, false).unwrap_err();
        assert_eq!(
            wrong,
            "2 lines match `matching` \"^b\", and only one may:\n  1: b 1\n  3: b 2\nmake the pattern match one of them"
        );
        assert_eq!(edit(b"# b 1\nb 2\n", "b", "b 3", None, false).unwrap(), b"# b 1\nb 3\n", "comments do not count");
    }

    #[test]
    fn bytes_that_are_not_text_stay() {
        assert_eq!(
            edit(b"\xef\xbb\xbfa 1\ncaf\xe9\n", "^a", "a 2", None, false).unwrap(),
            b"\xef\xbb\xbfa 2\ncaf\xe9\n"
        );
        assert_eq!(edit(b"\xff\xfe\nb\n", "^b$", "c", None, true).unwrap(), b"\xff\xfe\n# b\nc\n");
    }

    #[test]
    fn a_wrong_edit_is_refused() {
        let wrong = |m: &str, l: &str, a| LineEdit::new(Some(m), Some(l), a, false).unwrap_err();
        assert!(wrong("(", "x", None).starts_with("matching: \"(\" is not a regular expression"));
        assert!(wrong("", "x", None).starts_with("matching is empty"));
        assert!(wrong("a", "x", Some("[")).starts_with("after: "));
        assert!(wrong("a", "", None).starts_with("line is empty"));
        assert!(wrong("a", "x\ny", None).starts_with("line has '\\n' in it"));
    }

    #[test]
    fn a_line_goes_and_a_line_is_only_added() {
        let done = |text: &str, matching: Option<&str>, line: Option<&str>, comment: bool| {
            let edit = LineEdit::new(matching, line, None, comment).unwrap();
            match edit.apply(text.as_bytes()).unwrap() {
                Edited::Already => None,
                Edited::Changed(new) => {
                    assert_eq!(edit.apply(&new), Ok(Edited::Already));
                    Some(String::from_utf8(new).unwrap())
                }
            }
        };
        assert_eq!(done("a\nb\nc", Some("^b"), None, false).as_deref(), Some("a\nc"));
        assert_eq!(done("a\n  b", Some("b"), None, true).as_deref(), Some("a\n  # b"));
        assert_eq!(done("# b\n", Some("b"), None, false), None, "a comment never goes");
        assert_eq!(done("a\n", None, Some("b"), false).as_deref(), Some("a\nb\n"));
        assert_eq!(done("b\na\n", None, Some("b"), false), None);
        // The mark of another file, behind which this one was put: it is text, and does not become this one's.
        let first = LineEdit::new(Some("^$"), None, None, false).unwrap();
        assert!(first.apply(b"\n\xef\xbb\xbf\na 1").unwrap_err().contains("byte order mark"));
        assert_eq!(
            first.apply(b"\xef\xbb\xbf\n\xef\xbb\xbfa"),
            Ok(Edited::Changed(b"\xef\xbb\xbf\xef\xbb\xbfa".into()))
        );
        let wrong = |m, l, a, c| LineEdit::new(m, l, a, c).unwrap_err();
        assert!(wrong(None, None, None, false).starts_with("neither matching nor line is given"));
        assert!(wrong(None, Some("x"), None, true).starts_with("comment_old is of no use"));
        assert!(wrong(Some("x"), None, Some("y"), false).starts_with("after is of no use"));
    }

    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            &b"a 1"[..],
            b"a 2",
            b"b",
            b"# a 1",
            b"#a",
            b"  a 1",
            b"\n",
            b"\n",
            b"\n",
            b"\r\n",
            b"\r",
            b"\xff",
            b"\xef\xbb\xbf",
            b"\0",
        ]);
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn an_edit_touches_one_line_and_is_done_once(
            text in prop_oneof![texts(), any::<Vec<u8>>()],
            matching in prop::sample::select(vec!["^a", "a", "a 1", "^#?a", "b|a 2", "^$", ".", "(?-u)\\xff", "nothing"]),
            line in prop::option::of(prop::sample::select(vec!["a 2", "b", "# a 1", " ", "zzz", "  a 1"])),
            after in prop::option::of(prop::sample::select(vec!["b", "^#"])),
            comment_old: bool,
        ) {
            let after = after.filter(|_| line.is_some());
            let edit = LineEdit::new(Some(matching), line, after, comment_old).unwrap();
            let Ok(Edited::Changed(new)) = edit.apply(&text) else { return Ok(()) };
            prop_assert_eq!(edit.apply(&new), Ok(Edited::Already));
            // What is before and behind the touched place is the same, byte for byte.
            let front = text.iter().zip(&new).take_while(|(a, b)| a == b).count();
            let back = text.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
            let touched = text.len().saturating_sub(front + back);
            let longest = text.split(|b| *b == b'\n').map(<[u8]>::len).max().unwrap_or(0);
            // A line that goes takes its ending with it.
            prop_assert!(touched <= longest + 1, "{touched} bytes of {:?} became {:?}", text, new);
            prop_assert!(new.len() <= text.len() + 2 * longest + line.map_or(0, str::len) + 6);
        }
    }
}
