//! An opaque command on a host: what it does, only the playbook knows.

use super::duration::Duration;
use super::shell::{because, check_quotes, negated, within};
use crate::contract::{Args, Change, Command, Deed, Example, Given, Look, Outcome, Plan, Run, Step, Undo, failed};
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

/// How a command is taken back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a command (a text for sh, or a list of texts), or false: nothing to take back")]
pub enum TakenBack {
    By(Command),
    Is(bool),
}
impl JsonSchema for TakenBack {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TakenBack".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["string", "array", "boolean"], "x-type": "text, list or false" })
    }
}

fn an_hour() -> Duration {
    Duration::hours(1)
}
fn a_minute() -> Duration {
    Duration::minutes(1)
}
fn only_zero() -> Vec<i64> {
    vec![0]
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
            && look.run(&self.host, &check, self.check_ms())?.code == 0
        {
            return Ok(Plan::Already);
        }
        Ok(Plan::Do(vec![Step { deed: Deed::Run(self.deed(&self.command, self.check())), undo: self.taken_back() }]))
    }

    fn observe(&self, look: &dyn Look, _done: &[Step]) -> Outcome<Plan> {
        let Some(check) = self.check() else {
            return Ok(Plan::Already);
        };
        let answer = look.run(&self.host, &check, self.check_ms())?;
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
        if self.undo == Some(TakenBack::Is(true)) {
            return failed("ssh: undo: true says nothing; give the command that takes it back, or false");
        }
        if self.undo_check.is_some() && !matches!(self.undo, Some(TakenBack::By(_))) {
            return failed("ssh: undo_check: there is no undo that it could check");
        }
        if self.ok.is_empty() {
            return failed("ssh: ok: it is empty, so no exit code would be success; left out it is [0]");
        }
        check_quotes("ssh: command", &self.host, &self.command, look)?;
        let undo = match &self.undo {
            Some(TakenBack::By(undo)) => Some(undo),
            _ => None,
        };
        let others = [("ssh: check", &self.check), ("ssh: undo_check", &self.undo_check)];
        let others = others.into_iter().filter_map(|(what, c)| Some((what, c.as_ref()?)));
        others.chain(undo.map(|u| ("ssh: undo", u))).try_for_each(|(what, c)| check_quotes(what, &self.host, c, look))
    }

    fn check(&self) -> Option<Command> {
        self.check.as_ref().map(|c| within(self.cwd.as_ref(), c))
    }

    /// A check is a quick look, whatever the command itself may take.
    fn check_ms(&self) -> u64 {
        self.within.ms().clamp(1_000, 60_000)
    }

    fn deed(&self, command: &Command, check: Option<Command>) -> Run {
        Run {
            check,
            idempotent: self.idempotent,
            ok: self.ok.clone(),
            timeout_ms: self.timeout.ms(),
            cwd: self.cwd.clone(),
            stdin: self.stdin.clone(),
            ..Run::new(&self.host, command.clone())
        }
    }

    fn taken_back(&self) -> Undo {
        match &self.undo {
            None => Undo::Impossible("the playbook gives no undo".into()),
            Some(TakenBack::Is(_)) => Undo::NotNeeded,
            Some(TakenBack::By(undo)) => {
                let asked = self.undo_check.as_ref().map(|c| within(self.cwd.as_ref(), c));
                let check = asked.or_else(|| self.check().map(|c| negated(&c)));
                let run = Run {
                    check,
                    timeout_ms: self.timeout.ms(),
                    cwd: self.cwd.clone(),
                    ..Run::new(&self.host, undo.clone())
                };
                Undo::By(vec![Deed::Run(run)])
            }
        }
    }
}
