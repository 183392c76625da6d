//! `proxy_set_header Host $http_host;` where it is missing.
//!
//! nginx takes the headers of the nearest level that sets any, and none of the levels above it. So
//! the line goes to the level whose headers count for a `proxy_pass`.

use super::edit::{Layout, Use};
use super::node::Directive;
use super::read::{Fault, line_of};
use super::splice::Splice;

const LINE: &str = "proxy_set_header Host $http_host;";

/// Adds the line for every use that has no `Host` yet.
pub(super) fn add(text: &[u8], tree: &[Directive], uses: &[Use<'_>], out: &mut Vec<Splice>) -> Result<(), Fault> {
    let mut done = vec![];
    for one in uses {
        let levels: Vec<&Directive> = one
            .within
            .iter()
            .rev()
            .copied()
            .filter(|d| ["location", "server", "http"].iter().any(|n| d.is(n)))
            .collect();
        let nearest = levels.iter().copied().find(|d| headers(d.children()).next().is_some());
        if nearest.is_some_and(|d| has_host(d.children())) {
            continue;
        }
        if let Some(include) = levels.iter().flat_map(|d| d.children()).find(|d| may_set_headers(d)) {
            let line = line_of(text, include.span.start);
            let fault = Fault::new(format!("line {line}: the file that is included here may set Host, or not"));
            return Err(fault.hint("leave host_header out, and see to the header in that file"));
        }
        let Some(server) = levels.iter().copied().find(|d| d.is("server")) else {
            // Only locations, or nothing: what the server around them sets cannot be seen here.
            match nearest {
                Some(location) => {
                    line_in(text, location, &[], &mut done, out);
                    continue;
                }
                None if has_host(tree) => continue,
                None => {
                    let line = line_of(text, one.pass.span.start);
                    let fault = Fault::new(format!("line {line}: the server block around it is in another file"));
                    return Err(fault.hint("leave host_header out, and edit the file with the server block"));
                }
            }
        };
        match nearest {
            // The headers of http would no longer count in a server that sets one: they go along.
            Some(http) if http.is("http") && http.span.start < server.span.start => {
                let above: Vec<&[u8]> = headers(http.children()).map(|d| &text[d.span.clone()]).collect();
                line_in(text, server, &above, &mut done, out);
            }
            Some(level) => line_in(text, level, &[], &mut done, out),
            None => {
                let outside = headers(tree).map(|d| &text[d.span.clone()]).collect::<Vec<_>>();
                if !has_host(tree) {
                    line_in(text, server, &outside, &mut done, out);
                }
            }
        }
    }
    Ok(())
}

/// With a block it is none, whatever else it may be: nginx refuses it.
fn headers(children: &[Directive]) -> impl Iterator<Item = &Directive> {
    children.iter().filter(|d| d.is("proxy_set_header") && d.block.is_none())
}
/// An `include` of what cannot be seen; types of media and TLS settings set no headers.
fn may_set_headers(d: &Directive) -> bool {
    let harmless = |w: &[u8]| w.ends_with(b"mime.types") || w.windows(3).any(|w| w == b"ssl");
    d.is("include") && !d.word(1).is_some_and(|w| harmless(&w.text))
}
fn has_host(children: &[Directive]) -> bool {
    headers(children).any(|d| d.word(1).is_some_and(|w| w.text.eq_ignore_ascii_case(b"host")))
}

/// The line in one block, once; behind its other headers, else behind its name or its listeners.
fn line_in(text: &[u8], level: &Directive, above: &[&[u8]], done: &mut Vec<usize>, out: &mut Vec<Splice>) {
    let Some(block) = &level.block else { return };
    if done.contains(&block.open) {
        return;
    }
    done.push(block.open);
    let layout = Layout::of(text, block);
    let place = headers(&block.children)
        .last()
        .or_else(|| block.children.iter().rfind(|d| d.block.is_none() && (d.is("server_name") || d.is("listen"))))
        .map_or(block.open + 1, |d| d.span.end);
    let separator = format!("{}{}", layout.newline, layout.indent);
    let lines = [above, &[LINE.as_bytes()]].concat().join(separator.as_bytes());
    out.push(layout.behind(text, place, &lines));
}
