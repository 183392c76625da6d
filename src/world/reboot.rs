//! Restarting a machine. Done when it answers in another boot.

use super::call::{Call, Trouble};
use super::folder::reason;
use super::link::{Fleet, Link};
use super::{ask, attach::Attached, live::Live, script};
use crate::contract::{Failure, Outcome, Reboot, Run, Settled, Token, failed};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks at a machine that is away.
const EVERY: Duration = Duration::from_secs(1);
/// A machine that does not answer in this time is away.
const ANSWER: Duration = Duration::from_secs(20);
/// The command itself has this long to be taken.
const TAKEN: Duration = Duration::from_secs(30);

impl Fleet {
    pub async fn act_reboot(&self, token: &Token, reboot: &Reboot) -> Outcome<Value> {
        let link = self.link(&reboot.host)?;
        let deadline = Instant::now() + Duration::from_millis(reboot.timeout_ms);
        if self.boot_id(&reboot.host).await? == reboot.boot_id {
            self.send_reboot(link, token, reboot).await?;
        }
        self.wait_for_boot(link, reboot, deadline).await
    }

    /// Sends the command, at most once for the token; the connection may break off before it answers.
    async fn send_reboot(&self, link: &Link, token: &Token, reboot: &Reboot) -> Outcome<()> {
        let run = as_run(reboot);
        let (job, is_wiped) = self.job(token, &run)?;
        if is_wiped {
            return failed(super::run::wiped(&run, &job));
        }
        self.may_start(&reboot.host, token)?;
        let command = run.command.to_sh();
        let args = [&job.folder, &job.token, &job.sha, &job.marker, "/", "no", "text", command.as_str(), "", "whole"];
        let mut err = vec![];
        let mut keep = |b: &[u8]| err.extend_from_slice(b);
        let mut call = Call::new(script::START, args).err(super::call::Sink::To(&mut keep));
        match self.call(link, &mut call, Some(TAKEN)).await {
            Err(Trouble::Halt(halt)) => Err(halt),
            // It may well be on its way down.
            Err(Trouble::Lost(_) | Trouble::TimedOut) => Ok(()),
            Ok(reply) => match reply.said.split_whitespace().collect::<Vec<_>>()[..] {
                // 143: what rebooted took the command with it.
                ["done" | "unsaved", "0" | "129" | "137" | "143", ..] | ["again"] => Ok(()),
                ["done" | "unsaved", code, ..] => {
                    let code = code.parse().unwrap_or(255);
                    let failure = Failure { code, ..Failure::new(format!("`{}`: exit code {code}", reboot.command)) };
                    Err(failure.output(super::printable(String::from_utf8_lossy(&err).trim())).into())
                }
                _ => failed(format!("{}: nothing was started: {}", reboot.host, reply.said)),
            },
        }
    }

    /// Looks until the machine answers in another boot.
    async fn wait_for_boot(&self, link: &Link, reboot: &Reboot, deadline: Instant) -> Outcome<Value> {
        let mut last = "it still runs as before".to_owned();
        while Instant::now() < deadline {
            match self.boot_now(link).await {
                Ok(boot) if boot != reboot.boot_id => {
                    self.renew(link).await?;
                    return Ok(json!({ "boot_id": boot }));
                }
                Ok(_) => last = "it still runs as before".into(),
                Err(why) => {
                    last = why;
                    // The old connection may look alive for a while.
                    self.hang_up(link);
                }
            }
            tokio::time::sleep(EVERY.min(deadline - Instant::now())).await;
        }
        failed(format!(
            "{} did not come back in another boot within {}: {last}",
            reboot.host,
            super::look::seconds(reboot.timeout_ms)
        ))
    }

    async fn boot_now(&self, link: &Link) -> Result<String, String> {
        let mut boot = vec![];
        let mut keep = |b: &[u8]| boot.extend_from_slice(b);
        let mut call =
            Call::new(script::READ, ["cat /proc/sys/kernel/random/boot_id"]).out(super::call::Sink::To(&mut keep));
        match self.call(link, &mut call, Some(ANSWER)).await {
            Ok(_) => Ok(String::from_utf8_lossy(&boot).trim().to_owned()),
            Err(Trouble::Halt(halt)) => Err(reason(&halt)),
            Err(Trouble::Lost(why)) => Err(why),
            Err(Trouble::TimedOut) => Err("it does not answer".into()),
        }
    }

    pub async fn settle_reboot(&self, token: &Token, reboot: &Reboot) -> Settled {
        let link = match self.link(&reboot.host) {
            Ok(link) => link,
            Err(halt) => return Settled::Unknown(reason(&halt)),
        };
        match self.boot_id(&reboot.host).await {
            Ok(boot) if boot != reboot.boot_id => {
                let _ = self.renew(link).await;
                return Settled::Done(json!({ "boot_id": boot }));
            }
            Ok(_) => {}
            Err(halt) => return Settled::Unknown(format!("{} is away: {}", reboot.host, reason(&halt))),
        }
        let run = as_run(reboot);
        let Ok((job, false)) = self.job(token, &run) else {
            return Settled::Unknown(format!("{} has not rebooted, and the run's records there are gone", reboot.host));
        };
        let mut live = Live::new(&reboot.host, self.settings.listener.as_ref(), &self.redactor);
        match self.attach(link, &job, &run, &mut live).await {
            Ok(Attached::Nothing { .. }) => Settled::SameToken,
            // The command was taken: the machine may yet go down.
            Ok(Attached::Ended { code: 0, .. } | Attached::Lost { .. }) | Err(_) => {
                self.settle_slow(link, reboot, &job).await
            }
            Ok(Attached::Ended { code, .. }) => {
                Settled::Failed(Failure { code, ..Failure::new(format!("`{}`: exit code {code}", reboot.command)) })
            }
            Ok(other) => Settled::Unknown(format!("{} has not rebooted: {other:?}", reboot.host)),
        }
    }

    async fn settle_slow(&self, link: &Link, reboot: &Reboot, _: &ask::Job) -> Settled {
        let patience = Duration::from_millis(reboot.timeout_ms).min(Duration::from_secs(120));
        match self.wait_for_boot(link, reboot, Instant::now() + patience).await {
            Ok(value) => Settled::Done(value),
            // It is in the boot in which it was to go down: nothing happened.
            Err(_) if self.boot_now(link).await.as_ref() == Ok(&reboot.boot_id) => Settled::NewToken,
            Err(halt) => Settled::Unknown(reason(&halt)),
        }
    }
}

/// The command of a reboot as a run, for its record on the host.
fn as_run(reboot: &Reboot) -> Run {
    Run { timeout_ms: reboot.timeout_ms, ..Run::new(&reboot.host, reboot.command.clone()) }
}
