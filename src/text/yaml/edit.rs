//! Changes one value of a YAML text in place: every byte that is not asked about stays.
//!
//! The new text is read again and compared with the old one, value by value, so that an edit does
//! what was asked and nothing else, or is refused. Making maps and keys that are not there is not
//! done, except for a list that items are added to: a misspelt path must not look like success.

use super::list;
use super::node::{FeatureKind, Node, Tree, Value};
use super::path::{Key, Path};
use super::read::{LIMITS, parse};
use super::render::{Plain, is_it, render};
use super::scalar::Style;
use crate::text::mark;
use std::ops::Range;

/// What a path is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// This one value.
    Scalar(Plain),
    /// A list with these among its items.
    Items(Vec<Plain>),
}

/// What became of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It is as wished; nothing is to be done.
    Already,
    /// The whole new text.
    Changed(Vec<u8>),
}

/// Why a text is not edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A lower-case fragment; names the line where there is one.
    pub message: String,
    /// What can be typed, or done, next.
    pub hint: Option<String>,
}

impl Refusal {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Refusal { message: message.into(), hint: None }
    }
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A piece of the text and what stands there afterwards.
pub(super) struct Splice {
    pub span: Range<usize>,
    pub new: String,
}

/// Sets one scalar, or adds items to a list, by path.
///
/// Quotes stay as they are written where the value allows it. Doing the same again changes nothing.
///
/// # Errors
/// Says how far the path matched; refuses anchors, aliases, tags, merged and duplicate keys on it.
pub fn set(text: &[u8], path: &Path, wish: &Wish) -> Result<Edited, Refusal> {
    let (front, body) = mark::split(text);
    let changed = match wish {
        Wish::Scalar(new) => scalar(body, path, new)?,
        Wish::Items(items) => {
            let mut now: Option<Vec<u8>> = None;
            for item in items {
                if let Some(new) = add(now.as_deref().unwrap_or(body), path, item)? {
                    now = Some(new);
                }
            }
            now
        }
    };
    Ok(changed.map_or(Edited::Already, |new| Edited::Changed([front, &new].concat())))
}

fn tree_of(body: &[u8]) -> Result<(Tree, &str), Refusal> {
    let fault = |f: Box<super::Fault>| Refusal {
        message: format!("line {}: {}", f.span.line, f.message),
        hint: f.hints.first().cloned(),
    };
    let tree = parse(body, LIMITS).map_err(fault)?;
    // It was read, so it is text.
    let source = std::str::from_utf8(body).map_err(|e| Refusal::new(e.to_string()))?;
    match tree.documents.len() {
        1 => Ok((tree, source)),
        0 => Err(Refusal::new("it is empty, or only comments")),
        n => Err(Refusal::new(format!("it has {n} documents; only a file with one is edited"))),
    }
}

fn scalar(body: &[u8], path: &Path, new: &Plain) -> Result<Option<Vec<u8>>, Refusal> {
    let (tree, source) = tree_of(body)?;
    let (node, missing) = follow(&tree, path)?;
    if let Some(missing) = missing {
        return Err(no_key(node, path, missing));
    }
    let Value::Scalar(old) = &node.value else {
        let what = node.describe();
        let line = node.span.line;
        return Err(Refusal::new(format!("{path} is {what} (line {line}), and one value was given"))
            .hint("give the path of the value within it"));
    };
    if is_it(old, new) {
        return Ok(None);
    }
    let is_missing = old.text.is_empty() && old.style == Style::Plain;
    // First as it is written, then in quotes, which are right everywhere.
    for style in [old.style, Style::DoubleQuoted] {
        let text = render(new, style);
        let text = if is_missing && !source[..node.span.start].ends_with(' ') { format!(" {text}") } else { text };
        let splices = [Splice { span: node.span.start..node.span.end, new: text }];
        let edited = apply(source, &splices);
        if holds(&tree, &edited, path, &|n| n.scalar().is_some_and(|s| is_it(s, new))) {
            return Ok(Some(edited.into_bytes()));
        }
    }
    Err(cannot(path, node))
}

