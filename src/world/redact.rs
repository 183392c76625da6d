//! Keeps the values of secrets out of what commands print: a program may echo what it was given.
//!
//! A value is known from the moment it is first fetched. What is read as a file is not touched
//! here: a text that is written again must be what it was.

use crate::secret::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// A form of a value that is shorter could stand anywhere by chance.
const SHORTEST: usize = 8;

/// The values that are known so far, in each form in which a program may print them.
#[derive(Default)]
pub struct Redactor {
    forms: Mutex<Vec<(Zeroizing<String>, String)>>,
}

impl Redactor {
    /// From now on this value is not told.
    pub fn learn(&self, name: &str, secret: &Secret) {
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let value = secret.expose();
        if forms.iter().any(|(form, _)| form.as_str() == value) {
            return;
        }
        for form in forms_of(value) {
            if form.len() >= SHORTEST && !forms.iter().any(|(known, _)| *known == form) {
                forms.push((form, name.to_owned()));
            }
        }
        // A longer form may hold a shorter one.
        forms.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
    }
    /// Whether there is anything to keep out.
    pub fn is_needed(&self) -> bool {
        !self.forms.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
    /// The text with names in the places of values.
    pub fn text(&self, text: String) -> String {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        forms.iter().fold(text, |text, (form, name)| match text.contains(form.as_str()) {
            true => text.replace(form.as_str(), &format!("‹secret:{name}›")),
            false => text,
        })
    }
}

/// As it is, line by line, and as programs like to print it.
fn forms_of(value: &str) -> Vec<Zeroizing<String>> {
    let mut forms = vec![value.to_owned(), value.trim().to_owned(), value.replace('\'', "'\\''")];
    forms.extend(value.lines().map(|l| l.trim().to_owned()));
    for text in [value.to_owned(), format!("{value}\n")] {
        forms.extend([&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD].map(|e| e.encode(&text)));
    }
    let lower = hex::encode(value);
    forms.extend([lower.to_uppercase(), lower]);
    let mut url = String::new();
    for b in value.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => url.push(b as char),
            _ => drop(write!(url, "%{b:02X}")),
        }
    }
    forms.push(url);
    let quoted = serde_json::to_string(value).unwrap_or_default();
    forms.push(quoted.trim_matches('"').to_owned());
    forms.into_iter().map(Zeroizing::new).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_out_in_every_form() {
        let redactor = Redactor::default();
        assert!(!redactor.is_needed());
        redactor.learn("pw", &Secret::new("it's p/ss\"word".into()));
        for text in [
            "it's p/ss\"word",
            "it'\\''s p/ss\"word",
            "aXQncyBwL3NzIndvcmQ=",
            "aXQncyBwL3NzIndvcmQK",
            "6974277320702f737322776f7264",
            "it%27s%20p%2Fss%22word",
            "it's p/ss\\\"word",
        ] {
            assert_eq!(redactor.text(format!("a {text} b")), "a ‹secret:pw› b", "{text}");
        }
    }

    #[test]
    fn a_value_of_several_lines_is_kept_out_line_by_line() {
        let redactor = Redactor::default();
        redactor.learn("key", &Secret::new("-----BEGIN-----\nabcdefghijkl\nshort\n".into()));
        assert_eq!(redactor.text("x abcdefghijkl".into()), "x ‹secret:key›");
        assert_eq!(redactor.text("short".into()), "short");
    }
}
