//! What is written for people is true: every block of code, every command and every link in the
//! README and in `docs`. `docs/CONTRIBUTING.md` says how blocks are marked.

#[path = "docs/page.rs"]
mod page;
#[path = "docs/runs.rs"]
mod runs;

use mig::error::Kind;
use mig::primitives::ALL;
use mig::script::{Level, Playbook, check};
use page::{Block, Page, pages};
use std::process::Command;

/// A playbook around a fragment: the hosts and the values that examples speak of.
const AROUND: &str = "let p = params(#{ source: host(\"old\"), dest: host(\"new\"), r1: host(\"a router\"), \
    routers: hosts(\"some\") });\nlet source = p.source; let dest = p.dest; let r1 = p.r1; let routers = p.routers;\n\
    let tunnel = dest.ssh_tunnel(#{ to: source, local: 6380, remote: 6379 });\n";

/// All blocks of a language, with their page.
fn of<'a>(pages: &'a [Page], languages: &[&str]) -> Vec<(&'a Page, &'a Block)> {
    let all = pages.iter().flat_map(|p| p.blocks.iter().map(move |b| (p, b)));
    all.filter(|(_, b)| languages.contains(&b.language.as_str())).collect()
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_block_says_what_it_is() {
    none(&unknown_blocks(&pages()));
}

fn unknown_blocks(pages: &[Page]) -> Vec<String> {
    let known = [
        ("rhai", &["fragment"][..]),
        ("yaml", &["lab"][..]),
        ("sh", &["run"][..]),
        ("text", &["output", "tree"][..]),
        ("json", &[][..]),
    ];
    let mut wrong = vec![];
    for page in pages {
        for b in &page.blocks {
            let marks = known.iter().find(|(l, _)| *l == b.language).map(|(_, marks)| *marks);
            let is_known = |m: &String| m.starts_with("file=") || marks.is_some_and(|all| all.contains(&m.as_str()));
            if marks.is_none() || !b.marks.iter().all(is_known) {
                wrong.push(format!("{}: a block of {:?} {:?}", b.place, b.language, b.marks));
            }
        }
    }
    wrong
}

#[test]
fn playbooks_pass_the_check() {
    none(&wrong_playbooks(&pages()));
}

fn wrong_playbooks(pages: &[Page]) -> Vec<String> {
    let mut wrong = vec![];
    for (page, b) in of(pages, &["rhai"]) {
        // The examples of the reference are lines of a playbook; what declares parameters is one.
        let is_fragment = b.has("fragment") || page.name.starts_with("docs/reference/");
        let is_part = is_fragment && !b.text.contains("params(");
        let text = if is_part { format!("{AROUND}{}", b.text) } else { b.text.clone() };
        let find = |path: &str| {
            let file = format!("stdlib/{path}.rhai");
            std::fs::read_to_string(page::top().join(&file)).ok().map(|text| (file, text))
        };
        match Playbook::load("example", &b.place, &text, &find) {
            Err(errors) => wrong.extend(errors.iter().map(ToString::to_string)),
            Ok(playbook) => {
                // A note says what is so, not what is wrong.
                let found = check(&playbook, ALL);
                // An example of the reference may declare what it does not read.
                let is_declaration = page.name.starts_with("docs/reference/");
                let counts = |level| level == Level::Error || (level == Level::Warning && !is_declaration);
                wrong.extend(found.iter().filter(|f| counts(f.level)).map(|f| f.to_error().to_string()));
            }
        }
    }
    wrong
}

#[test]
fn inventories_and_labs_can_be_read() {
    none(&wrong_yaml(&pages()));
}

fn wrong_yaml(pages: &[Page]) -> Vec<String> {
    let mut wrong = vec![];
    for (_, b) in of(pages, &["yaml"]) {
        if b.has("lab") {
            wrong.extend(mig::lab::Settings::parse(&b.place, &b.text).err().map(|e| e.to_string()));
        } else if let Err(errors) = mig::inventory::Inventory::parse(&b.place, b.text.as_bytes()) {
            wrong.extend(errors.iter().map(ToString::to_string));
        }
    }
    wrong
}

#[test]
fn commands_exist() {
    none(&wrong_commands(&pages()));
}

fn wrong_commands(pages: &[Page]) -> Vec<String> {
    let mut lines: Vec<(String, String, Vec<String>)> = vec![];
    for (_, b) in of(pages, &["sh"]) {
        lines.extend(page::command_lines(&b.text).into_iter().map(|(line, words)| (b.place.clone(), line, words)));
    }
    for page in pages {
        for command in page.commands() {
            lines.extend(page::command_lines(&command).into_iter().map(|(l, w)| (page.name.clone(), l, w)));
        }
    }
    let mut wrong = vec![];
    for (place, line, words) in lines {
        if let ["mig", "doc", name] = words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            wrong.extend(mig::reference::terminal(Some(name)).err().map(|e| format!("{place}: {line}\n  {e}")));
        }
        if let Err(e) = mig::cli::command().try_get_matches_from(words) {
            use clap::error::ErrorKind as E;
            // A sentence may name a command without its arguments.
            let is_name_only =
                line.split_whitespace().count() == 2 && e.kind() == E::MissingRequiredArgument && !place.contains(':');
            if e.use_stderr() && !is_name_only {
                wrong.push(format!("{place}: {line}\n  {}", e.to_string().lines().next().unwrap_or_default()));
            }
        }
    }
    wrong
}

