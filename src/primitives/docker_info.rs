//! What a container of Docker is, as its engine says.

use super::container::inspect;
use crate::contract::{Args, Example, Failure, Given, Look, Outcome, Reading};
use crate::name::{ContainerName, HostName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Tell what a container of Docker is.
///
/// A missing container is an answer, not a failure. Of its environment only the names are told: values
/// often are secrets, and nobody can tell which; they do not leave the host.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DockerInfo {
    /// Host on which the container is.
    host: HostName,
    /// Container, by its name or id.
    container: ContainerName,
}

/// Asked of the engine as it is told. What a rename or another release of Docker lacks is `null`.
const ASKED: &str = r#"{"exists":true,"id":{{json .Id}},"name":{{json .Name}},"state":{{json .State.Status}},"running":{{json .State.Running}},"paused":{{json .State.Paused}},"restarting":{{json .State.Restarting}},"exit_code":{{json .State.ExitCode}},"started_at":{{json .State.StartedAt}},"health":{{with index .State "Health"}}{{json .Status}}{{else}}null{{end}},"restarts":{{json .RestartCount}},"restart_policy":{{json .HostConfig.RestartPolicy.Name}},"image":{{json .Config.Image}},"image_id":{{json .Image}},"network":{{json .HostConfig.NetworkMode}},"ports":{{json .NetworkSettings.Ports}},"mounts":{{json .Mounts}},"env":[{{range $i, $e := .Config.Env}}{{if $i}},{{end}}{{json (index (split $e "=") 0)}}{{end}}]}"#;

/// A container; of one that does not exist only `exists` is said.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    exists: bool,
    id: Option<String>,
    name: Option<String>,
    state: Option<String>,
    running: bool,
    paused: bool,
    restarting: bool,
    exit_code: Option<i64>,
    started_at: Option<String>,
    health: Option<String>,
    restarts: Option<u64>,
    restart_policy: Option<String>,
    image: Option<String>,
    image_id: Option<String>,
    network: Option<String>,
    ports: Vec<Port>,
    mounts: Vec<Mount>,
    env: Vec<String>,
}

/// A port of the container; where it is published, the address and port on the host.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Port {
    port: u16,
    protocol: String,
    address: Option<String>,
    host_port: Option<u16>,
}

/// A folder or file that the container has from outside.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Mount {
    kind: String,
    /// Its path on the host.
    source: String,
    /// Its path in the container.
    target: String,
    writable: bool,
    /// Of a volume.
    name: Option<String>,
}

impl Args for DockerInfo {
    const NAME: &'static str = "docker_info";
    const POSITIONAL: &'static [&'static str] = &["host", "container"];
    const EXAMPLES: &'static [Example] = &[Example {
        script: r#"source.docker_info("redis")"#,
        given: &[Given::Prints(
            r#"source: docker inspect --type container -f '{"exists":true,"id":{{json .Id}},"name":{{json .Name}},"state":{{json .State.Status}},"running":{{json .State.Running}},"paused":{{json .State.Paused}},"restarting":{{json .State.Restarting}},"exit_code":{{json .State.ExitCode}},"started_at":{{json .State.StartedAt}},"health":{{with index .State "Health"}}{{json .Status}}{{else}}null{{end}},"restarts":{{json .RestartCount}},"restart_policy":{{json .HostConfig.RestartPolicy.Name}},"image":{{json .Config.Image}},"image_id":{{json .Image}},"network":{{json .HostConfig.NetworkMode}},"ports":{{json .NetworkSettings.Ports}},"mounts":{{json .Mounts}},"env":[{{range $i, $e := .Config.Env}}{{if $i}},{{end}}{{json (index (split $e "=") 0)}}{{end}}]}' -- redis"#,
            r#"{"exists":true,"id":"8d4d","name":"/redis","state":"running","running":true,"paused":false,"restarting":false,"exit_code":0,"started_at":"2026-01-02T03:04:05.6Z","health":null,"restarts":0,"restart_policy":"always","image":"redis:7","image_id":"sha256:e7ce","network":"bridge","ports":{"6379/tcp":[{"HostIp":"127.0.0.1","HostPort":"6379"}]},"mounts":[{"Type":"bind","Source":"/var/redis","Destination":"/data","Mode":"","RW":true,"Propagation":"rprivate"}],"env":["PATH","REDIS_PASSWORD"]}"#,
        )],
        does: &[],
        undo: &[],
        gives: r#"{ "exists": true, "id": "8d4d", "name": "redis", "state": "running", "running": true, "paused": false,
  "restarting": false, "exit_code": 0, "started_at": "2026-01-02T03:04:05.6Z", "health": null, "restarts": 0,
  "restart_policy": "always", "image": "redis:7", "image_id": "sha256:e7ce", "network": "bridge",
  "ports": [{ "port": 6379, "protocol": "tcp", "address": "127.0.0.1", "host_port": 6379 }],
  "mounts": [{ "kind": "bind", "source": "/var/redis", "target": "/data", "writable": true, "name": null }],
  "env": ["PATH", "REDIS_PASSWORD"] }"#,
    }];
}

