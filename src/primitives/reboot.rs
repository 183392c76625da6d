use super::duration::Duration;
use super::shell::{because, check_quotes};
use crate::contract::{self, Args, Change, Command, Deed, Example, Halt, Look, Outcome, Plan, Step, Undo};
use crate::name::HostName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reboot a machine, and wait until it is back.
///
/// Done when the machine has another boot id than before, and `ready` has held for `settle` without a
/// break: it is tried every second, on the machine. A product that reboots a second time by itself breaks
/// that off, and the waiting begins anew; so `settle` must be longer than such a product takes to reboot
/// again. A count of reboots is not kept: a short one would be missed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reboot {
    /// Host to reboot.
    host: HostName,
    /// Command that begins it. A text goes to `sh`; a list is a program with its arguments.
    #[serde(default = "systemctl_reboot")]
    command: Command,
    /// Command that changes nothing and exits 0 once the machine does its work again.
    #[serde(default = "always")]
    ready: Command,
    /// How long `ready` must hold without a break, as a text with a unit.
    #[serde(default = "ten_seconds")]
    settle: Duration,
    /// How long all of it may take, as a text with a unit.
    #[serde(default = "a_quarter")]
    timeout: Duration,
}

fn systemctl_reboot() -> Command {
    Command::argv(["systemctl", "reboot"])
}
fn always() -> Command {
    Command::Shell("true".into())
}
fn ten_seconds() -> Duration {
    Duration::seconds(10)
}
fn a_quarter() -> Duration {
    Duration::minutes(15)
}

impl Args for Reboot {
    const NAME: &'static str = "reboot";
    const POSITIONAL: &'static [&'static str] = &["host"];
    const EXAMPLES: &'static [Example] = &[
        Example { script: "dest.reboot()", given: &[], does: &["dest: reboot"], undo: &[], gives: "" },
        Example {
            script: r#"dest.reboot(#{ ready: "systemctl is-active --quiet app", settle: "1m", timeout: "30m" })"#,
            given: &[],
            does: &["dest: reboot"],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for Reboot {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        check_quotes("reboot: command", &self.host, &self.command, look)?;
        check_quotes("reboot: ready", &self.host, &self.ready, look)?;
        if self.settle.ms() >= self.timeout.ms() {
            return contract::failed(format!(
                "reboot: settle {} is not shorter than timeout {}, so it could never be done",
                self.settle, self.timeout
            ));
        }
        let deed = Deed::Reboot(contract::Reboot {
            host: self.host.clone(),
            command: self.command.clone(),
            boot_id: look.boot_id(&self.host)?,
            timeout_ms: self.timeout.ms(),
        });
        Ok(Plan::Do(vec![Step { deed, undo: Undo::NotNeeded }]))
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        match self.what_is_missing(look, done) {
            Ok(None) => Ok(Plan::Already),
            Ok(Some(missing)) => Ok(Plan::Wait(missing)),
            // A machine that is away is what a reboot looks like.
            Err(Halt::Failed(f)) => Ok(Plan::Wait(f.message)),
            Err(stop) => Err(stop),
        }
    }

    fn patience_ms(&self) -> Option<u64> {
        Some(self.timeout.ms())
    }
}

impl Reboot {
    fn what_is_missing(&self, look: &dyn Look, done: &[Step]) -> Outcome<Option<String>> {
        let before = done.iter().find_map(|s| match &s.deed {
            Deed::Reboot(r) => Some(r.boot_id.as_str()),
            _ => None,
        });
        let now = look.boot_id(&self.host)?;
        if before == Some(now.as_str()) {
            return Ok(Some(format!("{} has not rebooted yet", self.host)));
        }
        let answer = look.run(&self.host, &self.holds(), self.settle.ms() + 60_000)?;
        if answer.code != 0 {
            return Ok(Some(format!(
                "{} is back, but `{}` does not hold yet{}",
                self.host,
                self.ready,
                because(&answer)
            )));
        }
        if look.boot_id(&self.host)? != now {
            return Ok(Some(format!("{} rebooted again", self.host)));
        }
        Ok(None)
    }

    /// Exits 0 when `ready` held at every second of `settle`. The machine itself does the waiting: a
    /// primitive has no clock, and a connection that breaks is an answer too.
    fn holds(&self) -> Command {
        let (seconds, rest) = (self.settle.ms() / 1_000, self.settle.ms() % 1_000);
        let rest = if rest == 0 { String::new() } else { format!(" sleep 0.{rest:03} || sleep 1;") };
        let ready = self.ready.to_sh();
        Command::Shell(format!(
            "ready() {{ ( {ready}\n); }}; n={seconds}; while [ \"$n\" -gt 0 ]; do ready || exit 1; sleep 1; n=$((n-1)); done;{rest} ready"
        ))
    }
}
