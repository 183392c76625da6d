//! Roles of real Redis servers, changed by the real binary: both are this test's own, on free ports of
//! 127.0.0.1. Tests that bear a number are the rows of the fault table.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[allow(dead_code, reason = "each test crate uses a part of it")]
#[path = "common/desk.rs"]
mod desk;
#[path = "common/docker.rs"]
mod docker;
#[path = "redis/proxy.rs"]
mod proxy;
#[path = "redis/server.rs"]
mod server;
#[path = "redis/stage.rs"]
mod stage;

use proxy::{Proxy, Then};
use server::{Server, free_port, wait_for};
use stage::Stage;
use std::time::{Duration, Instant};

#[test]
fn a_server_follows_and_goes_back() {
    let s = Stage::new();
    s.source.fill("a", 300, 20);
    s.dest.fill("b", 300, 20);
    let (conf, keys) = (s.dest.text(), s.dest.keys());
    s.desk.runs(&s.follow(&s.dest, &s.source, "")).ends(0).has(&["kept a copy of 300 keys"]);
    assert!(s.dest.follows(&s.source) && s.dest.say(&["GET", "b1"]) == "(nil)");
    let line = format!("replicaof 127.0.0.1 {}", s.source.port);
    assert_eq!(s.dest.text(), conf.replace("# replicaof <masterip> <masterport>", &line));
    // A second run has nothing to do.
    s.desk.runs(&s.follow(&s.dest, &s.source, "")).ends(0).has(&["already so"]);
    assert_eq!(s.dest.text().matches("replicaof 127").count(), 1);
    let second = s.last();
    s.desk.mig(&["rollback", &second, "--yes"]).ends(0);
    let first = s.desk.run_ids().into_iter().nth(1).unwrap();
    s.source.say(&["SET", "late", "1"]);
    wait_for("the last write", || s.dest.say(&["GET", "late"]) == "1");
    s.desk.mig(&["rollback", &first, "--yes"]).ends(0);
    // A healthy sync: what was written since stays, and the copy stays where it is.
    assert!(s.dest.is_primary() && s.dest.keys() == keys + 1 && s.dest.say(&["GET", "late"]) == "1");
    assert_eq!(s.dest.text(), conf);
}

#[test]
fn the_copy_comes_back_when_nothing_is_left() {
    let s = Stage::new();
    s.source.fill("a", 200, 20);
    s.dest.fill("b", 200, 20);
    s.desk.runs(&s.follow(&s.dest, &s.source, "")).ends(0);
    s.source.say(&["FLUSHALL"]);
    wait_for("the loss", || s.dest.keys() == 0);
    s.rolls_back().ends(0);
    assert!(s.dest.is_primary() && s.dest.keys() == 200 && s.dest.say(&["GET", "b7"]) == "x".repeat(20));
    assert_eq!(s.dest.say(&["CONFIG", "GET", "masterauth"]), "masterauth ");
}

#[test]
fn with_less_left_than_the_copy_holds_a_person_decides() {
    let s = Stage::new();
    s.source.fill("a", 200, 20);
    s.dest.fill("b", 200, 20);
    s.desk.runs(&s.follow(&s.dest, &s.source, "")).ends(0);
    s.source.say(&["DEL", "a1", "a2"]);
    wait_for("the loss", || s.dest.keys() == 198);
    let said = s.rolls_back();
    assert_ne!(said.code, Some(0), "{}", said.err);
    said.has(&["it has 198 keys now, and the copy that was kept has 200"]);
    assert!(s.dest.follows(&s.source), "nothing is changed until somebody decides");
    s.dest.say(&["REPLICAOF", "NO", "ONE"]);
    s.rolls_back().ends(0);
    assert!(s.dest.is_primary() && s.dest.keys() == 198);
}

