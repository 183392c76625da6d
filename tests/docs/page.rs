//! A page of Markdown: its code blocks, its links, and the commands that its sentences name.

use std::path::{Path, PathBuf};

pub struct Page {
    /// From the top of the project: `docs/guide/inventory.md`.
    pub name: String,
    pub text: String,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone)]
pub struct Block {
    /// `docs/guide/inventory.md:7`, the first line of the block.
    pub place: String,
    /// The first word behind the fence.
    pub language: String,
    /// What follows it, between commas.
    pub marks: Vec<String>,
    pub text: String,
}

impl Block {
    pub fn has(&self, mark: &str) -> bool {
        self.marks.iter().any(|m| m == mark)
    }
    /// The file that this block is, with `file=PATH`.
    pub fn file(&self) -> Option<&str> {
        self.marks.iter().find_map(|m| m.strip_prefix("file="))
    }
    /// What is typed: in `console` the lines behind `$ `, else all of them.
    pub fn typed(&self) -> String {
        if self.language != "console" {
            return self.text.clone();
        }
        self.text.lines().filter_map(|l| l.strip_prefix("$ ")).map(|l| format!("{l}\n")).collect()
    }
}

pub fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The README and every page below `docs`.
pub fn pages() -> Vec<Page> {
    let mut files = vec![top().join("README.md")];
    gather(&top().join("docs"), &mut files);
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.strip_prefix(top()).unwrap().display().to_string();
            let text = std::fs::read_to_string(file).unwrap();
            Page { blocks: blocks(&name, &text), name, text }
        })
        .collect()
}

fn gather(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, out);
        } else if path.extension().is_some_and(|e| e == "md") {
            out.push(path);
        }
    }
}

fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut all: Vec<Block> = vec![];
    let mut open = false;
    for (n, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(info), false) => {
                let mut words = info.trim().split(',').map(str::to_owned);
                let language = words.next().unwrap_or_default();
                all.push(Block {
                    place: format!("{name}:{}", n + 2),
                    language,
                    marks: words.collect(),
                    text: String::new(),
                });
                open = true;
            }
            (Some(_), true) => open = false,
            (None, true) => {
                let block = all.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, false) => {}
        }
    }
    assert!(!open, "{name}: a code block is not closed");
    all
}

impl Page {
    /// The text between the blocks.
    pub fn prose(&self) -> String {
        let mut inside = false;
        self.text
            .lines()
            .filter(|l| {
                let fence = l.starts_with("```");
                inside ^= fence;
                !inside && !fence
            })
            .map(|l| format!("{l}\n"))
            .collect()
    }
    /// Where its links lead.
    pub fn links(&self) -> Vec<String> {
        let link = regex::Regex::new(r"\]\(([^)\s]+)\)").unwrap();
        link.captures_iter(&self.prose()).map(|c| c[1].to_owned()).collect()
    }
    /// The commands in its sentences: `mig ...` between backticks.
    pub fn commands(&self) -> Vec<String> {
        let code = regex::Regex::new(r"`(mig [^`]+)`").unwrap();
        code.captures_iter(&self.prose()).map(|c| c[1].to_owned()).collect()
    }
}

/// The names under which other pages can point at its headings.
pub fn anchors(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|l| l.strip_prefix('#'))
        .map(|l| {
            let title = l.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

/// The command lines of `mig` in a text for the shell: continued lines joined, comments and what
/// follows a pipe or a redirection left out, each as its words.
pub fn command_lines(text: &str) -> Vec<(String, Vec<String>)> {
    let joined = text.replace("\\\n", " ");
    let mut all = vec![];
    for line in joined.lines() {
        let line = line.trim_start_matches("$ ").trim();
        let line = line.strip_prefix("cargo run --release -- ").map_or(line.to_owned(), |rest| format!("mig {rest}"));
        // What mig starts itself with is hidden from its help.
        if line.starts_with("mig ") && !line.starts_with("mig __") {
            all.push((line.clone(), words(&line)));
        }
    }
    all
}

fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote, mut any) = (vec![], String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), _) if q == c => quote = None,
            (None, '"' | '\'') => (quote, any) = (Some(c), true),
            (None, '#') if word.is_empty() && !any => break,
            (None, '|' | '>' | '<' | ';' | '&') => break,
            (None, c) if c.is_whitespace() => {
                if any || !word.is_empty() {
                    all.push(std::mem::take(&mut word));
                    any = false;
                }
            }
            _ => word.push(c),
        }
    }
    if any || !word.is_empty() {
        all.push(word);
    }
    all
}
