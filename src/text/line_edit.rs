//! One line of a text replaced, added or taken out; every other byte stays.

use regex::bytes::Regex;

/// What is to become of one line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LineEdit {
    /// A regular expression for the line that goes. `None`: none goes.
    pub matching: Option<String>,
    /// The line that is to be there. `None`: the matching one only goes.
    pub line: Option<String>,
    /// A regular expression for the line behind which a new line is put; `None`: at the end.
    pub after: Option<String>,
    /// The old line stays as a comment above the new one.
    pub comment_old: bool,
}

/// Returns the new text, or `None` when the text is already as wished.
///
/// # Errors
/// Says what is wrong with the edit, or why it does not say which line is meant.
pub fn edit(old: &[u8], edit: &LineEdit) -> Result<Option<Vec<u8>>, String> {
    if edit.line.is_none() && edit.matching.is_none() {
        return Err("neither matching nor line is given, so there is nothing to do".into());
    }
    if edit.line.as_deref().is_some_and(|l| l.contains(['\n', '\r', '\0'])) {
        return Err("line: it must be a single line, without its line ending".into());
    }
    if edit.comment_old && edit.matching.is_none() {
        return Err("comment_old: there is no old line without matching".into());
    }
    if old.contains(&0) {
        return Err("the file is not a text: it has a NUL byte in it".into());
    }
    let matching = edit.matching.as_deref().map(|r| regex("matching", r)).transpose()?;
    let after = edit.after.as_deref().map(|r| regex("after", r)).transpose()?;
    let lines: Vec<&[u8]> = old.split_inclusive(|b| *b == b'\n').collect();
    let wished = edit.line.as_deref().map(str::as_bytes);

    let is_wished = |l: &[u8]| wished.is_some_and(|w| body(l) == w);
    let goes = |l: &[u8]| {
        // What an earlier edit turned into a comment is not the old line again.
        let is_comment = edit.comment_old && body(l).trim_ascii_start().starts_with(b"#");
        !is_comment && matching.as_ref().is_some_and(|m| m.is_match(body(l)))
    };
    let there: Vec<usize> = numbers(&lines, is_wished);
    let mut candidates: Vec<usize> = numbers(&lines, goes);
    candidates.extend(there.iter().filter(|n| !goes(lines[**n])));
    candidates.sort_unstable();
    match (candidates.as_slice(), wished) {
        ([], None) => Ok(None),
        ([], Some(line)) => insert(&lines, line, after.as_ref()).map(Some),
        ([n], _) if there.contains(n) => Ok(None),
        ([n], _) => Ok(Some(replace(&lines, *n, wished, edit.comment_old))),
        // The same line more than once and nothing else that matches: it is there.
        (all, Some(_)) if all.len() == there.len() => Ok(None),
        (many, _) => Err(format!(
            "{} lines are meant, and only one may be:{}\nmake `matching` say more",
            many.len(),
            shown(&lines, many)
        )),
    }
}

fn regex(field: &str, text: &str) -> Result<Regex, String> {
    regex::bytes::RegexBuilder::new(text)
        .size_limit(1 << 20)
        .build()
        .map_err(|e| format!("{field}: {text:?} is not a regular expression: {e}"))
}

/// A line without its ending.
fn body(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn ending(line: &[u8]) -> &[u8] {
    &line[body(line).len()..]
}

fn numbers(lines: &[&[u8]], is: impl Fn(&[u8]) -> bool) -> Vec<usize> {
    (0..lines.len()).filter(|n| is(lines[*n])).collect()
}

fn shown(lines: &[&[u8]], which: &[usize]) -> String {
    let more = if which.len() > 5 { "\n  ..." } else { "" };
    let first = which.iter().take(5).map(|n| format!("\n  {}: {}", n + 1, String::from_utf8_lossy(body(lines[*n]))));
    first.collect::<String>() + more
}

/// The line ending that the file uses.
fn usual_ending<'a>(lines: &[&'a [u8]]) -> &'a [u8] {
    lines.first().map(|l| ending(l)).filter(|e| !e.is_empty()).unwrap_or(b"\n")
}

