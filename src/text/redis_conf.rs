//! redis.conf: which primary it names, and the one line that has to change for another role.
//!
//! Every other byte stays. Deliberately not here: anything else that the file says, and files that it
//! includes, which whoever asks must read too.

/// What a file says about the role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleLine {
    /// From 1.
    pub line: usize,
    pub text: String,
    /// `replicaof`, or `slaveof` as it was before Redis 5.
    pub keyword: String,
    pub address: String,
    pub port: String,
}

/// One place to change: `cut` lies at `at`, and `with` is to lie there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    pub at: usize,
    pub cut: Vec<u8>,
    pub with: Vec<u8>,
}

impl Splice {
    /// The text with the one place changed.
    pub fn apply(&self, text: &[u8]) -> Vec<u8> {
        let mut new = text.to_vec();
        new.splice(self.at..self.at + self.cut.len(), self.with.iter().copied());
        new
    }
}

struct Line<'a> {
    number: usize,
    at: usize,
    /// Without its line ending.
    body: &'a [u8],
    whole: usize,
}

fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut at = 0;
    text.split_inclusive(|b| *b == b'\n').enumerate().map(move |(n, whole)| {
        let body = whole.strip_suffix(b"\n").unwrap_or(whole);
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        let line = Line { number: n + 1, at, body, whole: whole.len() };
        at += whole.len();
        line
    })
}

