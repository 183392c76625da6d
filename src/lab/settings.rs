//! What `lab.yml` says: the hosts of a lab, what they are given, and what must hold in the end.

use crate::error::{Error, Place, Result};
use crate::name::HostName;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// The whole of `lab.yml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The machines, by the names that the playbook's host parameters have.
    pub hosts: BTreeMap<String, HostSettings>,
    /// Another lab, whose `bin` every host has too: `pryv_core`. What lies in this lab's own `bin` wins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs_of: Option<String>,
    /// Top-level folders that each host has for itself beside the usual ones, such as `/svc`.
    #[serde(default)]
    pub private: Vec<String>,
    /// Values for the playbook's parameters.
    #[serde(default)]
    pub params: BTreeMap<String, serde_json::Value>,
    /// Values for the playbook's secrets: made up, since they stand in a file.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// The stand-in of AWS, where the playbook asks AWS: a service of one of the hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<AwsSettings>,
    /// Modes that git does not keep: `source:/etc/x/key.pem: "0400"`. A key that ends in `/` names
    /// a folder, which is made when it is missing.
    #[serde(default)]
    pub modes: BTreeMap<String, String>,
    /// Symbolic links: `source:/etc/x/current: v1`.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Programs that the operator's machine must have.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What a person would do by hand, done here when a playbook says so.
    #[serde(default)]
    pub by_hand: Vec<ByHand>,
    /// What must hold after a run.
    #[serde(default)]
    pub after_run: Vec<Check>,
    /// What must hold after a rollback.
    #[serde(default)]
    pub after_rollback: Vec<Check>,
    /// Paths that may differ from the start after a rollback, each with the reason.
    #[serde(default)]
    pub differs_after_rollback: Vec<Differs>,
}

/// Where a lab's stand-in of AWS answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsSettings {
    /// As in `http://127.0.0.9:5000`; one of the lab's own addresses, since there are no others inside.
    pub endpoint: String,
    /// The region that it pretends to be.
    pub region: String,
}

/// One machine of the lab.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSettings {
    /// Its address, in 127.0.0.0/8; given out from 127.0.0.11 on when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Ipv4Addr>,
    /// Another host, whose address this one answers on too while that one is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves_to: Option<String>,
    /// Whether the inventory says `sudo: true`. Everything in the lab runs as root anyway.
    #[serde(default)]
    pub sudo: bool,
    /// Whom mig logs in as; `root` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// How many sessions one connection may have, as sshd's `MaxSessions`; no limit when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sessions: Option<usize>,
    /// For how long a reboot takes the host away, in milliseconds.
    #[serde(default = "down_for")]
    pub down_for: u64,
}

fn down_for() -> u64 {
    200
}

/// What the lab does when a playbook tells a person to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByHand {
    /// Words of the instruction; enough of them to tell it from others.
    pub says: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_off: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_on: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<HandCommand>,
}

/// A command on a host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandCommand {
    pub host: String,
    pub command: String,
}

/// A command on a host and what it must answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub host: String,
    pub command: String,
    /// What it prints, without the blanks around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prints: Option<String>,
    /// Its exit code.
    #[serde(default)]
    pub exits: i32,
}

/// A path that may differ after a rollback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differs {
    /// `HOST:/path` or `/path` for all hosts; `*` stands for anything but `/`, `**` for anything.
    pub path: String,
    pub reason: String,
}

impl Differs {
    /// Whether this is about `path` on `host`.
    pub fn is_about(&self, host: &str, path: &str) -> bool {
        let glob = match self.path.split_once(':') {
            Some((of, glob)) if of == host => glob,
            Some(_) => return false,
            None => &self.path,
        };
        glob_matches(glob.as_bytes(), path.as_bytes())
    }
}

fn glob_matches(glob: &[u8], path: &[u8]) -> bool {
    match glob {
        [] => path.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=path.len()).any(|i| glob_matches(rest, &path[i..])),
        [b'*', rest @ ..] => {
            let end = path.iter().position(|b| *b == b'/').unwrap_or(path.len());
            (0..=end).any(|i| glob_matches(rest, &path[i..]))
        }
        [first, rest @ ..] => path.first() == Some(first) && glob_matches(rest, &path[1..]),
    }
}

