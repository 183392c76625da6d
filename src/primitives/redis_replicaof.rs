//! The role of a Redis server: whom it follows, and how it takes over, without losing a write.

use super::duration::Duration;
use super::place::seen;
use super::port::Port;
use super::redis_address::{AddressPort, Wished};
use super::redis_guard::{self, May};
use super::redis_info::{can_be_said, local, usual_port};
use super::redis_role_file;
use super::redis_server::{Seen, ask};
use crate::contract::{
    Args, Change, Deed, Example, Failure, Given, Look, Outcome, Plan, Redis, RedisAct, RedisAddress, RedisServer, Step,
    Undo, failed,
};
use crate::name::{Address, ContainerName, HostName, RemotePath};
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const BY: &str = "redis_replicaof";

/// Make a Redis server follow another, or become a primary itself.
///
/// With `"address:port"` the server drops its own data, takes the primary's, and keeps up with it. That
/// is the most dangerous command of a move, so it is refused when the primary has no or far fewer keys
/// (`min_ratio`), is this server itself, follows another one, or is too new for this server to read; and
/// a copy of the data is made and looked over first. It is done when the link is up and nothing is behind.
///
/// With `"no one"` a replica takes over from its primary: the primary holds its writes, and when both
/// have the same it becomes the replica before this server becomes the primary. At no time do two take
/// writes, and no write that a client was told is done gets lost: when anything is in doubt, all is as
/// it was. It needs Redis 6.2 (`CLIENT PAUSE ... WRITE`).
///
/// The role is also written into redis.conf, since a restart forgets what was only said to the server.
///
/// A rollback sets the role back. The copy comes back only when the server is left empty; when it holds
/// fewer keys than the copy, the rollback stops and says how to decide, for the copy may lack what was
/// written since. After "no one" it gives back by the same careful way.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedisReplicaof {
    /// Host on which Redis runs.
    host: HostName,
    /// Primary to follow as `address:port`, as Redis on `host` sees it; or "no one".
    primary: Wished,
    /// Container in which Redis runs. Default: it runs on the host itself.
    #[serde(default)]
    container: Option<ContainerName>,
    /// File into which the role is written, as the host sees it. Default: the one that Redis says it was
    /// started with; within a container it must be given.
    #[serde(default)]
    conf: Option<RemotePath>,
    /// Whether the role is written into that file.
    #[serde(default = "yes")]
    persist: bool,
    /// How many keys the primary must have, as a share of those of this server, from 0 to 1. 0 takes even an
    /// empty one.
    #[serde(default = "nearly_all")]
    min_ratio: f64,
    /// Address on which this Redis listens, as its host or container sees it.
    #[serde(default = "local")]
    address: Address,
    /// Port on which it listens.
    #[serde(default = "usual_port")]
    port: Port,
    /// User to authenticate as. Default: the default user.
    #[serde(default)]
    user: Option<String>,
    /// Password; may be a secret. Default: none.
    #[serde(default)]
    password: Option<Text>,
    /// User on the primary. Default: that of `user`.
    #[serde(default)]
    primary_user: Option<String>,
    /// Password on the primary; may be a secret. Default: that of `password`.
    #[serde(default)]
    primary_password: Option<Text>,
    /// With "no one": where the old primary finds this server, as `address:port`. Default: where it sees it
    /// now.
    #[serde(default)]
    reachable_at: Option<AddressPort>,
    /// With "no one": how long the old primary holds its writes at most, as a text with a unit.
    #[serde(default = "ten_seconds")]
    pause: Duration,
    /// With "no one": the primary is gone for good, so nobody asks it. What only it had is lost; there is
    /// no rollback.
    #[serde(default)]
    primary_is_gone: bool,
    /// How long it may take, as a text with a unit. A first copy of a lot of data takes its time.
    #[serde(default = "ten_minutes")]
    timeout: Duration,
}

fn yes() -> bool {
    true
}
fn nearly_all() -> f64 {
    0.95
}
fn ten_seconds() -> Duration {
    Duration::seconds(10)
}
fn ten_minutes() -> Duration {
    Duration::minutes(10)
}

const PRIMARY: &str = "redis_version:7.0.15\nrole:master\nrun_id:aa\nconfig_file:/etc/redis/redis.conf\nmaster_replid:a1\n\
    master_repl_offset:28\nconnected_slaves:0\ndb0:keys=1002,expires=0,avg_ttl=0\n";
