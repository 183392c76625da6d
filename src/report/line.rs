//! One line of the screen: pieces of text, each in its ink, cut before they are painted.

use super::paint::{Ink, Paint};
use super::width::{cut, width};

/// Pieces of harmless text without line breaks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line(Vec<(Ink, String)>);

impl Line {
    /// A line that begins so many levels in.
    pub fn at(depth: usize) -> Self {
        Line::default().add(Ink::Plain, "  ".repeat(depth))
    }
    #[must_use]
    pub fn add(mut self, ink: Ink, text: impl Into<String>) -> Self {
        self.0.push((ink, text.into()));
        self
    }
    /// Returns it as several lines of at most so many columns, broken at blanks where that goes;
    /// what follows the first stands two columns further in than it.
    pub fn wrapped(&self, columns: usize) -> Vec<Line> {
        if self.0.iter().map(|(_, text)| width(text)).sum::<usize>() <= columns {
            return vec![self.clone()];
        }
        let letters: Vec<(Ink, char)> = self.0.iter().flat_map(|(ink, t)| t.chars().map(|c| (*ink, c))).collect();
        let indent = letters.iter().take_while(|(_, c)| *c == ' ').count() + 2;
        let mut lines = vec![];
        let mut rest = letters.as_slice();
        while !rest.is_empty() {
            let before = if lines.is_empty() { 0 } else { indent.min(columns / 2) };
            let room = columns.saturating_sub(before).max(2);
            let fits = |n: &usize| width(&rest[..*n].iter().map(|(_, c)| *c).collect::<String>()) <= room;
            let most = (1..=rest.len().min(room * 2)).take_while(fits).last().unwrap_or(1);
            let first_word = rest.iter().take_while(|(_, c)| *c == ' ').count();
            let blank = rest[..most].iter().rposition(|(_, c)| *c == ' ').filter(|at| *at > first_word);
            let end = if most == rest.len() { most } else { blank.unwrap_or(most) };
            let mut line = Line::default().add(Ink::Plain, " ".repeat(before));
            for (ink, c) in &rest[..end] {
                match line.0.last_mut() {
                    Some((same, text)) if same == ink => text.push(*c),
                    _ => line.0.push((*ink, c.to_string())),
                }
            }
            lines.push(line);
            rest = &rest[end..];
            let blanks = rest.iter().take_while(|(_, c)| *c == ' ').count();
            rest = &rest[blanks..];
        }
        lines
    }
    /// Returns it painted, and the columns it takes: at most so many. The widest piece gives way
    /// first, so that what stands behind a long title (a time, a mark) can still be read.
    pub fn paint(&self, paint: Paint, columns: usize) -> (String, usize) {
        /// A piece that is shorter than this tells nothing any more.
        const LEAST: usize = 12;
        let widths: Vec<usize> = self.0.iter().map(|(_, text)| width(text)).collect();
        let too_much = widths.iter().sum::<usize>().saturating_sub(columns);
        let widest = widths.iter().copied().enumerate().max_by_key(|(n, w)| (*w, std::cmp::Reverse(*n)));
        let (mut out, mut left) = (String::new(), columns);
        for (n, (ink, text)) in self.0.iter().enumerate() {
            let most = match widest {
                Some((at, w)) if at == n && w > LEAST => w.saturating_sub(too_much).max(LEAST),
                _ => usize::MAX,
            };
            let piece = cut(text, left.min(most));
            left -= width(&piece).min(left);
            out.push_str(&paint.ink(*ink, &piece));
            if left == 0 {
                break;
            }
        }
        (out, columns - left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_its_text_is_too_long() {
        let l = Line::at(1).add(Ink::Good, "✓ ").add(Ink::Plain, "copy the files").add(Ink::Dim, "  1.2s");
        assert_eq!(l.paint(Paint::PLAIN, 40), ("  ✓ copy the files  1.2s".into(), 24));
        assert_eq!(l.paint(Paint::PLAIN, 22), ("  ✓ copy the fi…  1.2s".into(), 22));
        assert_eq!(l.paint(Paint::PLAIN, 12), ("  ✓ copy th…".into(), 12));
        assert_eq!(l.paint(Paint::COLOURS, 8), ("  \x1b[32m✓ \x1b[0mcop…".into(), 8));
    }

    #[test]
    fn a_long_line_is_broken_at_blanks() {
        let l = Line::at(1)
            .add(Ink::Name, "· ")
            .add(Ink::Plain, "power the old machine off 漢字漢字漢字漢字漢字")
            .add(Ink::Dim, " now");
        let shown: Vec<String> = l.wrapped(16).iter().map(|l| l.paint(Paint::PLAIN, 16).0).collect();
        assert_eq!(shown, ["  · power the", "    old machine", "    off", "    漢字漢字漢字", "    漢字漢字 now"]);
        for columns in 0..30 {
            assert!(l.wrapped(columns).len() < 60, "it comes to an end");
        }
    }
}