impl Settings {
    /// Reads and checks `lab.yml`; `file` is how errors call it.
    pub fn parse(file: &str, text: &str) -> Result<Settings> {
        let reader = serde_yaml::Deserializer::from_str(text);
        let mut settings: Settings = serde_path_to_error::deserialize(reader).map_err(|e| {
            let path = e.path().to_string();
            let inner = e.into_inner();
            let (line, column) = inner.location().map_or((0, 0), |l| (l.line(), l.column()));
            let at = if path == "." { String::new() } else { format!("{path}: ") };
            let message = inner.to_string();
            let message = message.split(" at line ").next().unwrap_or(&message).to_owned();
            Error::bad_input(format!("{at}{message}")).at(Place { file: file.to_owned(), line, column })
        })?;
        settings.check().map_err(|mut e| {
            e.place = Some(Place { file: file.to_owned(), line: 0, column: 0 });
            e
        })?;
        settings.give_addresses();
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        if self.hosts.is_empty() {
            return Error::bad_input("hosts: a lab needs at least one host").err();
        }
        if let Some(other) = &self.programs_of
            && !is_word(other)
        {
            let message = format!("programs_of: \"{other}\" is not the name of a lab; expected as in conductor");
            return Error::bad_input(message).err();
        }
        let mut seen = BTreeSet::new();
        for (name, host) in &self.hosts {
            HostName::parse(name).map_err(|e| Box::new(Error::bad_input(format!("hosts: {e}"))))?;
            if let Some(user) = &host.user
                && (user.starts_with('-') || !is_word(user))
            {
                return Error::bad_input(format!("hosts.{name}.user: \"{user}\" is not the name of a user")).err();
            }
            if let Some(a) = host.address
                && (!a.is_loopback() || a == Ipv4Addr::LOCALHOST)
            {
                return Error::bad_input(format!(
                    "hosts.{name}.address: {a} is no address of a lab; expected one of 127.0.0.0/8, not 127.0.0.1"
                ))
                .err();
            }
            if let Some(other) = &host.moves_to
                && (other == name || !self.hosts.contains_key(other))
            {
                let known = self.hosts.keys().filter(|k| *k != name).cloned().collect::<Vec<_>>().join(", ");
                let message =
                    format!("hosts.{name}.moves_to: \"{other}\" is no other host of this lab; known: {known}");
                return Error::bad_input(message).err();
            }
            if let Some(a) = host.address
                && !seen.insert(a)
            {
                return Error::bad_input(format!("hosts.{name}.address: {a} belongs to another host")).err();
            }
        }
        if let Some(aws) = &self.aws
            && !aws.endpoint.starts_with("http://127.")
        {
            let message =
                format!("aws.endpoint: \"{}\" is not inside a lab; expected as http://127.0.0.9:5000", aws.endpoint);
            return Error::bad_input(message).err();
        }
        let known = || self.hosts.keys().cloned().collect::<Vec<_>>().join(", ");
        for (what, checks) in [("after_run", &self.after_run), ("after_rollback", &self.after_rollback)] {
            for (i, check) in checks.iter().enumerate() {
                if !self.hosts.contains_key(&check.host) {
                    let message = format!("{what}[{i}].host: no host is called \"{}\"; known: {}", check.host, known());
                    return Error::bad_input(message).err();
                }
            }
        }
        for (what, keys) in [("modes", &self.modes), ("links", &self.links)] {
            for key in keys.keys() {
                match key.split_once(':') {
                    Some((host, path)) if self.hosts.contains_key(host) && is_plain(path) => {}
                    _ => {
                        let message = format!("{what}.\"{key}\": expected HOST:/path, HOST being one of {}", known());
                        return Error::bad_input(message).err();
                    }
                }
            }
        }
        for (key, mode) in &self.modes {
            if u32::from_str_radix(mode, 8).map_or(true, |m| m > 0o7777) {
                return Error::bad_input(format!(
                    "modes.\"{key}\": \"{mode}\" is no mode; expected four octal digits in quotes, such as \"0400\""
                ))
                .err();
            }
        }
        for path in &self.private {
            let top = path.strip_prefix('/').unwrap_or("");
            let taken = ["usr", "bin", "sbin", "lib", "lib64", "proc", "dev", "sys", "lab"];
            if top.is_empty() || top.contains('/') || top.contains("..") || taken.contains(&top) {
                return Error::bad_input(format!(
                    "private: \"{path}\" cannot be private; expected a top-level folder such as /svc"
                ))
                .err();
            }
        }
        for differs in &self.differs_after_rollback {
            if differs.reason.trim().is_empty() {
                return Error::bad_input(format!("differs_after_rollback: \"{}\" has no reason", differs.path)).err();
            }
        }
        Ok(())
    }

