//! From a byte offset to a line and a column, both counted from 1, columns in characters.
//!
//! A line ends with LF, CRLF or a lone CR, as YAML has it.

/// The starts of the lines of a text, to look positions up in.
#[derive(Debug, Clone)]
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// How many characters stand before each block of bytes, so that a place on a line of a
    /// megabyte is found without counting from its start.
    before: Vec<usize>,
}

const BLOCK: usize = 256;

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
        let mut sum = 0;
        let before = bytes
            .chunks(BLOCK)
            .map(|chunk| {
                sum += characters(chunk);
                sum - characters(chunk)
            })
            .collect();
        Lines { text, starts, before }
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
        (line, self.characters_before(offset) - self.characters_before(start) + 1)
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        match self.before.get(block) {
            Some(before) => before + characters(&self.text.as_bytes()[block * BLOCK..offset]),
            // Only the end of a text that fills its last block has no block of its own.
            None => block.checked_sub(1).map_or(0, |b| self.before[b] + characters(&self.text.as_bytes()[b * BLOCK..])),
        }
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

/// The number of characters that begin in these bytes of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b & 0xc0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn columns_are_what_counting_says(text in "([aé日]|\n){0,600}", offset in 0usize..1500) {
            let offset = (0..=offset.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
            let start = text[..offset].rfind('\n').map_or(0, |n| n + 1);
            let (_, column) = Lines::new(&text).at(offset);
            prop_assert_eq!(column, text[start..offset].chars().count() + 1);
        }
    }

    #[test]
    fn the_end_of_a_text_of_whole_blocks_has_a_place() {
        assert_eq!(Lines::new(&"é".repeat(128)).at(256), (1, 129));
        assert_eq!(Lines::new(&"a".repeat(512)).at(512), (1, 513));
        assert_eq!(Lines::new("").at(0), (1, 1));
    }

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