const OTHER: &str = "redis_version:7.0.15\nrole:master\nrun_id:bb\nmaster_replid:b1\nmaster_repl_offset:99\n\
    db0:keys=1010,expires=0,avg_ttl=0\n";
const REPLICA: &str = "redis_version:7.0.15\nrole:slave\nrun_id:aa\nconfig_file:/etc/redis/redis.conf\nmaster_host:10.0.0.2\n\
    master_port:6379\nmaster_link_status:up\nmaster_sync_in_progress:0\nmaster_replid:b1\nmaster_repl_offset:99\n\
    db0:keys=1010,expires=0,avg_ttl=0\n";

impl Args for RedisReplicaof {
    const NAME: &'static str = BY;
    const POSITIONAL: &'static [&'static str] = &["host", "primary"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.redis_replicaof("10.0.0.2:6379")"#,
            given: &[
                Given::Prints("source: redis-cli -h 127.0.0.1 -p 6379", PRIMARY),
                Given::Prints("source: redis-cli -h 10.0.0.2 -p 6379", OTHER),
                Given::File("source: /etc/redis/redis.conf", "port 6379\n# replicaof <masterip> <masterport>\n"),
            ],
            does: &[
                "source: redis: keep a copy of its 1002 keys",
                "source: redis: follow 10.0.0.2:6379",
                "source: write /etc/redis/redis.conf (46 -> 34 bytes)",
            ],
            undo: &[
                "source: write /etc/redis/redis.conf (34 -> 46 bytes)",
                "source: redis: be a primary again, not follow 10.0.0.2:6379; its copy of 1002 keys comes back if it is empty",
            ],
            gives: "",
        },
        Example {
            script: r#"source.redis_replicaof("10.0.0.2:6379")"#,
            given: &[
                Given::Prints("source: redis-cli -h 127.0.0.1 -p 6379", REPLICA),
                Given::File("source: /etc/redis/redis.conf", "port 6379\nreplicaof 10.0.0.2 6379\n"),
            ],
            does: &[],
            undo: &[],
            gives: "",
        },
        Example {
            script: r#"source.redis_replicaof("no one")"#,
            given: &[
                Given::Prints("source: redis-cli -h 127.0.0.1 -p 6379", REPLICA),
                Given::Prints("source: redis-cli -h 10.0.0.2 -p 6379", OTHER),
                Given::File("source: /etc/redis/redis.conf", "port 6379\nreplicaof 10.0.0.2 6379\n"),
            ],
            does: &[
                "source: redis: take over from 10.0.0.2:6379, which then follows it",
                "source: write /etc/redis/redis.conf (34 -> 36 bytes)",
            ],
            undo: &[
                "source: write /etc/redis/redis.conf (36 -> 34 bytes)",
                "source: redis: give back to 10.0.0.2:6379, and follow it",
            ],
            gives: "",
        },
        Example {
            script: r#"dest.redis_replicaof("localhost:4567", #{ container: "redis", password: secret("redis"), persist: false })"#,
            given: &[
                Given::Prints(
                    r#"dest: IFS= read -r w; { printf 'AUTH %s%s\n' '' "$(printf '%s' "$w" | sed 's/[\\"]/\\&/g; s/^/"/; s/$/"/')"; cat; } | docker exec -i redis redis-cli -h 127.0.0.1 -p 6379"#,
                    "OK\nredis_version:7.0.15\nrole:master\nrun_id:aa\nmaster_replid:a1\n",
                ),
                Given::Prints(
                    r#"dest: IFS= read -r w; { printf 'AUTH %s%s\n' '' "$(printf '%s' "$w" | sed 's/[\\"]/\\&/g; s/^/"/; s/$/"/')"; cat; } | docker exec -i redis redis-cli -h localhost -p 4567"#,
                    "OK\nredis_version:7.0.15\nrole:master\nrun_id:bb\nmaster_replid:b1\ndb0:keys=9,expires=0,avg_ttl=0\n",
                ),
            ],
            does: &["dest (container redis): redis: follow localhost:4567"],
            undo: &["dest (container redis): redis: be a primary again, not follow localhost:4567"],
            gives: "",
        },
    ];
}

