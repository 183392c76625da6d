//! The reference as pages of a folder.

use super::definitions::definitions;
use super::entry::{Argument, Entry, SECTIONS, entries};

const GENERATED: &str =
    "<!-- Generated from the source; `MIG_UPDATE=1 cargo test --test reference` writes it anew. -->\n";
/// The file for editors, beside the pages.
const DEFINITIONS: &str = "mig.d.rhai";

/// Every file of `docs/reference`, as its name in that folder and its text.
pub fn pages() -> Vec<(String, String)> {
    let mut all = vec![("README.md".to_string(), index()), (DEFINITIONS.to_string(), definitions())];
    all.extend(entries().map(|e| (format!("{}.md", e.name), page(&e))));
    all
}

fn index() -> String {
    let mut out = format!("{GENERATED}\n# Reference\n\n");
    out += "What a playbook is written with. `mig doc` prints the same in a terminal, and\n";
    out += &format!("[`{DEFINITIONS}`]({DEFINITIONS}) tells it to an editor.\n\n");
    out += "A *verb* gives the playbook its shape. A *reading* looks, changes nothing, and runs while planning too.\n";
    out += "A *change* says what is left to do, which may be nothing; it is planned, recorded, done, and undone by a\n";
    out += "rollback. What takes a host first is written as its method: `source.ssh(\"...\")` is `ssh(source, \"...\")`.\n";
    out +=
        "Options come last, in a map: `#{ timeout: \"5m\" }`. A *duration* is a text with a unit (ms, s, m, h, d),\n";
    out += "from 1ms to 30d; a *path* is absolute.\n";
    out += &names("##", "");
    out
}

/// Every name with what it does, as tables under headings of this level; pages lie in `folder`.
pub fn names(level: &str, folder: &str) -> String {
    let mut out = String::new();
    for (title, wanted) in SECTIONS {
        out += &format!("\n{level} {title}\n\n| name | what it does |\n| --- | --- |\n");
        for e in entries().filter(|e| wanted.contains(&e.class)) {
            out += &format!("| [`{}`]({folder}{}.md) | {} |\n", e.name, e.name, cell(&e.summary));
        }
    }
    out
}

fn page(e: &Entry) -> String {
    let article = if e.class.starts_with(['a', 'e', 'i', 'o', 'u']) { "An" } else { "A" };
    let mut out = format!("{GENERATED}\n# `{}`\n\n{}\n\n{article} {}.\n", e.name, e.summary, e.class);
    out += &format!("\n```text\n{}\n```\n", e.calls.join("\n"));
    for paragraph in &e.body {
        out += &format!("\n{paragraph}\n");
    }
    if !e.positional.is_empty() {
        out += "\n## Arguments\n\n| argument | kind | meaning |\n| --- | --- | --- |\n";
        for a in &e.positional {
            out += &format!("| `{}` | {} | {} |\n", a.name, cell(&a.kind), cell(&a.doc));
        }
    }
    if !e.options.is_empty() {
        out += "\n## Options\n\n| option | kind | default | meaning |\n| --- | --- | --- | --- |\n";
        for a in &e.options {
            out += &format!("| `{}` | {} | {} | {} |\n", a.name, cell(&a.kind), default(a), cell(&a.doc));
        }
    }
    out += &format!("\n## Gives\n\n{}.\n\n## Examples\n", capitalised(e.gives));
    for x in &e.examples {
        out += &format!("\n```rhai\n{}\n```\n", x.script);
        if !x.outcome.is_empty() {
            out += &format!("\n```text\n{}\n```\n", x.outcome.join("\n"));
        }
    }
    out
}

fn default(a: &Argument) -> String {
    a.default.as_ref().map_or(String::new(), |d| format!("`{}`", cell(d)))
}

/// A text within a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |c| c.to_uppercase().chain(chars).collect())
}
