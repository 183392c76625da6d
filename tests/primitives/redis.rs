//! Roles of Redis: the rows of the bad-input table, and the corners of the guards.

use super::*;

const OWN: &str = "source: redis-cli -h 127.0.0.1 -p 6379";
const OTHER: &str = "source: redis-cli -h 10.0.0.2 -p 6379";

/// What INFO says: a sound server, with these lines in the place of its own.
fn info(more: &str) -> String {
    let mut lines: std::collections::BTreeMap<&str, &str> = [
        ("redis_version", "7.0.15"),
        ("redis_mode", "standalone"),
        ("role", "master"),
        ("run_id", "aa"),
        ("config_file", "/etc/redis.conf"),
        ("master_replid", "a1"),
        ("master_repl_offset", "9"),
        ("db0", "keys=100,expires=0,avg_ttl=0"),
    ]
    .into();
    lines.extend(more.lines().filter_map(|l| l.split_once(':')));
    lines.iter().map(|(k, v)| format!("{k}:{v}\n")).collect()
}
fn world(own: &str, other: &str, conf: &str) -> Fake {
    let mut world = Fake::default();
    world.says(OWN, 0, &info(own));
    world.says(OTHER, 0, &info(&format!("run_id:bb\nmaster_replid:b1\n{other}")));
    world.add("source: /etc/redis.conf", file(conf.as_bytes()));
    world
}
fn follow() -> Value {
    json!({ "host": "source", "primary": "10.0.0.2:6379" })
}
fn with(more: Value) -> Value {
    let mut args = follow();
    args.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
    args
}

#[test]
fn row_46_a_file_that_says_two_things_is_shown() {
    let said = why(plan(&world("", "", "port 1\nreplicaof a 1\nslaveof b 2\n"), "redis_replicaof", follow()));
    assert!(said.contains("/etc/redis.conf on source names a primary more than once"), "{said}");
    // What an included file says would win, or lose, by where the line stands.
    let mut including = world("", "", "include /etc/redis.d/*.conf\n");
    let cat = "source: sh -c 'for f in $1; do if [ -f \"$f\" ]; then cat -- \"$f\"; echo; fi; done' mig '/etc/redis.d/*.conf'";
    including.says(cat, 0, "maxmemory 1gb\nreplicaof 10.0.0.9 6379\n");
    let said = why(plan(&including, "redis_replicaof", follow()));
    assert!(said.contains("/etc/redis.d/*.conf, which /etc/redis.conf on source includes"), "{said}");
    assert!(said.contains("in line 2: replicaof 10.0.0.9 6379"), "{said}");
    // A value that holds a newline in quotes, and a module's arguments, are no roles.
    let conf = "requirepass \"a\\nreplicaof b 1\"\nloadmodule /x.so replicaof b 1\n";
    let steps = steps(plan(&world("", "", conf), "redis_replicaof", follow()));
    let Deed::Put(put) = &steps[2].deed else { panic!("{steps:?}") };
    let Source::Spliced { cut, with, .. } = &put.source else { panic!("{put:?}") };
    assert_eq!((cut.0.len(), with.0.as_slice()), (0, b"replicaof 10.0.0.2 6379\n".as_slice()));
    // So the journal has nothing of a password that stands in the file.
    assert!(!serde_json::to_string(&steps).expect("JSON").contains("requirepass"));
}

#[test]
fn row_47_a_primary_that_cannot_be_meant_is_refused_with_numbers() {
    for (own, other, wanted) in [
        ("", "db0:keys=0,expires=0", "10.0.0.2:6379 is empty, and the Redis on source has 100 keys"),
        ("", "db0:keys=94,expires=0", "has only 94 keys, and the Redis on source has 100 keys"),
        ("", "run_id:aa", "is the Redis on source itself"),
        ("", "role:slave\nmaster_host:10.0.0.1\nmaster_port:6379", "follows 10.0.0.1:6379 itself"),
        ("", "redis_version:7.2.4", "is Redis 7.2.4, whose data the Redis 7.0.15 on source cannot read"),
        ("redis_version:5.0.3", "redis_version:7.0.15", "is Redis 7.0.15, whose data the Redis 5.0.3"),
        ("", "cluster_enabled:1", "it is part of a Redis Cluster"),
        ("cluster_enabled:1", "", "it is part of a Redis Cluster"),
        ("", "redis_mode:sentinel", "it is a Sentinel"),
        ("", "loading:1", "10.0.0.2:6379 is loading its data"),
        ("loading:1", "", "the Redis on source is loading its data"),
        ("config_file:", "", "was started without a configuration file"),
    ] {
        let said = why(plan(&world(own, other, ""), "redis_replicaof", follow()));
        assert!(said.contains(wanted), "{own} {other}: {said}");
    }
    for (own, other) in [("", "db0:keys=95,expires=0"), ("", "redis_version:6.2.1"), ("db0:", "db0:")] {
        steps(plan(&world(own, other, ""), "redis_replicaof", follow()));
    }
    steps(plan(&world("", "db0:keys=1,expires=0", ""), "redis_replicaof", with(json!({ "min_ratio": 0.01 }))));
    // TLS between servers, and a Sentinel that would have a say.
    let mut tls = Fake::default();
    tls.says(OWN, 0, &(info("") + "tls-replication\nyes\n"));
    assert!(why(plan(&tls, "redis_replicaof", follow())).contains("it replicates over TLS"));
    let mut watched = Fake::default();
    watched.says(OWN, 0, &info(""));
    watched.says(OWN, 0, "id=7 addr=10.0.0.9:1 laddr=x name=sentinel-1a2b3c4d-cmd age=3\n");
    watched.says(OTHER, 0, &info("run_id:bb"));
    assert!(why(plan(&watched, "redis_replicaof", follow())).contains("a Sentinel watches the Redis on source"));
}

