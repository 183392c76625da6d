//! What must hold before a Redis server changes its role.

use super::redis_address::AddressPort;
use super::redis_server::{Seen, say};
use crate::contract::{Failure, Look, Outcome, RedisServer};
use crate::name::HostName;

/// What following costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// All that it has, the primary has too.
    LoseNothing,
    /// It drops data of its own, so a copy is kept.
    Lose,
}

/// Refuses servers whose roles others than us give.
pub fn has_roles(by: &str, host: &HostName, who: &str, seen: &Seen) -> Outcome<()> {
    let refused =
        |what: &str, hint: &str| Err(Failure::new(format!("{by}: {who}, on {host}: {what}")).hint(hint).into());
    if seen.number("cluster_enabled") == 1 || seen.text("redis_mode") == "cluster" {
        return refused("it is part of a Redis Cluster, which gives roles itself", "use redis-cli --cluster there");
    }
    if seen.text("redis_mode") == "sentinel" {
        return refused("it is a Sentinel, not a server with data", "is the port right? a Sentinel listens on 26379");
    }
    if seen.config("tls-replication") == "yes" {
        return refused(
            "it replicates over TLS (tls-replication yes), which mig does not look through",
            "change its role by hand, as a `manual` step with a check",
        );
    }
    Ok(())
}

/// Refuses a server that a Sentinel watches.
pub fn no_sentinel(by: &str, server: &RedisServer, look: &dyn Look) -> Outcome<()> {
    let clients = say(by, server, None, "CLIENT LIST\n", look)?;
    match clients.split_whitespace().find(|w| w.starts_with("name=sentinel-")) {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!(
            "{by}: a Sentinel watches the Redis on {server} ({name}), and would change the roles by itself"
        ))
        .hint("take it out of the Sentinels first: SENTINEL REMOVE ...")
        .into()),
    }
}

/// Whether `own` may follow the server at an address: what it would lose, or why not.
pub fn may_follow(
    by: &str,
    host: &HostName,
    (at, other): (&AddressPort, &Seen),
    own: &Seen,
    min_ratio: f64,
) -> Outcome<May> {
    let refused = |what: String, hint: &str| Err(Failure::new(format!("{by}: {what}")).hint(hint).into());
    if other.text("run_id") == own.text("run_id") {
        return refused(format!("{at} is the Redis on {host} itself"), "give the address of the other server");
    }
    if let Some((address, port)) = other.follows() {
        return refused(
            format!("{at} follows {address}:{port} itself, so it is no primary"),
            "name the primary, or promote it first: redis_replicaof(..., \"no one\")",
        );
    }
    if other.is_loading() || own.is_loading() {
        let who = if own.is_loading() { format!("the Redis on {host}") } else { at.to_string() };
        return refused(
            format!("{who} is loading its data, so it does not know yet how much it has"),
            "run again then",
        );
    }
    if other.rdb_format() > own.rdb_format() {
        return refused(
            format!("{at} is Redis {}, whose data the Redis {} on {host} cannot read", other.version(), own.version()),
            "the replica must not be older than its primary",
        );
    }
    let (theirs, mine) = (other.keys(), own.keys());
    if own.is_part_of(other) || mine == 0 {
        return Ok(May::LoseNothing);
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of keys need not be exact")]
    let is_enough = theirs as f64 >= mine as f64 * min_ratio && (theirs > 0 || min_ratio == 0.0);
    if is_enough {
        return Ok(May::Lose);
    }
    let what = if theirs == 0 { "is empty".to_string() } else { format!("has only {theirs} keys") };
    refused(
        format!("{at} {what}, and the Redis on {host} has {mine} keys: following it would delete them"),
        "is it the right server, with its data? min_ratio says how much less is meant to be",
    )
}