#[test]
fn roles_are_handed_over_and_given_back() {
    let s = Stage::new();
    s.source.fill("a", 100, 20);
    s.replicates();
    s.desk.runs(&s.call(&s.dest, "no one", "")).ends(0);
    assert!(s.dest.is_primary() && s.source.follows(&s.dest));
    assert!(s.dest.text().contains(&format!("# replicaof 127.0.0.1 {}\n", s.source.port)));
    s.dest.fill("after", 10, 5);
    s.rolls_back().ends(0);
    assert!(s.source.is_primary() && s.dest.follows(&s.source));
    assert_eq!(s.source.keys(), 110, "what was written after the cutover is not lost by going back");
}

#[test]
fn passwords_go_by_no_command_line() {
    let secret = r#"a"b\c d'e$f"#;
    let line = "requirepass \"a\\\"b\\\\c d'e$f\"";
    let servers = [(); 2].map(|()| Server::with_password(line, Some(secret)));
    let [source, dest] = servers;
    let mut s = Stage::of(source, dest);
    s.desk.write("pw", secret);
    s.desk
        .write("inventory.yml", "hosts:\n  here: { local: true }\nsecrets:\n  pw: { file: pw }\n  bad: { env: BAD }\n");
    s.options = "timeout: \"20s\", password: secret(\"pw\")".into();
    s.source.fill("a", 100, 20);
    s.dest.fill("b", 50, 20);
    s.replicates();
    s.desk.runs(&s.call(&s.dest, "no one", "")).ends(0);
    wait_for("the link", || s.source.follows(&s.dest));
    s.rolls_back().ends(0);
    wait_for("the link", || s.dest.follows(&s.source));
    let said = s.desk.runs(&format!(
        "print(host(\"here\").redis_info(#{{ port: {}, password: secret(\"pw\") }}).link);",
        s.dest.port
    ));
    said.ends(0).has(&["up"]);
}

#[test]
fn fault_52_an_empty_primary_is_refused() {
    let s = Stage::new();
    s.source.fill("a", 1002, 10);
    let text = s.source.text();
    let said = s.desk.runs(&s.follow(&s.source, &s.dest, ""));
    assert_ne!(said.code, Some(0));
    said.has(&["is empty", "has 1002 keys", "min_ratio"]);
    s.dest.fill("b", 500, 10);
    s.desk.runs(&s.follow(&s.source, &s.dest, "")).has(&["has only 500 keys", "has 1002 keys"]);
    assert!(s.source.is_primary() && s.source.keys() == 1002 && s.source.text() == text);
    s.desk.runs(&s.follow(&s.source, &s.source, "")).has(&["itself"]);
}

#[test]
fn fault_53_a_link_that_never_comes_up_is_put_back() {
    let s = Stage::new();
    s.source.fill("a", 100, 10);
    s.dest.fill("b", 100, 10);
    let conf = s.dest.text();
    // A dead port is seen before anything is done.
    let said = s.desk.runs(&s.call(&s.dest, &format!("127.0.0.1:{}", free_port()), ""));
    assert_ne!(said.code, Some(0));
    said.has(&["Connection refused", "Nothing was changed on any host."]);
    // A way on which the data does not come.
    let way = Proxy::to(s.source.port);
    way.freeze_copies(true);
    let call = s.call(&s.dest, &format!("127.0.0.1:{}", way.port), "").replace("20s", "3s");
    let said = s.desk.runs(&call);
    assert_ne!(said.code, Some(0));
    said.has(&["within 3 s", "it is what it was before, with all of its 100 keys"]);
    assert!(s.dest.is_primary() && s.dest.keys() == 100 && s.dest.text() == conf);
    // And rolling back what failed finds nothing to do.
    s.rolls_back().ends(0);
    assert!(s.dest.is_primary() && s.dest.keys() == 100 && s.dest.text() == conf);
}

