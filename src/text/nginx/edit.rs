//! Points upstreams elsewhere: the `server` lines, and the `proxy_pass` lines that use them.

use super::headers;
use super::node::{Block, Directive, Word, shown};
use super::read::{Fault, line_of, read};
use super::server::{Scheme, Server};
use super::splice::{Splice, apply};
use std::collections::BTreeSet;
use std::ops::Range;

/// What is asked of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Each upstream by its name, and the one server that it is to have.
    pub upstreams: Vec<(String, Server)>,
    /// The scheme of the `proxy_pass` lines that use them. `None`: as it is.
    pub scheme: Option<Scheme>,
    /// Whether the `Host` of the client is to be passed on.
    pub host_header: bool,
    /// Whether the URI of the `proxy_pass` lines stays.
    pub keep_uri: bool,
}

/// What became of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edited {
    /// It is as asked; nothing is to be done.
    Already,
    /// The pieces to replace; see [`apply`].
    Changed(Vec<Splice>),
}

/// One `proxy_pass` line that uses an upstream, and the directives that it stands in.
pub(super) struct Use<'t> {
    pub pass: &'t Directive,
    pub within: Vec<&'t Directive>,
    link: Link<'t>,
}

/// The parts of `http://name/uri`, as bytes of the source.
struct Link<'t> {
    server: &'t Server,
    scheme: Range<usize>,
    uri: Range<usize>,
    /// Up to the URI the source says what is meant, without escapes.
    is_literal: bool,
}

/// Edits a configuration.
///
/// Old servers stay as comments, never twice. A line that speaks http to port 443 is refused unless
/// a scheme is given. Doing the same again changes nothing.
///
/// # Errors
/// What cannot be read, an upstream that is not there or there twice, and what cannot be edited
/// without knowing other files.
pub fn point(text: &[u8], wanted: &Wanted) -> Result<Edited, Fault> {
    let tree = read(text)?;
    let mut found = vec![];
    upstreams(&tree, &mut found);
    let mut splices = vec![];
    for (n, (name, server)) in wanted.upstreams.iter().enumerate() {
        if wanted.upstreams[..n].iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            return Err(Fault::new(format!("the upstream {name:?} is asked for twice")));
        }
        let block = one(text, name, &found)?;
        servers(text, name, block, server, &mut splices)?;
    }
    let mut uses = vec![];
    find_uses(text, &tree, wanted, &mut vec![], &mut uses);
    for one in &uses {
        pass(text, one, wanted, &mut splices)?;
    }
    if wanted.host_header {
        headers::add(text, &tree, &uses, &mut splices)?;
    }
    if splices.is_empty() {
        return Ok(Edited::Already);
    }
    splices.sort_by_key(|s| (s.span.start, s.span.end));
    if splices.windows(2).any(|w| w[0].span.end > w[1].span.start) {
        return Err(Fault::new("the lines to change lie within each other").hint("edit this file by hand"));
    }
    settled(text, wanted, &splices)?;
    Ok(Edited::Changed(splices))
}

/// Whether the new text can be read, and has nothing left to change: an edit that does not hold is
/// refused here rather than found on a server.
fn settled(text: &[u8], wanted: &Wanted, splices: &[Splice]) -> Result<(), Fault> {
    let new = apply(text, splices);
    let tree = read(&new).map_err(|f| Fault::new(format!("the edited text could not be read again: {}", f.message)))?;
    let mut found = vec![];
    upstreams(&tree, &mut found);
    for (name, server) in &wanted.upstreams {
        let block = one(&new, name, &found)?;
        if !is_so(block, server) {
            return Err(Fault::new(format!("the servers of the upstream {name:?} cannot be replaced as they stand"))
                .hint("put each directive on a line of its own"));
        }
    }
    Ok(())
}

/// Every `upstream NAME { }`, wherever it stands.
fn upstreams<'t>(tree: &'t [Directive], found: &mut Vec<&'t Directive>) {
    for d in tree {
        if d.is("upstream") && d.words.len() == 2 && d.block.is_some() {
            found.push(d);
        } else {
            upstreams(d.children(), found);
        }
    }
}

fn one<'t>(text: &[u8], name: &str, found: &[&'t Directive]) -> Result<&'t Block, Fault> {
    let is_named = |d: &&&Directive| d.word(1).is_some_and(|w| w.text.eq_ignore_ascii_case(name.as_bytes()));
    let named: Vec<&&Directive> = found.iter().filter(is_named).collect();
    match named.as_slice() {
        [one] => one.block.as_ref().ok_or_else(|| Fault::new(format!("the upstream {name:?} has no block"))),
        [] => {
            let names: BTreeSet<String> = found.iter().filter_map(|d| d.word(1)).map(Word::shown).collect();
            let fault = Fault::new(format!("it has no upstream {name:?}"));
            Err(if names.is_empty() {
                fault.hint("it has no upstream at all; is this the file, or does it include the one?")
            } else {
                let names: Vec<String> = names.into_iter().collect();
                fault.hint(format!("its upstreams are {}", names.join(", ")))
            })
        }
        several => {
            let lines: Vec<String> = several.iter().map(|d| line_of(text, d.span.start).to_string()).collect();
            Err(Fault::new(format!("the upstream {name:?} is defined in lines {}", lines.join(" and ")))
                .hint("nginx takes only one; remove the other"))
        }
    }
}

