//! A systemd unit, judged by what it is seen to be.

use super::duration::Duration;
use super::shell::{because, negated};
use super::unit_name::UnitName;
use crate::contract::{
    Args, Change, Command, Deed, Example, Failure, Given, Look, Outcome, Plan, Run, Step, Undo, failed, quote,
};
use crate::name::HostName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const LOOK_MS: u64 = 30_000;

/// Start, stop, restart, enable or disable a systemd unit.
///
/// What `systemctl` exits with is not believed: the call is done when the unit is seen to be as wished,
/// and is still so after `stays`, without having been restarted in between. A unit that ends by itself
/// (`Type=oneshot` without `RemainAfterExit`) is never seen as started: use `ssh` for it.
///
/// A rollback brings the unit back to what it was before.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Systemd {
    /// Host on which the unit is.
    host: HostName,
    /// Unit, with or without `.service`. A template needs its instance: `getty@tty1`.
    unit: UnitName,
    /// What it is to be. "restarted" restarts it on every run; the others do nothing when it is so already.
    state: Wished,
    /// How long it must stay started or stopped, as a text with a unit.
    #[serde(default = "three_seconds")]
    stays: Duration,
    /// How long it may take to become so, as a text with a unit.
    #[serde(default = "a_minute_and_a_half")]
    timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Wished {
    Started,
    Stopped,
    Restarted,
    Enabled,
    Disabled,
}

fn three_seconds() -> Duration {
    Duration::seconds(3)
}
fn a_minute_and_a_half() -> Duration {
    Duration::seconds(90)
}

impl Args for Systemd {
    const NAME: &'static str = "systemd";
    const POSITIONAL: &'static [&'static str] = &["host", "unit", "state"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"dest.systemd("128T", "started")"#,
            given: &[Given::Prints(
                "dest: systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts,FragmentPath -- 128T",
                "LoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=enabled\nNRestarts=0\n",
            )],
            does: &["dest: systemctl start -- 128T"],
            undo: &["dest: systemctl stop -- 128T"],
            gives: "",
        },
        Example {
            script: r#"dest.systemd("128T", "started")"#,
            given: &[Given::Prints(
                "dest: systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts,FragmentPath -- 128T",
                "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNRestarts=0\n",
            )],
            does: &[],
            undo: &[],
            gives: "",
        },
        Example {
            script: r#"source.systemd("nginx", "restarted", #{ stays: "10s" })"#,
            given: &[Given::Prints(
                "source: systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts,FragmentPath -- nginx",
                "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNRestarts=0\n",
            )],
            does: &["source: systemctl restart -- nginx"],
            undo: &[],
            gives: "",
        },
        Example {
            script: r#"source.systemd("nginx", "disabled")"#,
            given: &[Given::Prints(
                "source: systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts,FragmentPath -- nginx",
                "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nNRestarts=0\n",
            )],
            does: &["source: systemctl disable -- nginx"],
            undo: &["source: systemctl enable -- nginx"],
            gives: "",
        },
    ];
}

/// A unit as `systemctl show` describes it. Properties that it does not print are empty.
struct Unit(BTreeMap<String, String>);