#[test]
fn fault_54_a_hold_that_runs_out_promotes_nothing() {
    let (s, way) = by_a_way(100);
    // What is written now does not come over, though the link seems to be up.
    way.freeze_copies(true);
    s.source.fill("late", 10, 10);
    let said = s.desk.runs(&s.call(&s.dest, "no one", "pause: \"1s\""));
    assert_ne!(said.code, Some(0));
    said.has(&["nothing is changed", "for which writes are held"]);
    assert!(s.source.is_primary() && !s.dest.is_primary());
    let began = Instant::now();
    assert_eq!(s.source.say(&["SET", "x", "1"]), "OK");
    assert!(began.elapsed() < Duration::from_millis(900), "writes are held no longer");
    way.freeze_copies(false);
    wait_for("the rest", || s.dest.say(&["GET", "x"]) == "1");
    s.desk.mig(&["resume", &s.last(), "--yes"]).ends(0);
    assert!(s.dest.is_primary() && s.dest.keys() == 111);
}

/// A replica of so many keys whose words to its primary can be held up.
fn by_a_way(keys: usize) -> (Stage, Proxy) {
    let s = Stage::new();
    let way = Proxy::to(s.source.port);
    s.source.fill("a", keys, 10);
    s.replicates_by(way.port);
    (s, way)
}

/// A run that is at the words that its way holds; the run and its mig.
fn held_at(s: &Stage, way: &Proxy, words: &str) -> std::process::Child {
    s.desk.write("p.rhai", s.call(&s.dest, "no one", "pause: \"3s\""));
    way.at(words, Then::Hold);
    let mig = s.begin(&["run", "p.rhai", "--yes"]);
    wait_for("the place", || way.is_held());
    mig
}

#[test]
fn fault_55_killed_while_writes_are_held() {
    let (s, way) = by_a_way(50);
    let mut mig = held_at(&s, &way, "CLIENT PAUSE");
    mig.kill().unwrap();
    mig.wait().unwrap();
    s.kills_what_runs();
    way.let_go();
    // The hold ends by itself, and the write that waited for it counts.
    assert_eq!(s.source.say(&["SET", "waited", "1"]), "OK");
    assert!(s.source.is_primary() && !s.dest.is_primary());
    s.desk.mig(&["resume", &s.last(), "--yes"]).ends(0);
    assert!(s.dest.is_primary() && s.dest.say(&["GET", "waited"]) == "1");
    wait_for("the link", || s.source.follows(&s.dest));
}

#[test]
fn fault_55_with_mig_alone_killed_the_host_goes_on() {
    let (s, way) = by_a_way(50);
    let mut mig = held_at(&s, &way, "REPLICAOF");
    mig.kill().unwrap();
    mig.wait().unwrap();
    way.let_go();
    wait_for("the new primary", || s.dest.is_primary());
    s.desk.mig(&["resume", &s.last(), "--yes"]).ends(0);
    wait_for("the link", || s.source.follows(&s.dest));
}

#[test]
fn fault_56_cut_off_in_the_middle_it_is_brought_to_its_end() {
    cut_off_in_the_middle_and_made_two_primaries(|_| ());
}

#[test]
fn fault_56_also_where_the_old_primary_had_followed_already() {
    // Whichever of the two is the other one's replica, the one history is behind both.
    cut_off_in_the_middle_and_made_two_primaries(|s| wait_for("the link", || s.source.follows(&s.dest)));
}

fn cut_off_in_the_middle_and_made_two_primaries(between: impl Fn(&Stage)) {
    let (s, way) = by_a_way(50);
    let mut mig = held_at(&s, &way, "REPLICAOF");
    mig.kill().unwrap();
    mig.wait().unwrap();
    s.kills_what_runs();
    way.let_go();
    assert!(!s.source.is_primary() && !s.dest.is_primary(), "never two primaries");
    // Somebody makes both of them primaries, and writes to the old one.
    s.dest.say(&["REPLICAOF", "NO", "ONE"]);
    between(&s);
    s.source.say(&["REPLICAOF", "NO", "ONE"]);
    s.source.fill("lost", 3, 10);
    let said = s.desk.mig(&["resume", &s.last(), "--yes"]);
    said.ends(0).has(&["two primaries were found: the old one took"]);
    assert!(s.dest.is_primary() && s.dest.keys() == 50);
    wait_for("the link", || s.source.follows(&s.dest) && s.source.keys() == 50);
}