impl Change for RedisReplicaof {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        self.sane()?;
        let server = self.server();
        let own = ask(BY, &server, None, look)?;
        redis_guard::has_roles(BY, &self.host, "it", &own)?;
        let (mut steps, missing) = match &self.primary {
            Wished::NoOne if own.is_primary() => (vec![], None),
            Wished::NoOne => (vec![self.take_over(&server, &own, look)?], None),
            Wished::Follow(primary) if own.follows() == Some((primary.address.to_string(), primary.port)) => {
                let missing = (!own.link_is_up()).then(|| self.link(&own));
                (vec![], missing)
            }
            Wished::Follow(primary) => (self.follow(primary, &server, &own, look)?, None),
        };
        steps.extend(self.role_in_file(&server, &own, look)?);
        match (steps.is_empty(), missing) {
            (true, None) => Ok(Plan::Already),
            (true, Some(missing)) => Ok(Plan::Wait(missing)),
            (false, _) => Ok(Plan::Do(steps)),
        }
    }

    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        let server = self.server();
        match &self.primary {
            Wished::NoOne => {
                let own = ask(BY, &server, None, look)?;
                if !own.is_primary() {
                    return Ok(Plan::Wait(format!("{server} is no primary")));
                }
            }
            Wished::Follow(primary) => {
                // The primary first: what the replica has then cannot be less for being asked later.
                let other = ask(BY, &server, Some(&self.on_primary(primary)), look)?;
                let own = ask(BY, &server, None, look)?;
                if own.follows() != Some((primary.address.to_string(), primary.port)) || !own.link_is_up() {
                    return Ok(Plan::Wait(self.link(&own)));
                }
                if !own.is_level_with(&other) {
                    let (has, of) = (own.number("master_repl_offset"), other.number("master_repl_offset"));
                    return Ok(Plan::Wait(format!("{server} is behind {primary}: {has} of {of}")));
                }
            }
        }
        seen(done, look)
    }

    fn patience_ms(&self) -> Option<u64> {
        Some(self.timeout.ms())
    }
}

impl RedisReplicaof {
    fn sane(&self) -> Outcome<()> {
        if !(0.0..=1.0).contains(&self.min_ratio) {
            return failed(format!("{BY}: min_ratio: {} is no share: 0 to 1", self.min_ratio));
        }
        can_be_said(BY, self.user.as_deref(), self.password.as_ref())?;
        let (user, password) = (self.primary_user.as_ref(), self.primary_password.as_ref());
        can_be_said(BY, user.map(String::as_str), password.or(self.password.as_ref().filter(|_| user.is_some())))?;
        if self.conf.is_some() && !self.persist {
            return failed(format!("{BY}: persist: false leaves nothing to do with conf; give one of the two"));
        }
        let promotes = self.primary == Wished::NoOne;
        match (promotes, &self.reachable_at, self.primary_is_gone) {
            (false, Some(_), _) => failed(format!("{BY}: reachable_at belongs to \"no one\"")),
            (false, _, true) => failed(format!("{BY}: primary_is_gone belongs to \"no one\"")),
            _ => Ok(()),
        }
    }

    fn server(&self) -> RedisServer {
        let at = RedisAddress {
            address: self.address.to_string(),
            port: self.port.number(),
            user: self.user.clone(),
            password: self.password.clone(),
        };
        RedisServer { host: self.host.clone(), container: self.container.clone(), at }
    }

    fn on_primary(&self, at: &AddressPort) -> RedisAddress {
        self.primary_at(at.address.to_string(), at.port)
    }

    fn primary_at(&self, address: String, port: u16) -> RedisAddress {
        let user = self.primary_user.clone().or_else(|| self.user.clone().filter(|_| self.primary_password.is_none()));
        RedisAddress { address, port, user, password: self.primary_password.clone().or_else(|| self.password.clone()) }
    }

    fn deed(&self, server: &RedisServer, act: RedisAct) -> Deed {
        Deed::Redis(Box::new(Redis { server: server.clone(), act, timeout_ms: self.timeout.ms() }))
    }

    fn link(&self, own: &Seen) -> String {
        match own.follows() {
            Some((address, port)) if own.link_is_up() => format!("{} follows {address}:{port}", self.host),
            Some((address, port)) => {
                let what = if own.is_loading() {
                    "is loading its data"
                } else if own.number("master_sync_in_progress") == 1 {
                    "is taking the data over"
                } else {
                    "is not up"
                };
                format!("{} follows {address}:{port}, but the link {what}", self.host)
            }
            None => format!("{} follows no one", self.host),
        }
    }

