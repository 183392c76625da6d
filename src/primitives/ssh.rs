//! An opaque command on a host: what it does, only the playbook knows.

use super::duration::Duration;
use super::opaque::{TakenBack, a_minute, an_hour, can_be_meant, check_ms, only_zero, taken_back};
use super::shell::{because, check_quotes, within};
use crate::contract::{Args, Change, Command, Deed, Example, Given, Look, Outcome, Plan, Run, Step};
use crate::name::{HostName, RemotePath};
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Run a command that changes something.
///
/// The command is started at most once, however often the connection breaks or `mig` is killed: its
/// exit code and output are kept on the host until the run is finished. For a command that changes
/// nothing, `capture` is the better word: it runs while planning too.
///
/// Nobody but you knows what the command does. `check` tells `mig` whether it is (still) needed,
/// `undo` how to take it back, and `idempotent` that starting it twice does no harm.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ssh {
    /// Host on which it runs.
    host: HostName,
    /// Command. A text goes to `sh`; a list is a program with its arguments, which no shell looks at.
    command: Command,
    /// Command that takes it back, run by a rollback. `false`: there is nothing to take back. Left
    /// out, the plan marks the call as one that cannot be undone.
    #[serde(default)]
    undo: Option<TakenBack>,
    /// Command that changes nothing and exits 0 once `undo` has done its work. Default: that `check`
    /// fails.
    #[serde(default)]
    undo_check: Option<Command>,
    /// Command that changes nothing and exits 0 when the effect is there. If it does so beforehand, the
    /// command is not run; afterwards it must do so, or the call fails.
    #[serde(default)]
    check: Option<Command>,
    /// Whether a second start does no harm, so that `mig` need not ask when nobody can know how the
    /// first one ended.
    #[serde(default)]
    idempotent: bool,
    /// How long it may run, as a text with a unit. Afterwards it gets TERM, then KILL.
    #[serde(default = "an_hour")]
    timeout: Duration,
    /// How long `check` may take to pass once the command is done, as a text with a unit.
    #[serde(default = "a_minute")]
    within: Duration,
    /// Folder in which the command, its `check` and its `undo` run. Default: where a login lands.
    #[serde(default)]
    cwd: Option<RemotePath>,
    /// What it gets on its standard input; may hold secrets. Default: nothing.
    #[serde(default)]
    stdin: Option<Text>,
    /// Exit codes that are success.
    #[serde(default = "only_zero")]
    ok: Vec<i64>,
}

impl Args for Ssh {
    const NAME: &'static str = "ssh";
    const POSITIONAL: &'static [&'static str] = &["host", "command"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dest.ssh("useradd --system app", #{ check: "id -u app", undo: "userdel app" })"#,
            given: &[Given::Exits("dest: id -u app", 1)],
            does: &["dest: useradd --system app"],
            undo: &["dest: userdel app"],
            gives: "",
        },
        Example {
            script: r#"dest.ssh("useradd --system app", #{ check: "id -u app", undo: "userdel app" })"#,
            given: &[Given::Prints("dest: id -u app", "999\n")],
            does: &[],
            undo: &[],
            gives: "",
        },
        Example {
            script: r#"source.ssh(["touch", "--", "/srv/it's a file"], #{ idempotent: true })"#,
            given: &[],
            does: &[r"source: touch -- '/srv/it'\''s a file'"],
            undo: &["impossible: the playbook gives no undo"],
            gives: "",
        },
        Example {
            script: r#"dest.ssh("./load --all", #{ cwd: "/opt/app", stdin: secret("token"), undo: false, timeout: "2h" })"#,
            given: &[],
            does: &["dest: ./load --all"],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for Ssh {
    const GIVES: &'static str =
        "a map: `code`, `stdout`, `stderr`; unknown when `check` found that it was already so, since nothing ran";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        self.sane(look)?;
        if let Some(check) = self.check()
            && look.run(&self.host, &check, check_ms(&self.within))?.code == 0
        {
            return Ok(Plan::Already);
        }
        let run = self.deed();
        let undo_check = self.undo_check.as_ref().map(|c| within(self.cwd.as_ref(), c));
        let undo = taken_back(self.undo.as_ref(), undo_check, &run);
        Ok(Plan::Do(vec![Step { deed: Deed::Run(run), undo }]))
    }

    fn observe(&self, look: &dyn Look, _done: &[Step]) -> Outcome<Plan> {
        let Some(check) = self.check() else {
            return Ok(Plan::Already);
        };
        let answer = look.run(&self.host, &check, check_ms(&self.within))?;
        match answer.code {
            0 => Ok(Plan::Already),
            code => Ok(Plan::Wait(format!("its check exits {code}{}", because(&answer)))),
        }
    }

    fn patience_ms(&self) -> Option<u64> {
        self.check.as_ref().map(|_| self.within.ms())
    }
}

impl Ssh {
    fn sane(&self, look: &dyn Look) -> Outcome<()> {
        can_be_meant("ssh", self.undo.as_ref(), self.undo_check.as_ref(), &self.ok)?;
        check_quotes("ssh: command", &self.host, &self.command, look)?;
        let undo = self.undo.as_ref().and_then(TakenBack::command);
        let others = [("ssh: check", &self.check), ("ssh: undo_check", &self.undo_check)];
        let others = others.into_iter().filter_map(|(what, c)| Some((what, c.as_ref()?)));
        others.chain(undo.map(|u| ("ssh: undo", u))).try_for_each(|(what, c)| check_quotes(what, &self.host, c, look))
    }

    fn check(&self) -> Option<Command> {
        self.check.as_ref().map(|c| within(self.cwd.as_ref(), c))
    }

    fn deed(&self) -> Run {
        Run {
            check: self.check(),
            idempotent: self.idempotent,
            ok: self.ok.clone(),
            timeout_ms: self.timeout.ms(),
            cwd: self.cwd.clone(),
            stdin: self.stdin.clone(),
            ..Run::new(&self.host, self.command.clone())
        }
    }
}
