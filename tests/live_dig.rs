//! DNS against a real bind with a zone of this test's own, and against a server that does everything
//! wrong that can be done wrong: both on 127.0.0.x.

#[path = "live_dig/liar.rs"]
mod liar;
#[path = "live_dig/named.rs"]
mod named;
#[path = "world/sshd.rs"]
#[allow(dead_code, reason = "each test crate uses a part of it")]
mod sshd;

use liar::Liar;
use mig::contract::*;
use mig::primitives::ALL;
use mig::world::{HostConfig, Reach, Remote, open};
use named::Named;
use serde_json::{Value, json};
use sshd::{Person, settings};
use std::sync::Arc;
use std::time::Instant;

fn world() -> (Arc<Remote>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let person = Person::saying(Answer::Yes);
    // A host of the inventory by whose name a server can be called; nobody connects to it.
    let reach = Reach::Ssh { address: "127.0.0.1".into(), port: 1, user: String::new(), identity: None };
    let host = mig::name::HostName::parse("dest").unwrap();
    let hosts = vec![HostConfig { name: host, reach, sudo: false, moves_to: None }];
    let run = hex::encode(rand::random::<[u8; 6]>());
    (open(settings(&run, &folder.path().join("state"), &person, hosts)).unwrap(), folder)
}
fn read(world: &Remote, name: &str, args: Value) -> Outcome {
    let Kind::Reading(read) = ALL.iter().find(|s| s.name == name).unwrap().kind else { panic!() };
    read(world, &args)
}
fn dig(world: &Remote, name: &str, port: u16, mut more: Value) -> Value {
    more["name"] = name.into();
    more["port"] = port.into();
    if more["server"].is_null() {
        more["server"] = "127.0.0.1".into();
    }
    read(world, "dig", more).unwrap()
}

#[test]
fn every_type_is_asked_of_a_real_server() {
    let (world, _folder) = world();
    let named = Named::start();
    let answers = |name: &str, kind: &str| dig(&world, name, named.port, json!({ "type": kind }))["answers"].clone();
    for (name, kind, wanted) in [
        ("www.test.example", "A", json!(["192.0.2.1", "192.0.2.2"])),
        ("www.test.example", "AAAA", json!(["2001:db8::1"])),
        ("WWW.Test.Example.", "A", json!(["192.0.2.1", "192.0.2.2"])),
        ("test.example", "NS", json!(["ns1.test.example", "ns2.test.example"])),
        ("alias.test.example", "CNAME", json!(["www.test.example"])),
        ("alias.test.example", "A", json!(["192.0.2.1", "192.0.2.2"])),
        ("test.example", "MX", json!(["10 mail.test.example", "20 mail2.test.example"])),
        ("test.example", "TXT", json!(["v=spf1 -all"])),
        ("test.example", "SOA", json!(["ns1.test.example admin.test.example 2026010101 3600 900 604800 300"])),
        ("_sip._tcp.test.example", "SRV", json!(["1 2 5060 sip.test.example"])),
        ("192.0.2.1", "PTR", json!(["www.test.example"])),
        ("any.wild.test.example", "A", json!(["192.0.2.9"])),
    ] {
        assert_eq!(answers(name, kind), wanted, "{name} {kind}");
    }
    assert_eq!(dig(&world, "192.0.2.1", named.port, json!({}))["answers"], json!(["www.test.example"]));
    // The server by the name of a host of the inventory.
    let host = dig(&world, "www.test.example", named.port, json!({ "server": "dest", "tcp": true }));
    assert_eq!(
        (&host["status"], &host["tcp"], &host["authoritative"]),
        (&json!("NOERROR"), &json!(true), &json!(true))
    );
    // A week is told in days, and what is not there is kept as long as the zone says.
    let week = dig(&world, "week.test.example", named.port, json!({}));
    assert_eq!((&week["ttl"], &week["ttl_text"]), (&json!(604_800), &json!("7 days")));
    assert!(week["text"].as_str().unwrap().contains("may be kept for 7 days"), "{week}");
    for (name, kind, status, ttl) in [
        ("none.test.example", "A", "NXDOMAIN", json!(300)),
        ("www.test.example", "MX", "empty", json!(300)),
        ("loop.test.example", "A", "CNAME loop", json!(null)),
        ("away.test.example", "A", "alias only", json!(null)),
        ("www.elsewhere.example", "A", "REFUSED", json!(null)),
        ("host.broken.example", "A", "SERVFAIL", json!(null)),
        ("x.child.test.example", "A", "referral", json!(null)),
    ] {
        let seen = dig(&world, name, named.port, json!({ "type": kind, "recursive": false }));
        assert_eq!((&seen["status"], &seen["ttl"]), (&json!(status), &ttl), "{name}: {seen}");
        let is_known = ["NXDOMAIN", "empty"].contains(&status);
        assert_eq!(seen["answers"], if is_known { json!([]) } else { json!(null) }, "{name}");
    }
    // Too long for UDP: over TCP by itself.
    let long = dig(&world, "long.test.example", named.port, json!({ "type": "TXT" }));
    assert_eq!((&long["tcp"], long["answers"][0].as_str().unwrap().len()), (&json!(true), 60 * 250));
    let escape = dig(&world, "esc.test.example", named.port, json!({ "type": "TXT" }));
    assert_eq!(escape["answers"], json!(["\\027[31mred \\\\"]));
    assert!(!escape.to_string().contains("\\u001b"), "{escape}");
}

