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
            Page::of(&name, text)
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
    // How far the fence of the open block is indented: a block may stand in a list.
    let mut open: Option<usize> = None;
    for (n, line) in text.lines().enumerate() {
        match (fence(line), open) {
            (Some((indent, info)), None) => {
                let mut words = info.trim().split(',').map(str::to_owned);
                let language = words.next().unwrap_or_default();
                all.push(Block {
                    place: format!("{name}:{}", n + 2),
                    language,
                    marks: words.collect(),
                    text: String::new(),
                });
                open = Some(indent);
            }
            (Some(_), Some(_)) => open = None,
            (None, Some(indent)) => {
                let block = all.last_mut().unwrap();
                let blanks = line.len() - line.trim_start().len();
                block.text.push_str(&line[indent.min(blanks)..]);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{name}: a code block is not closed");
    all
}

/// How far the line is indented and what stands behind its fence, if it is one.
fn fence(line: &str) -> Option<(usize, &str)> {
    let inner = line.trim_start();
    Some((line.len() - inner.len(), inner.strip_prefix("```")?))
}

impl Page {
    pub fn of(name: &str, text: String) -> Page {
        Page { blocks: blocks(name, &text), name: name.into(), text }
    }
    /// The text between the blocks.
    pub fn prose(&self) -> String {
        let mut inside = false;
        self.text
            .lines()
            .filter(|l| {
                let fence = fence(l).is_some();
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

impl Page {
    /// Files of the project that its sentences name: `src/lib.rs` between backticks.
    pub fn files(&self) -> Vec<String> {
        let code = regex::Regex::new(r"`((?:src|tests|playbooks|stdlib|docs)/[A-Za-z0-9_./-]+)`").unwrap();
        code.captures_iter(&self.prose()).map(|c| c[1].to_owned()).collect()
    }
    /// The tests and benches that it tells to run, by name: `cargo test --test laws`.
    pub fn tests(&self) -> Vec<(String, String)> {
        let test = regex::Regex::new(r"cargo (?:test|bench)[^\n`]*? --(test|bench) ([a-z_]+)").unwrap();
        test.captures_iter(&self.text).map(|c| (c[1].to_owned(), c[2].to_owned())).collect()
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
        let line = line.trim();
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