/// One item more in a list, if it is not there.
fn add(body: &[u8], path: &Path, item: &Plain) -> Result<Option<Vec<u8>>, Refusal> {
    let (tree, source) = tree_of(body)?;
    let (node, missing) = follow(&tree, path)?;
    let candidates = match (missing, &node.value) {
        (None, Value::List(items)) => {
            if items.iter().any(|n| n.scalar().is_some_and(|s| is_it(s, item))) {
                return Ok(None);
            }
            list::append(source, node, items, item)
        }
        (None, Value::Scalar(s)) if s.text.is_empty() && s.style == Style::Plain => list::begin(source, node, item),
        (None, _) => {
            let (what, line) = (node.describe(), node.span.line);
            return Err(Refusal::new(format!("{path} is {what} (line {line}), and a list was given")));
        }
        (Some(n), Value::Map(entries)) if n + 1 == path.keys().len() => match &path.keys()[n] {
            Key::Name(name) => list::section(source, node, entries, name, item),
            Key::Index(_) => return Err(no_key(node, path, n)),
        },
        (Some(n), _) => return Err(no_key(node, path, n)),
    };
    for splice in candidates {
        let edited = apply(source, &[splice]);
        let has = |n: &Node| match &n.value {
            Value::List(items) => items.last().and_then(Node::scalar).is_some_and(|s| is_it(s, item)),
            _ => false,
        };
        if holds(&tree, &edited, path, &has) {
            return Ok(Some(edited.into_bytes()));
        }
    }
    Err(cannot(path, node))
}

fn cannot(path: &Path, node: &Node) -> Refusal {
    Refusal::new(format!("{path} cannot be changed as it is written (line {})", node.span.line))
        .hint("write it in block style, each key on a line of its own")
}

/// The node at a path, or the last one on the way and how many keys matched.
fn follow<'t>(tree: &'t Tree, path: &Path) -> Result<(&'t Node, Option<usize>), Refusal> {
    let mut node = &tree.documents[0];
    let mut behind = 0;
    for (n, key) in path.keys().iter().enumerate() {
        let so_far = path.up_to(n);
        refuse_features(tree, behind, node, &so_far)?;
        let next = match (&node.value, key) {
            (Value::Map(entries), key) => {
                let name = key.name();
                let mut named = entries.iter().filter(|e| e.key.scalar().is_some_and(|s| s.text == name));
                let (first, second) = (named.next(), named.next());
                if let (Some(first), Some(second)) = (first, second) {
                    let (a, b) = (first.key.span.line, second.key.span.line);
                    return Err(Refusal::new(format!("the key {name:?} is written twice, in lines {a} and {b}"))
                        .hint("remove one of them: readers do not agree on which counts"));
                }
                let merge =
                    entries.iter().find(|e| e.key.scalar().is_some_and(|s| s.text == "<<" && s.style == Style::Plain));
                if let (None, Some(merge)) = (first, merge) {
                    let line = merge.key.span.line;
                    return Err(Refusal::new(format!("the key {name:?} may come from the merge (<<) in line {line}"))
                        .hint("write the key itself first"));
                }
                first.map(|e| (e.key.span.end, &e.value))
            }
            (Value::List(items), Key::Index(i)) => items.get(*i).map(|item| (item.span.start, item)),
            (Value::Alias(name), _) => {
                let line = node.span.line;
                return Err(Refusal::new(format!("{so_far} is an alias, *{name} (line {line})"))
                    .hint("a change there would change other places too; write the value itself first"));
            }
            (Value::List(_) | Value::Scalar(_), _) => None,
        };
        let Some((end, next)) = next else { return Ok((node, Some(n))) };
        (behind, node) = (end, next);
    }
    refuse_features(tree, behind, node, &path.to_string())?;
    if let Value::Alias(name) = &node.value {
        let line = node.span.line;
        return Err(
            Refusal::new(format!("{path} is an alias, *{name} (line {line})")).hint("write the value itself first")
        );
    }
    Ok((node, None))
}