#[test]
fn the_shell_reads_its_blocks() {
    none(&wrong_shell(&pages()));
}

fn wrong_shell(pages: &[Page]) -> Vec<String> {
    let mut wrong = vec![];
    for (_, b) in of(pages, &["sh"]) {
        let out = Command::new("sh").args(["-n", "-c", &b.text]).output().unwrap();
        if !out.status.success() {
            wrong.push(format!("{}: {}", b.place, String::from_utf8_lossy(&out.stderr)));
        }
    }
    wrong
}

#[test]
fn links_lead_somewhere() {
    none(&wrong_links(&pages()));
}

fn wrong_links(pages: &[Page]) -> Vec<String> {
    let mut wrong = vec![];
    for page in pages {
        let folder = page::top().join(&page.name).parent().unwrap().to_owned();
        for link in page.links() {
            if link.starts_with("https://") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let file = if path.is_empty() { page::top().join(&page.name) } else { folder.join(path) };
            let text = std::fs::read_to_string(&file);
            let has_anchor = |t: &String| anchor.is_empty() || page::anchors(t).iter().any(|a| a == anchor);
            if !file.exists() || !(file.is_dir() || text.as_ref().is_ok_and(has_anchor)) {
                wrong.push(format!("{}: {link} leads nowhere", page.name));
            }
        }
    }
    wrong
}

#[test]
fn what_the_pages_name_of_the_project_is_there() {
    none(&wrong_files(&pages()));
}

/// Files in its sentences, and the tests that it tells to run.
fn wrong_files(pages: &[Page]) -> Vec<String> {
    let mut wrong = vec![];
    for page in pages {
        for file in page.files() {
            // NAME stands for any; a page that is followed has files of its own.
            let is_own = page.blocks.iter().any(|b| b.file().is_some_and(|f| f.starts_with(&file)));
            if !file.contains("NAME") && !is_own && !page::top().join(&file).exists() {
                wrong.push(format!("{}: there is no {file}", page.name));
            }
        }
        for (kind, name) in page.tests() {
            let file = if kind == "test" { format!("tests/{name}.rs") } else { format!("tests/bench/{name}.rs") };
            if !page::top().join(&file).exists() {
                wrong.push(format!("{}: there is no {kind} {name}", page.name));
            }
        }
    }
    wrong
}

#[test]
fn everything_can_be_found_from_the_readme() {
    let pages = pages();
    let readme = pages.iter().find(|p| p.name == "README.md").unwrap();
    let links = readme.links();
    let wanted =
        |p: &&Page| ["docs/guide/", "docs/playbooks/", "docs/reference/"].iter().any(|f| p.name.starts_with(f));
    let missing = pages.iter().filter(wanted).filter(|p| !links.contains(&p.name));
    none(&missing.map(|p| format!("README.md does not lead to {}", p.name)).collect::<Vec<_>>());
    for name in mig::cli::playbook_names() {
        assert!(links.contains(&format!("docs/playbooks/{name}.md")), "{name} has no page");
    }
}

