//! Changes: sent once, settled, taken back.

use super::looks::{CANARY, world};
use super::server::{Server, says};
use mig::contract::*;
use mig::primitives::ALL;
use mig::world::Remote;
use serde_json::{Value, json};

fn plan(world: &Remote, method: &str, url: &str, mut more: Value) -> Outcome<Plan> {
    let Kind::Change { plan, .. } = ALL.iter().find(|s| s.name == "http_send").unwrap().kind else { panic!() };
    more["method"] = method.into();
    more["url"] = url.into();
    plan(world, &more)
}
fn step(world: &Remote, method: &str, url: &str, more: Value) -> Step {
    match plan(world, method, url, more) {
        Ok(Plan::Do(mut steps)) if steps.len() == 1 => steps.remove(0),
        other => panic!("{other:?}"),
    }
}
fn t(n: i64) -> Token {
    Token::deed(n, 0, 1)
}

#[test]
fn a_request_is_sent_with_its_secrets_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), vec![]);
    let server =
        Server::start(|line, _| if line.starts_with("GET") { says(404, "no") } else { says(201, r#"{"id":7}"#) });
    let secret = json!({ "$text": [{ "$secret": "pw" }] });
    let url = server.url("/items");
    let args = json!({
        "json": { "name": "a", "inner": [{ "password": secret }] },
        "headers": { "X-Key": secret },
        "login": { "user": "admin", "password": secret },
        "check": { "ok": [200] },
        "undo": { "method": "DELETE", "url": format!("{url}/7"), "form": { "why": "it's & over", "key": secret } },
    });
    let step = step(&world, "post", &url, args);
    let shown = format!("{}{step:?}{}", step.deed, serde_json::to_string(&step).unwrap());
    assert!(!shown.contains(CANARY), "{shown}");
    assert!(step.deed.to_string().contains(r#"{"inner":[{"password":"‹secret:pw›"}],"name":"a"}"#), "{}", step.deed);
    let answer = world.act(&t(1), &step.deed).unwrap();
    assert_eq!((&answer["status"], &answer["body"]), (&json!(201), &json!(r#"{"id":7}"#)));
    let Undo::By(undo) = &step.undo else { panic!() };
    world.act(&Token::undo(1, 0, 0, 1), &undo[0]).unwrap();
    let heard = server.heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 3, "{heard:?}");
    let sent = &heard[1];
    assert!(sent.starts_with("POST /items HTTP/1.1") && sent.contains(&format!("x-key: {CANARY}")), "{sent}");
    assert!(sent.contains("content-type: application/json") && sent.contains("authorization: basic "), "{sent}");
    assert!(sent.ends_with(&format!(r#"{{"inner":[{{"password":"{CANARY}"}}],"name":"a"}}"#)), "{sent}");
    let back = &heard[2];
    assert!(
        back.starts_with("DELETE /items/7 ") && back.ends_with(&format!("key={CANARY}&why=it%27s+%26+over")),
        "{back}"
    );
}

#[test]
fn an_answer_that_is_lost_is_settled_and_never_guessed() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), vec![]);
    // `/again` answers the third time; `/state` is on once a POST came.
    let server = Server::start(|line, n| match line {
        line if line.starts_with("PUT /again") && n > 2 => says(200, "at last"),
        line if line.starts_with("GET /state") => says(200, r#"{"on":true}"#),
        line if line.starts_with("GET /never") => says(200, r#"{"on":false}"#),
        line if line.starts_with("PATCH") => says(500, "broken"),
        _ => None,
    });
    // Nobody can know: a person is asked, in this process and in the next.
    let lost = step(&world, "POST", &server.url("/lost"), json!({ "undo": false }));
    let Err(Halt::Stop(Stop::Ask { call: 4, text })) = world.act(&t(4), &lost.deed) else { panic!() };
    assert!(text.contains("it has no check and is not marked idempotent"), "{text}");
    assert_eq!(server.heard("POST"), 1);
    assert!(matches!(world.settle(&t(4), &lost.deed), Settled::Unknown(_)));
    // It does no harm to send it again.
    let again = step(&world, "PUT", &server.url("/again"), json!({ "undo": false, "idempotent": true }));
    assert_eq!(world.act(&t(5), &again.deed).unwrap()["body"], "at last");
    assert_eq!(server.heard("PUT"), 3);
    assert!(matches!(world.settle(&t(5), &again.deed), Settled::Repeatable(_)));
    // Its check knows; the request itself is planned against the same look.
    let check = |page: &str| json!({ "url": server.url(page), "json": { "on": true } });
    assert_eq!(plan(&world, "POST", &server.url("/lost"), json!({ "check": check("/state") })), Ok(Plan::Already));
    let never = json!({ "check": check("/never"), "undo": false, "timeout": "1s" });
    let Deed::Http(mut http) = step(&world, "POST", &server.url("/lost"), never).deed else { panic!() };
    assert_eq!(world.settle(&t(6), &Deed::Http(http.clone())), Settled::NewToken);
    http.check.as_mut().unwrap().request.url = server.url("/state").into();
    let done = world.act(&t(6), &Deed::Http(http.clone())).unwrap();
    assert!(done["$unknown"].as_str().unwrap().contains("its check says that it is done"), "{done}");
    assert!(matches!(world.settle(&t(6), &Deed::Http(http)), Settled::Done(_)));
    assert_eq!(server.heard("POST"), 2);
    // A bad answer is a failure, and is not sent again.
    let bad = step(&world, "PATCH", &server.url("/"), json!({ "undo": false, "idempotent": true }));
    let Err(Halt::Failed(f)) = world.act(&t(7), &bad.deed) else { panic!() };
    assert_eq!((f.code, f.output.as_deref(), server.heard("PATCH")), (500, Some("broken"), 1));
    // What was never sent is known not to have happened.
    let nobody = step(&world, "POST", "http://127.0.0.1:1/", json!({ "undo": false }));
    let Err(Halt::Failed(f)) = world.act(&t(8), &nobody.deed) else { panic!() };
    assert_eq!(f.code, Http::NEVER_SENT);
}

#[test]
fn a_success_whose_body_broke_off_is_a_success() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), vec![]);
    let server = Server::start(|_, _| Some("HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nonly this".into()));
    let half = step(&world, "POST", &server.url("/"), json!({ "undo": false }));
    let answer = world.act(&t(1), &half.deed).unwrap();
    assert_eq!((&answer["status"], server.heard("POST")), (&json!(200), 1));
    assert!(answer["body"]["$unknown"].as_str().unwrap().contains("broke off after 9 bytes"), "{answer}");
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let world = world(folder.path(), vec![]);
    let secret = json!({ "$text": ["https://", { "$secret": "pw" }, ".example/"] });
    for (method, url, more, says) in [
        ("POST", json!("a.example/x"), json!({}), "it begins with no scheme"),
        ("POST", json!("ftp://a.example/x"), json!({}), "only https and http are spoken"),
        ("POST", json!("https://u:p@a.example/"), json!({}), "name and password stand in an option"),
        ("POST", json!("https://a.example:70000/"), json!({}), "is not a port"),
        ("POST", json!("https://-a/"), json!({}), "begins with a dash"),
        ("POST", json!("https://a.example/a b"), json!({}), "write %20 for a blank"),
        ("POST", secret, json!({}), "a secret may stand behind the host only"),
        ("P OST", json!("https://a.example/"), json!({}), "is none; write one such as POST"),
        ("CONNECT", json!("https://a.example/"), json!({}), "CONNECT is not sent"),
        ("POST", json!("https://a.example/"), json!({ "body": "a", "form": {} }), "three ways to say one thing"),
        ("POST", json!("https://a.example/"), json!({ "headers": { "a b": "c" } }), "is no name of a header"),
        ("POST", json!("https://a.example/"), json!({ "headers": { "Host": "b" } }), "Host follows from the URL"),
        ("POST", json!("https://a.example/"), json!({ "resolve": { "a.example:x": "127.0.0.1" } }), "names no server"),
        ("POST", json!("https://a.example/"), json!({ "resolve": { "a.example": "-x" } }), "begins with a dash"),
        ("POST", json!("https://a.example/"), json!({ "undo": true }), "undo: true says nothing"),
        ("POST", json!("https://a.example/"), json!({ "undo": { "method": "GET", "ulr": "x" } }), "undo"),
        ("POST", json!("https://a.example/"), json!({ "insecure": true, "ca": "/x" }), "give one of them"),
        ("POST", json!("https://a.example/"), json!({ "limit": 0 }), "out of range"),
    ] {
        let mut args = more.clone();
        args["method"] = method.into();
        args["url"] = url;
        let Kind::Change { plan, .. } = ALL.iter().find(|s| s.name == "http_send").unwrap().kind else { panic!() };
        let Err(Halt::Failed(f)) = plan(&*world, &args) else { panic!("{args}") };
        assert!(f.message.contains(says), "{args}: {}", f.message);
    }
}
