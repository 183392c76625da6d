//! The ssh configuration that is generated for each host of a run.
//!
//! ssh is told an alias and a file, nothing else: no address, user or path of a user ever stands
//! in its argv. Settings that must hold come first, for in ssh_config the first one wins.

use super::settings::{HostConfig, Reach};
use crate::error::{Error, Result};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::Path;

/// One way to a host: what ssh is called with.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    pub alias: String,
    pub config: String,
    /// Where it leads, for a person.
    pub address: String,
}

/// The name under which a host's key is pinned: of the machine, whatever address it has now.
pub fn machine_alias(host: &HostConfig) -> String {
    let reach = match &host.reach {
        Reach::Ssh { address, port, .. } => format!("{address} {port}"),
        Reach::Alias(alias) => alias.clone(),
        Reach::Local => "local".into(),
    };
    let digest = hex::encode(&Sha256::digest(reach)[..4]);
    format!("mig-{}-{digest}", host.name.as_ref().to_lowercase())
}

/// The ways to a host, the usual one first. None for the operator's own machine.
pub fn ways(host: &HostConfig, known_hosts: &Path, connect_timeout: u64) -> Result<Vec<Way>> {
    let wrong = |what: &str, text: &str| {
        Error::bad_input(format!("hosts.{}.{what}: {text:?} cannot be written into an ssh configuration", host.name))
    };
    let known_hosts =
        path(known_hosts).ok_or_else(|| Box::new(wrong("(state folder)", &known_hosts.to_string_lossy())))?;
    let common = |alias: &str| {
        format!(
            "Host {alias}\n  HostKeyAlias {}\n  CheckHostIP no\n  UserKnownHostsFile {known_hosts} ~/.ssh/known_hosts\n\
             \x20 StrictHostKeyChecking yes\n  VerifyHostKeyDNS no\n  UpdateHostKeys no\n  BatchMode yes\n\
             \x20 ConnectTimeout {connect_timeout}\n  ServerAliveInterval 5\n  ServerAliveCountMax 2\n  TCPKeepAlive yes\n\
             \x20 ForwardAgent no\n  ForwardX11 no\n  ClearAllForwardings yes\n  Tunnel no\n  PermitLocalCommand no\n\
             \x20 RemoteCommand none\n  RequestTTY no\n  ControlMaster no\n  LogLevel INFO\n",
            machine_alias(host)
        )
    };
    match &host.reach {
        Reach::Local => Ok(vec![]),
        Reach::Alias(alias) => {
            if !is_plain(alias) {
                return wrong("ssh", alias).err();
            }
            // The user's own configuration stands behind ours, also for the hosts that it jumps over.
            let config = format!("{}\nHost *\nInclude ~/.ssh/config\nInclude /etc/ssh/ssh_config\n", common(alias));
            Ok(vec![Way { alias: alias.clone(), config, address: alias.clone() }])
        }
        Reach::Ssh { address, port, user, identity } => {
            let mut ways = vec![];
            let moved = host.moves_to.as_ref().map(|to| (format!("mig-{}-moved", host.name), to.clone()));
            for (alias, address) in [Some((format!("mig-{}", host.name), address.clone())), moved].into_iter().flatten()
            {
                if !is_plain(&address) {
                    return wrong("address", &address).err();
                }
                let mut config = common(&alias);
                let _ = writeln!(config, "  HostName {address}\n  Port {port}");
                if !user.is_empty() {
                    if !is_plain(user) {
                        return wrong("user", user).err();
                    }
                    let _ = writeln!(config, "  User {user}");
                }
                if let Some(identity) = identity {
                    let file =
                        path(identity).ok_or_else(|| Box::new(wrong("identity", &identity.to_string_lossy())))?;
                    let _ = writeln!(config, "  IdentityFile {file}\n  IdentitiesOnly yes");
                }
                ways.push(Way { alias, config, address });
            }
            Ok(ways)
        }
    }
}

/// Letters, digits and what addresses have, not beginning with a dash.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:%@".contains(c);
    !text.is_empty() && !text.starts_with('-') && text.chars().all(plain)
}

/// A path as ssh_config takes it: in quotes, `%` doubled.
fn path(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let bad = text.contains("${") || text.chars().any(|c| c == '"' || c == '\\' || c.is_control());
    (!bad && path.is_absolute()).then(|| format!("\"{}\"", text.replace('%', "%%")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::HostName;

    fn host(address: &str, user: &str) -> HostConfig {
        HostConfig {
            name: HostName::parse("dest").unwrap(),
            reach: Reach::Ssh {
                address: address.into(),
                port: 2222,
                user: user.into(),
                identity: Some("/k/id 1".into()),
            },
            sudo: false,
            moves_to: Some("192.0.2.10".into()),
        }
    }

    #[test]
    fn a_host_that_moves_has_two_ways_and_one_key() {
        let ways = ways(&host("192.0.2.11", "root"), Path::new("/s/100%/known_hosts"), 10).unwrap();
        let aliases: Vec<_> = ways.iter().map(|w| (w.alias.as_str(), w.address.as_str())).collect();
        assert_eq!(aliases, [("mig-dest", "192.0.2.11"), ("mig-dest-moved", "192.0.2.10")]);
        for way in &ways {
            assert!(way.config.contains(&format!("HostKeyAlias {}\n", machine_alias(&host("192.0.2.11", "root")))));
            assert!(way.config.contains("UserKnownHostsFile \"/s/100%%/known_hosts\""));
            assert!(way.config.contains("IdentityFile \"/k/id 1\"\n  IdentitiesOnly yes"));
        }
    }

    #[test]
    fn nothing_else_gets_into_the_configuration() {
        for (address, user) in
            [("a b", "root"), ("-oX=y", "root"), ("a\nProxyCommand x", "root"), ("", "root"), ("a", "x y")]
        {
            assert!(ways(&host(address, user), Path::new("/s"), 10).is_err(), "{address:?} {user:?}");
        }
        let alias = |a: &str| HostConfig { reach: Reach::Alias(a.into()), ..host("a", "b") };
        assert!(ways(&alias("-F/x"), Path::new("/s"), 10).is_err());
        let config = &ways(&alias("router-1"), Path::new("/s"), 10).unwrap()[0].config;
        let (ours, users) = (config.find("StrictHostKeyChecking yes"), config.find("Include ~/.ssh/config"));
        assert!(ours < users, "ours must come first");
    }
}