impl Unit {
    fn property(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
    fn load(&self) -> &str {
        self.property("LoadState")
    }
    fn active(&self) -> &str {
        self.property("ActiveState")
    }
    fn file(&self) -> &str {
        self.property("UnitFileState")
    }
    fn restarts(&self) -> &str {
        self.property("NRestarts")
    }
    /// `activating (auto-restart)`.
    fn state(&self) -> String {
        format!("{} ({})", self.active(), self.property("SubState"))
    }
    fn is_active(&self) -> bool {
        matches!(self.active(), "active" | "reloading" | "refreshing")
    }
    fn is_inactive(&self) -> bool {
        matches!(self.active(), "inactive" | "failed")
    }
}

impl Change for Systemd {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let now = self.look(look)?;
        self.sane(&now)?;
        let become_so = |verb: &str, undo: Vec<Run>| {
            let undo: Vec<Deed> = undo.into_iter().map(Deed::Run).collect();
            let undo = if undo.is_empty() { Undo::NotNeeded } else { Undo::By(undo) };
            Ok(Plan::Do(vec![Step { deed: Deed::Run(self.run(verb)), undo }]))
        };
        match self.state {
            Wished::Started if now.is_active() => Ok(Plan::Already),
            Wished::Started if now.active() == "activating" => Ok(Plan::Wait(self.is(&now))),
            Wished::Started => become_so("start", vec![self.run("stop")]),
            Wished::Stopped if now.is_inactive() => Ok(Plan::Already),
            Wished::Stopped if now.active() == "deactivating" => Ok(Plan::Wait(self.is(&now))),
            Wished::Stopped => become_so("stop", vec![self.run("start")]),
            Wished::Restarted if now.is_inactive() => become_so("restart", vec![self.run("stop")]),
            Wished::Restarted => become_so("restart", vec![]),
            Wished::Enabled if now.file() == "enabled" => Ok(Plan::Already),
            Wished::Enabled => become_so("enable", [vec![self.run("disable")], self.linked_again(&now)].concat()),
            Wished::Disabled if matches!(now.file(), "disabled" | "masked" | "linked") => Ok(Plan::Already),
            Wished::Disabled if now.file() == "enabled-runtime" => {
                become_so("disable", vec![self.run("enable --runtime")])
            }
            Wished::Disabled => become_so("disable", vec![self.run("enable")]),
        }
    }

    fn observe(&self, look: &dyn Look, _done: &[Step]) -> Outcome<Plan> {
        let now = self.look(look)?;
        let is_so = |unit: &Unit| match self.state {
            Wished::Started | Wished::Restarted => unit.is_active(),
            Wished::Stopped => unit.is_inactive(),
            Wished::Enabled => unit.file() == "enabled",
            Wished::Disabled => unit.file() != "enabled" && unit.file() != "enabled-runtime",
        };
        let must_run = matches!(self.state, Wished::Started | Wished::Restarted);
        if must_run && now.active() == "failed" {
            return Err(Failure::new(format!("systemd: {}", self.is(&now))).hint(self.journal()).into());
        }
        if !is_so(&now) {
            return Ok(Plan::Wait(self.is(&now)));
        }
        if matches!(self.state, Wished::Enabled | Wished::Disabled) {
            return Ok(Plan::Already);
        }
        // The host does the waiting: a primitive has no clock.
        look.run(&self.host, &self.stays.slept(), self.stays.ms() + LOOK_MS)?;
        let later = self.look(look)?;
        if !is_so(&later) {
            return Ok(Plan::Wait(format!("{}; it was {} before", self.is(&later), now.state())));
        }
        if must_run && later.restarts() != now.restarts() {
            let loops = format!("{} does not stay up: systemd has restarted it {} times", self.unit, later.restarts());
            return Ok(Plan::Wait(format!("{loops}; {}", self.journal())));
        }
        Ok(Plan::Already)
    }

    fn patience_ms(&self) -> Option<u64> {
        Some(self.timeout.ms() + self.stays.ms())
    }
}

impl Systemd {
    fn look(&self, look: &dyn Look) -> Outcome<Unit> {
        let wanted = "LoadState,ActiveState,SubState,UnitFileState,NRestarts,FragmentPath";
        let argv = Command::argv(["systemctl", "show", "-p", wanted, "--", self.unit.as_ref()]);
        let answer = look.run(&self.host, &argv, LOOK_MS)?;
        if answer.code != 0 {
            let why = because(&answer);
            return failed(format!("systemd: {} does not tell about {}{why}", self.host, self.unit));
        }
        let lines = answer.stdout.lines().filter_map(|l| l.split_once('='));
        let unit = Unit(lines.map(|(k, v)| (k.trim().to_string(), v.trim().to_string())).collect());
        if unit.active().is_empty() {
            return failed(format!("systemd: {} answers nothing about {}; is systemd running?", self.host, self.unit));
        }
        Ok(unit)
    }