#[test]
fn fault_57_a_partition_ends_in_one_primary() {
    let (s, way) = by_a_way(50);
    // Before the old one is told to follow: it stays what it is.
    s.desk.write("p.rhai", s.call(&s.dest, "no one", "pause: \"1s\""));
    way.at("CLIENT PAUSE", Then::Cut);
    assert_ne!(s.desk.mig(&["run", "p.rhai", "--yes"]).code, Some(0));
    assert!(s.source.is_primary() && !s.dest.is_primary());
    assert_eq!(s.source.say(&["SET", "between", "1"]), "OK");
    way.cut(false);
    wait_for("the link", || s.dest.follows_port(way.port) && s.dest.say(&["GET", "between"]) == "1");
    // Afterwards: none takes writes until they see each other again.
    way.at("REPLICAOF", Then::Cut);
    let mut mig = s.begin(&["resume", &s.last(), "--yes"]);
    wait_for("the partition", || way.is_cut());
    std::thread::sleep(Duration::from_millis(500));
    assert!(!s.source.is_primary() && !s.dest.is_primary());
    way.cut(false);
    assert!(mig.wait().unwrap().success());
    assert!(s.dest.is_primary() && s.dest.say(&["GET", "between"]) == "1");
    wait_for("the link", || s.source.follows(&s.dest));
}

#[test]
fn fault_58_a_long_sync_is_waited_for() {
    // A backlog of 16 KiB, and a replica that loads slowly.
    let s = Stage::of(Server::start("repl-backlog-size 16kb"), Server::start("key-load-delay 500"));
    s.source.fill("a", 3000, 10_000);
    let source = s.source.port;
    let writer = std::thread::spawn(move || {
        let mut client = server::Client::try_open(source, None).unwrap();
        for n in 0..2000 {
            client.say(&["SET", &format!("during{n}"), &"y".repeat(500)]);
            std::thread::sleep(Duration::from_micros(500));
        }
    });
    s.replicates();
    writer.join().unwrap();
    wait_for("the rest", || s.dest.keys() == 5000);
}

#[test]
fn fault_58_what_a_server_refuses_is_named() {
    let acl = "user default on >hunter2hunter2 ~* +@all\nuser looker on >lookerlooker ~* +@all -replicaof -slaveof";
    let s = Stage::of(Server::with_password(acl, Some("hunter2hunter2")), Server::start(""));
    s.desk.write("inventory.yml", "hosts:\n  here: { local: true }\nsecrets:\n  bad: { file: bad }\n  good: { file: good }\n  looker: { file: looker }\n");
    for (name, value) in [("bad", "not-the-password"), ("good", "hunter2hunter2"), ("looker", "lookerlooker")] {
        s.desk.write(name, value);
    }
    let port = s.source.port;
    let info =
        |more: &str| s.desk.runs(&format!("print(host(\"here\").redis_info(#{{ port: {port}, {more} }}).role);"));
    info("").has(&["wants a password"]);
    info("password: secret(\"bad\")").has(&["does not take this user and password"]).lacks(&["not-the-password"]);
    info("password: secret(\"good\")").ends(0).has(&["primary"]);
    let call = s.follow(
        &s.source,
        &s.dest,
        "min_ratio: 0.0, user: \"looker\", password: secret(\"looker\"), primary_password: \"x\"",
    );
    let said = s.desk.runs(&call);
    assert_ne!(said.code, Some(0));
    said.has(&["REPLICAOF: NOPERM"]).lacks(&["lookerlooker"]);
    // A password that nobody asks for does no harm.
    s.desk
        .runs(&format!("host(\"here\").redis_info(#{{ port: {}, password: secret(\"good\") }});", s.dest.port))
        .ends(0);
}