    fn follow(&self, at: &AddressPort, server: &RedisServer, own: &Seen, look: &dyn Look) -> Outcome<Vec<Step>> {
        let primary = self.on_primary(at);
        let other = ask(BY, server, Some(&primary), look)?;
        redis_guard::has_roles(BY, &self.host, &at.to_string(), &other)?;
        redis_guard::no_sentinel(BY, server, look)?;
        let may = redis_guard::may_follow(BY, &self.host, (at, &other), own, self.min_ratio)?;
        let before = own.follows().map(|(address, port)| self.primary_at(address, port));
        let mine = own.keys();
        let copy = (may == May::Lose).then(|| ("before".to_string(), mine));
        let min_ratio = if may == May::Lose { self.min_ratio } else { 0.0 };
        let act = RedisAct::Follow { primary: primary.clone(), before: before.clone(), min_ratio, had: mine };
        let leave = RedisAct::Leave { primary, before, kept: copy.clone() };
        let keep = copy
            .map(|(name, keys)| Step { deed: self.deed(server, RedisAct::Keep { name, keys }), undo: Undo::NotNeeded });
        let follow = Step { deed: self.deed(server, act), undo: Undo::By(vec![self.deed(server, leave)]) };
        Ok(keep.into_iter().chain([follow]).collect())
    }

    fn take_over(&self, server: &RedisServer, own: &Seen, look: &dyn Look) -> Outcome<Step> {
        let (address, port) = own.follows().unwrap_or_default();
        let primary = self.primary_at(address, port);
        redis_guard::no_sentinel(BY, server, look)?;
        if self.primary_is_gone {
            let why = format!("{primary} was gone: what it had alone is lost");
            return Ok(Step { deed: self.deed(server, RedisAct::Alone { primary }), undo: Undo::Impossible(why) });
        }
        let gone = "if it is gone for good: #{ primary_is_gone: true }, which loses what only it has";
        let other = ask(BY, server, Some(&primary), look).map_err(|halt| match halt {
            crate::contract::Halt::Failed(f) => f.hint(gone).into(),
            stop => stop,
        })?;
        redis_guard::has_roles(BY, &self.host, &primary.to_string(), &other)?;
        let refused = |what: String, hint: &str| Err(Failure::new(format!("{BY}: {what}")).hint(hint).into());
        // Cut off in the middle, an attempt leaves both as replicas of one history: that is gone on with.
        let is_half_done = !other.is_primary() && other.text("master_replid") == own.text("master_replid");
        if !own.link_is_up() && !is_half_done {
            return refused(format!("{}, so it may lack writes that {primary} has", self.link(own)), gone);
        }
        if !other.is_primary() && (!is_half_done || own.link_is_up()) {
            return refused(format!("{primary} follows another server itself"), "take over from that one first");
        }
        if !other.is_at_least(6, 2) {
            return refused(
                format!("{primary} is Redis {}, which cannot hold its writes (6.2 can)", other.version()),
                "stop all who write to it and let the replica catch up; then #{ primary_is_gone: true }",
            );
        }
        let pause_ms = self.pause.ms();
        let reachable_at = self.reachable_at.as_ref().map(|a| self.on_primary(a));
        let act = RedisAct::TakeOver { primary: primary.clone(), reachable_at, pause_ms };
        let undo = Undo::By(vec![self.deed(server, RedisAct::GiveBack { primary, pause_ms })]);
        Ok(Step { deed: self.deed(server, act), undo })
    }

    fn role_in_file(&self, server: &RedisServer, own: &Seen, look: &dyn Look) -> Outcome<Option<Step>> {
        if !self.persist {
            return Ok(None);
        }
        let file = redis_role_file::file_of(BY, server, self.conf.as_ref(), own)?;
        let keyword = if own.is_at_least(5, 0) { "replicaof" } else { "slaveof" };
        let primary = match &self.primary {
            Wished::NoOne => None,
            Wished::Follow(at) => Some((at.address.as_ref(), at.port)),
        };
        redis_role_file::step(BY, server, &file, primary, keyword, look)
    }
}
