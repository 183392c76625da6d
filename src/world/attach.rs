//! Attaching to a command that was started: tells its output, and waits for its end.

use super::ask::{Job, Progress};
use super::folder::Tries;
use super::link::{Fleet, Link};
use super::live::Live;
use super::run::EVERY;
use crate::contract::{Outcome, Run};

/// How a command that was sent before is found.
#[derive(Debug, PartialEq)]
pub enum Attached {
    Ended {
        code: i64,
        timed_out: bool,
    },
    /// There is no trace of it, in this boot.
    Nothing {
        boot: String,
    },
    Lost {
        rebooted: bool,
        when: String,
    },
    Mismatch,
    Wiped,
}

impl Fleet {
    /// Waits as long as the command lives; its time-out counts from its start, whoever watches.
    pub async fn attach(&self, link: &Link, job: &Job, run: &Run, live: &mut Live<'_>) -> Outcome<Attached> {
        let mut tries = Tries::default();
        let mut is_ended = false;
        loop {
            let before = live.at();
            let asked = match self.peek(link, job, live, true).await {
                Ok(asked) => asked,
                Err(trouble) => {
                    tries.again(self, &link.config.name, trouble).await?;
                    continue;
                }
            };
            tries = Tries::default();
            match asked.progress {
                Progress::Nothing => return Ok(Attached::Nothing { boot: asked.boot }),
                Progress::Done { code, timed_out } => return Ok(Attached::Ended { code, timed_out }),
                Progress::Lost { rebooted, when } => return Ok(Attached::Lost { rebooted, when }),
                Progress::Mismatch => return Ok(Attached::Mismatch),
                Progress::Wiped => return Ok(Attached::Wiped),
                Progress::Running { seconds } => {
                    if !is_ended && (seconds.saturating_mul(1000) > run.timeout_ms || self.is_cut()) {
                        is_ended = true;
                        self.end(link, job).await;
                    } else if live.at() == before {
                        tokio::time::sleep(EVERY).await;
                    }
                }
            }
        }
    }
}
