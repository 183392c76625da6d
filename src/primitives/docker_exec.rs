//! An opaque command in a container: what it does, only the playbook knows.

use super::container::Container;
use super::duration::Duration;
use super::opaque::{TakenBack, a_minute, an_hour, can_be_meant, check_ms, only_zero, taken_back};
use super::shell::{because, check_quotes};
use crate::contract::{Args, Change, Command, Deed, Example, Given, Look, Outcome, Plan, Run, Step, failed};
use crate::name::{ContainerName, HostName, RemotePath};
use crate::secret::Text;
use crate::text::docker;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kernel takes no longer argument, and Docker takes the command as one.
const LONGEST: usize = 100_000;

/// Run a command that changes something, in a container of Docker.
///
/// As with `ssh`, the command is started at most once, however often the connection breaks or `mig` is
/// killed: its exit code and output are kept on the host until the run is finished. When the client of Docker
/// dies while the command goes on in the container, it is found there by the variable `MIG_STEP` in its
/// environment, waited for, and its exit code asked of the engine. A time-out ends it in the container too.
///
/// It never gets a terminal. No such container, one that is not running or is paused, no such program in it,
/// no Docker on the host, no permission, and an engine that does not answer are told apart; the
/// exit code is the command's own, and never that of `docker`. To wait until a container is ready, use
/// `docker` first.
///
/// Whoever may call `docker` on a host is as good as root there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DockerExec {
    /// Host on which the container is.
    host: HostName,
    /// Container, by its name or id.
    container: ContainerName,
    /// Command. A text goes to `sh` in the container; a list is a program with its arguments, which no shell
    /// looks at, for a container without a shell. At most 100,000 bytes.
    command: Command,
    /// Command in the container that takes it back, run by a rollback. `false`: there is nothing to take
    /// back. Left out, the plan marks the call as one that cannot be undone.
    #[serde(default)]
    undo: Option<TakenBack>,
    /// Command in the container that changes nothing and exits 0 once `undo` has done its work. Default: that
    /// `check` fails.
    #[serde(default)]
    undo_check: Option<Command>,
    /// Command in the container that changes nothing and exits 0 when the effect is there. If it does so
    /// beforehand, the command is not run; afterwards it must do so, or the call fails.
    #[serde(default)]
    check: Option<Command>,
    /// Whether a second start does no harm, so that `mig` need not ask when nobody can know how the
    /// first one ended.
    #[serde(default)]
    idempotent: bool,
    /// How long it may run, as a text with a unit. Afterwards it gets TERM in the container, then KILL.
    #[serde(default = "an_hour")]
    timeout: Duration,
    /// How long `check` may take to pass once the command is done, as a text with a unit.
    #[serde(default = "a_minute")]
    within: Duration,
    /// Folder in the container in which the command, its `check` and its `undo` run. Default: that of its
    /// image.
    #[serde(default)]
    cwd: Option<RemotePath>,
    /// What it gets on its standard input; may hold secrets. Default: nothing.
    #[serde(default)]
    stdin: Option<Text>,
    /// Exit codes that are success.
    #[serde(default = "only_zero")]
    ok: Vec<i64>,
}

const RUNNING: Given = Given::Prints(
    "source: docker inspect --type container -f '{{.Id}} {{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.Restarting}} {{.State.ExitCode}} {{.RestartCount}} {{.State.StartedAt}} {{with index .State \"Health\"}}{{.Status}}{{else}}-{{end}} {{.HostConfig.AutoRemove}}' -- db",
    "8d4d14777beb running true false false 0 0 2026-01-02T03:04:05.6Z - false\n",
);

