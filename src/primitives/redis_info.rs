//! What a Redis server says of itself.

use super::port::Port;
use super::redis_server::{Seen, ask};
use crate::contract::{Args, Example, Given, Look, Outcome, Reading, RedisAddress, RedisServer, failed};
use crate::name::{Address, ContainerName, HostName};
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tell the role, the link and the contents of a Redis server.
///
/// It is asked on the host by `redis-cli`, or in its container. A server that does not answer, wants a
/// password or is no Redis is a failure that says which. Facts about INFO: redis.io/commands/info.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedisInfo {
    /// Host on which Redis runs.
    host: HostName,
    /// Container in which it runs. Default: it runs on the host itself.
    #[serde(default)]
    container: Option<ContainerName>,
    /// Address on which it listens, as its host or container sees it.
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
}

/// Where Redis listens unless told otherwise.
pub fn local() -> Address {
    Address::parse("127.0.0.1").unwrap_or_else(|_| unreachable!("it is an address"))
}
/// The port of Redis.
pub fn usual_port() -> Port {
    Port::try_from(6379).unwrap_or_else(|_| unreachable!("it is a port"))
}

/// A user or a password that redis-cli could not be given.
pub fn can_be_said(by: &str, user: Option<&str>, password: Option<&Text>) -> Outcome<()> {
    let good = |c: char| c.is_ascii_alphanumeric() || "_.-@".contains(c);
    if let Some(user) = user.filter(|u| u.is_empty() || u.starts_with('-') || !u.chars().all(good)) {
        return failed(format!(
            "{by}: user: {user:?} has characters that are not taken: letters, digits and _ . - @ are"
        ));
    }
    match password {
        Some(Text::Plain(plain)) if plain.is_empty() || plain.contains('\n') => {
            failed(format!("{by}: password: it is empty or has a newline in it"))
        }
        None if user.is_some() => failed(format!("{by}: user: there is no password for it")),
        _ => Ok(()),
    }
}

/// What a script is told.
#[derive(Debug, Serialize)]
pub struct Told {
    /// "primary" or "replica".
    role: &'static str,
    /// "up" or "down"; empty for a primary.
    link: String,
    /// `address:port`; empty for a primary.
    primary: String,
    syncing: bool,
    loading: bool,
    offset: i64,
    replid: String,
    keys: u64,
    version: String,
    mode: String,
    run_id: String,
    replicas: Vec<Replica>,
    config_file: String,
    dir: String,
    rdb_file: String,
    rdb_is_saving: bool,
    rdb_ok: bool,
    rdb_changes: i64,
    rdb_saved_at: i64,
    aof: bool,
    aof_ok: bool,
    clients: i64,
    uptime: i64,
}

#[derive(Debug, Serialize)]
struct Replica {
    address: String,
    state: String,
    offset: i64,
}

impl Args for RedisInfo {
    const NAME: &'static str = "redis_info";
    const POSITIONAL: &'static [&'static str] = &["host"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: "source.redis_info()",
            given: &[Given::Prints(
                "source: redis-cli -h 127.0.0.1 -p 6379",
                "redis_version:7.0.15\nredis_mode:standalone\nrun_id:aa\nconfig_file:/etc/redis/redis.conf\nuptime_in_seconds:9\n\
                 connected_clients:2\nloading:0\nrdb_changes_since_last_save:1\nrdb_bgsave_in_progress:0\nrdb_last_save_time:1700000000\n\
                 rdb_last_bgsave_status:ok\naof_enabled:0\naof_last_write_status:ok\nrole:master\nconnected_slaves:1\n\
                 slave0:ip=10.0.0.3,port=6379,state=online,offset=28,lag=0\nmaster_replid:bb\nmaster_repl_offset:28\n\
                 db0:keys=2,expires=0,avg_ttl=0\ndir\n/var/lib/redis\ndbfilename\ndump.rdb\ntls-replication\nno\n",
            )],
            does: &[],
            undo: &[],
            gives: r#"{ "role": "primary", "link": "", "primary": "", "syncing": false, "loading": false, "offset": 28,
                "replid": "bb", "keys": 2, "version": "7.0.15", "mode": "standalone", "run_id": "aa",
                "replicas": [{ "address": "10.0.0.3:6379", "state": "online", "offset": 28 }],
                "config_file": "/etc/redis/redis.conf", "dir": "/var/lib/redis", "rdb_file": "dump.rdb",
                "rdb_is_saving": false, "rdb_ok": true, "rdb_changes": 1, "rdb_saved_at": 1700000000, "aof": false,
                "aof_ok": true, "clients": 2, "uptime": 9 }"#,
        },
        Example {
            script: r#"dest.redis_info(#{ container: "pryvio_redis" })"#,
            given: &[Given::Prints(
                "dest: docker exec -i pryvio_redis redis-cli -h 127.0.0.1 -p 6379",
                "redis_version:6.0.9\nredis_mode:standalone\nrun_id:cc\nconfig_file:\nuptime_in_seconds:9\nconnected_clients:2\n\
                 loading:0\naof_enabled:1\naof_last_write_status:ok\nrole:slave\nmaster_host:localhost\nmaster_port:4567\n\
                 master_link_status:up\nmaster_sync_in_progress:0\nmaster_replid:bb\nmaster_repl_offset:28\n\
                 rdb_last_bgsave_status:ok\ndir\n/app/data\ndbfilename\ndump.rdb\n",
            )],
            does: &[],
            undo: &[],
            gives: r#"{ "role": "replica", "link": "up", "primary": "localhost:4567", "syncing": false, "loading": false,
                "offset": 28, "replid": "bb", "keys": 0, "version": "6.0.9", "mode": "standalone", "run_id": "cc",
                "replicas": [], "config_file": "", "dir": "/app/data", "rdb_file": "dump.rdb", "rdb_is_saving": false,
                "rdb_ok": true, "rdb_changes": 0, "rdb_saved_at": 0, "aof": true, "aof_ok": true, "clients": 2, "uptime": 9 }"#,
        },
    ];
}

