//! From a byte offset to a line and a column, both counted from 1, columns in characters.
//!
//! A line ends with LF, CRLF or a lone CR, as YAML has it.

/// The starts of the lines of a text, to look positions up in.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    /// Finds the starts of all lines.
    pub fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (i, b) in bytes.iter().enumerate() {
            if *b == b'\n' || (*b == b'\r' && bytes.get(i + 1) != Some(&b'\n')) {
                starts.push(i + 1);
            }
        }
        Lines { text, starts }
    }

    /// Returns the line and the column of a byte offset. An offset beyond the text is its end; one
    /// inside a character is that character.
    pub fn at(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        (line, self.text[start..offset].chars().count() + 1)
    }

    /// Returns the text of a line, counted from 1, without its line ending.
    pub fn line(&self, line: usize) -> Option<&'a str> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).copied().unwrap_or(self.text.len());
        Some(self.text[start..end].trim_end_matches(['\n', '\r']))
    }

    /// Returns how many lines there are; a text that ends with a line ending has an empty last one.
    pub fn count(&self) -> usize {
        self.starts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_characters_and_all_line_endings_count() {
        let lines = Lines::new("é1\r\nb\rc\n");
        assert_eq!(lines.at(0), (1, 1));
        assert_eq!(lines.at(1), (1, 1), "inside a character");
        assert_eq!(lines.at(2), (1, 2));
        assert_eq!(lines.at(5), (2, 1));
        assert_eq!(lines.at(7), (3, 1));
        assert_eq!(lines.at(99), (4, 1));
        assert_eq!((lines.line(1), lines.line(3), lines.line(4)), (Some("é1"), Some("c"), Some("")));
        assert_eq!((lines.line(0), lines.line(5)), (None, None));
    }
}
