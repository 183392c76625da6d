//! From bytes to the tree, by the events of a YAML parser that knows its places.

use super::joined::Joined;
use super::node::{Entry, Feature, FeatureKind, Node, Span, Tree, Value};
use super::places::Places;
use super::scalar::{Scalar, Style};
use crate::text::position::Lines;
use saphyr_parser::{Event, Parser, ScalarStyle};

/// What a text may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: usize,
    /// How many lists and maps may stand in each other.
    pub depth: usize,
}

/// 1 MiB and 32 levels.
pub const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 32 };

/// Why a text is no YAML, or more than its limits allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// A lower-case fragment.
    pub message: String,
    pub span: Span,
    pub hints: Vec<String>,
}

/// What YAML takes for blanks; Unicode has more.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// Reads a text. Every finding of the tree has its place; the first fault of syntax ends the
/// reading, since what follows it means nothing.
///
/// # Errors
/// The fault: its place, what was expected and what to do.
pub fn parse(bytes: &[u8], limits: Limits) -> Result<Tree, Box<Fault>> {
    let source = check(bytes, limits)?;
    let places = Places::new(source);
    let mut joined = Joined::new(source);
    loop {
        match read(&places, &joined, limits) {
            Ok(tree) => return Ok(tree),
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Syntax { at, info }) => {
                if !(info.contains("invalid indentation in quoted scalar") && joined.join(at)) {
                    return Err(Box::new(places.syntax(at, &info)));
                }
            }
        }
    }
}

/// Why a reading ended.
enum Stop {
    Fault(Box<Fault>),
    Syntax { at: usize, info: String },
}

fn read(places: &Places<'_>, joined: &Joined<'_>, limits: Limits) -> Result<Tree, Stop> {
    let tree = Tree { documents: vec![], features: vec![] };
    let mut reading = Reading { places, joined, limits, open: vec![], tree, last: 0 };
    let mut not_indentation = vec![];
    for event in Parser::new_from_str(joined.text()) {
        let (event, span) =
            event.map_err(|e| Stop::Syntax { at: places.byte(e.marker().index()), info: e.info().to_string() })?;
        let (start, end) = (places.byte(span.start.index()), places.byte(span.end.index()));
        if let Event::Scalar(_, style, ..) = &event
            && *style != ScalarStyle::Plain
        {
            not_indentation.push((start, end));
        }
        reading.take(event, start, end.max(start)).map_err(Stop::Fault)?;
    }
    let mut tree = reading.tree;
    for tab in places.tabs() {
        let before = not_indentation.partition_point(|(start, _)| *start <= tab.start);
        let inside = before.checked_sub(1).is_some_and(|i| tab.start < not_indentation[i].1);
        if !inside {
            tree.features.push(Feature { kind: FeatureKind::TabIndentation, span: tab });
        }
    }
    tree.features.sort_by_key(|f| f.span.start);
    Ok(tree)
}

/// The text, if it is of a size and in characters that can be read at all.
fn check(bytes: &[u8], limits: Limits) -> Result<&str, Box<Fault>> {
    let top = Span { start: 0, end: 0, line: 1, column: 1, length: 1 };
    let fault = |message: &str, span: Span, hint: &str| {
        Err(Box::new(Fault { message: message.into(), span, hints: vec![hint.into()] }))
    };
    if bytes.len() > limits.bytes {
        let message = format!("the file is {} bytes long; the limit is {}", bytes.len(), limits.bytes);
        return fault(&message, top, "is it the right file?");
    }
    if bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
        return fault(
            "the file begins with a byte order mark (BOM)",
            top,
            "save it as UTF-8 without BOM: sed -i '1s/^\\xEF\\xBB\\xBF//' FILE",
        );
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return fault("the file is UTF-16, not UTF-8", top, "convert it: iconv -f UTF-16 -t UTF-8 FILE");
    }
    let valid = match std::str::from_utf8(bytes) {
        Ok(source) => source,
        Err(e) => {
            // What comes before the fault is valid, so its places can be told.
            let before = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default();
            let (line, column) = Lines::new(before).at(before.len());
            let span = Span { start: before.len(), end: before.len() + 1, line, column, length: 1 };
            let byte = bytes.get(before.len()).copied().unwrap_or_default();
            let message = format!("the byte 0x{byte:02x} is not UTF-8");
            return fault(&message, span, "save the file as UTF-8, or convert it: iconv -f LATIN1 -t UTF-8 FILE");
        }
    };
    if let Some(at) = valid.find('\0') {
        let span = Places::new(valid).span(at, at + 1);
        return fault("a NUL character stands in the file", span, "remove it; a text file has none");
    }
    Ok(valid)
}

/// A list or map whose end has not come yet.
struct Open {
    is_map: bool,
    start: usize,
    items: Vec<Node>,
}

struct Reading<'a, 'p> {
    places: &'p Places<'a>,
    joined: &'p Joined<'a>,
    limits: Limits,
    open: Vec<Open>,
    tree: Tree,
    /// Where the last node ended, in bytes.
    last: usize,
}

