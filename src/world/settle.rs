//! What can be said of a deed that was begun and whose end nobody saw. Looks; never acts.

use super::answer::{last_lines, outcome};
use super::ask::{Job, Progress, Window};
use super::attach::Attached;
use super::call::Sink;
use super::folder::reason;
use super::link::{Fleet, Link};
use super::live::Live;
use super::run::{mismatch, wiped};
use crate::contract::{Deed, Found, Halt, Put, Run, Settled, Token, quote, unknown};
use serde_json::{Value, json};

/// How long a `check` may take.
pub const CHECK_MS: u64 = 120_000;

/// What a lost command came to.
pub enum Loss {
    Done(Value),
    /// Its check says that the effect is not there.
    NotDone(String),
    Unknown(String),
}

impl Fleet {
    pub async fn settle(&self, token: &Token, deed: &Deed) -> Settled {
        match deed {
            Deed::Run(run) => match &run.container {
                Some(container) => self.settle_in_container(token, run, container).await,
                None => self.settle_run(token, run).await,
            },
            Deed::Put(put) => self.settle_put(put).await,
            Deed::PutChecked(checked) => self.settle_put_checked(token, checked).await,
            Deed::Reboot(reboot) => self.settle_reboot(token, reboot).await,
            Deed::Redis(redis) => self.settle_redis(token, redis).await,
            Deed::Http(http) => self.settle_http(http).await,
            // Asking a person once more does no harm.
            Deed::Ask { .. } => Settled::SameToken,
            Deed::Aws(aws) => self.settle_aws(aws).await,
            // They converge: done again, they attach to what still runs, and do what is left.
            Deed::Sync(_) | Deed::Unsync(_) => Settled::SameToken,
            // Opened or closed again, what is there is found.
            Deed::Lease(_) | Deed::Unlease(_) => Settled::SameToken,
        }
    }

    pub async fn settle_run(&self, token: &Token, run: &Run) -> Settled {
        let (link, (job, is_wiped)) = match (self.link(&run.host), self.job(token, run)) {
            (Ok(link), Ok(job)) => (link, job),
            (Err(halt), _) | (_, Err(halt)) => return Settled::Unknown(reason(&halt)),
        };
        if is_wiped {
            return Settled::Unknown(wiped(run, &job));
        }
        // What it printed may hold what it was given: that must be known to be kept out.
        if let Some(Err(halt)) = run.stdin.as_ref().map(|stdin| self.fill(stdin)) {
            return Settled::Unknown(reason(&halt));
        }
        let mut live = Live::new(&run.host, self.settings.listener.as_ref(), &self.redactor);
        let attached = match self.attach(link, &job, run, &mut live).await {
            Ok(attached) => attached,
            Err(halt) => {
                return Settled::Unknown(format!(
                    "{} cannot be asked how `{}` ended: {}",
                    run.host,
                    run.command,
                    reason(&halt)
                ));
            }
        };
        match attached {
            Attached::Ended { code, timed_out } => {
                match self
                    .collect(link, &job, (code, timed_out), None, &mut live)
                    .await
                    .and_then(|ended| outcome(run, ended))
                {
                    Ok(value) => Settled::Done(value),
                    Err(Halt::Failed(failure)) => Settled::Failed(*failure),
                    Err(halt) => Settled::Unknown(reason(&halt)),
                }
            }
            Attached::Nothing { boot } if boot == self.sent_in(link, &job) => Settled::SameToken,
            Attached::Nothing { .. } => Settled::Unknown(self.untraceable(run)),
            Attached::Mismatch => Settled::Unknown(mismatch(run, &job)),
            Attached::Wiped => Settled::Unknown(wiped(run, &job)),
            Attached::Lost { rebooted, when } => match self.after_loss(link, &job, run, rebooted, &when).await {
                Loss::Done(value) => Settled::Done(value),
                Loss::NotDone(_) => Settled::NewToken,
                Loss::Unknown(text) if run.idempotent => Settled::Repeatable(text),
                Loss::Unknown(text) => Settled::Unknown(text),
            },
        }
    }

