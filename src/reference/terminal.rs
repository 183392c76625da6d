//! The reference as text for a terminal.

use super::entry::{Argument, Entry, entries};
use crate::error::{Error, Result};
use crate::text::nearest::nearest;

const WIDTH: usize = 96;

/// Returns the page of a name, or the list of all names.
///
/// # Errors
/// The name is not known; the nearest one is the hint.
pub fn terminal(name: Option<&str>) -> Result<String> {
    let Some(name) = name else {
        return Ok(list());
    };
    if let Some(entry) = entries().find(|e| e.name == name) {
        return Ok(page(&entry));
    }
    let names: Vec<&str> = entries().map(|e| e.name).collect();
    let error = Error::bad_input(format!("there is no verb or primitive {name:?}"));
    match nearest(name, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near}? mig doc {near}")),
        None => error.hint("mig doc lists all of them"),
    }
    .err()
}

fn list() -> String {
    let width = entries().map(|e| e.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (title, wanted) in [("VERBS", &["verb"][..]), ("READINGS", &["reading"]), ("CHANGES", &["change", "lease"])] {
        out += &format!("{title}\n");
        for e in entries().filter(|e| wanted.contains(&e.class)) {
            out += &format!("  {:width$}  {}\n", e.name, e.summary);
        }
        out.push('\n');
    }
    out + "mig doc NAME tells the rest.\n"
}

fn page(e: &Entry) -> String {
    let mut out = format!("{} ({})\n", e.name, e.class);
    out += &wrapped(&e.summary, 2);
    out.push('\n');
    for call in &e.calls {
        out += &format!("    {call}\n");
    }
    for paragraph in &e.body {
        out.push('\n');
        out += &wrapped(paragraph, 2);
    }
    for (title, arguments) in [("ARGUMENTS", &e.positional), ("OPTIONS", &e.options)] {
        if !arguments.is_empty() {
            out += &format!("\n{title}\n");
            arguments.iter().for_each(|a| out += &argument(a));
        }
    }
    out += &format!("\nGIVES\n{}\nEXAMPLES\n", wrapped(e.gives, 2));
    for (n, x) in e.examples.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        x.script.lines().for_each(|l| out += &format!("  {l}\n"));
        x.outcome.iter().for_each(|l| out += &format!("      {l}\n"));
    }
    out
}

fn argument(a: &Argument) -> String {
    let default = a.default.as_ref().map_or(String::new(), |d| format!(", default {d}"));
    format!("  {} ({}{default})\n{}", a.name, a.kind, wrapped(&a.doc, 6))
}

/// Lines of at most the width, each behind `indent` blanks.
fn wrapped(text: &str, indent: usize) -> String {
    let (mut out, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        if length > 0 && length + 1 + letters > WIDTH - indent {
            out.push('\n');
            length = 0;
        }
        if length == 0 {
            out += &" ".repeat(indent);
        } else {
            out.push(' ');
            length += 1;
        }
        out += word;
        length += letters;
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_told_the_nearest() {
        let e = terminal(Some("copyfile")).unwrap_err();
        assert_eq!(
            e.to_string(),
            "there is no verb or primitive \"copyfile\"\n  did you mean copy_file? mig doc copy_file"
        );
        assert!(terminal(Some("frobnicate")).unwrap_err().to_string().contains("mig doc lists"));
    }

    #[test]
    fn no_line_is_too_long() {
        let texts = entries().map(|e| page(&e)).chain([list()]);
        for text in texts {
            // Scripts, commands and deeds stay on their line.
            let prose = text.split("EXAMPLES").next().unwrap_or_default();
            for line in prose.lines().filter(|l| !l.trim_start().starts_with("given")) {
                assert!(line.chars().count() <= WIDTH, "{line}");
            }
        }
    }
}
