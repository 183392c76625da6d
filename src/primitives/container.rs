//! A container of Docker, as it is seen from its host.

use super::shell::last_lines;
use crate::contract::{Command, Failure, Look, Outcome, Output, failed};
use crate::name::{ContainerName, HostName};
use crate::text::docker;

pub const LOOK_MS: u64 = 60_000;

/// What is asked of the engine; words in this order. Where nothing checks its health there is no such field.
const ASKED: &str = "{{.Id}} {{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Restarting}} {{.State.ExitCode}} \
                     {{.RestartCount}} {{.State.StartedAt}} {{with index .State \"Health\"}}{{.Status}}{{else}}-{{end}} \
                     {{.HostConfig.AutoRemove}}";

/// A container, as the engine describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    pub id: String,
    /// "created", "running", "paused", "restarting", "removing", "exited" or "dead".
    pub status: String,
    pub is_running: bool,
    pub is_paused: bool,
    pub is_restarting: bool,
    pub exit_code: i64,
    /// How often the engine has started it again by itself.
    pub restarts: u64,
    pub started_at: String,
    /// "starting", "healthy" or "unhealthy"; `None` where nothing checks its health.
    pub health: Option<String>,
    /// It is removed when it stops.
    pub is_removed: bool,
}

impl Container {
    /// The container now. `None`: there is none of this name.
    pub fn find(by: &str, host: &HostName, name: &ContainerName, look: &dyn Look) -> Outcome<Option<Container>> {
        let Some(answer) = inspect(by, host, name, ASKED, look)? else { return Ok(None) };
        match parse(&answer) {
            Some(container) => Ok(Some(container)),
            None => failed(format!("{by}: docker on {host} says what cannot be of {name}: {:?}", answer.trim())),
        }
    }
    /// The container now; none of this name is a failure.
    pub fn get(by: &str, host: &HostName, name: &ContainerName, look: &dyn Look) -> Outcome<Container> {
        match Self::find(by, host, name, look)? {
            Some(container) => Ok(container),
            None => Err(missing(by, host, name, look)?.into()),
        }
    }
    /// The container, which must be running, so that something can be run in it.
    pub fn running(by: &str, host: &HostName, name: &ContainerName, look: &dyn Look) -> Outcome<Container> {
        let now = Self::get(by, host, name, look)?;
        if now.is_running && !now.is_paused && !now.is_restarting {
            return Ok(now);
        }
        let see = format!("see why: {host}.docker_logs(\"{name}\")");
        let hint = if now.is_restarting { see } else { format!("{host}.docker(\"{name}\", \"started\") before it") };
        Err(Failure::new(format!("{by}: container {name} on {host} {}", now.said())).hint(hint).into())
    }
    /// As the end of a sentence: "is not running (exited, exit code 3)".
    pub fn said(&self) -> String {
        if self.is_paused {
            return "is paused".into();
        }
        if self.is_restarting {
            return format!(
                "is restarting: it ended with exit code {}, {} times so far",
                self.exit_code, self.restarts
            );
        }
        match (self.is_running, &self.health) {
            (true, Some(health)) => format!("is running, and {health}"),
            (true, None) => "is running".into(),
            (false, _) if self.status == "created" => "was never started".into(),
            (false, _) => format!("is not running ({}, exit code {})", self.status, self.exit_code),
        }
    }
}

/// What `docker inspect` says by a template of Go. `None`: there is no container of this name.
pub fn inspect(
    by: &str,
    host: &HostName,
    name: &ContainerName,
    template: &str,
    look: &dyn Look,
) -> Outcome<Option<String>> {
    let argv = ["docker", "inspect", "--type", "container", "-f", template, "--", name.as_ref()];
    let answer = look.run(host, &Command::argv(argv), LOOK_MS)?;
    match answer.code {
        0 => Ok(Some(answer.stdout)),
        _ if answer.stderr.contains("No such container") || answer.stderr.contains("No such object") => Ok(None),
        _ => Err(refused(by, host, name, &answer).into()),
    }
}

/// Where something from outside the container is in it.
pub struct Mount {
    /// On the host.
    pub source: String,
    /// In the container.
    pub target: String,
}

/// What a container has from outside. `None`: there is no such container.
pub fn mounts(by: &str, host: &HostName, name: &ContainerName, look: &dyn Look) -> Outcome<Option<Vec<Mount>>> {
    let Some(said) = inspect(by, host, name, "{{json .Mounts}}", look)? else { return Ok(None) };
    let Ok(said) = serde_json::from_str::<serde_json::Value>(said.trim()) else {
        return failed(format!("{by}: docker on {host} says what cannot be of {name}: {:?}", said.trim()));
    };
    let text = |m: &serde_json::Value, field: &str| m[field].as_str().filter(|t| t.starts_with('/')).map(String::from);
    let mount = |m| Some(Mount { source: text(m, "Source")?, target: text(m, "Destination")? });
    Ok(Some(said.as_array().into_iter().flatten().filter_map(mount).collect()))
}

/// Why docker did not do it.
pub fn refused(by: &str, host: &HostName, name: &ContainerName, answer: &Output) -> Failure {
    let (why, hint) = docker::complaint(&answer.stderr, host.as_ref(), name.as_ref());
    let failure = Failure::new(format!("{by}: {why}")).hint(hint);
    let output = last_lines(answer);
    let failure = Failure { code: answer.code, ..failure };
    if output.is_empty() { failure } else { failure.output(output) }
}

/// There is no such container; perhaps an image was meant.
pub fn missing(by: &str, host: &HostName, name: &ContainerName, look: &dyn Look) -> Outcome<Failure> {
    let asked = Command::argv(["docker", "inspect", "--type", "image", "-f", "{{.Id}}", "--", name.as_ref()]);
    let failure = match look.run(host, &asked, LOOK_MS)?.code {
        0 => Failure::new(format!("{by}: {name} on {host} is an image, and no container"))
            .hint(format!("name a container that was made from it: {host}.capture(\"docker ps -a\")")),
        _ => Failure::new(format!("{by}: there is no container {name} on {host}"))
            .hint(format!("see what there is: {host}.capture(\"docker ps -a\")")),
    };
    Ok(failure)
}

fn parse(answer: &str) -> Option<Container> {
    let words: Vec<&str> = answer.split_whitespace().collect();
    let [id, status, running, paused, restarting, code, restarts, started_at, health, removed] = words[..] else {
        return None;
    };
    Some(Container {
        id: id.into(),
        status: status.into(),
        is_running: running == "true",
        is_paused: paused == "true",
        is_restarting: restarting == "true",
        exit_code: code.parse().ok()?,
        restarts: restarts.parse().ok()?,
        started_at: started_at.into(),
        health: Some(health).filter(|h| *h != "-" && *h != "none").map(String::from),
        is_removed: removed == "true",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_is_its_own() {
        let said = |line: &str| parse(line).map(|c| c.said());
        let is = |line: &str, text: &str| assert_eq!(said(line).as_deref(), Some(text), "{line}");
        is("ab running true false false 0 0 T - false", "is running");
        is("ab running true false false 0 0 T starting false", "is running, and starting");
        is("ab paused true true false 0 0 T - false", "is paused");
        is("ab exited false false false 3 0 T - false", "is not running (exited, exit code 3)");
        is("ab created false false false 0 0 T - false", "was never started");
        is("ab restarting true false true 1 7 T - false", "is restarting: it ended with exit code 1, 7 times so far");
        assert_eq!(said("what"), None);
    }
}