    /// What a command printed whose exit code nobody saw, and which a person says went well.
    pub async fn told(&self, token: &Token, run: &Run) -> Option<Value> {
        let run = match &run.container {
            Some(container) => self.on_the_host(token, run, container).ok()?.0,
            None => run.clone(),
        };
        let (job, is_wiped) = self.job(token, &run).ok()?;
        let is_known = run.stdin.as_ref().is_none_or(|stdin| self.fill(stdin).is_ok());
        if is_wiped || !is_known {
            return None;
        }
        let link = self.link(&run.host).ok()?;
        let window = Window { from: (0, 0), limit: 0, look: false };
        match self.ask(link, &job, window, Sink::Drop, Sink::Drop).await.ok()?.progress {
            Progress::Running { .. } | Progress::Done { .. } | Progress::Lost { .. } => {}
            Progress::Nothing | Progress::Mismatch | Progress::Wiped => return None,
        }
        let mut live = Live::new(&run.host, self.settings.listener.as_ref(), &self.redactor);
        outcome(&run, self.collect(link, &job, (0, false), None, &mut live).await.ok()?).ok()
    }

    /// Started, nothing of it lives, no exit code: its own check may know.
    pub async fn after_loss(&self, link: &Link, job: &Job, run: &Run, rebooted: bool, when: &str) -> Loss {
        let mut could_not = match run.idempotent {
            true => "mig resume does: it may be run twice.",
            false => "it has no check, and is not marked idempotent.",
        }
        .to_owned();
        let checked = match &run.check {
            Some(check) => match self.run(&run.host, check, CHECK_MS).await {
                Ok(output) => Some(output.code == 0),
                Err(halt) => {
                    could_not = format!("its check could not tell: {}.", reason(&halt));
                    None
                }
            },
            None => None,
        };
        if checked == Some(true) {
            return Loss::Done(unknown("its output was lost; its check says that it is done"));
        }
        let text = self.lost_text(link, job, run, rebooted, when).await;
        match checked {
            Some(_) => Loss::NotDone(text + "mig resume does, for its check does not see its effect."),
            None => Loss::Unknown(text + could_not.as_str()),
        }
    }

    /// What is known of a lost command, for the one who must decide.
    pub(super) async fn lost_text(&self, link: &Link, job: &Job, run: &Run, rebooted: bool, when: &str) -> String {
        let when = if when.is_empty() { "earlier" } else { when };
        let mut text = format!("{} on {}: its outcome is unknown\n  started {when}", run.said(), run.host);
        text += if rebooted {
            "; the machine has rebooted since"
        } else {
            "; its processes are gone, and it left no exit code"
        };
        if !rebooted && self.is_full(&run.host, &job.folder).await {
            text += &format!(": the disk that holds {} is full", job.folder);
        }
        let sizes = self.read_part(link, job, (0, 0), 0).await.map(|(_, sizes)| sizes).unwrap_or_default();
        let from = (sizes.0.saturating_sub(2048), sizes.1.saturating_sub(2048));
        if let Ok(((out, err), _)) = self.read_part(link, job, from, 2048).await {
            for (name, bytes) in [("output", out), ("errors", err)] {
                let last = last_lines(&String::from_utf8_lossy(&bytes), 3);
                if !last.is_empty() {
                    text += &format!("\n  last {name}: {}", last.replace('\n', "\n    "));
                }
            }
        }
        text + "\n  mig does not run it again by itself: "
    }

    /// Whether nothing more can be written beside a run's records.
    async fn is_full(&self, host: &crate::name::HostName, folder: &str) -> bool {
        let command =
            crate::contract::Command::Shell(format!("df -Pk -- {} | awk 'END {{ print $4 }}'", quote(folder)));
        let free = self.run(host, &command, CHECK_MS).await;
        free.is_ok_and(|output| output.stdout.trim() == "0")
    }

    /// No trace, but the machine has rebooted: a trace may have been lost with it.
    pub fn untraceable(&self, run: &Run) -> String {
        format!(
            "`{}` on {}: its outcome is unknown\n  there is no trace of it, but the machine has rebooted since it may have been \
             sent, and what was written just before may be lost",
            run.command, run.host
        )
    }

    async fn settle_put(&self, put: &Put) -> Settled {
        let found = match self.find(&put.host, &put.path).await {
            Ok(Found::Nothing) => None,
            Ok(Found::File(state)) => Some(state),
            Ok(other) => return Settled::Unknown(format!("{} on {} is no file now: {other:?}", put.path, put.host)),
            Err(halt) => {
                return Settled::Unknown(format!(
                    "{} on {} cannot be looked at: {}",
                    put.path,
                    put.host,
                    reason(&halt)
                ));
            }
        };
        match self.compare(put, found.as_ref()) {
            super::put::Place::IsTo => Settled::Done(json!({ "changed": true })),
            // Also where a secret makes it unsure: putting the same content twice does no harm.
            super::put::Place::IsFrom | super::put::Place::Unsure => Settled::SameToken,
            super::put::Place::Differs => Settled::Unknown(super::put::differs(put, found.as_ref())),
        }
    }
}
