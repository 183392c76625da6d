//! A whole playbook: its own file and those it imports, against one list of names.

use super::finding::Finding;
use super::functions::Names;
use super::source::Source;
use super::walk::Walk;
use crate::contract::Spec;
use crate::script::memory::Memory;
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
    sorted(findings)
}

/// Checks one line against what was typed before it: the same rules, the same words.
pub fn check_line(line: &Playbook, memory: &Memory, table: &'static [Spec]) -> Vec<Finding> {
    let before: Vec<String> = memory.names().into_keys().collect();
    let (source, mut findings) = Source::parse_knowing(None, &line.file, &line.text, &before, &memory.aliases());
    let modules = memory.modules.iter().chain(&line.modules);
    let modules = modules.filter_map(|(path, (place, text))| Source::parse(Some(path), place, text).0);
    // The line stands first: its own functions and methods are among the names.
    let sources: Vec<Source> = source.into_iter().chain(modules).collect();
    let names = Names::of(&sources, table).knowing(&memory.functions());
    if let Some(line) = sources.iter().find(|s| s.path.is_none()) {
        findings.extend(Walk::new(line, &names).findings());
    }
    sorted(findings)
}

fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| a.place.cmp(&b.place));
    findings.dedup();
    findings
}
