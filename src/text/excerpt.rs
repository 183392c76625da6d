//! A line of a source with its number and a caret under the place that is meant.
//!
//! The text may come from anybody: control characters are shown, never sent to the terminal.

use super::position::Lines;

/// How many columns of the line are shown; a longer line is cut around the caret.
const WIDTH: usize = 100;

/// Returns the line with its number and a caret under `length` characters from `column`.
///
/// Lines and columns count from 1, columns in characters; column 0 shows the line without a caret.
/// Tabs are shown as blanks up to the next multiple of four. A line that does not exist gives an
/// empty text.
pub fn excerpt(source: &str, line: usize, column: usize, length: usize) -> String {
    let lines = Lines::new(source);
    let Some(text) = lines.line(line) else { return String::new() };
    // One cell for each character: where it stands and what is shown for it.
    let mut cells: Vec<(usize, String)> = Vec::new();
    let mut x = 0;
    for c in text.chars() {
        let shown = shown(c, x);
        let start = x;
        x += shown.chars().map(columns).sum::<usize>();
        cells.push((start, shown));
    }
    let left = |index: usize| cells.get(index).map_or(x, |(start, _)| *start);
    let first = column.saturating_sub(1).min(cells.len());
    let last = first.saturating_add(length.max(1)).min(cells.len().max(first + 1));
    let (from, to) = (left(first), left(last).max(left(first) + 1));

    let begin = if from > WIDTH * 3 / 4 { from - WIDTH / 2 } else { 0 };
    let mut body = String::new();
    // The first column that is shown: a cut never goes through a character.
    let mut origin = begin;
    let mut started = begin == 0;
    for (start, shown) in &cells {
        if *start < begin {
            continue;
        }
        if !started {
            body.push('…');
            origin = start.saturating_sub(1);
            started = true;
        }
        if *start >= begin + WIDTH {
            body.push('…');
            break;
        }
        body.push_str(shown);
    }
    let number = line.to_string();
    let gutter = " ".repeat(number.len());
    let mut out = format!("{gutter} |\n{number} | {}\n", body.trim_end());
    if column > 0 {
        let end = to.min(begin + WIDTH).max(from + 1);
        out.push_str(&format!("{gutter} | {}{}\n", " ".repeat(from.saturating_sub(origin)), "^".repeat(end - from)));
    }
    out
}

/// What is shown for a character at a column.
fn shown(c: char, x: usize) -> String {
    match c {
        '\t' => " ".repeat(4 - x % 4),
        // The control pictures of Unicode.
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('�').to_string(),
        '\x7f' => "␡".into(),
        // Controls of the upper half, marks that change the direction of what follows, line
        // separators, and what takes no place at all.
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => "�".into(),
        c => c.to_string(),
    }
}

/// How many columns of a terminal a character takes. An estimate that is right for combining
/// marks, East Asian text and most pictographs.
fn columns(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0x483..=0x489 | 0x591..=0x5bd | 0x64b..=0x65f | 0x1ab0..=0x1aff | 0x20d0..=0x20f0 => 0,
        0xfe00..=0xfe0f | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115f | 0x2e80..=0x303e | 0x3041..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff => 2,
        0xfe30..=0xfe6f | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff => 2,
        0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_with_its_caret() {
        assert_eq!(excerpt("a\nhosst: {}\n", 2, 1, 5), "  |\n2 | hosst: {}\n  | ^^^^^\n");
    }

    #[test]
    fn the_caret_stands_right_after_tabs_and_wide_characters() {
        assert_eq!(excerpt("\tab", 1, 3, 1), "  |\n1 |     ab\n  |      ^\n");
        assert_eq!(excerpt("é: x", 1, 4, 1), "  |\n1 | é: x\n  |    ^\n");
        assert_eq!(excerpt("日本: x", 1, 5, 1), "  |\n1 | 日本: x\n  |       ^\n");
    }

    #[test]
    fn a_place_at_the_end_of_a_line_has_a_caret() {
        assert_eq!(excerpt("ab\r\ncd", 1, 3, 4), "  |\n1 | ab\n  |   ^\n");
        assert_eq!(excerpt("", 1, 1, 1), "  |\n1 | \n  | ^\n");
        assert_eq!(excerpt("a", 7, 1, 1), "");
    }

    #[test]
    fn control_characters_are_shown_and_not_sent() {
        let out = excerpt("a\x1b[31mb\u{202e}c", 1, 1, 1);
        assert!(out.contains("a␛[31mb�c"), "{out}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let text = format!("{}HERE{}", "a".repeat(500), "b".repeat(500));
        let out = excerpt(&text, 1, 501, 4);
        let lines: Vec<&str> = out.lines().collect();
        assert!(lines[1].chars().count() < 120, "{out}");
        let at = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[1].chars().skip(at).take(4).collect::<String>(), "HERE", "{out}");
        assert!(lines[1].starts_with("1 | …") && lines[1].ends_with('…'), "{out}");
    }

    proptest! {
        #[test]
        fn excerpts_never_panic(text in "(\\PC|[\\t\\r\\n\\x00日é])*", line in 0usize..9, column in 0usize..300, length in 0usize..300) {
            let out = excerpt(&text, line, column, length);
            prop_assert!(out.chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
