//! Blocks of Lua: where they end. Lua has strings, long brackets and comments of its own, in which
//! braces count for nothing.

/// Returns where the `}` is that closes a block whose content begins at `from`.
pub(super) fn lua_end(text: &[u8], from: usize) -> Option<usize> {
    let (mut at, mut depth) = (from, 0usize);
    while let Some(&b) = text.get(at) {
        match b {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'"' | b'\'' => {
                at = string_end(text, at)?;
                continue;
            }
            b'[' => {
                if let Some(end) = long_end(text, at) {
                    at = end?;
                    continue;
                }
            }
            b'-' if text.get(at + 1) == Some(&b'-') => {
                at += 2;
                at = match long_end(text, at) {
                    Some(end) => end?,
                    None => text[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| at + n),
                };
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Behind the closing quote of a string that begins at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let quote = *text.get(at)?;
    let mut i = at + 1;
    loop {
        match *text.get(i)? {
            b'\\' => i += 2,
            b if b == quote => return Some(i + 1),
            _ => i += 1,
        }
    }
}

/// Behind a long bracket (`[[ ]]`, `[=[ ]=]`), if one begins here; inside, `None` when it never ends.
#[allow(clippy::option_option, reason = "no long bracket, and one that never ends, are two things")]
fn long_end(text: &[u8], at: usize) -> Option<Option<usize>> {
    let rest = text.get(at..)?.strip_prefix(b"[")?;
    let level = rest.iter().take_while(|b| **b == b'=').count();
    if rest.get(level) != Some(&b'[') {
        return None;
    }
    let close: Vec<u8> = [b"]".as_slice(), &vec![b'='; level], b"]"].concat();
    let content = at + level + 2;
    let found = text.get(content..).and_then(|t| t.windows(close.len()).position(|w| w == close));
    Some(found.map(|n| content + n + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_in_strings_and_comments_do_not_count() {
        for lua in
            ["", "{}", "'}' \"\\\"}\"", "[[ } ]] [=[ ]] } ]=]", "-- }\n", "--[[ }\n } ]] x", "a[1] = t[t[1]] - 1"]
        {
            let text = format!("{lua}}} }}");
            assert_eq!(lua_end(text.as_bytes(), 0), Some(lua.len()), "{lua}");
        }
        for open in ["", "{}", "'}", "[[}", "--}", "\"\\"] {
            assert_eq!(lua_end(open.as_bytes(), 0), None, "{open}");
        }
    }
}
