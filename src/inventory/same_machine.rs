//! Two names for one machine are refused: a move from a machine to itself destroys it.
//!
//! Here only what the inventory tells is compared; host keys and machine-ids are compared when the
//! machines are reached.

use super::findings::Findings;
use super::host::{Host, Reach};
use super::parse::Inventory;
use crate::name::HostName;
use crate::text::yaml::Span;
use std::collections::{BTreeMap, HashMap};

/// Notes each host that is reached exactly as one before it.
pub(super) fn refuse(inventory: &Inventory, spans: &BTreeMap<HostName, Span>, findings: &mut Findings<'_>) {
    let mut seen: HashMap<String, Vec<&HostName>> = HashMap::new();
    for name in &inventory.order {
        let Some(host) = inventory.hosts.get(name) else { continue };
        let (key, how) = reached(host);
        let others = seen.entry(key).or_default();
        let same = others.iter().find(|other| inventory.hosts.get(**other).is_some_and(|other| !moves(host, other)));
        if let Some(other) = same
            && let (Some(span), Some(first)) = (spans.get(name), spans.get(*other))
        {
            findings.add_beside(
                *span,
                *first,
                format!("\"{other}\" and \"{name}\" are the same machine ({how})"),
                "correct one of them; if one takes the other's address over, say so with moves_to: ADDRESS".into(),
            );
        }
        others.push(name);
    }
}

/// What two ways to one machine have in common, and the same for a person.
fn reached(host: &Host) -> (String, String) {
    match &host.reach {
        Reach::Ssh { address, port, user, .. } => {
            let user = user.as_ref().map_or(String::new(), |u| format!("{u}@"));
            let text = format!("{user}{}:{port}", address.bracketed());
            (format!("address {text}"), text)
        }
        Reach::Alias(alias) => (format!("alias {alias}"), format!("ssh alias {alias}")),
        Reach::Local => ("local".into(), "this one".into()),
    }
}

/// Whether one of them takes the address over that both have.
fn moves(one: &Host, other: &Host) -> bool {
    let address = |host: &Host| match &host.reach {
        Reach::Ssh { address, .. } => Some(address.clone()),
        _ => None,
    };
    let takes = |a: &Host, b: &Host| a.moves_to.is_some() && a.moves_to == address(b);
    takes(one, other) || takes(other, one)
}
