//! Readings: what a server says, and each way in which it says nothing.

use super::server::{Nginx, Server, says};
use super::sshd::{Person, Sshd, settings};
use mig::contract::*;
use mig::primitives::ALL;
use mig::secret::Secret;
use mig::world::{Remote, open};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;

pub const CANARY: &str = "canary-kept-out-of-sight";

pub fn world(folder: &std::path::Path, hosts: Vec<mig::world::HostConfig>) -> Arc<Remote> {
    let run = hex::encode(rand::random::<[u8; 6]>());
    let person = Person::saying(Answer::Yes);
    let mut settings = settings(&run, &folder.join("state"), &person, hosts);
    settings.secrets = Arc::new(|_| Ok(Secret::new(CANARY.into())));
    open(settings).unwrap()
}
fn get(world: &Remote, url: &str, mut more: Value) -> Outcome {
    more["url"] = url.into();
    let Kind::Reading(read) = ALL.iter().find(|s| s.name == "http_get").unwrap().kind else { panic!() };
    read(world, &more)
}
fn why(outcome: Outcome) -> String {
    match outcome {
        Err(Halt::Failed(f)) => [vec![f.message], f.hints].concat().join("\n"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_is_asked_and_its_certificate_is_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let (world, nginx) = (world(folder.path(), vec![]), Nginx::start());
    let ca = nginx.ca();
    let here = json!({ "a.example": "127.0.0.1" });
    let with_ca = |page: &str, more: Value| {
        let mut args = json!({ "resolve": here, "ca": ca });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        get(&world, &nginx.url(page), args)
    };
    let reply = with_ca("/ok", json!({})).unwrap();
    assert_eq!((&reply["status"], &reply["headers"]["content-type"]), (&json!(200), &json!("application/json")));
    assert!(reply["body"].as_str().unwrap().contains("[1, 2]"), "{reply}");
    // The authority as a text, and the name with its port.
    let pem = std::fs::read_to_string(&ca).unwrap();
    let named = json!({ "ca": pem, "resolve": { format!("a.example:{}", nginx.good): "127.0.0.1" } });
    assert_eq!(get(&world, &nginx.url("/ok"), named).unwrap()["status"], 200);
    // Every status is an answer, unless it is said which are.
    assert_eq!(with_ca("/404", json!({})).unwrap()["body"], "no such thing");
    assert_eq!(with_ca("/500", json!({})).unwrap()["status"], 500);
    assert!(why(with_ca("/500", json!({ "ok": [200] }))).contains("answers 500"));
    assert_eq!(with_ca("/to/ok", json!({})).unwrap()["url"], nginx.url("/ok"));
    assert_eq!(with_ca("/to/ok", json!({ "follow": 0 })).unwrap()["status"], 302);
    assert_eq!(with_ca("/big", json!({ "limit": 4 << 20 })).unwrap()["body"].as_str().unwrap().len(), 3 << 20);

    let at = |port: u16, ca: Value| {
        get(&world, &format!("https://a.example:{port}/ok"), json!({ "resolve": here, "ca": ca }))
    };
    for (outcome, says) in [
        (at(nginx.good, json!(null)), "an authority that is not known here"),
        (at(nginx.expired, json!(ca)), "its certificate has expired"),
        (at(nginx.other, json!(ca)), "its certificate is for another name"),
        (at(nginx.self_signed, json!(ca)), "self-signed"),
        (at(nginx.plain, json!(ca)), "is not TLS"),
        (with_ca("/to/loop", json!({})), "go round in a circle"),
        (with_ca("/to/plain", json!({})), "from https to a.example, which is not followed"),
        (with_ca("/big", json!({})), "longer than 1048576 bytes"),
        (with_ca("/ok", json!({ "ca": "/no/such/file" })), "/no/such/file cannot be read"),
        (get(&world, "https://no-such-host.invalid/", json!({})), "no-such-host.invalid does not resolve"),
    ] {
        let said = why(outcome);
        assert!(said.contains(says), "{says}: {said}");
    }
    let insecure = json!({ "resolve": here, "insecure": true });
    assert_eq!(get(&world, &format!("https://a.example:{}/ok", nginx.expired), insecure).unwrap()["status"], 200);
    // Secrets arrive, and are not told even where the server says them again.
    let key = json!({ "$text": [{ "$secret": "key" }] });
    let who = with_ca("/who", json!({ "headers": { "X-Key": key } })).unwrap();
    assert_eq!(who["body"], "127.0.0.1 a.example ‹secret:key› ");
    // Cookies are kept for the server, and shown by name.
    let login = with_ca("/login", json!({})).unwrap();
    assert_eq!(login["headers"]["set-cookie"], "sid=‹cookie›");
    assert_eq!(with_ca("/who", json!({})).unwrap()["body"], "127.0.0.1 a.example  s3cret-c00kie");
    assert_eq!(with_ca("/who", json!({ "cookies": false })).unwrap()["body"], "127.0.0.1 a.example  ");
    let token = with_ca("/ok", json!({ "secrets": ["token", "none"] })).unwrap();
    assert!(!token.to_string().contains("t0ken"), "{token}");
    let again =
        with_ca("/who", json!({ "headers": { "x-key": token["secrets"]["token"] }, "cookies": false })).unwrap();
    assert_eq!(again["body"], "127.0.0.1 a.example ‹secret:token› ");
    drop(world);
    let left: Vec<_> =
        std::fs::read_dir(folder.path().join("state")).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|n| n == "runs"), "readings outside of a run keep nothing: {left:?}");
}