impl Reading for DockerInfo {
    type Output = Info;
    const GIVES: &'static str = "a map: `exists`, `id`, `name`, `state` (\"created\", \"running\", \"paused\", \"restarting\", \"exited\", \
                                 \"dead\"), `running`, `paused`, `restarting`, `exit_code` (of its last end), `started_at`, `health` \
                                 (\"starting\", \"healthy\", \"unhealthy\", or `()` where nothing checks it), `restarts` (by the \
                                 engine), `restart_policy`, `image`, `image_id`, `network`, `ports` (maps with `port`, `protocol`, \
                                 `address`, `host_port`), `mounts` (maps with `kind`, `source` on the host, `target` in the \
                                 container, `writable`, `name`), `env` (names only); what does not apply is `()`";

    fn read(&self, look: &dyn Look) -> Outcome<Info> {
        let DockerInfo { host, container } = self;
        match inspect("docker_info", host, container, ASKED, look)? {
            None => Ok(Info::default()),
            Some(text) => read(&text).ok_or_else(|| {
                Failure::new(format!("docker_info: docker on {host} says what cannot be of {container}"))
                    .output(text.trim())
                    .into()
            }),
        }
    }
}

fn read(text: &str) -> Option<Info> {
    let mut said: Value = serde_json::from_str(text.trim()).ok()?;
    let ports = ports(&said["ports"].take());
    let mounts = said["mounts"].take();
    let mounts = mounts.as_array().map(|all| all.iter().filter_map(mount).collect()).unwrap_or_default();
    for list in ["ports", "mounts"] {
        said[list] = Value::Array(vec![]);
    }
    let mut info: Info = serde_json::from_value(said).ok()?;
    info.name = info.name.map(|n| n.trim_start_matches('/').to_owned());
    Some(Info { ports, mounts, ..info })
}

/// `{"6379/tcp":[{"HostIp":"127.0.0.1","HostPort":"6379"}],"80/tcp":null}`.
fn ports(said: &Value) -> Vec<Port> {
    let mut all = vec![];
    for (name, published) in said.as_object().into_iter().flatten() {
        let Some((port, protocol)) = name.split_once('/') else { continue };
        let Ok(port) = port.parse() else { continue };
        let inside = |address, host_port| Port { port, protocol: protocol.into(), address, host_port };
        let at = |p: &Value, field: &str| p[field].as_str().map(String::from);
        let published: Vec<Port> = published
            .as_array()
            .into_iter()
            .flatten()
            .map(|p| inside(at(p, "HostIp"), at(p, "HostPort").and_then(|p| p.parse().ok())))
            .collect();
        if published.is_empty() {
            all.push(inside(None, None));
        }
        all.extend(published);
    }
    all
}

fn mount(said: &Value) -> Option<Mount> {
    let text = |field: &str| said[field].as_str().filter(|t| !t.is_empty()).map(String::from);
    Some(Mount {
        kind: text("Type")?,
        source: text("Source").unwrap_or_default(),
        target: text("Destination")?,
        writable: said["RW"].as_bool().unwrap_or(true),
        name: text("Name"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_what_is_missing() {
        let said = serde_json::json!({ "80/tcp": null, "53/udp": [{ "HostIp": "::", "HostPort": "5353" }] });
        let port = |port, protocol: &str, address: Option<&str>, host_port| Port {
            port,
            protocol: protocol.into(),
            address: address.map(Into::into),
            host_port,
        };
        assert_eq!(ports(&said), [port(53, "udp", Some("::"), Some(5353)), port(80, "tcp", None, None)]);
        assert_eq!(ports(&Value::Null), []);
        assert!(read("{\"exists\":true,\"ports\":null,\"mounts\":[],\"env\":[]}").is_some_and(|i| i.exists));
        assert!(read("no json").is_none());
    }
}