impl Reading for RedisInfo {
    type Output = Told;
    const GIVES: &'static str = "a map: `role` (\"primary\", \"replica\"), `link` (\"up\", \"down\", \"\"), `primary` \
         (\"address:port\" or \"\"), `syncing`, `loading`, `offset`, `replid`, `keys` (of all databases), `version`, `mode`, \
         `run_id`, `replicas` (each `address`, `state`, `offset`), `config_file`, `dir`, `rdb_file`, `rdb_is_saving`, \
         `rdb_ok`, `rdb_changes` (since the last save), `rdb_saved_at` (seconds since 1970), `aof`, `aof_ok`, `clients`, \
         `uptime` (seconds)";

    fn read(&self, look: &dyn Look) -> Outcome<Told> {
        let RedisInfo { host, container, address, port, user, password } = self;
        can_be_said("redis_info", user.as_deref(), password.as_ref())?;
        let at = RedisAddress {
            address: address.to_string(),
            port: port.number(),
            user: user.clone(),
            password: password.clone(),
        };
        let server = RedisServer { host: host.clone(), container: container.clone(), at };
        Ok(Told::of(&ask("redis_info", &server, None, look)?))
    }
}

impl Told {
    fn of(seen: &Seen) -> Self {
        let text = |name: &str| seen.text(name).to_string();
        let is_replica = !seen.is_primary();
        let replica = |n: i64| {
            let line = text(&format!("slave{n}"));
            let field = |name: &str| line.split(',').find_map(|f| f.strip_prefix(name)).unwrap_or_default().to_string();
            Replica {
                address: format!("{}:{}", field("ip="), field("port=")),
                state: field("state="),
                offset: field("offset=").parse().unwrap_or(0),
            }
        };
        Told {
            role: if is_replica { "replica" } else { "primary" },
            link: if is_replica { text("master_link_status") } else { String::new() },
            primary: seen.follows().map_or(String::new(), |(address, port)| format!("{address}:{port}")),
            syncing: seen.number("master_sync_in_progress") == 1,
            loading: seen.is_loading(),
            offset: seen.number("master_repl_offset"),
            replid: text("master_replid"),
            keys: seen.keys(),
            version: text("redis_version"),
            mode: text("redis_mode"),
            run_id: text("run_id"),
            replicas: (0..seen.number("connected_slaves")).map(replica).collect(),
            config_file: text("config_file"),
            dir: seen.config("dir").to_string(),
            rdb_file: seen.config("dbfilename").to_string(),
            rdb_is_saving: seen.number("rdb_bgsave_in_progress") == 1,
            rdb_ok: seen.text("rdb_last_bgsave_status") != "err",
            rdb_changes: seen.number("rdb_changes_since_last_save"),
            rdb_saved_at: seen.number("rdb_last_save_time"),
            aof: seen.number("aof_enabled") == 1,
            aof_ok: seen.text("aof_last_write_status") != "err",
            clients: seen.number("connected_clients"),
            uptime: seen.number("uptime_in_seconds"),
        }
    }
}
