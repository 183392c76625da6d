//! Groups: names for lists of hosts.

use super::findings::{Findings, cut};
use super::parse::Inventory;
use crate::name::{HostName, RESERVED};
use crate::text::yaml::{Node, Span, Value};
use std::collections::BTreeMap;

/// Reads the section `groups`; `hosts` are those that are written, right or wrong.
pub(super) fn read(
    node: &Node,
    inventory: &mut Inventory,
    hosts: &BTreeMap<HostName, Span>,
    findings: &mut Findings<'_>,
) {
    let example = "a group is a name and a list of hosts, as in routers: [r1, r2]";
    let entries = findings.map(node, "groups", example).unwrap_or_default();
    let names: Vec<&str> = entries.iter().map(|(name, _)| *name).collect();
    for (name, entry) in &entries {
        let key = entry.key.span;
        if *name == "<<" {
            continue;
        }
        if RESERVED.contains(name) {
            let message = format!("groups: {name:?} is a reserved word of the playbook language");
            findings.add(key, message, ["call the group otherwise".into()]);
        } else if HostName::parse(name).is_err() {
            let message = format!("groups: {} is not the name of a group", cut(name));
            findings.add(key, message, ["a letter, then letters, digits, _ and -, at most 63".into()]);
        } else if let Some((_, first)) = hosts.iter().find(|(host, _)| host.as_ref() == *name) {
            let hint = format!("the host stands at {}; call one of them otherwise", findings.place(*first));
            findings.add_beside(key, *first, format!("groups: {name:?} is the name of a host too"), hint);
        }
        let Value::List(items) = &entry.value.value else {
            if !matches!(entry.value.value, Value::Alias(_)) {
                let message = format!("groups.{} must be a list of hosts, found {}", cut(name), entry.value.describe());
                findings.add(entry.value.span, message, [example.into()]);
            }
            continue;
        };
        let mut members: Vec<HostName> = vec![];
        for item in items {
            let Some(text) = findings.text(item, &format!("a host of the group {}", cut(name))) else { continue };
            let Some((host, _)) = hosts.iter().find(|(host, _)| host.as_ref() == text) else {
                let mut hints = findings.did_you_mean(text, hosts.keys().map(AsRef::as_ref));
                if names.contains(&text) {
                    hints = vec!["it is a group; a group lists hosts".into()];
                }
                let hint = hints.pop().unwrap_or_else(|| "write it under hosts: first".into());
                findings.add(
                    item.span,
                    format!("the group {} names {}, which is no host", cut(name), cut(text)),
                    [hint],
                );
                continue;
            };
            if members.contains(host) {
                findings.add(item.span, format!("the group {} names {text:?} twice", cut(name)), []);
                continue;
            }
            members.push(host.clone());
        }
        inventory.groups.insert((*name).into(), members);
    }
}