/// Anchors and tags between a key and its value.
fn refuse_features(tree: &Tree, behind: usize, node: &Node, path: &str) -> Result<(), Refusal> {
    let own = |at: usize| (behind..=node.span.start).contains(&at);
    for feature in tree.features.iter().filter(|f| own(f.span.start)) {
        let (what, line) = match &feature.kind {
            FeatureKind::Anchor(name) => (format!("the anchor &{name}"), feature.span.line),
            FeatureKind::Tag(name) => (format!("the tag {name}"), feature.span.line),
            _ => continue,
        };
        let path = if path.is_empty() { "the document" } else { path };
        return Err(Refusal::new(format!("{path} has {what} (line {line})"))
            .hint("a change there would change what else refers to it; edit it by hand"));
    }
    Ok(())
}

/// The path as far as it matched, and what is there instead.
fn no_key(node: &Node, path: &Path, matched: usize) -> Refusal {
    let place = if matched == 0 { "the file".into() } else { path.up_to(matched) };
    let (key, line) = (path.keys()[matched].name(), node.span.line);
    let refusal =
        Refusal::new(format!("there is no {path}: {place} (line {line}) is {}, without {key:?}", node.describe()));
    match &node.value {
        Value::Map(entries) => {
            let names: Vec<&str> =
                entries.iter().filter_map(|e| e.key.scalar()).map(|s| s.text.as_str()).take(12).collect();
            refusal.hint(format!("its keys are {}", names.join(", ")))
        }
        Value::List(items) => {
            refusal.hint(format!("its items are numbered from 0 to {}", items.len().saturating_sub(1)))
        }
        _ => refusal,
    }
}

fn apply(source: &str, splices: &[Splice]) -> String {
    let mut out = source.to_string();
    for splice in splices.iter().rev() {
        out.replace_range(splice.span.clone(), &splice.new);
    }
    out
}

/// Whether the new text holds what was wished at the path, and everything else as before.
fn holds(old: &Tree, new: &str, path: &Path, is_wished: &dyn Fn(&Node) -> bool) -> bool {
    let Ok(new) = parse(new.as_bytes(), LIMITS) else { return false };
    let (Some(before), Some(after)) = (old.documents.first(), new.documents.first()) else { return false };
    let at_end = |n: &Node| match follow(&new, path) {
        Ok((node, None)) => std::ptr::eq(node, n),
        _ => false,
    };
    new.documents.len() == 1
        && matches!(follow(&new, path), Ok((node, None)) if is_wished(node))
        && alike(before, after, &at_end)
        && kinds(old) == kinds(&new)
}

fn kinds(tree: &Tree) -> usize {
    tree.features.len()
}

/// Whether two trees are the same but for one node; a list there may have one item more at its end,
/// and a map above it one key more.
fn alike(a: &Node, b: &Node, is_the_one: &dyn Fn(&Node) -> bool) -> bool {
    if is_the_one(b) {
        return match (&a.value, &b.value) {
            (Value::List(a), Value::List(b)) => {
                a.len() + 1 == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b, &|_| false))
            }
            (Value::Scalar(old), Value::List(new)) => old.text.is_empty() && new.len() == 1,
            (Value::Scalar(_), Value::Scalar(_)) => true,
            _ => false,
        };
    }
    match (&a.value, &b.value) {
        (Value::Scalar(a), Value::Scalar(b)) => a == b,
        (Value::Alias(a), Value::Alias(b)) => a == b,
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b, is_the_one)),
        (Value::Map(a), Value::Map(b)) => {
            let mut old = a.iter().peekable();
            let mut news = 0;
            for e in b {
                match old.peek() {
                    Some(o) if alike(&o.key, &e.key, &|_| false) => {
                        if !alike(&o.value, &e.value, is_the_one) {
                            return false;
                        }
                        old.next();
                    }
                    _ if is_the_one(&e.value) => news += 1,
                    _ => return false,
                }
            }
            old.peek().is_none() && news <= 1
        }
        _ => false,
    }
}