impl Args for DockerExec {
    const NAME: &'static str = "docker_exec";
    const POSITIONAL: &'static [&'static str] = &["host", "container", "command"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.docker_exec("db", "mongodump -d app -o /backup", #{ check: "test -s /backup/app/users.bson", undo: "rm -rf /backup/app", undo_check: "! test -e /backup/app" })"#,
            given: &[RUNNING, Given::Exits("source: docker exec db sh -c 'test -s /backup/app/users.bson'", 1)],
            does: &["source: in container db: mongodump -d app -o /backup"],
            undo: &["source: in container db: rm -rf /backup/app"],
            gives: "",
        },
        Example {
            script: r#"source.docker_exec("db", "mongodump -d app -o /backup", #{ check: "test -s /backup/app/users.bson" })"#,
            given: &[RUNNING, Given::Prints("source: docker exec db sh -c 'test -s /backup/app/users.bson'", "")],
            does: &[],
            undo: &[],
            gives: "",
        },
        Example {
            script: r#"source.docker_exec("db", ["/app/load", "--all"], #{ stdin: secret("token"), undo: false, timeout: "2h" })"#,
            given: &[RUNNING],
            does: &["source: in container db: /app/load --all"],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for DockerExec {
    const GIVES: &'static str = "a map: `code`, `stdout`, `stderr`; unknown when `check` found that it was already so, since nothing \
                                 ran, and when docker died on the host before the command ended";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        self.sane(look)?;
        Container::running("docker_exec", &self.host, &self.container, look)?;
        if let Some(check) = &self.check
            && look.run(&self.host, &self.inside(check), check_ms(&self.within))?.code == 0
        {
            return Ok(Plan::Already);
        }
        let run = self.deed();
        let undo = taken_back(self.undo.as_ref(), self.undo_check.clone(), &run);
        Ok(Plan::Do(vec![Step { deed: Deed::Run(run), undo }]))
    }

    fn observe(&self, look: &dyn Look, _done: &[Step]) -> Outcome<Plan> {
        let Some(check) = &self.check else {
            return Ok(Plan::Already);
        };
        let answer = look.run(&self.host, &self.inside(check), check_ms(&self.within))?;
        match answer.code {
            0 => Ok(Plan::Already),
            _ if docker::is_complaint(&answer.stderr) => {
                let (why, _) = docker::complaint(&answer.stderr, self.host.as_ref(), self.container.as_ref());
                Ok(Plan::Wait(format!("its check cannot be made: {why}")))
            }
            code => Ok(Plan::Wait(format!("its check exits {code}{}", because(&answer)))),
        }
    }

    fn patience_ms(&self) -> Option<u64> {
        self.check.as_ref().map(|_| self.within.ms())
    }
}

impl DockerExec {
    fn sane(&self, look: &dyn Look) -> Outcome<()> {
        can_be_meant("docker_exec", self.undo.as_ref(), self.undo_check.as_ref(), &self.ok)?;
        let undo = self.undo.as_ref().and_then(TakenBack::command);
        let all = [
            ("docker_exec: command", Some(&self.command)),
            ("docker_exec: check", self.check.as_ref()),
            ("docker_exec: undo", undo),
            ("docker_exec: undo_check", self.undo_check.as_ref()),
        ];
        for (what, command) in all.into_iter().filter_map(|(what, c)| Some((what, c?))) {
            check_quotes(what, &self.host, command, look)?;
            let length = command.to_sh().len();
            if length > LONGEST {
                return failed(format!(
                    "{what}: it has {length} bytes, and at most {LONGEST} go into a container; give them on stdin, or in a file"
                ));
            }
        }
        Ok(())
    }

    /// A check, as it is looked at: through docker on the host.
    fn inside(&self, check: &Command) -> Command {
        let options: Vec<&str> = self.cwd.iter().flat_map(|cwd| ["-w", cwd.as_ref()]).collect();
        check.in_container(&self.container, &options)
    }

    fn deed(&self) -> Run {
        Run {
            check: self.check.clone(),
            idempotent: self.idempotent,
            ok: self.ok.clone(),
            timeout_ms: self.timeout.ms(),
            cwd: self.cwd.clone(),
            stdin: self.stdin.clone(),
            container: Some(self.container.clone()),
            ..Run::new(&self.host, self.command.clone())
        }
    }
}
