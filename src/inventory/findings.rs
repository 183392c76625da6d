//! What is wrong with an inventory, collected while it is read, and the typed readers that say so.
//!
//! No excerpt is made of lines of the `secrets` section: somebody may have written a value there.

use crate::error::{Error, Place};
use crate::text::excerpt::excerpt;
use crate::text::nearest::nearest;
use crate::text::position::Lines;
use crate::text::yaml::{Entry, Meaning, Node, Span, Value};

/// How many findings are told; more are counted.
const MOST: usize = 50;

/// The findings so far, and the text they are about.
pub(super) struct Findings<'a> {
    file: &'a str,
    source: &'a str,
    found: Vec<Finding>,
}

struct Finding {
    span: Span,
    message: String,
    hints: Vec<String>,
    /// A place that is shown beside, such as the first of two equal keys.
    beside: Option<Span>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(file: &'a str, source: &'a str) -> Self {
        Findings { file, source, found: vec![] }
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.file.into(), line: span.line, column: span.column }
    }

    /// Notes something wrong.
    pub(super) fn add<const N: usize>(&mut self, span: Span, message: impl Into<String>, hints: [String; N]) {
        self.found.push(Finding { span, message: message.into(), hints: hints.into(), beside: None });
    }

    /// Notes something wrong that concerns two places; `first` is shown too.
    pub(super) fn add_beside(&mut self, span: Span, first: Span, message: impl Into<String>, hint: String) {
        self.found.push(Finding { span, message: message.into(), hints: vec![hint], beside: Some(first) });
    }

    /// Notes a key that is not known, with the nearest that is.
    pub(super) fn unknown_key(&mut self, key: &Node, name: &str, known: &[&str]) {
        let mut hints = self.did_you_mean(name, known.iter().copied());
        hints.push(format!("known: {}", known.join(", ")));
        self.found.push(Finding { span: key.span, message: format!("unknown key {name:?}"), hints, beside: None });
    }

    /// A hint with the nearest name, if there is one.
    pub(super) fn did_you_mean<'n>(&self, name: &str, known: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        // Beyond the findings that are told, nobody reads the hints.
        if self.found.len() > MOST {
            return vec![];
        }
        nearest(name, known).map(|near| format!("did you mean {near:?}?")).into_iter().collect()
    }

    /// The errors in the order of the text; none if nothing is wrong.
    pub(super) fn into_errors(mut self) -> Vec<Error> {
        self.found.sort_by_key(|f| f.span.start);
        let more = self.found.len().saturating_sub(MOST);
        self.found.truncate(MOST);
        let lines = Lines::new(self.source);
        let hidden = secret_lines(self.source, &lines);
        let show = |span: Span| {
            let visible = !hidden.iter().any(|(from, to)| (*from..*to).contains(&span.line));
            visible.then(|| excerpt(self.source, span.line, span.column, span.length))
        };
        let mut errors: Vec<Error> = vec![];
        for finding in &self.found {
            let mut error = Error::bad_input(&finding.message).at(self.place(finding.span));
            let beside = finding.beside.and_then(show).unwrap_or_default();
            if let Some(text) = show(finding.span) {
                error = error.excerpt(beside + text.as_str());
            }
            error.hints.clone_from(&finding.hints);
            errors.push(error);
        }
        if more > 0
            && let Some(last) = errors.last_mut()
        {
            last.hints.push(format!("and {more} more findings"));
        }
        errors
    }

    // The typed readers. Each notes what was expected and what was found; an alias is silent,
    // since it has been noted as such.

    /// The entries of a map whose keys are scalars.
    pub(super) fn map<'n>(&mut self, node: &'n Node, path: &str, expected: &str) -> Option<Vec<(&'n str, &'n Entry)>> {
        match &node.value {
            Value::Map(entries) => {
                Some(entries.iter().filter_map(|e| e.key.scalar().map(|s| (s.text.as_str(), e))).collect())
            }
            Value::Alias(_) => None,
            _ => {
                self.add(node.span, format!("{path} must be a map, found {}", node.describe()), [expected.into()]);
                None
            }
        }
    }

    pub(super) fn text<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n str> {
        let scalar = match &node.value {
            Value::Scalar(scalar) => scalar,
            Value::Alias(_) => return None,
            _ => {
                self.add(node.span, format!("{path} must be text, found {}", node.describe()), []);
                return None;
            }
        };
        match scalar.meaning() {
            Meaning::Text => Some(&scalar.text),
            Meaning::Null => {
                self.add(
                    node.span,
                    format!("{path} must be text, found nothing"),
                    ["give it a value, or leave the key away".into()],
                );
                None
            }
            _ => {
                let message = format!("{path} must be text, found {} (quote it: {:?})", scalar.describe(), scalar.text);
                self.add(node.span, message, []);
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, node: &Node, path: &str) -> Option<bool> {
        let found = match &node.value {
            Value::Scalar(scalar) => match scalar.meaning() {
                Meaning::Bool(value) => return Some(value),
                Meaning::OldBool(value) => {
                    let message = format!("{path} must be true or false, found {:?} (write {value})", scalar.text);
                    self.add(node.span, message, ["not every YAML reader takes this word for a boolean".into()]);
                    return None;
                }
                Meaning::Text if matches!(scalar.text.as_str(), "true" | "false") => {
                    format!("text (write {} without quotes)", scalar.text)
                }
                _ => scalar.describe(),
            },
            Value::Alias(_) => return None,
            _ => node.describe(),
        };
        self.add(node.span, format!("{path} must be true or false, found {found}"), []);
        None
    }

    pub(super) fn port(&mut self, node: &Node, path: &str) -> Option<u16> {
        let found = match &node.value {
            Value::Scalar(scalar) => match scalar.meaning() {
                Meaning::Int(n) => match u16::try_from(n) {
                    Ok(port) if port > 0 => return Some(port),
                    _ => n.to_string(),
                },
                Meaning::LeadingZero => {
                    let plain = scalar.text.trim_start_matches(['+', '-', '0']);
                    let message = format!(
                        "{path} must be a whole number from 1 to 65535, found {} (octal to some readers)",
                        scalar.text
                    );
                    self.add(node.span, message, [format!("write it without the leading zero: {plain}")]);
                    return None;
                }
                Meaning::Text if scalar.text.parse::<u16>().is_ok_and(|p| p > 0) => {
                    format!("text (write {} without quotes)", scalar.text)
                }
                Meaning::Text => format!("text {}", cut(&scalar.text)),
                Meaning::Null => "nothing".into(),
                _ => format!("{} {}", scalar.describe(), cut(&scalar.text)),
            },
            Value::Alias(_) => return None,
            _ => node.describe(),
        };
        self.add(node.span, format!("{path} must be a whole number from 1 to 65535, found {found}"), []);
        None
    }
}

/// A text in quotes, escaped, and cut if it is long.
pub(super) fn cut(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    format!("{cut:?}{}", if cut.len() < text.len() { "..." } else { "" })
}

/// The lines, from and up to, in which values of secrets may stand: from a key `secrets` at the
/// left edge to the next key there. Asks the text and not the tree, because a text that cannot be
/// read has no tree.
fn secret_lines(source: &str, lines: &Lines<'_>) -> Vec<(usize, usize)> {
    // Written in one line or in braces, nothing tells where the section ends.
    if source.trim_start().starts_with('{') && source.contains("secret") {
        return vec![(0, usize::MAX)];
    }
    let mut found: Vec<(usize, usize)> = vec![];
    let mut begun = None;
    for number in 1..=lines.count() {
        let line = lines.line(number).unwrap_or_default();
        if line.is_empty() || line.starts_with([' ', '\t', '#', '-', '}', ']']) {
            continue;
        }
        if let Some(from) = begun.take() {
            found.push((from, number));
        }
        let key = line.trim_start_matches(['"', '\'', '?', ' ', '&', '!', '\u{feff}']).to_lowercase();
        let name = key.split([':', '"', '\'', ' ']).next().unwrap_or_default();
        if nearest(name, ["secrets"]).is_some() || name.contains("secret") {
            begun = Some(number);
        }
    }
    found.extend(begun.map(|from| (from, usize::MAX)));
    found
}
