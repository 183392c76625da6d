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
    /// Returns it painted, and the columns it takes: at most so many.
    pub fn paint(&self, paint: Paint, columns: usize) -> (String, usize) {
        let (mut out, mut left) = (String::new(), columns);
        for (ink, text) in &self.0 {
            let piece = cut(text, left);
            left -= width(&piece).min(left);
            out.push_str(&paint.ink(*ink, &piece));
            if piece.len() != text.len() {
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
        assert_eq!(l.paint(Paint::PLAIN, 12), ("  ✓ copy th…".into(), 12));
        assert_eq!(l.paint(Paint::COLOURS, 8), ("  \x1b[32m✓ \x1b[0mcop…".into(), 8));
    }
}
