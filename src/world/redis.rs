//! The role of a Redis server, changed on its host by a script of the run (`scripts/redis.sh`).
//!
//! The script is a command like others: it is started once, and goes on when this process or the
//! connection ends. Unlike others it looks before it acts, so that it may be started again after an
//! end that nobody saw.

use super::answer::last_lines;
use super::link::Fleet;
use super::script;
use crate::contract::{
    Command, Failure, Halt, Outcome, Redis, RedisAct, RedisAddress, Run, Settled, Token, failed, quote,
};
use crate::secret::{Piece, Text};
use serde_json::{Value, json};

/// So much longer than the script's own limit it may take before it is ended.
const GRACE_MS: u64 = 60_000;

impl Fleet {
    pub async fn act_redis(&self, token: &Token, redis: &Redis) -> Outcome<Value> {
        let run = self.run_of_redis(token, redis)?;
        answer(redis, self.act_run(token, &run).await)
    }

    /// Lost on its host, it is simply done again: it looks first.
    pub async fn settle_redis(&self, token: &Token, redis: &Redis) -> Settled {
        let run = match self.run_of_redis(token, redis) {
            Ok(run) => run,
            Err(halt) => return Settled::Unknown(super::folder::reason(&halt)),
        };
        match self.settle_run(token, &run).await {
            Settled::Done(value) => match answer(redis, Ok(value)) {
                Ok(value) => Settled::Done(value),
                Err(Halt::Failed(failure)) => Settled::Failed(*failure),
                Err(halt) => Settled::Unknown(super::folder::reason(&halt)),
            },
            Settled::Repeatable(_) => Settled::NewToken,
            settled => settled,
        }
    }

    fn run_of_redis(&self, token: &Token, redis: &Redis) -> Outcome<Run> {
        let server = &redis.server;
        let kept = format!("{}/kept/redis", self.prepared(&server.host)?.record.folder);
        // What one call keeps bears its name, in all attempts at doing and undoing it.
        let call = token.as_ref().split('.').next().unwrap_or_default().to_owned();
        let nobody = RedisAddress { address: "-".into(), port: 0, user: None, password: None };
        let or_none = |a: &Option<RedisAddress>| match a {
            Some(a) => vec![a.address.clone(), a.port.to_string()],
            None => vec!["-".into(), "-".into()],
        };
        let (verb, other, more) = match &redis.act {
            RedisAct::Keep { name, keys } => ("keep", &nobody, vec![name.clone(), keys.to_string()]),
            RedisAct::Follow { primary, before, min_ratio, had } => {
                let per_mille = format!("{:.0}", min_ratio * 1000.0);
                ("follow", primary, [vec![call], or_none(before), vec![per_mille, had.to_string()]].concat())
            }
            RedisAct::Leave { primary, before, kept } => {
                let copy = kept.as_ref().map_or_else(|| "-".into(), |(name, _)| name.clone());
                ("leave", primary, [vec![call], or_none(before), vec![copy]].concat())
            }
            RedisAct::TakeOver { primary, reachable_at, pause_ms } => {
                ("take_over", primary, [vec![call], or_none(reachable_at), vec![pause_ms.to_string()]].concat())
            }
            RedisAct::GiveBack { primary, pause_ms } => ("give_back", primary, vec![call, pause_ms.to_string()]),
            RedisAct::Alone { primary } => ("alone", primary, vec![]),
        };
        let one = |a: &RedisAddress| [a.address.clone(), a.port.to_string(), a.user.clone().unwrap_or("-".into())];
        let seconds = redis.timeout_ms.div_ceil(1000).to_string();
        let words: Vec<String> =
            [verb.into(), server.container.as_ref().map_or("-".into(), ToString::to_string), kept, seconds]
                .into_iter()
                .chain(one(&server.at))
                .chain(one(other))
                .chain(more)
                .map(|w| quote(&w))
                .collect();
        let mut stdin = vec![];
        for a in [&server.at, other] {
            stdin.extend(a.password.iter().flat_map(pieces));
            stdin.push(Piece::Plain("\n".into()));
        }
        let command = format!("set -- {}\n{}", words.join(" "), script::REDIS.text());
        Ok(Run {
            ok: (0..256).collect(),
            idempotent: true,
            timeout_ms: redis.timeout_ms.saturating_add(GRACE_MS),
            stdin: Some(Text::Mixed { pieces: stdin }),
            ..Run::new(&server.host, Command::Shell(command))
        })
    }
}

fn pieces(text: &Text) -> Vec<Piece> {
    match text {
        Text::Plain(plain) => vec![Piece::Plain(plain.clone())],
        Text::Mixed { pieces } => pieces.clone(),
    }
}

/// What the script said, in the words of the deed.
fn answer(redis: &Redis, ended: Outcome<Value>) -> Outcome<Value> {
    let ended = ended?;
    let text = |name: &str| ended[name].as_str().unwrap_or_default().trim_end().to_owned();
    match ended["code"].as_i64() {
        Some(0) => Ok(json!({ "changed": true, "said": text("stdout") })),
        Some(code) => {
            let said = last_lines(&text("stderr"), 1);
            let why = if said.is_empty() { format!("its script ended with {code}") } else { said };
            let failure = Failure { code, ..Failure::new(format!("redis on {}: {why}", redis.server)) };
            Err(failure.into())
        }
        None => failed(format!("redis on {}: what became of it is not known", redis.server)),
    }
}