fn replace(lines: &[&[u8]], n: usize, wished: Option<&[u8]>, comment_old: bool) -> Vec<u8> {
    let mut new = lines[..n].concat();
    if comment_old {
        new.extend_from_slice(b"# ");
        new.extend_from_slice(body(lines[n]));
        new.extend_from_slice(if wished.is_some() { usual_ending(lines) } else { ending(lines[n]) });
    }
    if let Some(wished) = wished {
        new.extend_from_slice(wished);
        new.extend_from_slice(ending(lines[n]));
    }
    new.extend(lines[n + 1..].concat());
    new
}

fn insert(lines: &[&[u8]], line: &[u8], after: Option<&Regex>) -> Result<Vec<u8>, String> {
    let at = match after {
        None => lines.len(),
        Some(after) => match numbers(lines, |l| after.is_match(body(l))).as_slice() {
            [n] => n + 1,
            [] => return Err("after: no line matches, so there is no place for the new line".into()),
            many => {
                return Err(format!(
                    "after: {} lines match, and only one may:{}\nmake `after` say more",
                    many.len(),
                    shown(lines, many)
                ));
            }
        },
    };
    let mut new = lines[..at].concat();
    let end = usual_ending(lines);
    if new.is_empty() || new.ends_with(b"\n") {
        new.extend_from_slice(line);
        new.extend_from_slice(end);
    } else {
        // The last line had no ending, so the new last line has none.
        new.extend_from_slice(end);
        new.extend_from_slice(line);
    }
    new.extend(lines[at..].concat());
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(old: &str, matching: &str, line: &str, comment_old: bool) -> Result<Option<String>, String> {
        let text = |s: &str| (!s.is_empty()).then(|| s.to_string());
        let e = LineEdit { matching: text(matching), line: text(line), after: None, comment_old };
        edit(old.as_bytes(), &e).map(|n| n.map(|n| String::from_utf8(n).unwrap()))
    }
    fn some(s: &str) -> Result<Option<String>, String> {
        Ok(Some(s.into()))
    }

    #[test]
    fn one_line_changes_and_every_other_byte_stays() {
        assert_eq!(done("a\nb=1\r\nc", "^b=", "b=2", false), some("a\nb=2\r\nc"));
        assert_eq!(done("a\nb", "^b", "c", false), some("a\nc"));
        assert_eq!(done("a\nb\n", "^b", "", false), some("a\n"));
        assert_eq!(done("a\n", "", "b", false), some("a\nb\n"));
        assert_eq!(done("a", "", "b", false), some("a\nb"));
        assert_eq!(done("", "", "b", false), some("b\n"));
        assert_eq!(done("b=1\n", "^b=", "b=2", true), some("# b=1\nb=2\n"));
        assert_eq!(done("b=1", "b=", "", true), some("# b=1"));
    }

    #[test]
    fn an_edit_made_twice_is_made_once() {
        for (old, matching, line, comment) in [
            ("a\nb=1\n", "b=", "b=2", true),
            ("x\n", "^b", "c", false),
            ("b\nx", "^b", "", false),
            ("x", "x", "", true),
        ] {
            let new = done(old, matching, line, comment).unwrap().unwrap();
            assert_eq!(done(&new, matching, line, comment), Ok(None), "{new:?}");
        }
    }

    #[test]
    fn it_must_be_clear_which_line_is_meant() {
        let e = done("b=1\nb=2\n", "^b=", "b=3", false).unwrap_err();
        assert!(e.starts_with("2 lines are meant, and only one may be:\n  1: b=1\n  2: b=2"), "{e}");
        assert!(done("b=1\nb=2\n", "^b=1", "b=2", false).is_err());
        assert!(done("a", "(", "b", false).unwrap_err().starts_with("matching: \"(\" is not a regular expression"));
        assert!(done("a\0", "a", "b", false).is_err());
        assert!(done("a", "a", "b\nc", false).is_err());
    }

    #[test]
    fn a_new_line_goes_behind_the_one_that_is_named() {
        let e = LineEdit { line: Some("n".into()), after: Some("^a$".into()), ..LineEdit::default() };
        assert_eq!(edit(b"a\nb\n", &e), Ok(Some(b"a\nn\nb\n".to_vec())));
        assert_eq!(edit(b"x\na", &e), Ok(Some(b"x\na\nn".to_vec())));
        assert!(edit(b"b\n", &e).unwrap_err().starts_with("after: no line matches"));
        assert!(edit(b"a\na\n", &e).unwrap_err().starts_with("after: 2 lines match"));
    }
}
