//! A tunnel from one host to another.

use super::duration::Duration;
use super::endpoint::Endpoint;
use super::leased::{named, opens};
use crate::contract::{
    Args, Change, Example, Failure, Given, LeasedKey, LeasedProcess, Look, Outcome, Plan, Tunnel, failed,
};
use crate::name::{HostName, LeaseName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keep an SSH tunnel open from one host to another.
///
/// `local` is an end on this host, `remote` one that is reached from `to`; a port alone is one of
/// 127.0.0.1. Connections are taken at `local`, or with `reverse` at `remote`, and there only by the
/// machine itself: that end must be a loopback address. With `container`, `local` is in the network of
/// that container, on whose side nothing is needed: neither ssh nor a key gets into it. This needs root,
/// `docker` and `nsenter` on the host; a name in `to`'s address is then looked up by the host's
/// resolver, from the container's network.
///
/// The tunnel runs on the host by itself, whoever is connected: it is started again when it ends, when
/// nothing was heard for 15 seconds, and when its container was restarted. After a reboot of the host it
/// is started again by `reboot`, or by the next `mig resume`. The call ends when the tunnel is up;
/// `daemon_info` tells how it is later. Its key may do nothing else.
///
/// It is gone after `close`, after a rollback and after `mig finish`, also when the run was killed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SshTunnel {
    /// Host on which the tunnel runs.
    host: HostName,
    /// Host that it leads to. It is needed.
    #[serde(default)]
    to: Option<HostName>,
    /// The end on this host: a port, or `address:port`. It is needed.
    #[serde(default)]
    local: Option<Endpoint>,
    /// The end on the other side: a port of `to`, or `address:port` as `to` sees it. It is needed.
    #[serde(default)]
    remote: Option<Endpoint>,
    /// Whether `to` takes the connections, and they come out here.
    #[serde(default)]
    reverse: bool,
    /// A container of this host, in whose network `local` is.
    #[serde(default)]
    container: Option<String>,
    /// After that the key opens nothing any more, as a text with a unit.
    #[serde(default = "a_month")]
    valid: Duration,
    /// How long it may take until it is up, as a text with a unit.
    #[serde(default = "half_a_minute")]
    timeout: Duration,
    /// What it is called in this run. Default: `tunnel-` and the port at which it listens.
    #[serde(default)]
    name: Option<LeaseName>,
}

fn a_month() -> Duration {
    Duration::hours(24 * 30)
}
fn half_a_minute() -> Duration {
    Duration::seconds(30)
}

impl Args for SshTunnel {
    const NAME: &'static str = "ssh_tunnel";
    const POSITIONAL: &'static [&'static str] = &["host"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dest.ssh_tunnel(#{ to: source, local: 6380, remote: "127.0.0.1:6379" })"#,
            given: &[],
            does: &["dest: tunnel from 127.0.0.1:6380 to 127.0.0.1:6379 of source"],
            undo: &["dest: close the tunnel tunnel-6380"],
            gives: "",
        },
        Example {
            script: r#"source.ssh_tunnel(#{ to: dest, local: 4567, remote: 6379, container: "pryvio_redis", name: "replica" })"#,
            given: &[Given::Folder("source: /var/lib/mig/run/lease.tunnel-4567")],
            does: &["source: tunnel from 127.0.0.1:4567 in pryvio_redis to 127.0.0.1:6379 of dest"],
            undo: &["source: close the tunnel replica"],
            gives: "",
        },
        Example {
            script: r#"source.ssh_tunnel(#{ to: dest, local: "db.internal:5432", remote: 5432, reverse: true })"#,
            given: &[],
            does: &["source: tunnel from 127.0.0.1:5432 of dest to db.internal:5432"],
            undo: &["source: close the tunnel tunnel-5432"],
            gives: "",
        },
    ];
}

impl Change for SshTunnel {
    const GIVES: &'static str = "a map for `close`, with `name`, `host`, `to`, `listens` (`address:port`), `port` and `log` \
                                 (a file on the host)";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let what = Self::NAME;
        let missing = |option: &str| -> Failure {
            Failure::new(format!("{what}: {option} is missing"))
                .hint("write it as: dest.ssh_tunnel(#{ to: source, local: 6380, remote: \"127.0.0.1:6379\" })")
        };
        let to = self.to.clone().ok_or_else(|| missing("to"))?;
        let local = self.local.as_ref().ok_or_else(|| missing("local"))?;
        let remote = self.remote.as_ref().ok_or_else(|| missing("remote"))?;
        let (option, listens) = if self.reverse { ("remote", remote) } else { ("local", local) };
        if !listens.is_loopback() {
            return failed(format!(
                "{what}: {option} is {}, where anybody could connect; a tunnel listens on loopback only: write {option}: {}",
                listens.text(),
                listens.port()
            ));
        }
        if let Some(container) = &self.container {
            self.may_enter(container, look)?;
        }
        let only = |is: bool, at: &Endpoint| if is { vec![at.text()] } else { vec![] };
        let key = LeasedKey {
            to,
            command: None,
            open: only(!self.reverse, remote),
            listen: only(self.reverse, remote),
            valid_ms: self.valid.ms(),
        };
        let tunnel = Tunnel {
            local: local.text(),
            remote: remote.text(),
            reverse: self.reverse,
            container: self.container.clone(),
        };
        let process = LeasedProcess { command: None, cwd: None, ready: None, tunnel: Some(tunnel) };
        let name = named(what, self.name.as_ref(), &format!("tunnel-{}", listens.port()))?;
        opens(what, look, &self.host, &name, (Some(key), Some(process)), self.timeout.ms())
    }

    /// The deed itself ends only when it is so.
    fn patience_ms(&self) -> Option<u64> {
        None
    }
}

impl SshTunnel {
    fn may_enter(&self, container: &str, look: &dyn Look) -> Outcome<()> {
        let what = Self::NAME;
        let begins = container.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !begins || !container.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) {
            return failed(format!("{what}: {container:?} is not the name of a container"));
        }
        let machine = look.machine(&self.host)?;
        if machine.uid != 0 {
            return Err(Failure::new(format!(
                "{what}: only root can enter the network of a container on {}",
                self.host
            ))
            .hint(format!("give {} `sudo: true` in the inventory", self.host))
            .into());
        }
        let lacks = |program: &&str| machine.programs.contains_key("sh") && !machine.programs.contains_key(*program);
        match ["docker", "nsenter"].iter().find(|p| lacks(p)) {
            Some(program) => failed(format!("{what}: there is no {program} on {}", self.host)),
            None => Ok(()),
        }
    }
}
