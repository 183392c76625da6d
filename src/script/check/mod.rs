//! Everything that can be said of a playbook without running it: all of it at once.
//!
//! The parser stops at the first syntax error and says nothing of functions; the tree it leaves is
//! walked here, against the table of primitives and the verbs.

mod arguments;
mod finding;
mod functions;
mod literal;
mod outer;
mod parameters;
mod source;
mod syntax;
mod titles;
mod walk;

pub use finding::Finding;
pub use syntax::{syntax_error, syntax_said};

use super::playbook::Playbook;
use crate::contract::Spec;
use functions::Names;
use source::Source;
use walk::Walk;

/// Checks a playbook and its modules.
pub fn check(playbook: &Playbook, table: &'static [Spec]) -> Vec<Finding> {
    let mut findings = vec![];
    let mut sources = vec![];
    let main = (None, &playbook.file, &playbook.text);
    let modules = playbook.modules.iter().map(|(path, (place, text))| (Some(path.as_str()), place, text));
    for (path, file, text) in std::iter::once(main).chain(modules) {
        let (source, wrong) = Source::parse(path, file, text);
        findings.extend(wrong);
        sources.extend(source);
    }
    let names = Names::of(&sources, table);
    for source in &sources {
        findings.extend(Walk::new(source, &names).findings());
    }
    findings.sort_by(|a, b| a.place.cmp(&b.place));
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests;
