//! The reference on disk is what the tables say. `MIG_UPDATE=1 cargo test --test reference` writes it.

use mig::contract::{KINDS, VERBS};
use mig::name::RESERVED;
use mig::reference::{names, pages, terminal};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_pages_on_disk_are_those_that_are_generated() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let pages = pages();
    if std::env::var_os("MIG_UPDATE").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut wrong: Vec<&str> = vec![];
    for (name, text) in &pages {
        if std::fs::read_to_string(folder.join(name)).ok().as_deref() != Some(text) {
            wrong.push(name);
        }
    }
    let generated: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let on_disk: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .filter(|name| !generated.contains(name.as_str()))
        .collect();
    assert!(
        wrong.is_empty() && on_disk.is_empty(),
        "docs/reference is not up to date: {wrong:?} differ, {on_disk:?} are too many; \
         MIG_UPDATE=1 cargo test --test reference writes it"
    );
}

/// What stands in the README between two marks.
fn between(text: &str, mark: &str) -> std::ops::Range<usize> {
    let begins = format!("<!-- {mark}: generated; `MIG_UPDATE=1 cargo test --test reference` writes it anew -->\n");
    let from = text.find(&begins).unwrap_or_else(|| panic!("README.md has no {begins}")) + begins.len();
    let to = text[from..].find(&format!("\n<!-- end of {mark} -->")).expect("its end");
    from..from + to
}

/// The playbooks that are shipped, each with what is different afterwards.
fn playbooks() -> String {
    let mut out = "\n| playbook | what is different afterwards |\n| --- | --- |\n".to_owned();
    for name in mig::cli::playbook_names() {
        let text = mig::cli::playbook(&name).unwrap().text;
        let about = text.lines().find_map(|l| l.strip_prefix("//! ")).expect("a playbook says what it is for");
        let first = about.split_once(". ").map_or(about, |(sentence, _)| sentence).trim_end_matches('.');
        out += &format!("| [`{name}`](docs/playbooks/{name}.md) | {first}. |\n");
    }
    out
}

#[test]
fn the_lists_of_the_readme_are_those_that_are_generated() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let mut text = std::fs::read_to_string(&file).unwrap();
    let mut wrong = vec![];
    for (mark, now) in [("playbooks", playbooks()), ("names", names("###", "docs/reference/"))] {
        let range = between(&text, mark);
        if text[range.clone()] != now {
            text.replace_range(range, &now);
            wrong.push(mark);
        }
    }
    if std::env::var_os("MIG_UPDATE").is_some() {
        return std::fs::write(&file, text).unwrap();
    }
    assert!(wrong.is_empty(), "README.md: {wrong:?}; MIG_UPDATE=1 cargo test --test reference writes it");
}

#[test]
fn every_verb_is_described_and_its_example_is_a_script() {
    let engine = rhai::Engine::new();
    let mut wrong = vec![];
    for v in VERBS.iter().chain(KINDS) {
        let first = v.doc.lines().next().unwrap_or_default();
        let mut say = |holds: bool, what: &str| {
            if !holds {
                wrong.push(format!("{}: {what}", v.name));
            }
        };
        say(first.ends_with('.'), "its first line is no sentence");
        say(v.signature.starts_with(&format!("{}(", v.name)), "its signature is another's");
        let arguments = v.signature.split(',').count();
        say(v.takes.iter().max() == Some(&arguments), "it takes another number of arguments than its signature");
        say(v.options.is_empty() != (v.signature.contains("options")), "options and signature differ");
        say(v.example.contains(&format!("{}(", v.name)), "its example does not call it");
        say(!RESERVED.contains(&v.name), "it is a reserved word");
        for o in v.options {
            say(!RESERVED.contains(&o.name), "an option is a reserved word");
            say(o.doc.ends_with('.'), "an option is not described");
            say(o.default.is_empty() || engine.compile_expression(o.default).is_ok(), "a default is no expression");
        }
        if let Err(e) = engine.compile(v.example) {
            say(false, &e.to_string());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_terminal_knows_every_page() {
    for (name, _) in pages() {
        if let Some(name) = name.strip_suffix(".md").filter(|n| *n != "README") {
            assert!(terminal(Some(name)).unwrap().starts_with(name), "{name}");
        }
    }
    assert!(terminal(None).unwrap().contains("copy_file"));
}

#[test]
fn the_language_has_the_verbs_that_are_described_and_no_others() {
    type Shape<'a> = (&'a str, Vec<usize>, bool, BTreeSet<&'a str>);
    let described: BTreeSet<Shape> = VERBS
        .iter()
        .chain(KINDS)
        .map(|v| (v.name, v.takes.to_vec(), v.runs, v.options.iter().map(|o| o.name).collect()))
        .collect();
    let registered: BTreeSet<Shape> = mig::script::VERBS
        .iter()
        .map(|v| (v.name, v.takes.to_vec(), v.runs, v.options.iter().map(|(name, _)| *name).collect()))
        .collect();
    let only_described: Vec<_> = described.difference(&registered).collect();
    let only_registered: Vec<_> = registered.difference(&described).collect();
    assert!(
        only_described.is_empty() && only_registered.is_empty(),
        "described: {only_described:?}\nregistered: {only_registered:?}"
    );
}