    /// Tells apart why a unit cannot become as wished.
    fn sane(&self, now: &Unit) -> Outcome<()> {
        let Systemd { host, unit, .. } = self;
        let refused = |what: String, hint: String| Err(Failure::new(format!("systemd: {what}")).hint(hint).into());
        let is_masked = now.load() == "masked" || now.file().starts_with("masked");
        match now.load() {
            "not-found" => {
                return refused(
                    format!("there is no unit {unit} on {host}"),
                    format!("look for its name: {host}.capture(\"systemctl list-unit-files\")"),
                );
            }
            "error" | "bad-setting" => {
                return refused(
                    format!("{unit} on {host} cannot be loaded: its file is wrong ({})", now.load()),
                    format!("see: systemctl status -- {unit}"),
                );
            }
            _ => {}
        }
        if is_masked && !matches!(self.state, Wished::Stopped | Wished::Disabled) {
            return refused(
                format!("{unit} on {host} is masked, so it can be neither started nor enabled"),
                format!("if that is meant to end: systemctl unmask -- {unit}"),
            );
        }
        if is_masked || !matches!(self.state, Wished::Enabled | Wished::Disabled) {
            return Ok(());
        }
        match now.file() {
            "static" => refused(
                format!(
                    "{unit} on {host} is static: it has no [Install] section, so it is neither enabled nor disabled"
                ),
                "enable the unit that wants it, or start it".into(),
            ),
            "indirect" | "alias" => refused(
                format!("{unit} on {host} is {}: another unit is enabled in its place", now.file()),
                format!("name that unit; `systemctl cat -- {unit}` shows it"),
            ),
            "generated" | "transient" | "" => refused(
                format!("{unit} on {host} has no unit file of its own, so it is neither enabled nor disabled"),
                format!("see: systemctl status -- {unit}"),
            ),
            _ => Ok(()),
        }
    }

    fn is(&self, now: &Unit) -> String {
        let file = if now.file().is_empty() { String::new() } else { format!(", {}", now.file()) };
        format!("{} on {} is {}{file}", self.unit, self.host, now.state())
    }

    fn journal(&self) -> String {
        format!("see: journalctl -u {} -n 50", quote(self.unit.as_ref()))
    }

    fn systemctl(&self, verb: &str) -> Command {
        let words = ["systemctl"].into_iter().chain(verb.split(' '));
        Command::argv(words.chain(["--", self.unit.as_ref()]))
    }

    /// Its check exits 0 when it has had its effect. A restart leaves no trace that could be looked for.
    fn run(&self, verb: &str) -> Run {
        let is = |what: &str| self.systemctl(&format!("{what} --quiet"));
        let check = match verb {
            "start" => Some(is("is-active")),
            "stop" => Some(negated(&is("is-active"))),
            "enable" | "enable --runtime" => Some(is("is-enabled")),
            "disable" => Some(negated(&is("is-enabled"))),
            _ => None,
        };
        let run = Run::new(&self.host, self.systemctl(verb));
        Run { check, idempotent: true, timeout_ms: self.timeout.ms(), ..run }
    }

    /// `disable` also removes the link of a unit that was only linked, and what lasts until a reboot.
    fn linked_again(&self, before: &Unit) -> Vec<Run> {
        match (before.file(), before.property("FragmentPath")) {
            ("linked", path) if !path.is_empty() => {
                let link = Run::new(&self.host, Command::argv(["systemctl", "link", "--", path]));
                vec![Run { idempotent: true, timeout_ms: self.timeout.ms(), ..link }]
            }
            ("enabled-runtime", _) => vec![self.run("enable --runtime")],
            _ => vec![],
        }
    }
}
