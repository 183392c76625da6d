//! A Redis server as a host sees it: asked by `redis-cli` there, or in its container.
//!
//! `redis-cli` exits 0 on an error reply, so what it exits with says nothing: the reply does. A
//! password goes to it on its input, and only there.

use super::container;
use crate::contract::{Command, Failure, Look, Outcome, Output, RedisAddress, RedisServer, quote};
use crate::secret::{Piece, Text};
use std::collections::BTreeMap;

const LOOK_MS: u64 = 30_000;
/// What is asked of the configuration besides INFO. None of it is secret.
const CONFIG: &[&str] = &["dir", "dbfilename", "tls-replication"];

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen(BTreeMap<String, String>);

/// Asks a server about itself: its own, or `other` as it would see it.
pub fn ask(by: &str, server: &RedisServer, other: Option<&RedisAddress>, look: &dyn Look) -> Outcome<Seen> {
    let config: Vec<String> = CONFIG.iter().map(|c| format!("CONFIG GET {c}\n")).collect();
    let said = say(by, server, other, &format!("INFO\n{}", config.concat()), look)?;
    let seen = Seen::read(&said);
    if seen.text("role").is_empty() {
        return Err(refused(by, server, other.unwrap_or(&server.at), &said).into());
    }
    Ok(seen)
}

/// Gives commands, each on a line, to a server, and returns its replies.
pub fn say(
    by: &str,
    server: &RedisServer,
    other: Option<&RedisAddress>,
    lines: &str,
    look: &dyn Look,
) -> Outcome<String> {
    let at = other.unwrap_or(&server.at);
    let cli = Command::argv(["redis-cli", "-h", &at.address, "-p", &at.port.to_string()]);
    let cli = match &server.container {
        None => cli,
        Some(container) => cli.in_container(container, &["-i"]),
    };
    let mut pieces = vec![];
    let command = match &at.password {
        None => cli,
        // A secret's value is not known here, so the host itself puts it into quotes.
        Some(password) => {
            pieces.extend(match password {
                Text::Plain(plain) => vec![Piece::Plain(plain.clone())],
                Text::Mixed { pieces } => pieces.clone(),
            });
            pieces.push(Piece::Plain("\n".into()));
            let user = at.user.as_ref().map_or(String::new(), |u| format!("{u} "));
            Command::Shell(format!(
                "IFS= read -r w; {{ printf 'AUTH %s%s\\n' {} \"$(printf '%s' \"$w\" | sed 's/[\\\\\"]/\\\\&/g; s/^/\"/; s/$/\"/')\"; cat; }} | {}",
                quote(&user),
                cli.to_sh()
            ))
        }
    };
    pieces.push(Piece::Plain(lines.into()));
    let answer = look.run_fed(&server.host, &command, &Text::Mixed { pieces }, LOOK_MS)?;
    let said = answer.stdout.replace('\r', "");
    let said = if at.password.is_some() {
        let (first, rest) = said.split_once('\n').unwrap_or((&said, ""));
        match first {
            "OK" => rest.to_string(),
            // It needs none: then one that was given does no harm.
            _ if first.contains("without any password configured") || first.contains("no password is set") => {
                rest.trim_start().to_string()
            }
            _ if said.trim().is_empty() => return Err(no_answer(by, server, at, &answer).into()),
            _ => return Err(refused(by, server, at, &said).into()),
        }
    } else {
        said
    };
    if said.trim().is_empty() || said.starts_with("NOAUTH") || said.starts_with("DENIED") {
        return Err(no_answer(by, server, at, &answer).into());
    }
    Ok(said)
}

fn no_answer(by: &str, server: &RedisServer, at: &RedisAddress, answer: &Output) -> Failure {
    let text = format!("{}\n{}", answer.stdout, answer.stderr);
    let host = &server.host;
    let has = |what: &str| text.contains(what);
    let is_of_redis = has("Could not connect") || has("NOAUTH") || has("DENIED") || has("closed the connection");
    if let (Some(container), false) = (&server.container, is_of_redis || answer.code == 0) {
        return container::refused(by, host, container, answer);
    }
    match answer.code {
        127 => Failure::new(format!("{by}: there is no redis-cli on {host}"))
            .hint("install it (Debian: redis-tools), or name the container that has it: #{ container: ... }"),
        _ => refused(by, server, at, &text),
    }
}

/// Why a server does not tell about itself, from what it said instead.
fn refused(by: &str, server: &RedisServer, at: &RedisAddress, said: &str) -> Failure {
    let line = said.lines().find(|l| !l.trim().is_empty()).unwrap_or("it says nothing").trim();
    let seen = format!("{by}: the Redis at {at}, seen from {}", server.host);
    let starts = |word: &str| line.starts_with(word);
    if starts("NOAUTH") {
        return Failure::new(format!("{seen}, wants a password")).hint("give it: #{ password: secret(\"...\") }");
    }
    if starts("WRONGPASS") || starts("ERR invalid password") || starts("ERR AUTH") {
        return Failure::new(format!("{seen}, does not take this user and password"))
            .hint("look at requirepass and `user` lines in its configuration");
    }
    if starts("NOPERM") || starts("ERR unknown command") {
        return Failure::new(format!("{seen}, does not allow what is needed: {line}"))
            .hint("this user needs INFO, CONFIG, CLIENT, REPLICAOF and SYNC");
    }
    if starts("DENIED") {
        return Failure::new(format!("{seen}, is in protected mode and takes only local connections"))
            .hint("set a password there, or `bind` and `protected-mode` as its network needs them");
    }
    if line.contains("Connection reset") || line.contains("closed the connection") || line.contains("Protocol error") {
        return Failure::new(format!("{seen}, breaks off: {line}"))
            .hint("does it speak TLS on this port? mig needs a port without TLS, as through a tunnel");
    }
    Failure::new(format!("{seen}, does not answer: {line}"))
        .hint("is it running, and does it listen on this address and port?")
}

