//! Roles of real Redis servers, changed by the real binary: both are this test's own, on free ports of
//! 127.0.0.1. Tests that bear a number are the rows of the fault table.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[allow(dead_code, reason = "each test crate uses a part of it")]
#[path = "common/desk.rs"]
mod desk;
#[path = "redis/server.rs"]
mod server;
#[path = "redis/stage.rs"]
mod stage;

use server::{Server, wait_for};
use stage::Stage;

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
