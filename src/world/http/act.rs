//! A request that changes something is sent at most once. An answer that was lost is settled by its
//! check, else by its word that a second one does no harm, else by the operator.

use super::super::folder::reason;
use super::super::link::Fleet;
use super::exchange::Ended;
use crate::contract::{Check, Failure, Halt, Http, Outcome, Settled, Stop, Token, unknown};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// How often an idempotent request is sent in one go.
const TRIES: u32 = 3;
/// How long a server may take to show what a lost request did.
const PATIENCE: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_secs(1);
/// How much of an answer a failure shows.
const SHOWN: usize = 2_000;

/// What a check says of a request whose answer was lost.
enum Seen {
    There,
    NotThere(String),
    NotKnown(String),
}

impl Fleet {
    pub async fn act_http(&self, token: &Token, http: &Http) -> Outcome<Value> {
        let mut tries = 0;
        loop {
            tries += 1;
            let why = match self.exchange(&http.request).await? {
                Ended::Reply(reply) if http.is_ok(reply.status) => return Ok(json!(reply)),
                Ended::Reply(reply) => {
                    let message = format!("{} answers {}", http.request, reply.status);
                    let failure = Failure { code: reply.status.into(), ..Failure::new(message) };
                    let body = reply.body.as_str().unwrap_or_default();
                    return Err(failure.output(cut(body)).into());
                }
                Ended::NotSent(failure) => return Err(failure.into()),
                Ended::Lost(why) => why,
            };
            let seen = self.checked(http, PATIENCE).await?;
            if let Some(Seen::There) = seen {
                return Ok(unknown("its answer was lost; its check says that it is done"));
            }
            if http.drops {
                // As the playbook says that it would be: no answer is an answer.
                return Ok(json!({ "status": 0, "url": "", "headers": {}, "body": "", "text": why }));
            }
            if http.idempotent && tries < TRIES {
                tracing::debug!("sends again after {why}: {http}");
                continue;
            }
            let call = token.as_ref().split('.').next().and_then(|c| c.parse().ok()).unwrap_or_default();
            return Err(Halt::Stop(Stop::Ask { call, text: question(http, &why, seen.as_ref()) }));
        }
    }

    /// Decides about a request that a process sent, or was about to send, when it ended.
    pub async fn settle_http(&self, http: &Http) -> Settled {
        // What is still being worked on is not taken for what never came.
        let patience = PATIENCE.min(Duration::from_millis(http.request.timeout_ms)) / 4;
        let seen = match self.checked(http, patience).await {
            Ok(seen) => seen,
            Err(halt) => return Settled::Unknown(reason(&halt)),
        };
        match &seen {
            Some(Seen::There) => Settled::Done(unknown("its answer was lost; its check says that it is done")),
            Some(Seen::NotThere(_)) => Settled::NewToken,
            Some(Seen::NotKnown(_)) | None => {
                let text = question(http, "mig ended before the answer was recorded", seen.as_ref());
                if http.idempotent { Settled::Repeatable(text) } else { Settled::Unknown(text) }
            }
        }
    }

    /// Looks until the effect is there, or the time is over.
    async fn checked(&self, http: &Http, patience: Duration) -> Outcome<Option<Seen>> {
        let Some(check) = &http.check else { return Ok(None) };
        let until = Instant::now() + patience;
        loop {
            let seen = self.look_at(check).await?;
            if matches!(seen, Seen::There) || Instant::now() >= until {
                return Ok(Some(seen));
            }
            tokio::time::sleep(EVERY.min(patience)).await;
        }
    }

    async fn look_at(&self, check: &Check) -> Outcome<Seen> {
        match self.read_http(&check.request).await {
            Ok(reply) => Ok(check.lacks(&reply).map_or(Seen::There, Seen::NotThere)),
            Err(Halt::Failed(f)) => Ok(Seen::NotKnown(f.message)),
            Err(stop) => Err(stop),
        }
    }
}

fn question(http: &Http, why: &str, seen: Option<&Seen>) -> String {
    let more = match seen {
        None if http.idempotent => "it is marked idempotent, and was sent several times",
        None => "it has no check and is not marked idempotent",
        Some(Seen::There) => "its check says that it is done",
        Some(Seen::NotThere(why)) => why,
        Some(Seen::NotKnown(why)) => why,
    };
    format!("{http}\nwas sent, and whether it arrived is not known: {why}; {more}")
}

fn cut(body: &str) -> String {
    let text = super::super::printable(body);
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}\n[...]", &text[..at]),
        None => text,
    }
}