fn is_so(block: &Block, server: &Server) -> bool {
    let mut servers = block.children.iter().filter(|d| d.is("server"));
    let (first, more) = (servers.next(), servers.next());
    let wanted = server.to_string();
    let is_wanted = |d: &Directive| {
        d.word(1).is_some_and(|w| w.text.eq_ignore_ascii_case(wanted.as_bytes()))
            && !d.words.iter().skip(2).any(|w| w.text == b"down" || w.text == b"backup")
    };
    first.is_some_and(is_wanted) && more.is_none()
}

/// The `server` lines of one upstream.
fn servers(text: &[u8], name: &str, block: &Block, server: &Server, out: &mut Vec<Splice>) -> Result<(), Fault> {
    if let Some(d) = block.children.iter().find(|d| d.is("include")) {
        let line = line_of(text, d.span.start);
        return Err(Fault::new(format!("the upstream {name:?} takes servers from another file (line {line})"))
            .hint("write them into the upstream first"));
    }
    if is_so(block, server) {
        return Ok(());
    }
    let layout = Layout::of(text, block);
    let line = format!("server {server};");
    let old: Vec<&Directive> = block.children.iter().filter(|d| d.is("server")).collect();
    let kept: BTreeSet<&[u8]> = text[block.open..block.close].split(|b| *b == b'\n').map(<[u8]>::trim_ascii).collect();
    let Some((last, before)) = old.split_last() else {
        out.push(layout.at_end(text, block, &line));
        return Ok(());
    };
    for d in before {
        out.extend(layout.comment(text, d, &kept, None));
    }
    out.extend(layout.comment(text, last, &kept, Some(&line)));
    Ok(())
}

/// How the lines of a block are written.
pub(super) struct Layout {
    pub newline: &'static str,
    pub indent: String,
}

impl Layout {
    pub fn of(text: &[u8], block: &Block) -> Self {
        let first = text.iter().position(|b| *b == b'\n');
        let newline = if first.is_some_and(|n| n > 0 && text[n - 1] == b'\r') { "\r\n" } else { "\n" };
        let own = indent_at(text, block.open);
        let of_child =
            block.children.iter().find(|d| is_first(text, d.span.start)).map(|d| indent_at(text, d.span.start));
        let deeper = if own.contains('\t') { "\t" } else { "  " };
        Layout { newline, indent: of_child.unwrap_or_else(|| format!("{own}{deeper}")) }
    }

    /// A new line at the end of a block.
    pub fn at_end(&self, text: &[u8], block: &Block, line: &str) -> Splice {
        let Layout { newline, indent } = self;
        if is_first(text, block.close) {
            let start = line_start(text, block.close);
            return Splice::at(start, format!("{indent}{line}{newline}"));
        }
        Splice::at(block.close, format!(" {line} "))
    }

    /// A new line behind a directive, or behind the `{` of a block (`at` is right behind it).
    pub fn behind(&self, text: &[u8], at: usize, line: &[u8]) -> Splice {
        let Layout { newline, indent } = self;
        if is_last(text, at) {
            return Splice::at(line_end(text, at), [newline.as_bytes(), indent.as_bytes(), line].concat());
        }
        Splice::at(at, [b" ", line].concat())
    }

    /// A directive that becomes a comment, on lines of its own; `new` is the line that comes behind.
    fn comment(&self, text: &[u8], d: &Directive, kept: &BTreeSet<&[u8]>, new: Option<&str>) -> Vec<Splice> {
        let Layout { newline, indent } = self;
        let raw = &text[d.span.clone()];
        let (is_first, is_last) = (is_first(text, d.span.start), is_last(text, d.span.end));
        let as_comment = [b"# ".as_slice(), raw].concat();
        if is_first && is_last && kept.contains(as_comment.as_slice()) {
            // It is kept already: only the line itself goes.
            let rest = &text[d.span.end..line_end(text, d.span.end)];
            return vec![match new {
                Some(new) => Splice::over(d.span.clone(), new),
                None if rest.trim_ascii().is_empty() => {
                    let (start, end) = (line_start(text, d.span.start), line_end(text, d.span.end));
                    let end = end + text[end..].iter().position(|b| *b == b'\n').map_or(0, |n| n + 1);
                    Splice::over(start..end, "")
                }
                None => Splice::over(d.span.clone(), ""),
            }];
        }
        let mut out = vec![];
        let lead = if is_first { "# ".to_string() } else { format!("{newline}{indent}# ") };
        out.push(Splice::at(d.span.start, lead));
        let mut at = d.span.start;
        while let Some(n) = text[at..d.span.end].iter().position(|b| *b == b'\n') {
            at += n + 1;
            let blanks = text[at..d.span.end].iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
            out.push(Splice::at(at + blanks, "# "));
        }
        match (is_last, new) {
            (true, None) => {}
            (true, Some(new)) => {
                out.push(Splice::at(line_end(text, d.span.end), format!("{newline}{indent}{new}")));
            }
            (false, None) => out.push(Splice::at(d.span.end, format!("{newline}{indent}"))),
            (false, Some(new)) => out.push(Splice::at(d.span.end, format!("{newline}{indent}{new}"))),
        }
        out
    }
}

