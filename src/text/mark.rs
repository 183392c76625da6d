//! The byte order mark that some editors put before a text in UTF-8.

/// It belongs to no line, no key and no directive.
pub const MARK: &[u8] = b"\xef\xbb\xbf";

/// The mark, or nothing, and what follows it.
pub fn split(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(if text.starts_with(MARK) { MARK.len() } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_mark_is_one() {
        assert_eq!(split(b"a"), (&b""[..], &b"a"[..]));
        assert_eq!(split(b"\xef\xbb\xbf\xef\xbb\xbfa"), (MARK, &b"\xef\xbb\xbfa"[..]));
        assert_eq!(split(b"\xef\xbb"), (&b""[..], &b"\xef\xbb"[..]));
    }
}