#[test]
fn fault_59_a_restart_keeps_the_roles() {
    let mut s = Stage::new();
    s.source.fill("a", 50, 10);
    s.replicates();
    s.dest.down();
    assert!(s.dest.up());
    wait_for("the link", || s.dest.follows(&s.source));
    s.desk.runs(&s.call(&s.dest, "no one", "")).ends(0);
    // The old primary follows already; what is left is its file.
    s.desk.runs(&s.follow(&s.source, &s.dest, "")).ends(0).lacks(&["keep a copy"]);
    s.dest.say(&["SAVE"]);
    for server in [&mut s.dest, &mut s.source] {
        server.down();
        assert!(server.up());
    }
    wait_for("the link", || s.source.follows(&s.dest));
    assert!(s.dest.is_primary() && s.source.keys() == 50);
}

#[test]
fn in_a_container_it_is_the_same() {
    let engine = docker::engine();
    let image = engine.image("mig-redis", &["redis-server", "redis-cli", "redis-check-rdb", "mktemp"]);
    let password = Some("hunter2hunter2");
    let (source, port) = (Server::with_password("requirepass hunter2hunter2", password), free_port());
    let desk = desk::Desk::here();
    desk.write("redis.conf", format!("bind 127.0.0.1\nport {port}\nsave \"\"\nrequirepass hunter2hunter2\nmasterauth hunter2hunter2\nrepl-diskless-sync-delay 0\n"));
    desk.write("inventory.yml", "hosts:\n  here: { local: true }\nsecrets:\n  pw: { file: pw }\n");
    desk.write("pw", "hunter2hunter2");
    let mount = format!("{}:/redis.conf", desk.path("redis.conf").display());
    engine.run("redis", &["-v", &mount], &image, &["redis-server", "/redis.conf"]);
    let redis = || server::Client::try_open(port, password);
    wait_for("the container", || redis().is_some());
    let mut client = redis().unwrap();
    source.fill("a", 120, 10);
    for n in 0..100 {
        client.say(&["SET", &format!("b{n}"), "1"]);
    }
    let run = |primary: &str, more: &str| {
        desk.write(
            "p.rhai",
            format!(
                "host(\"here\").redis_replicaof(\"{primary}\", #{{ container: \"redis\", port: {port}, password: secret(\"pw\"), timeout: \"20s\", {more} }});\n"
            ),
        );
        let mut command = desk.command(&["run", "p.rhai", "--yes"]);
        command.env("DOCKER_HOST", engine.host());
        desk.said(command)
    };
    let primary = format!("127.0.0.1:{}", source.port);
    run(&primary, "").has(&["give its path on the host: #{ conf:"]);
    let conf = format!("conf: \"{}\"", desk.path("redis.conf").display());
    let old = desk.read("redis.conf");
    run(&primary, &conf).ends(0).has(&["kept a copy of 100 keys"]);
    assert_eq!(client.say(&["DBSIZE"]), "120");
    assert_eq!(desk.read("redis.conf"), format!("{old}replicaof 127.0.0.1 {}\n", source.port));
    // Nothing is left there: the copy comes back through the container too.
    source.say(&["FLUSHALL"]);
    wait_for("the loss", || client.say(&["DBSIZE"]) == "0");
    let id = desk.run_ids().into_iter().next().unwrap();
    let mut command = desk.command(&["rollback", &id, "--yes"]);
    command.env("DOCKER_HOST", engine.host());
    desk.said(command).ends(0);
    assert_eq!(client.say(&["DBSIZE"]), "100");
    assert_eq!(desk.read("redis.conf"), old);
    assert_eq!(client.say(&["CONFIG", "GET", "masterauth"]), "masterauth hunter2hunter2");
    let said = engine.says(&["exec", "redis", "ls", "/tmp"]);
    assert!(!said.contains("tmp."), "nothing is left in the container: {said}");
    run("no one", "persist: false").ends(0).has(&["already so"]);
    engine.docker(&["rm", "-f", "redis"]);
    run(&primary, &conf).has(&["there is no container redis on here"]);
}