/// The words of a line, quotes taken off; `None` where quotes do not close. Redis does not go on in the
/// next line, whatever stands at the end of one.
fn words(body: &[u8]) -> Option<Vec<String>> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let (mut all, mut word, mut quote, mut escaped) = (vec![], None::<String>, None, false);
    for c in text.chars() {
        match quote {
            Some(_) if escaped => {
                escaped = false;
                word.get_or_insert_default().push(c);
            }
            Some('"') if c == '\\' => escaped = true,
            Some(q) if c == q => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => all.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    quote.is_none().then_some(all)
}

fn is_comment(body: &[u8]) -> bool {
    let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start();
    text.is_empty() || text.starts_with(b"#")
}

fn role_words(words: &[String]) -> Option<(&String, &String, &String)> {
    match words {
        [keyword, address, port]
            if keyword.eq_ignore_ascii_case("replicaof") || keyword.eq_ignore_ascii_case("slaveof") =>
        {
            Some((keyword, address, port))
        }
        _ => None,
    }
}

/// The lines that name a primary: all that count, in their order. `replicaof no one` names none.
pub fn role_lines(text: &[u8]) -> Vec<RoleLine> {
    let counting = lines(text).filter(|l| !is_comment(l.body));
    let found = counting.filter_map(|l| {
        let words = words(l.body)?;
        let (keyword, address, port) = role_words(&words)?;
        if address.eq_ignore_ascii_case("no") && port.eq_ignore_ascii_case("one") {
            return None;
        }
        Some(RoleLine {
            line: l.number,
            text: String::from_utf8_lossy(l.body).trim().to_owned(),
            keyword: keyword.to_ascii_lowercase(),
            address: address.clone(),
            port: port.clone(),
        })
    });
    found.collect()
}

/// The files that it includes, with the number of the line.
pub fn includes(text: &[u8]) -> Vec<(usize, String)> {
    let counting = lines(text).filter(|l| !is_comment(l.body));
    let found = counting.filter_map(|l| match words(l.body)?.as_slice() {
        [word, path] if word.eq_ignore_ascii_case("include") => Some((l.number, path.clone())),
        _ => None,
    });
    found.collect()
}

/// A commented line that could hold a role: `# replicaof <masterip> <masterport>`, or one that did.
fn is_place(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    let Some(rest) = text.trim().strip_prefix('#') else { return false };
    let all: Vec<String> = rest.split_whitespace().map(String::from).collect();
    role_words(&all).is_some_and(|(_, address, port)| {
        (port.starts_with('<') && port.ends_with('>') && address.starts_with('<')) || port.parse::<u16>().is_ok()
    })
}

/// What to change so that the file names this primary, or none. `None`: nothing.
///
/// # Errors
/// More than one line names a primary: which one is meant, only a person knows.
pub fn set_role(text: &[u8], primary: Option<(&str, u16)>, keyword: &str) -> Result<Option<Splice>, Vec<RoleLine>> {
    let mut active = role_lines(text);
    if active.len() > 1 {
        return Err(active);
    }
    let line_at = |number: usize| lines(text).find(|l| l.number == number);
    let (Some(now), wished) = (active.pop(), primary) else {
        let Some((address, port)) = primary else { return Ok(None) };
        return Ok(Some(added(text, format!("{keyword} {address} {port}").as_bytes())));
    };
    let Some(line) = line_at(now.line) else { return Ok(None) };
    let with = match wished {
        Some((address, port)) if now.address == address && now.port == port.to_string() => return Ok(None),
        Some((address, port)) => format!("{} {address} {port}", now.keyword).into_bytes(),
        None => [b"# ", line.body.trim_ascii_start()].concat(),
    };
    Ok(Some(Splice { at: line.at, cut: line.body.to_vec(), with }))
}

/// A new line: in the place of a commented one, else at the end.
fn added(text: &[u8], new: &[u8]) -> Splice {
    if let Some(place) = lines(text).find(|l| is_place(l.body)) {
        return Splice { at: place.at, cut: place.body.to_vec(), with: new.to_vec() };
    }
    let ending: &[u8] = if text.windows(2).any(|w| w == b"\r\n") { b"\r\n" } else { b"\n" };
    let before: &[u8] = if text.is_empty() || text.ends_with(b"\n") { b"" } else { ending };
    let at = lines(text).last().map_or(0, |l| l.at + l.whole);
    Splice { at, cut: vec![], with: [before, new, ending].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOCK: &str = "dir /app/data\n# Use replicaof to make a Redis instance a copy of\n#\n# replicaof <masterip> <masterport>\n\n# masterauth <master-password>\n";

    fn set(text: &str, primary: Option<(&str, u16)>) -> Option<String> {
        let splice = set_role(text.as_bytes(), primary, "replicaof").unwrap()?;
        Some(String::from_utf8(splice.apply(text.as_bytes())).unwrap())
    }

    #[test]
    fn a_commented_line_is_the_place_of_a_new_one() {
        let new = set(STOCK, Some(("10.0.0.2", 6379))).unwrap();
        assert_eq!(new, STOCK.replace("# replicaof <masterip> <masterport>", "replicaof 10.0.0.2 6379"));
        assert_eq!(set(&new, Some(("10.0.0.2", 6379))), None, "never twice");
        let other = set(&new, Some(("db", 7000))).unwrap();
        assert_eq!(other, new.replace("10.0.0.2 6379", "db 7000"));
        assert_eq!(set(&new, None).unwrap(), STOCK.replace("<masterip> <masterport>", "10.0.0.2 6379"));
    }

    #[test]
    fn an_old_word_stays() {
        assert_eq!(set("SLAVEOF a 1\r\nport 2\r\n", Some(("b", 3))).unwrap(), "slaveof b 3\r\nport 2\r\n");
    }

    #[test]
    fn without_a_place_it_goes_to_the_end() {
        assert_eq!(set("port 1", Some(("b", 3))).unwrap(), "port 1\nreplicaof b 3\n");
        assert_eq!(set("port 1\r\n", Some(("b", 3))).unwrap(), "port 1\r\nreplicaof b 3\r\n");
        assert_eq!(set("", Some(("b", 3))).unwrap(), "replicaof b 3\n");
        assert_eq!(set("port 1\n", None), None);
        assert_eq!(set("replicaof no one\n", None), None);
    }

    #[test]
    fn two_lines_are_refused_and_shown() {
        let text = b"replicaof a 1\n# x\nslaveof b 2\n";
        let both = set_role(text, Some(("a", 1)), "replicaof").unwrap_err();
        assert_eq!(
            both.iter().map(|l| (l.line, l.text.as_str())).collect::<Vec<_>>(),
            [(1, "replicaof a 1"), (3, "slaveof b 2")]
        );
    }

    #[test]
    fn a_value_in_quotes_with_a_newline_in_it_is_no_role() {
        assert_eq!(role_lines(b"requirepass \"a\\nreplicaof b 1\"\nloadmodule /x.so replicaof b 1\n"), []);
        assert_eq!(role_lines(b"replicaof \"b\" '1'\n")[0].address, "b");
    }

    #[test]
    fn includes_are_found() {
        assert_eq!(
            includes(b"include /etc/a.conf\n# include /b\n include \"/c d.conf\"\n"),
            [(1, "/etc/a.conf".to_string()), (3, "/c d.conf".to_string())]
        );
    }

    #[test]
    fn taking_it_back_gives_the_same_bytes() {
        for text in [STOCK, "", "port 1", "replicaof a 1\r\n", "\u{feff}# replicaof <a> <b>\n"] {
            for wished in [Some(("b", 3)), None] {
                let Some(splice) = set_role(text.as_bytes(), wished, "replicaof").unwrap() else { continue };
                let new = splice.apply(text.as_bytes());
                let back = Splice { at: splice.at, cut: splice.with.clone(), with: splice.cut.clone() };
                assert_eq!(back.apply(&new), text.as_bytes());
            }
        }
    }
}