fn line_start(text: &[u8], at: usize) -> usize {
    text[..at].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1)
}
/// Where the line ending begins.
pub(super) fn line_end(text: &[u8], at: usize) -> usize {
    let end = text[at..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| at + n);
    if end > at && end < text.len() && text[end - 1] == b'\r' { end - 1 } else { end }
}
/// Whether only blanks stand before a place in its line.
fn is_first(text: &[u8], at: usize) -> bool {
    text[line_start(text, at)..at].iter().all(|b| matches!(b, b' ' | b'\t'))
}
/// Whether only blanks or a comment stand behind a place in its line.
pub(super) fn is_last(text: &[u8], at: usize) -> bool {
    text[at..line_end(text, at)].iter().find(|b| !matches!(b, b' ' | b'\t' | b'\r')).is_none_or(|b| *b == b'#')
}
fn indent_at(text: &[u8], at: usize) -> String {
    let line = &text[line_start(text, at)..at];
    line.iter().take_while(|b| matches!(b, b' ' | b'\t')).map(|b| char::from(*b)).collect()
}

fn find_uses<'t>(
    text: &[u8],
    tree: &'t [Directive],
    wanted: &'t Wanted,
    within: &mut Vec<&'t Directive>,
    out: &mut Vec<Use<'t>>,
) {
    for d in tree {
        if d.is("proxy_pass")
            && let Some(word) = d.word(1)
            && let Some(link) = link(text, word, wanted)
        {
            out.push(Use { pass: d, within: within.clone(), link });
        }
        within.push(d);
        find_uses(text, d.children(), wanted, within, out);
        within.pop();
    }
}

/// The parts of a link to one of the upstreams.
fn link<'t>(source: &[u8], word: &Word, wanted: &'t Wanted) -> Option<Link<'t>> {
    let text = word.text.as_slice();
    let length = text.windows(3).position(|w| w == b"://").filter(|n| matches!(n, 4 | 5))?;
    if !(text[..length].eq_ignore_ascii_case(b"http") || text[..length].eq_ignore_ascii_case(b"https")) {
        return None;
    }
    let rest = &text[length + 3..];
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#' | b':' | b'$')).unwrap_or(rest.len());
    let (name, uri) = rest.split_at(end);
    let (_, server) = wanted.upstreams.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(name))?;
    // `name:80` names another server, and `name$x` may; these variables begin with a slash.
    let whole_paths: [&[u8]; 3] = [b"$request_uri", b"$uri", b"$document_uri"];
    if uri.starts_with(b":") || uri.starts_with(b"$") && !whole_paths.iter().any(|v| uri.starts_with(v)) {
        return None;
    }
    let quote = usize::from(source.get(word.span.start).is_some_and(|b| matches!(b, b'"' | b'\'')));
    let start = word.span.start + quote;
    let uri = start + length + 3 + end..word.span.end - quote;
    let is_literal = source.get(start..uri.start) == Some(&text[..length + 3 + end]) && uri.start <= uri.end;
    Some(Link { server, scheme: start..start + length, uri, is_literal })
}

/// The scheme and the URI of one `proxy_pass` line.
fn pass(text: &[u8], one: &Use<'_>, wanted: &Wanted, out: &mut Vec<Splice>) -> Result<(), Fault> {
    let Link { server, scheme, uri, is_literal } = &one.link;
    let line = line_of(text, one.pass.span.start);
    let raw = one.pass.word(1).map(|w| &text[w.span.clone()]).unwrap_or_default();
    if !is_literal {
        return Err(Fault::new(format!("line {line}: {} is written with escapes", shown(raw)))
            .hint("write the proxy_pass line without them"));
    }
    let now = &text[scheme.clone()];
    match wanted.scheme {
        Some(scheme_wanted) if !now.eq_ignore_ascii_case(scheme_wanted.word().as_bytes()) => {
            out.push(Splice::over(scheme.clone(), scheme_wanted.word()));
        }
        Some(_) => {}
        None => {
            let (port, is_http) = (server.port(), now.eq_ignore_ascii_case(b"http"));
            if port == 443 && is_http || port == 80 && !is_http {
                let (other, same) = if is_http { ("https", "http") } else { ("http", "https") };
                return Err(Fault::new(format!("line {line}: {} would point to port {port}", shown(raw)))
                    .hint(format!("say which it is: scheme: \"{other}\", or scheme: \"{same}\" where that is meant")));
            }
        }
    }
    if !wanted.keep_uri && !uri.is_empty() {
        out.push(Splice::over(uri.clone(), ""));
    }
    Ok(())
}