#[test]
fn row_52_each_thing_that_a_server_does_wrong_is_told_apart() {
    let (world, _folder) = world();
    let liar = Liar::start();
    for (mode, kind, status) in [
        ("nxdomain", "A", "NXDOMAIN"),
        ("servfail", "A", "SERVFAIL"),
        ("refused", "A", "REFUSED"),
        ("formerr", "A", "FORMERR"),
        ("empty", "A", "empty"),
        ("lame", "A", "lame"),
        ("up", "A", "lame"),
        ("loop", "A", "CNAME loop"),
        ("self", "A", "CNAME loop"),
        ("garbage", "A", "garbage"),
        ("short", "A", "garbage"),
        ("question", "A", "garbage"),
        ("pointer", "A", "garbage"),
        ("wrongid", "A", "wrong id"),
        ("other", "A", "wrong id"),
        ("silent", "A", "timeout"),
        ("cut", "A", "cut off"),
        ("ok", "A", "NOERROR"),
        ("noedns", "A", "NOERROR"),
        ("late", "A", "NOERROR"),
        ("big", "TXT", "NOERROR"),
    ] {
        let args = json!({ "type": kind, "timeout": "2s", "recursive": mode != "lame" && mode != "up" });
        let seen = dig(&world, &format!("{mode}.lie.example"), liar.port, args);
        assert_eq!(seen["status"], status, "{mode}: {seen}");
        let is_known = ["NOERROR", "NXDOMAIN", "empty"].contains(&status);
        assert_eq!(seen["answers"].is_array(), is_known, "{mode}: {seen}");
        let text = seen["text"].as_str().unwrap();
        let wanted = if status == "NOERROR" { "(from 127.0.0.1:" } else { status };
        assert!(text.contains(wanted) && text.contains("127.0.0.1:"), "{text}");
    }
    let big = dig(&world, "big.lie.example", liar.port, json!({ "type": "TXT" }));
    assert!(big["answers"][0].as_str().unwrap().len() > 60_000 && big["tcp"] == true);
    // A closed port is not waited for.
    let began = Instant::now();
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    assert_eq!(dig(&world, "ok.lie.example", port, json!({ "timeout": "30s" }))["status"], "unreachable");
    assert!(began.elapsed().as_secs() < 10);
    let Err(Halt::Failed(f)) = read(&world, "dig", json!({ "name": "a.example", "server": "no-such-server.invalid" }))
    else {
        panic!()
    };
    assert!(f.message.contains("the DNS server no-such-server.invalid does not resolve here"), "{f:?}");
}

#[test]
fn row_71_authorities_are_compared_and_the_one_behind_is_named() {
    let (world, _folder) = world();
    let named = Named::start();
    // The same port on four addresses: bind, two more that say the truth, and the liar.
    let [_one, _two, _liar] =
        [Liar::honest("127.0.0.2", named.port), Liar::honest("127.0.0.3", named.port), Liar::on(named.port)];
    let all = |name: &str, more: Value| {
        let mut args = json!({
            "name": name, "servers": ["127.0.0.1", "127.0.0.2", liar::ADDRESS, "127.0.0.3"], "port": named.port,
            "timeout": "1s",
        });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        read(&world, "dig_all", args)
    };
    let seen = all("servfail.lie.example", json!({ "wanted": "192.0.2.77" })).unwrap();
    assert_eq!(seen["text"], format!("3 of 4 give 192.0.2.77; {}: SERVFAIL", liar::ADDRESS));
    assert_eq!((&seen["agree"], &seen["count"], &seen["of"]), (&json!(false), &json!(3), &json!(4)));
    let text = |name: &str| all(name, json!({ "wanted": "192.0.2.77" })).unwrap()["text"].clone();
    for (mode, says) in
        [("refused", "REFUSED"), ("silent", "timeout"), ("lame", "lame"), ("empty", "empty"), ("garbage", "garbage")]
    {
        assert_eq!(text(&format!("{mode}.lie.example")), format!("3 of 4 give 192.0.2.77; {}: {says}", liar::ADDRESS));
    }
    let old = all("old.lie.example", json!({ "wanted": ["192.0.2.77"], "or_fail": true }));
    let Err(Halt::Failed(f)) = old else { panic!("{old:?}") };
    assert_eq!(f.message, format!("old.lie.example: 3 of 4 give 192.0.2.77; {}: 192.0.2.10", liar::ADDRESS));
    let same = all("ok.lie.example", json!({})).unwrap();
    assert_eq!((&same["agree"], &same["text"]), (&json!(true), &json!("all 4 give 192.0.2.77")));
}