#[test]
fn a_server_that_breaks_off_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), vec![]);
    let server = Server::start(|line, _| match line.split(' ').nth(1).unwrap_or_default() {
        "/close" => None,
        "/half" => Some("HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nonly this".into()),
        "/slow" => {
            std::thread::sleep(std::time::Duration::from_millis(1500));
            says(200, "late")
        }
        "/garbage" => Some("\u{1b}[2J\r\n\r\n".into()),
        "/escape" => {
            Some("HTTP/1.1 200 X\r\nx-a: \u{1b}[2J\r\nset-cookie: \u{1b}]0;x=1\r\ncontent-length: 0\r\n\r\n".into())
        }
        _ => says(200, "fine"),
    });
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = taken.local_addr().unwrap().port();
    drop(taken);
    // It takes the connection, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent_port = silent.local_addr().unwrap().port();
    let one_second = json!({ "timeout": "1s" });
    for (outcome, says) in [
        (get(&world, &server.url("/close"), json!({})), "ended the connection before its answer was there"),
        (get(&world, &server.url("/half"), json!({})), "the answer broke off after 9 bytes"),
        (get(&world, &server.url("/slow"), one_second.clone()), "no answer within 1 s"),
        (get(&world, &server.url("/garbage"), json!({})), "ended the connection before its answer was there"),
        (
            get(&world, &format!("http://127.0.0.1:{closed}/"), json!({})),
            "refuses the connection: nothing listens there",
        ),
        (get(&world, &format!("https://127.0.0.1:{silent_port}/"), one_second), "no connection within 750 ms"),
    ] {
        let said = why(outcome);
        assert!(said.contains(says) && !said.contains('\u{1b}'), "{says}: {said}");
    }
    let shown =
        get(&world, &server.url("/escape"), json!({})).map(|r| r.to_string()).unwrap_or_else(|h| format!("{h:?}"));
    assert!(!shown.contains('\u{1b}') && !shown.contains("\\u001b"), "{shown}");
}

#[test]
fn another_host_asks_and_sees_nothing_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(&folder.path().join("sshd"), "");
    let closed = Sshd::start(&folder.path().join("closed"), "AllowTcpForwarding no");
    let world = world(folder.path(), vec![sshd.host("dest"), closed.host("closed")]);
    let nginx = Nginx::start();
    let from = |via: &str, page: &str| {
        let args = json!({ "via": via, "ca": nginx.ca(), "resolve": { "a.example": "127.0.0.1" }, "timeout": "10s" });
        get(&world, &nginx.url(page), args)
    };
    assert_eq!(from("dest", "/to/ok").unwrap()["status"], 200);
    assert_eq!(from("dest", "/who").unwrap()["body"], "127.0.0.1 a.example  ");
    let nowhere = json!({ "via": "dest" });
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let said = why(get(&world, &format!("http://127.0.0.1:{port}/"), nowhere.clone()));
    assert!(said.contains("nothing listens there, seen from dest"), "{said}");
    let said = why(get(&world, "https://no-such-host.invalid/", nowhere));
    assert!(said.contains("no-such-host.invalid does not resolve, seen from dest"), "{said}");
    let said = why(get(
        &world,
        &format!("https://a.example:{}/", nginx.expired),
        json!({
            "via": "dest", "ca": nginx.ca(), "resolve": { "a.example": "127.0.0.1" }
        }),
    ));
    assert!(said.contains("its certificate has expired"), "{said}");
    // A server that lets nothing be forwarded: a program of the host carries the bytes, and TLS is ours.
    assert_eq!(from("closed", "/to/ok").unwrap()["status"], 200);
    let args = json!({ "via": "closed", "insecure": true, "limit": 4 << 20 });
    let big = get(&world, &format!("http://127.0.0.1:{}/big", nginx.plain), args).unwrap();
    assert_eq!(big["body"].as_str().unwrap().len(), 3 << 20);
}
