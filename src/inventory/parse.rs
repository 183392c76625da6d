//! The inventory as a whole.

use super::aws::{self, Aws};
use super::findings::Findings;
use super::host::{self, Host};
use super::secret_source::{self, SecretSource};
use super::{groups, params, same_machine};
use crate::error::{Error, Place};
use crate::name::HostName;
use crate::text::yaml::{self, FeatureKind, LIMITS, Tree};
use std::collections::BTreeMap;

/// Everything an inventory says, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inventory {
    pub hosts: BTreeMap<HostName, Host>,
    /// The hosts in the order in which they are written.
    pub order: Vec<HostName>,
    pub groups: BTreeMap<String, Vec<HostName>>,
    /// Values for parameters of playbooks: text, whole numbers, booleans, lists of text.
    pub params: serde_json::Map<String, serde_json::Value>,
    pub param_places: BTreeMap<String, Place>,
    pub secrets: BTreeMap<String, SecretSource>,
    pub secret_places: BTreeMap<String, Place>,
    pub aws: Option<Aws>,
    /// These machines serve people: shown in plans and questions.
    pub production: bool,
}

const KEYS: &[&str] = &["hosts", "groups", "params", "secrets", "aws", "production"];

impl Inventory {
    /// Reads an inventory; `file_name` is what errors call it.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the text; a fault of YAML ends the reading.
    pub fn parse(file_name: &str, bytes: &[u8]) -> Result<Inventory, Vec<Error>> {
        let source = String::from_utf8_lossy(bytes);
        let mut findings = Findings::new(file_name, &source);
        let tree = match yaml::parse(bytes, LIMITS) {
            Ok(tree) => tree,
            Err(fault) => {
                findings.add(fault.span, fault.message.as_str(), []);
                let mut errors = findings.into_errors();
                errors.iter_mut().for_each(|e| e.hints.extend(fault.hints.iter().cloned()));
                return Err(errors);
            }
        };
        refuse_features(&tree, &mut findings);
        let inventory = read(&tree, &mut findings);
        let errors = findings.into_errors();
        if errors.is_empty() { Ok(inventory) } else { Err(errors) }
    }
}

/// Notes everything that readers of YAML disagree about, or that hides what is written.
fn refuse_features(tree: &Tree, findings: &mut Findings<'_>) {
    for feature in &tree.features {
        let span = feature.span;
        match &feature.kind {
            FeatureKind::DuplicateKey { key, first } => {
                let hint = format!("first at {}; other readers would silently keep the last", findings.place(*first));
                findings.add_beside(span, *first, format!("the key {key:?} is written twice"), hint);
            }
            FeatureKind::ComplexKey => {
                findings.add(span, "a list or map stands where a key must be", ["a key is plain text".into()]);
            }
            FeatureKind::Anchor(_) | FeatureKind::Alias(_) => findings.add(
                span,
                "anchors and aliases are not supported in inventories",
                ["write the value itself at each place; text that begins with & or * needs quotes".into()],
            ),
            FeatureKind::MergeKey => {
                findings.add(span, "merge keys (<<) are not supported in inventories", ["write the keys out".into()]);
            }
            FeatureKind::Tag(tag) => findings.add(
                span,
                format!("tags are not supported in inventories, found {}", super::findings::cut(tag)),
                ["take it away; text that begins with ! needs quotes".into()],
            ),
            FeatureKind::NextDocument => {
                findings.add(span, "a second document begins here", ["an inventory is one document".into()]);
            }
            FeatureKind::TabIndentation => {
                findings.add(span, "a tab stands in the indentation", ["indent with blanks".into()]);
            }
        }
    }
}

fn read(tree: &Tree, findings: &mut Findings<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let example = "it begins with hosts:, as in hosts: { source: { address: 192.0.2.10 } }";
    let Some(root) = tree.documents.first() else {
        let top = yaml::Span { start: 0, end: 0, line: 1, column: 1, length: 1 };
        findings.add(top, "the inventory is empty", [example.into()]);
        return inventory;
    };
    let mut host_spans = BTreeMap::new();
    let entries = findings.map(root, "an inventory", example).unwrap_or_default();
    // Groups name hosts, so hosts come first wherever they are written.
    for (_, entry) in entries.iter().filter(|(name, _)| *name == "hosts") {
        host::read_all(&entry.value, &mut inventory, &mut host_spans, findings);
    }
    for (name, entry) in &entries {
        let node = &entry.value;
        match *name {
            "hosts" => {}
            "groups" => groups::read(node, &mut inventory, &host_spans, findings),
            "params" => params::read(node, &mut inventory, findings),
            "secrets" => secret_source::read(node, &mut inventory, findings),
            "aws" => inventory.aws = aws::read(node, findings),
            "production" => inventory.production = findings.boolean(node, "production").unwrap_or_default(),
            // Noted as a merge key.
            "<<" => {}
            other => findings.unknown_key(&entry.key, other, KEYS),
        }
    }
    same_machine::refuse(&inventory, &host_spans, findings);
    inventory
}
