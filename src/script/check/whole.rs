//! A whole playbook: its own file and those it imports, against one list of names.

use super::finding::Finding;
use super::functions::Names;
use super::source::Source;
use super::walk::Walk;
use crate::contract::Spec;
use crate::script::playbook::Playbook;

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