/// A page with one mistake, and what each check says of it.
#[test]
fn a_wrong_block_is_caught_and_named() {
    type Check = fn(&[Page]) -> Vec<String>;
    let cases: [(&str, &str, Check, &str); 14] = [
        ("rhai", "let p = params(#{ a: host(\"x\") });\np.a.rsnyc(\"/x\", p.a);", wrong_playbooks, "rsnyc"),
        ("rhai,fragment", "source.ssh(\"ls\", #{ tiemout: \"1m\" })", wrong_playbooks, "tiemout"),
        ("rhai", "step(\"x\", ||", wrong_playbooks, "page.md:3"),
        ("yaml", "hosts:\n  a: { adress: 192.0.2.1 }", wrong_yaml, "adress"),
        ("yaml,lab", "hosts:\n  a: { colour: red }", wrong_yaml, "colour"),
        ("sh", "mig run conductor --quickly", wrong_commands, "--quickly"),
        ("sh", "mig ressume", wrong_commands, "ressume"),
        ("sh,run", "mig doc wirte_file", wrong_commands, "wirte_file"),
        ("sh", "if true", wrong_shell, "page.md:3"),
        ("python", "print()", unknown_blocks, "python"),
        ("sh,rum", "true", unknown_blocks, "rum"),
        ("", "", wrong_links, "nowhere.md"),
        ("", "", wrong_files, "src/nothing.rs"),
        ("", "", wrong_commands, "--nonsense"),
    ];
    let mut wrong = vec![];
    for (language, text, check, named) in cases {
        let block = if language.is_empty() { String::new() } else { format!("\n```{language}\n{text}\n```\n") };
        let around = "See [it](nowhere.md), `src/nothing.rs` and `mig run x --nonsense`.\n";
        let page = if language.is_empty() { around.to_owned() } else { block };
        let said = check(&[Page::of("docs/page.md", page)]);
        if said.len() != 1 || !said[0].contains(named) {
            wrong.push(format!("{language:?} {text:?}: {named:?} is not in {said:?}"));
        }
    }
    // The same inside a list, where a block is indented.
    let listed = Page::of("docs/page.md", "1. Then:\n\n   ```sh\n   mig ressume\n   ```\n".into());
    wrong.extend(wrong_commands(&[listed]).is_empty().then(|| "an indented block".to_owned()));
    // What is run, and what must come out of it.
    for text in [
        "```sh,run\nfalse\n```",
        "```sh,run\necho one\n```\n\n```text,output\ntwo\n```",
        "```text,tree\na/\n  gone\n```",
    ] {
        let said = runs::follow(&Page::of("docs/page.md", format!("{text}\n")));
        wrong.extend((said.len() != 1).then(|| format!("{text}: {said:?}")));
    }
    none(&wrong);
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let page = pages().into_iter().find(|p| p.name == "docs/guide/running-from-ci.md").unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        Some((cells.first()?.parse::<u8>().ok()?, (*cells.get(1)?).to_owned()))
    };
    let written: Vec<(u8, String)> = page.text.lines().filter(|l| l.starts_with('|')).filter_map(row).collect();
    let known = Kind::ALL.iter().map(|k| (k.exit_code(), k.means().to_owned()));
    let expected: Vec<(u8, String)> = std::iter::once((0, "done".to_owned())).chain(known).collect();
    assert_eq!(written, expected);
}

#[test]
fn what_the_readme_shows_is_what_comes() {
    let pages = pages();
    let desk = runs::Desk::new();
    let real = desk.on_a_terminal("mig run conductor --lab --yes");
    assert!(real.contains("ENDED 0"), "{real}");
    let real = runs::normalised(&real);
    let mut wrong = vec![];
    let of_the_readme = |(p, b): &(&Page, &Block)| p.name == "README.md" && b.has("output");
    for (_, b) in of(&pages, &["text"]).into_iter().filter(of_the_readme) {
        wrong.extend(runs::first_that_differs(&b.text, &real).map(|what| format!("{}:\n{what}", b.place)));
    }
    assert!(wrong.is_empty(), "\n{}\n\nall that came:\n{}", wrong.join("\n"), real.join("\n"));
}

#[test]
fn whoever_follows_a_page_gets_through() {
    let pages = pages();
    let is_followed = |b: &Block| b.has("run") || b.has("tree");
    let to_follow: Vec<&Page> = pages.iter().filter(|p| p.blocks.iter().any(is_followed)).collect();
    assert!(to_follow.len() >= 3, "pages with something to run");
    let wrong: Vec<String> = std::thread::scope(|threads| {
        let all: Vec<_> = to_follow.into_iter().map(|p| threads.spawn(move || runs::follow(p))).collect();
        all.into_iter().flat_map(|t| t.join().unwrap()).collect()
    });
    none(&wrong);
}
