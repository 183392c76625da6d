//! One more item: in a list that is there, under a key without a value, or in a section that is
//! missing or only there as a comment, which stays.

use super::edit::Splice;
use super::node::{Entry, Node};
use super::render::{Plain, is_plain, render};
use super::scalar::Style;

/// The ways to add an item to a list, best first.
pub(super) fn append(source: &str, node: &Node, items: &[Node], item: &Plain) -> Vec<Splice> {
    let style = items.iter().rev().find_map(Node::scalar).map_or(default_style(item), |s| s.style);
    if source[node.span.start..node.span.end].starts_with('[') && source[..node.span.end].ends_with(']') {
        let end = node.span.end - 1;
        let inner = &source[node.span.start + 1..end];
        let at = node.span.start + 1 + inner.trim_end().len();
        let before = if items.is_empty() || inner.trim_end().ends_with(',') { "" } else { ", " };
        return both(style, |s| Splice { span: at..at, new: format!("{before}{}", render(item, s)) });
    }
    let Some(last) = items.last() else { return vec![] };
    // The dash of an item stands before it in its line; where the item begins on the next line, the list
    // itself begins with the dash of its first one.
    let dash = |at: usize| {
        let line = &source[line_start(source, at)..];
        let blanks = line.len() - line.trim_start_matches(' ').len();
        line[blanks..].starts_with('-').then(|| line[..blanks].to_string())
    };
    let Some(indent) = items.iter().rev().map(|n| n.span.start).chain([node.span.start]).find_map(dash) else {
        return vec![];
    };
    both(style, |s| line_at(source, last.span.end, &format!("{indent}- {}", render(item, s))))
}

/// The first item under a key that has no value.
pub(super) fn begin(source: &str, node: &Node, item: &Plain) -> Vec<Splice> {
    let start = line_start(source, node.span.start);
    let line = &source[start..node.span.start];
    let indent = &line[..line.len() - line.trim_start_matches(' ').len()];
    both(default_style(item), |s| line_at(source, node.span.start, &format!("{indent}  - {}", render(item, s))))
}

/// The key with its first item: behind the section of that name that is a comment, else at the end.
pub(super) fn section(source: &str, map: &Node, entries: &[Entry], name: &str, item: &Plain) -> Vec<Splice> {
    let Some((first, last)) = entries.first().zip(entries.last()) else { return vec![] };
    let start = line_start(source, first.key.span.start);
    let lead = &source[start..first.key.span.start];
    if source[map.span.start..].starts_with('{') {
        return vec![];
    }
    let indent = " ".repeat(lead.chars().count());
    let newline = newline_of(source);
    let key = if is_plain(name) { name.to_string() } else { render(&Plain::Text(name.into()), Style::DoubleQuoted) };
    let places = [
        commented(source, start, last.value.span.end, indent.len(), name),
        Some(last.value.span.end.max(last.key.span.end)),
    ];
    let mut out = vec![];
    for at in places.into_iter().flatten() {
        out.extend(both(default_style(item), |s| {
            line_at(source, at, &format!("{indent}{key}:{newline}{indent}  - {}", render(item, s)))
        }));
    }
    out
}

/// The end of a section that is commented out: its key, and the comments deeper than it.
fn commented(source: &str, from: usize, to: usize, indent: usize, name: &str) -> Option<usize> {
    let mut at = from;
    let mut found: Option<(usize, usize)> = None;
    for line in source[from..].split_inclusive('\n') {
        let text = line.trim_end();
        let blanks = text.len() - text.trim_start_matches(' ').len();
        let comment = text[blanks..].strip_prefix('#');
        let is_inside = at <= to || text.is_empty() || (comment.is_some() && blanks >= indent.min(1));
        if !is_inside {
            break;
        }
        match (comment, found) {
            (None, Some(_)) => break,
            (Some(comment), None) => {
                let rest = comment.trim_start().strip_prefix(name).and_then(|r| r.trim_start().strip_prefix(':'));
                let is_key = rest.is_some_and(|r| r.trim().is_empty() || r.trim_start().starts_with('#'));
                // Where its key would stand without the `#`, or where the `#` stands itself.
                let deep = blanks + 1 + (comment.len() - comment.trim_start().len());
                if is_key && (blanks..=deep).contains(&indent) {
                    found = Some((at + text.len(), comment.len() - comment.trim_start().len()));
                }
            }
            (Some(comment), Some((_, depth))) => {
                let own = comment.len() - comment.trim_start().len();
                let is_item = comment.trim_start().starts_with('-') && own >= depth;
                if own <= depth && !is_item {
                    break;
                }
                found = Some((at + text.len(), depth));
            }
            (None, None) => {}
        }
        at += line.len();
    }
    found.map(|(end, _)| end)
}

/// A line of its own behind the line of a place.
fn line_at(source: &str, at: usize, line: &str) -> Splice {
    let rest = &source[at..];
    let end = at + rest.find('\n').unwrap_or(rest.len());
    let end = if source[at..end].ends_with('\r') { end - 1 } else { end };
    Splice { span: end..end, new: format!("{}{line}", newline_of(source)) }
}

fn both(style: Style, make: impl Fn(Style) -> Splice) -> Vec<Splice> {
    vec![make(style), make(Style::DoubleQuoted)]
}

/// A text with a colon is better in quotes: `127.0.0.1:80` is none, but `22:22` is a number to some.
fn default_style(item: &Plain) -> Style {
    match item {
        Plain::Text(text) if text.contains(':') => Style::DoubleQuoted,
        _ => Style::Plain,
    }
}

fn line_start(source: &str, at: usize) -> usize {
    source[..at].rfind('\n').map_or(0, |n| n + 1)
}
fn newline_of(source: &str) -> &'static str {
    match source.find('\n') {
        Some(n) if source[..n].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}
