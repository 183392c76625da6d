//! A host of the inventory and the way to it.

use super::findings::{Findings, cut};
use super::parse::Inventory;
use crate::error::Place;
use crate::name::{Address, HostName, SshAlias, UserName};
use crate::text::yaml::{Entry, Node, Span, Value};
use std::collections::BTreeMap;

/// A machine and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Host {
    pub reach: Reach,
    /// Commands run as root, through sudo.
    pub sudo: bool,
    /// The address that this machine takes over from another one during the run, so that it is
    /// known by its host key and machine-id and not by its address.
    pub moves_to: Option<Address>,
    /// Where its name stands in the inventory.
    pub place: Place,
}

/// How a machine is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    Ssh {
        address: Address,
        port: u16,
        user: Option<UserName>,
        /// The private key's path as it is written; `~` is for whoever opens it.
        identity: Option<String>,
    },
    /// By an alias of the user's own ssh configuration.
    Alias(SshAlias),
    /// This machine, without ssh.
    Local,
}

const KEYS: &[&str] = &["address", "port", "user", "identity", "sudo", "moves_to", "ssh", "local"];

/// Reads the section `hosts`.
pub(super) fn read_all(
    node: &Node,
    inventory: &mut Inventory,
    spans: &mut BTreeMap<HostName, Span>,
    findings: &mut Findings<'_>,
) {
    let example = "a host is a name and how to reach it, as in source: { address: 192.0.2.10, user: admin }";
    for (name, entry) in findings.map(node, "hosts", example).unwrap_or_default() {
        if name == "<<" {
            continue;
        }
        let host = read(name, entry, findings);
        match HostName::parse(name) {
            Err(why) => findings.add(entry.key.span, format!("hosts: {why}"), []),
            Ok(name) => {
                // Known by name even when it is wrong, so that groups do not report it again.
                if spans.insert(name.clone(), entry.key.span).is_none() {
                    inventory.order.push(name.clone());
                }
                if let Some(host) = host {
                    inventory.hosts.insert(name, host);
                }
            }
        }
    }
}

fn read(name: &str, host: &Entry, findings: &mut Findings<'_>) -> Option<Host> {
    let path = |key: &str| format!("hosts.{}.{key}", shortened(name));
    let at = format!("hosts.{}", shortened(name));
    let example =
        format!("write {}: {{ address: 192.0.2.10 }}, {{ ssh: ALIAS }} or {{ local: true }}", shortened(name));
    let entries = findings.map(&host.value, &at, &example)?;
    let (mut address, mut port, mut user, mut identity) = (None, None, None, None);
    let (mut alias, mut local, mut sudo, mut moves_to) = (None, false, false, None);
    let mut complete = true;
    for (key, entry) in &entries {
        let node = &entry.value;
        // A key that is there and wrong has been noted; the host is left out then.
        let read = match *key {
            "address" => kept(&mut address, read_address(node, &path(key), findings)),
            "moves_to" => kept(&mut moves_to, read_address(node, &path(key), findings)),
            "port" => kept(&mut port, findings.port(node, &path(key))),
            "user" => kept(&mut user, read_name(node, &path(key), UserName::parse, findings)),
            "identity" => kept(&mut identity, read_identity(node, &path(key), findings)),
            "ssh" => kept(&mut alias, read_name(node, &path(key), SshAlias::parse, findings)),
            "local" => findings.boolean(node, &path(key)).map(|is| local = is),
            "sudo" => findings.boolean(node, &path(key)).map(|is| sudo = is),
            "<<" => None,
            other => {
                findings.unknown_key(&entry.key, other, KEYS);
                None
            }
        };
        complete &= read.is_some();
    }
    complete &= exclude(&entries, local, &at, findings);
    let has = |key: &str| entries.iter().any(|(name, _)| *name == key);
    let reach = if local {
        Reach::Local
    } else if let Some(alias) = alias {
        Reach::Alias(alias)
    } else if let Some(address) = address {
        Reach::Ssh { address, port: port.unwrap_or(22), user, identity }
    } else {
        if !has("address") && !has("ssh") && complete {
            findings.add(host.key.span, format!("{at} does not say how it is reached"), [example]);
        }
        return None;
    };
    complete.then(|| Host { reach, sudo, moves_to, place: findings.place(host.key.span) })
}

/// Puts a value that could be read where it belongs.
fn kept<T>(slot: &mut Option<T>, value: Option<T>) -> Option<()> {
    value.map(|value| *slot = Some(value))
}

/// Notes keys that cannot stand together; whether there are none.
fn exclude(entries: &[(&str, &Entry)], local: bool, at: &str, findings: &mut Findings<'_>) -> bool {
    let mut together = true;
    let alias = entries.iter().any(|(name, _)| *name == "ssh");
    for (key, entry) in entries {
        let wrong = match *key {
            "address" | "port" | "user" | "identity" if alias => Some((
                format!("{at}: {key} and ssh cannot stand together"),
                "the alias says it: put it into your ssh_config, or leave ssh away",
            )),
            "address" | "port" | "user" | "identity" | "ssh" | "moves_to" if local => Some((
                format!("{at}: {key} and local cannot stand together"),
                "local: true is this machine, without ssh; only sudo may stand beside it",
            )),
            _ => None,
        };
        if let Some((message, hint)) = wrong {
            findings.add(entry.key.span, message, [hint.into()]);
            together = false;
        }
    }
    together
}

fn read_name<T>(
    node: &Node,
    path: &str,
    parse: fn(&str) -> Result<T, String>,
    findings: &mut Findings<'_>,
) -> Option<T> {
    let text = findings.text(node, path)?;
    parse(text).map_err(|why| findings.add(node.span, format!("{path}: {why}"), [])).ok()
}

fn read_address(node: &Node, path: &str, findings: &mut Findings<'_>) -> Option<Address> {
    match &node.value {
        Value::List(_) => {
            findings.add(
                node.span,
                format!("{path} must be text, found a list"),
                ["leave the brackets of an IPv6 address away, or quote it: \"[2001:db8::10]\"".into()],
            );
            None
        }
        Value::Scalar(scalar) if scalar.text.parse::<f64>().is_ok() => {
            let message = format!("{path} must be text, found {} ({})", scalar.describe(), cut(&scalar.text));
            findings.add(node.span, message, ["an IPv4 address has four numbers, as 192.0.2.10".into()]);
            None
        }
        _ => read_name(node, path, Address::parse, findings),
    }
}

fn read_identity(node: &Node, path: &str, findings: &mut Findings<'_>) -> Option<String> {
    let text = findings.text(node, path)?;
    let (why, hint) = if text.is_empty() {
        ("it is empty", "write the path of the private key, as ~/.ssh/id_ed25519")
    } else if text.contains(|c: char| c.is_control() || c == '"') || text.len() > 4096 {
        ("it has a control character or a quote in it, or is longer than 4096 bytes", "give the key another name")
    } else if text.starts_with('-') {
        ("it begins with a dash", "write ./ before it, or its whole path")
    } else if text.ends_with(".pub") {
        ("it is the public half of a key", "write the private one: the same path without .pub")
    } else if text.starts_with('~') && !text.starts_with("~/") {
        ("only ~/ is expanded", "write the whole path")
    } else {
        return Some(text.into());
    };
    findings.add(node.span, format!("{path}: {} cannot be a private key's path: {why}", cut(text)), [hint.into()]);
    None
}

/// A name for a path in a message.
fn shortened(name: &str) -> String {
    if HostName::parse(name).is_ok() { name.into() } else { cut(name) }
}
