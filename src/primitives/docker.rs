//! A container of Docker, started or stopped, judged by what it is seen to be.

use super::container::{Container, LOOK_MS, refused};
use super::duration::Duration;
use crate::contract::{
    Args, Change, Command, Deed, Example, Failure, Given, Look, Outcome, Plan, Run, Step, Undo, quote,
};
use crate::name::{ContainerName, HostName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Start, stop or restart a container of Docker.
///
/// What `docker` exits with is not believed: the call is done when the container is seen to be as wished, and
/// is still so after `stays`, without having been restarted in between; a container that has a health check
/// must be healthy too. A restart is done when the container has another start time than before.
/// A container that is paused goes on when it is to be started. The container must exist: to make one, use
/// `ssh` with `docker run` or `docker-compose`.
///
/// A rollback brings the container back to what it was before.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Docker {
    /// Host on which the container is.
    host: HostName,
    /// Container, by its name or id.
    container: ContainerName,
    /// What it is to be. "restarted" restarts it on every run; the others do nothing when it is so already.
    state: Wished,
    /// How long it must stay started or stopped, as a text with a unit.
    #[serde(default = "three_seconds")]
    stays: Duration,
    /// How long it may take to become so, and healthy, as a text with a unit.
    #[serde(default = "a_minute_and_a_half")]
    timeout: Duration,
    /// How long it has to end by itself before it is killed, as a text with a unit. Default: what it was made
    /// with, else ten seconds.
    #[serde(default)]
    grace: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Wished {
    Started,
    Stopped,
    Restarted,
}

fn three_seconds() -> Duration {
    Duration::seconds(3)
}
fn a_minute_and_a_half() -> Duration {
    Duration::seconds(90)
}

const LOOK: &str = "source: docker inspect --type container -f '{{.Id}} {{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Restarting}} {{.State.ExitCode}} {{.RestartCount}} {{.State.StartedAt}} {{with index .State \"Health\"}}{{.Status}}{{else}}-{{end}} {{.HostConfig.AutoRemove}}' -- web";
const RUNNING: Given =
    Given::Prints(LOOK, "8d4d14777beb running true false false 0 0 2026-01-02T03:04:05.6Z - false\n");

impl Args for Docker {
    const NAME: &'static str = "docker";
    const POSITIONAL: &'static [&'static str] = &["host", "container", "state"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.docker("web", "stopped")"#,
            given: &[RUNNING],
            does: &["source: docker stop -- web"],
            undo: &["source: docker start -- web"],
            gives: "",
        },
        Example { script: r#"source.docker("web", "started")"#, given: &[RUNNING], does: &[], undo: &[], gives: "" },
        Example {
            script: r#"source.docker("web", "started")"#,
            given: &[Given::Prints(LOOK, "8d4d14777beb exited false false false 0 0 2026-01-02T03:04:05.6Z - false\n")],
            does: &["source: docker start -- web"],
            undo: &["source: docker stop -- web"],
            gives: "",
        },
        Example {
            script: r#"source.docker("web", "restarted", #{ grace: "30s", stays: "10s" })"#,
            given: &[RUNNING],
            does: &["source: docker restart -t 30 -- web"],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for Docker {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let now = self.look(look)?;
        let (runs, removed) = (now.is_running && !now.is_paused, "the container is removed when it stops (--rm)");
        let become_so = |run: Run, undo: Vec<Run>| {
            let undo: Vec<Deed> = undo.into_iter().map(Deed::Run).collect();
            let undo = match undo.is_empty() {
                _ if now.is_removed && self.state == Wished::Stopped => Undo::Impossible(removed.into()),
                true => Undo::NotNeeded,
                false => Undo::By(undo),
            };
            Ok(Plan::Do(vec![Step { deed: Deed::Run(run), undo }]))
        };
        match self.state {
            Wished::Started if now.is_restarting => Ok(Plan::Wait(self.is(&now))),
            Wished::Started if runs => Ok(Plan::Already),
            Wished::Started if now.is_paused => become_so(self.unpause(), vec![self.pause()]),
            Wished::Started => become_so(self.start(), vec![self.stop()]),
            Wished::Stopped if !now.is_running && !now.is_restarting => Ok(Plan::Already),
            Wished::Stopped if now.is_paused => become_so(self.stop(), vec![self.start(), self.pause()]),
            Wished::Stopped => become_so(self.stop(), vec![self.start()]),
            Wished::Restarted if now.is_paused => become_so(self.restart(&now), vec![self.pause()]),
            Wished::Restarted if now.is_running || now.is_restarting => become_so(self.restart(&now), vec![]),
            Wished::Restarted => become_so(self.restart(&now), vec![self.stop()]),
        }
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        let Some(now) = Container::find("docker", &self.host, &self.container, look)? else {
            return self.gone(look, done);
        };
        if self.state == Wished::Restarted && self.is_as_before(look, done)? {
            return Ok(Plan::Wait(format!("{}, and was not restarted", self.is(&now))));
        }
        if let Some(what) = self.lacks(&now)? {
            return Ok(Plan::Wait(what));
        }
        // The host does the waiting: a primitive has no clock.
        look.run(&self.host, &self.stays.slept(), self.stays.ms() + LOOK_MS)?;
        let Some(later) = Container::find("docker", &self.host, &self.container, look)? else {
            return self.gone(look, done);
        };
        if let Some(what) = self.lacks(&later)? {
            return Ok(Plan::Wait(format!("{what}; before it {}", now.said())));
        }
        if later.is_running && later.started_at != now.started_at {
            let loops = format!("{} does not stay up: it was started again", self.container);
            return Ok(Plan::Wait(format!("{loops}; {}", self.logs())));
        }
        Ok(Plan::Already)
    }

    fn patience_ms(&self) -> Option<u64> {
        Some(self.timeout.ms() + self.stays.ms())
    }
}

impl Docker {
    fn look(&self, look: &dyn Look) -> Outcome<Container> {
        let now = Container::get("docker", &self.host, &self.container, look)?;
        if matches!(now.status.as_str(), "removing" | "dead") && self.state != Wished::Stopped {
            let hint = "make it anew, as it was made before";
            return Err(Failure::new(format!("docker: {}", self.is(&now))).hint(hint).into());
        }
        Ok(now)
    }

    /// It is not there any more: so it does not run, if it was made to go when it stops.
    fn gone(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        let meant = done.iter().any(|s| matches!(s.undo, Undo::Impossible(_)));
        match self.state {
            Wished::Stopped if meant => Ok(Plan::Already),
            _ => Err(super::container::missing("docker", &self.host, &self.container, look)?.into()),
        }
    }

    /// What is missing until it is as wished.
    fn lacks(&self, now: &Container) -> Outcome<Option<String>> {
        if self.state == Wished::Stopped {
            let is_so = !now.is_running && !now.is_restarting;
            return Ok((!is_so).then(|| self.is(now)));
        }
        if matches!(now.status.as_str(), "removing" | "dead") {
            return Err(Failure::new(format!("docker: {}", self.is(now))).hint(self.logs()).into());
        }
        let is_healthy = now.health.as_deref().is_none_or(|h| h == "healthy");
        let is_so = now.is_running && !now.is_paused && !now.is_restarting && is_healthy;
        Ok((!is_so).then(|| format!("{}; {}", self.is(now), self.logs())))
    }

    /// Whether it still has the start time it had before it was restarted.
    fn is_as_before(&self, look: &dyn Look, done: &[Step]) -> Outcome<bool> {
        let check = done.iter().find_map(|s| match &s.deed {
            Deed::Run(run) => run.check.as_ref(),
            _ => None,
        });
        let Some(check) = check else { return Ok(false) };
        let answer = look.run(&self.host, check, LOOK_MS)?;
        match answer.code {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(refused("docker", &self.host, &self.container, &answer).into()),
        }
    }

    fn is(&self, now: &Container) -> String {
        format!("container {} on {} {}", self.container, self.host, now.said())
    }
    fn logs(&self) -> String {
        format!("see: docker logs --tail 50 {}", quote(self.container.as_ref()))
    }

    fn start(&self) -> Run {
        self.run("start", "{{.State.Running}}", "=", "true")
    }
    fn stop(&self) -> Run {
        self.run("stop", "{{.State.Running}}", "=", "false")
    }
    fn pause(&self) -> Run {
        self.run("pause", "{{.State.Paused}}", "=", "true")
    }
    fn unpause(&self) -> Run {
        self.run("unpause", "{{.State.Paused}}", "=", "false")
    }
    fn restart(&self, now: &Container) -> Run {
        self.run("restart", "{{.State.StartedAt}}", "!=", &now.started_at)
    }

    /// Its check exits 0 when it has had its effect, and 2 when Docker does not say.
    fn run(&self, verb: &str, property: &str, is: &str, value: &str) -> Run {
        let grace = self.grace.as_ref().filter(|_| matches!(verb, "stop" | "restart"));
        let seconds = grace.map(|g| g.ms().div_ceil(1_000).to_string());
        let grace = seconds.iter().flat_map(|s| ["-t", s.as_str()]);
        let name = self.container.as_ref();
        let argv = ["docker", verb].into_iter().chain(grace).chain(["--", name]);
        let check = format!(
            "k=$(docker inspect --type container -f {} -- {}) || exit 2; [ \"$k\" {is} {} ]",
            quote(property),
            quote(name),
            quote(value)
        );
        let check = Some(Command::Shell(check));
        let timeout_ms = self.timeout.ms() + self.grace.as_ref().map_or(10_000, Duration::ms);
        Run { check, idempotent: true, timeout_ms, ..Run::new(&self.host, Command::argv(argv)) }
    }
}
