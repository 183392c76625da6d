//! The difference of two texts, for the eye: what a plan shows before a file is written.
//!
//! Not a patch to apply: control characters and bytes that are not UTF-8 are shown escaped.

use similar::{Algorithm, TextDiff};

/// Above this size, and above this number of lines, only sizes are told.
const MOST_BYTES: usize = 1 << 20;
const MOST_LINES: usize = 20_000;

/// Returns a unified diff from `old` to `new`, headed by the path; empty when they are equal.
/// Binary contents and very large ones are told by their sizes.
pub fn unified(path: &str, old: &[u8], new: &[u8]) -> String {
    if old == new {
        return String::new();
    }
    let path = printable(path.as_bytes());
    let sizes = format!("{} -> {} bytes", old.len(), new.len());
    if old.contains(&0) || new.contains(&0) {
        return format!("{path}: binary differs, {sizes}\n");
    }
    let lines = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count();
    if old.len().max(new.len()) > MOST_BYTES || lines(old).max(lines(new)) > MOST_LINES {
        return format!("{path}: differs, too large to show, {sizes}\n");
    }
    let (before, after) = (printable(old), printable(new));
    TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .diff_lines(&before, &after)
        .unified_diff()
        .context_radius(3)
        .header(&path, &path)
        .to_string()
}

/// The text with everything escaped that a terminal would act upon; line feeds and tabs stay.
fn printable(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' | '\t' => out.push(c),
                '\r' => out.push('␍'),
                '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
                    out.extend(c.escape_unicode());
                }
                c if c.is_control() => out.extend(c.escape_default()),
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_changed_line_is_shown_with_its_surroundings() {
        assert_eq!(
            unified("/etc/x", b"a\nb\nc\n", b"a\nB\nc\n"),
            "--- /etc/x\n+++ /etc/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
        );
        assert_eq!(unified("/etc/x", b"a", b"a"), "");
    }

    #[test]
    fn a_missing_final_newline_and_line_endings_are_seen() {
        assert!(unified("x", b"a\n", b"a").contains("No newline at end of file"));
        assert!(unified("x", b"a\r\n", b"a\n").contains("-a␍\n+a\n"));
    }

    #[test]
    fn bytes_that_are_not_text_are_told_apart() {
        assert_eq!(unified("x", b"\0a", b"bcd"), "x: binary differs, 2 -> 3 bytes\n");
        let out = unified("x", b"caf\xe9\n", b"caf\x1b[0m\n");
        assert!(out.contains("-caf\\xe9") && out.contains("+caf\\u{1b}[0m"), "{out}");
        assert!(unified("x", &vec![b'a'; 2 << 20], b"").contains("too large to show"));
    }

    proptest! {
        #[test]
        fn diffs_never_panic(old: Vec<u8>, new: Vec<u8>) {
            let out = unified("x", &old, &new);
            prop_assert_eq!(out.is_empty(), old == new);
            prop_assert!(out.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()));
        }
    }
}