#[test]
fn row_47_without_a_loss_there_is_no_copy() {
    // All that the old primary has, the new one has: it was handed over.
    let own = "role:slave\nmaster_host:127.0.0.1\nmaster_port:7\nmaster_replid:b1\nmaster_repl_offset:9\nmaster_link_status:up";
    let steps =
        steps(plan(&world(own, "master_repl_offset:12", "replicaof 10.0.0.2 6379\n"), "redis_replicaof", follow()));
    assert_eq!(steps.iter().map(|s| s.deed.to_string()).collect::<Vec<_>>(), ["source: redis: follow 10.0.0.2:6379"]);
}

#[test]
fn row_48_what_a_server_does_not_allow_is_named() {
    let refuses = |code: i64, text: &str| {
        let mut world = Fake::default();
        world.says(OWN, code, text);
        why(plan(&world, "redis_replicaof", follow()))
    };
    assert!(refuses(0, "NOAUTH Authentication required.\n").contains("wants a password"));
    assert!(refuses(0, "NOPERM this user has no permissions to run the 'info' command\n").contains("'info'"));
    assert!(refuses(0, "ERR unknown command 'INFO'\n").contains("unknown command 'INFO'"));
    assert!(refuses(0, "-DENIED\nDENIED Redis is running in protected mode\n").contains("does not answer"));
    assert!(refuses(127, "sh: 1: redis-cli: not found").contains("there is no redis-cli on source"));
    assert!(
        refuses(1, "Could not connect to Redis at 127.0.0.1:6379: Connection refused").contains("Connection refused")
    );
    assert!(refuses(0, "HTTP/1.1 400 Bad Request\n").contains("does not answer: HTTP/1.1 400"));
}

#[test]
fn arguments_that_cannot_be_meant_are_refused() {
    for (args, wanted) in [
        (with(json!({ "primary": "10.0.0.2" })), "is not `address:port`"),
        (with(json!({ "primary": "none" })), "or \"no one\""),
        (with(json!({ "min_ratio": 95 })), "min_ratio: 95 is no share"),
        (with(json!({ "container": "a b" })), "container"),
        (with(json!({ "port": 0 })), "is not a port"),
        (with(json!({ "user": "x" })), "there is no password for it"),
        (with(json!({ "user": "x y", "password": "p" })), "characters that are not taken"),
        (with(json!({ "password": "a\nb" })), "a newline in it"),
        (with(json!({ "persist": false, "conf": "/x" })), "give one of the two"),
        (with(json!({ "primary_is_gone": true })), "belongs to \"no one\""),
        (with(json!({ "reachable_at": "a:1" })), "belongs to \"no one\""),
    ] {
        let said = why(plan(&world("", "", ""), "redis_replicaof", args));
        assert!(said.starts_with("redis_replicaof: ") && said.contains(wanted), "{said}");
    }
}

#[test]
fn taking_over_asks_the_primary_first() {
    let replica = "role:slave\nmaster_host:10.0.0.2\nmaster_port:6379\nmaster_link_status:up\nmaster_replid:b1";
    let no_one = || with(json!({ "primary": "no one" }));
    let refused = |own: &str, other: &str| why(plan(&world(own, other, ""), "redis_replicaof", no_one()));
    assert!(refused(&replica.replace("up", "down"), "").contains("but the link is not up"));
    assert!(refused(replica, "redis_version:6.0.9").contains("cannot hold its writes"));
    assert!(refused(replica, "role:slave\nmaster_host:x\nmaster_port:1").contains("follows another server itself"));
    let mut alone = Fake::default();
    alone.says(OWN, 0, &info(replica));
    alone.says(OTHER, 1, "Could not connect to Redis at 10.0.0.2:6379: Connection refused");
    alone.add("source: /etc/redis.conf", file(b"replicaof 10.0.0.2 6379\n"));
    assert!(why(plan(&alone, "redis_replicaof", no_one())).contains("primary_is_gone: true"));
    let gone = steps(plan(&alone, "redis_replicaof", with(json!({ "primary": "no one", "primary_is_gone": true }))));
    assert!(matches!(&gone[0].undo, Undo::Impossible(why) if why.contains("10.0.0.2:6379 was gone")));
    // Its end was cut off: both are replicas of one history.
    let cut = replica.replace("up", "down");
    let half = world(&cut, "role:slave\nmaster_host:10.0.0.1\nmaster_port:6379", "");
    assert_eq!(steps(plan(&half, "redis_replicaof", no_one())).len(), 1);
    // Nobody to take over from.
    assert_eq!(plan(&world("", "", ""), "redis_replicaof", no_one()), Ok(Plan::Already));
}