impl Seen {
    fn read(said: &str) -> Self {
        let lines: Vec<&str> = said.lines().map(|l| l.trim_end_matches('\r')).collect();
        let config_at = lines.iter().position(|l| CONFIG.contains(l)).unwrap_or(lines.len());
        let (info, config) = lines.split_at(config_at);
        let mut all: BTreeMap<String, String> =
            info.iter().filter_map(|l| l.split_once(':')).map(|(k, v)| (k.to_string(), v.to_string())).collect();
        for pair in config.chunks(2).filter(|p| CONFIG.contains(&p[0])) {
            all.insert(format!("config {}", pair[0]), pair.get(1).copied().unwrap_or_default().to_string());
        }
        Seen(all)
    }

    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
    pub fn number(&self, name: &str) -> i64 {
        self.text(name).parse().unwrap_or(0)
    }
    pub fn config(&self, name: &str) -> &str {
        self.text(&format!("config {name}"))
    }
    pub fn is_primary(&self) -> bool {
        self.text("role") == "master"
    }
    /// In all of its databases.
    pub fn keys(&self) -> u64 {
        let databases = self.0.iter().filter(|(k, _)| k.strip_prefix("db").is_some_and(|n| n.parse::<u32>().is_ok()));
        let keys = databases.filter_map(|(_, v)| v.strip_prefix("keys=")?.split(',').next()?.parse::<u64>().ok());
        keys.sum()
    }
    /// `address:port` of the primary that it follows.
    pub fn follows(&self) -> Option<(String, u16)> {
        let port = self.text("master_port").parse().ok()?;
        (!self.is_primary()).then(|| (self.text("master_host").to_string(), port))
    }
    pub fn link_is_up(&self) -> bool {
        self.text("master_link_status") == "up" && self.number("master_sync_in_progress") == 0 && !self.is_loading()
    }
    pub fn is_loading(&self) -> bool {
        self.number("loading") == 1
    }
    pub fn version(&self) -> &str {
        self.text("redis_version")
    }
    fn major_minor(&self) -> (u32, u32) {
        let mut numbers = self.version().split('.').map(|n| n.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
    }
    pub fn is_at_least(&self, major: u32, minor: u32) -> bool {
        self.major_minor() >= (major, minor)
    }
    /// The version of the format in which it sends its data; from `src/rdb.h` of each release.
    pub fn rdb_format(&self) -> u32 {
        match self.major_minor() {
            (0..=2, _) | (3, 0..=1) => 6,
            (3, _) => 7,
            (4, _) => 8,
            (5 | 6, _) => 9,
            (7, 0..=1) => 10,
            (7, 2..=3) => 11,
            (7, _) | (8, 0..=1) => 12,
            (major, minor) => 100 * major + minor,
        }
    }
    /// It has what `other` had when that was asked, of the same history.
    pub fn is_level_with(&self, other: &Seen) -> bool {
        self.text("master_replid") == other.text("master_replid")
            && self.number("master_repl_offset") >= other.number("master_repl_offset")
    }
    /// Everything that it has, `other` has too: the same history, and no less of it.
    pub fn is_part_of(&self, other: &Seen) -> bool {
        let offset = self.number("master_repl_offset");
        let same = self.text("master_replid") == other.text("master_replid");
        let before =
            self.text("master_replid") == other.text("master_replid2") && offset < other.number("second_repl_offset");
        offset > 0 && (same || before) && other.number("master_repl_offset") >= offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let seen = Seen::read(
            "# Server\r\nredis_version:7.0.15\r\nrole:slave\nmaster_host:10.0.0.2\nmaster_port:6379\n# Keyspace\n\
             db0:keys=3,expires=0,avg_ttl=0\ndb11:keys=4,expires=1,avg_ttl=9\ndir\n/var/lib/redis\ndbfilename\ndump.rdb\ntls-replication\nno\n",
        );
        assert_eq!((seen.keys(), seen.follows()), (7, Some(("10.0.0.2".into(), 6379))));
        assert_eq!((seen.config("dir"), seen.config("dbfilename")), ("/var/lib/redis", "dump.rdb"));
        assert!(seen.is_at_least(6, 2) && !seen.is_at_least(7, 2) && seen.rdb_format() == 10);
    }

    #[test]
    fn a_server_that_refuses_says_why() {
        let server = RedisServer {
            host: crate::name::HostName::parse("h").unwrap(),
            container: None,
            at: RedisAddress { address: "127.0.0.1".into(), port: 6379, user: None, password: None },
        };
        for (said, shown) in [
            ("NOAUTH Authentication required.", "wants a password"),
            ("WRONGPASS invalid username-password pair", "does not take this user and password"),
            ("NOPERM this user has no permissions to run the 'info' command", "does not allow what is needed: NOPERM"),
            ("DENIED Redis is running in protected mode", "is in protected mode"),
            ("Error: Server closed the connection", "breaks off"),
            ("Could not connect to Redis at 127.0.0.1:1: Connection refused", "does not answer: Could not connect"),
        ] {
            let failure = refused("redis_info", &server, &server.at, said);
            assert!(failure.message.contains(shown), "{said}: {}", failure.message);
        }
    }
}