impl Reading<'_, '_> {
    fn take(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), Box<Fault>> {
        match event {
            Event::Scalar(text, style, ..) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                let (start, end) = if matches!(style, Style::Literal | Style::Folded) {
                    (self.block_header(start), self.block_end(start))
                } else {
                    let value = self.properties(start);
                    let nothing = text.is_empty() && style == Style::Plain;
                    match nothing || value >= end {
                        false => (value, end),
                        // Behind the anchor or tag, if that is all there is.
                        true if value > start => (end, end),
                        true => self.missing(start),
                    }
                };
                let span = self.places.span(start, end.max(start));
                let text = self.joined.folded(start, end).unwrap_or_else(|| text.into_owned());
                self.put(Node { value: Value::Scalar(Scalar { text, style }), span });
            }
            Event::Alias(_) => {
                let span = self.places.span(start, end);
                let name = self.places.source.get(start + 1..end).unwrap_or_default().to_string();
                self.note(FeatureKind::Alias(name.clone()), span);
                self.put(Node { value: Value::Alias(name), span });
            }
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                let start = self.properties(start);
                if self.open.len() >= self.limits.depth {
                    return Err(Box::new(Fault {
                        message: format!(
                            "lists and maps stand deeper in each other than the limit of {} levels",
                            self.limits.depth
                        ),
                        span: self.places.span(start, start + 1),
                        hints: vec!["is it the right file?".into()],
                    }));
                }
                self.open.push(Open { is_map: matches!(event, Event::MappingStart(..)), start, items: vec![] });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    // A block ends with its last item; the parser sees the end only at what follows.
                    let closed = end > start && matches!(self.places.source.as_bytes().get(start), Some(b']' | b'}'));
                    let end = if closed { start + 1 } else { open.items.last().map_or(open.start, |n| n.span.end) };
                    let span = self.places.span(open.start, end.max(open.start));
                    let value = if open.is_map { self.map(open.items) } else { Value::List(open.items) };
                    self.put(Node { value, span });
                }
            }
            Event::DocumentStart(_) if !self.tree.documents.is_empty() => {
                let span = self.places.span(start, end);
                self.note(FeatureKind::NextDocument, span);
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, kind: FeatureKind, span: Span) {
        self.tree.features.push(Feature { kind, span });
    }

    fn put(&mut self, node: Node) {
        self.last = node.span.end;
        match self.open.last_mut() {
            Some(open) => open.items.push(node),
            None => self.tree.documents.push(node),
        }
    }

    /// Keys and values in turn, as they came, made to entries.
    fn map(&mut self, items: Vec<Node>) -> Value {
        let mut entries: Vec<Entry> = Vec::with_capacity(items.len() / 2);
        let mut seen: std::collections::HashMap<String, Span> = std::collections::HashMap::new();
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            match key.scalar() {
                None if matches!(key.value, Value::Alias(_)) => {}
                None => self.note(FeatureKind::ComplexKey, key.span),
                Some(scalar) if scalar.text == "<<" && scalar.style == Style::Plain => {
                    self.note(FeatureKind::MergeKey, key.span);
                }
                Some(scalar) => match seen.get(&scalar.text) {
                    Some(first) => {
                        let (key_text, first) = (scalar.text.clone(), *first);
                        self.note(FeatureKind::DuplicateKey { key: key_text, first }, key.span);
                    }
                    None => {
                        seen.insert(scalar.text.clone(), key.span);
                    }
                },
            }
            entries.push(Entry { key, value });
        }
        Value::Map(entries)
    }

    /// Notes the anchor and the tag before a node, and returns where the node itself begins.
    fn properties(&mut self, start: usize) -> usize {
        let source = self.places.source;
        let mut at = start;
        while let Some(c @ ('&' | '!')) = source[at..].chars().next() {
            let word = source[at..].find(BLANKS).map_or(source.len(), |n| at + n);
            let mut end = word;
            if c == '&' || !source[at..].starts_with("!<") {
                end = source[at..word].find([',', '[', ']', '{', '}']).map_or(word, |n| at + n);
            }
            let text = &source[at..end];
            let kind = match c {
                '&' => FeatureKind::Anchor(text[1..].to_string()),
                _ => FeatureKind::Tag(text.to_string()),
            };
            self.note(kind, self.places.span(at, end));
            let rest = &source[end..];
            let next = end + rest.len() - rest.trim_start_matches(BLANKS).len();
            // Nothing but blanks may follow the properties of a value that is missing.
            at = if next < source.len() { next } else { end };
            if end == at {
                break;
            }
        }
        at
    }

    /// The place of a value that is missing: behind the colon, if there is one.
    fn missing(&self, start: usize) -> (usize, usize) {
        let rest = &self.places.source[start..];
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let at = if trimmed.starts_with(':') { start + rest.len() - trimmed.len() + 1 } else { start };
        (at, at)
    }

    /// The `|` or `>` of a block scalar whose first character stands at `content`.
    fn block_header(&mut self, content: usize) -> usize {
        let source = self.places.source;
        let mut at = self.last.min(content);
        loop {
            let rest = &source[at..content];
            let trimmed = rest.trim_start_matches(|c| BLANKS.contains(&c) || matches!(c, ':' | '-' | '?'));
            at += rest.len() - trimmed.len();
            match trimmed.chars().next() {
                Some('&' | '!') => {
                    let after = self.properties(at);
                    if after <= at || after >= content {
                        return content;
                    }
                    at = after;
                }
                Some('#') => at += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len()),
                Some('|' | '>') => return at,
                _ => return content,
            }
        }
    }

    /// The end of the last line of a block scalar that is not blank.
    fn block_end(&self, content: usize) -> usize {
        let source = self.places.source;
        let (_, column) = self.places.lines.at(content);
        let mut end = content;
        let mut at = content - (column - 1).min(content);
        for line in source.get(at..).unwrap_or_default().split_inclusive('\n') {
            let text = line.trim_end_matches(BLANKS);
            if !text.is_empty() {
                let indent = line.len() - line.trim_start_matches(' ').len();
                if indent + 1 < column {
                    break;
                }
                end = at + text.len();
            }
            at += line.len();
        }
        end
    }
}