    fn give_addresses(&mut self) {
        let taken: BTreeSet<Ipv4Addr> = self.hosts.values().filter_map(|h| h.address).collect();
        let mut free = (11..=u32::from(u16::MAX))
            .map(|n| Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 0, 0, 0)) + n))
            .filter(|a| !taken.contains(a));
        for host in self.hosts.values_mut() {
            if host.address.is_none() {
                host.address = free.next();
            }
        }
    }

    /// The host whose address `host` takes over while that one is off, and the address.
    pub fn takes_over(&self, host: &str) -> Option<(&str, Ipv4Addr)> {
        let owner = self.hosts.get(host)?.moves_to.as_deref()?;
        Some((owner, self.address(owner)))
    }

    /// The address of a host of this lab.
    pub fn address(&self, host: &str) -> Ipv4Addr {
        self.hosts.get(host).and_then(|h| h.address).unwrap_or(Ipv4Addr::LOCALHOST)
    }
}

/// Whether a text is a name of letters, digits, _ and -, as files and users of a lab have.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Whether a path is absolute and cannot climb out.
pub(super) fn is_plain(path: &str) -> bool {
    path.starts_with('/') && path.len() > 1 && path.split('/').all(|part| part != ".." && part != ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Settings::parse("lab.yml", text).unwrap_err().to_string()
    }

    #[test]
    fn addresses_are_given_out_in_the_order_of_names() {
        let s = Settings::parse("lab.yml", "hosts: { source: {}, dest: { moves_to: source } }").unwrap();
        assert_eq!(s.address("dest").to_string(), "127.0.0.11");
        assert_eq!(s.address("source").to_string(), "127.0.0.12");
        assert_eq!(s.takes_over("dest"), Some(("source", s.address("source"))));
        assert_eq!(s.hosts["dest"].down_for, 200);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let unknown = refused("hosts:\n  source: {}\nhosst: 1\n");
        assert!(unknown.contains("lab.yml:3") && unknown.contains("hosst"), "{unknown}");
        let nested = refused("hosts:\n  source: { sudo: maybe }\n");
        assert!(nested.contains("hosts.source.sudo"), "{nested}");
        assert!(refused("hosts: {}").contains("at least one host"));
        assert!(refused("hosts: { a: {} }\nprograms_of: ../etc").contains("programs_of"));
        assert!(refused("hosts: { a: { address: 10.0.0.1 } }").contains("127.0.0.0/8"));
        assert!(refused("hosts: { a: { moves_to: b }, c: {} }").contains("known: c"));
        assert!(refused("hosts: { a: {} }\nmodes: { 'b:/x': '0400' }").contains("HOST:/path"));
        assert!(refused("hosts: { a: {} }\nmodes: { 'a:/x': '9' }").contains("octal"));
        assert!(refused("hosts: { a: {} }\nmodes: { 'a:/../x': '0400' }").contains("HOST:/path"));
        let amazon = "hosts: { a: {} }\naws: { region: eu-west-1, endpoint: 'https://ec2.eu-west-1.amazonaws.com' }";
        assert!(refused(amazon).contains("aws.endpoint"));
        assert!(refused("hosts: { a: {} }\nprivate: [/usr]").contains("top-level"));
        assert!(refused("hosts: { a: {} }\nafter_run: [{ host: b, command: x }]").contains("after_run[0].host"));
    }

    #[test]
    fn a_difference_is_named_by_host_and_glob() {
        let d = |path: &str| Differs { path: path.into(), reason: "r".into() };
        assert!(d("/var/log/*").is_about("a", "/var/log/x"));
        assert!(!d("/var/log/*").is_about("a", "/var/log/x/y"));
        assert!(d("a:/var/**").is_about("a", "/var/log/x/y"));
        assert!(!d("a:/var/**").is_about("b", "/var/log/x/y"));
    }
}
