//! What a container of Docker has printed.

use super::container::{LOOK_MS, missing, refused};
use super::duration::Duration;
use crate::contract::{Args, Command, Example, Given, Look, Outcome, Reading};
use crate::name::{ContainerName, HostName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tell what a container of Docker has printed.
///
/// Also of a container that has stopped. Its log driver must be one that Docker can read.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DockerLogs {
    /// Host on which the container is.
    host: HostName,
    /// Container, by its name or id.
    container: ContainerName,
    /// Only what was printed in this time before now, as a text with a unit. Default: everything; of more
    /// than 8 MiB the head and the tail.
    #[serde(default)]
    since: Option<Duration>,
}

/// Both outputs, each without the newline at its end.
#[derive(Debug, Serialize)]
pub struct Logs {
    stdout: String,
    stderr: String,
}

impl Args for DockerLogs {
    const NAME: &'static str = "docker_logs";
    const POSITIONAL: &'static [&'static str] = &["host", "container"];
    const EXAMPLES: &'static [Example] = &[Example {
        script: r#"source.docker_logs("config_follower", #{ since: "10m" })"#,
        given: &[Given::Prints(
            "source: docker logs --since 600s -- config_follower",
            "Server running on: 0.0.0.0:6000\n",
        )],
        does: &[],
        undo: &[],
        gives: r#"{ "stdout": "Server running on: 0.0.0.0:6000", "stderr": "" }"#,
    }];
}

impl Reading for DockerLogs {
    type Output = Logs;
    const GIVES: &'static str = "a map: `stdout`, `stderr`, each without the newline at its end";

    fn read(&self, look: &dyn Look) -> Outcome<Logs> {
        let since = self.since.as_ref().map(|s| format!("{}s", s.ms().div_ceil(1_000)));
        let since = since.iter().flat_map(|s| ["--since", s.as_str()]);
        let argv = ["docker", "logs"].into_iter().chain(since).chain(["--", self.container.as_ref()]);
        let mut answer = look.run(&self.host, &Command::argv(argv), LOOK_MS)?;
        if answer.code != 0 && answer.stderr.contains("No such container") {
            return Err(missing("docker_logs", &self.host, &self.container, look)?.into());
        }
        if answer.code != 0 {
            return Err(refused("docker_logs", &self.host, &self.container, &answer).into());
        }
        for text in [&mut answer.stdout, &mut answer.stderr] {
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
        }
        Ok(Logs { stdout: answer.stdout, stderr: answer.stderr })
    }
}
