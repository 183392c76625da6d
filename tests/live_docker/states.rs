//! Containers started, stopped and restarted, and what is told of them.

use crate::stage::*;
use mig::contract::*;
use serde_json::{Value, json};

/// Plans, acts, and looks until it is seen to be so; the last look where it does not come to be.
fn done(s: &Stage, n: i64, args: &Value) -> (Step, Outcome<Plan>) {
    let step = s.step("docker", args.clone());
    s.remote.act(&t(n), &step.deed).unwrap();
    assert!(matches!(s.remote.settle(&t(n), &step.deed), Settled::Done(_)));
    let mut seen = Ok(Plan::Already);
    for _ in 0..20 {
        seen = s.observe("docker", args.clone(), std::slice::from_ref(&step));
        if seen == Ok(Plan::Already) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    (step, seen)
}
fn undo(s: &Stage, n: i64, step: &Step) {
    let Undo::By(deeds) = &step.undo else { panic!("{:?}", step.undo) };
    for (i, deed) in deeds.iter().enumerate() {
        s.remote.act(&Token::undo(n, 0, i, 1), deed).unwrap();
    }
}

#[test]
fn a_container_is_stopped_started_and_restarted_and_all_that_back() {
    let s = stage();
    let c = s.container(&["--init"]);
    let args = |state: &str| json!({ "container": c, "state": state, "stays": "1s" });
    let info = || s.read("docker_info", json!({ "container": c })).unwrap();
    assert_eq!(s.plan("docker", args("started")), Ok(Plan::Already));
    let (step, seen) = done(&s, 1, &args("stopped"));
    assert_eq!((seen, info()["state"].clone()), (Ok(Plan::Already), json!("exited")));
    assert_eq!(s.plan("docker", args("stopped")), Ok(Plan::Already));
    undo(&s, 1, &step);
    assert_eq!(info()["running"], true);
    let before = info()["started_at"].clone();
    let (step, seen) = done(&s, 2, &args("restarted"));
    assert_eq!((seen, step.undo), (Ok(Plan::Already), Undo::NotNeeded));
    assert_ne!(info()["started_at"], before);
    // A pause ends, and comes back with the undo.
    s.engine.says(&["pause", &c]);
    let (step, seen) = done(&s, 3, &args("started"));
    assert_eq!(seen, Ok(Plan::Already));
    undo(&s, 3, &step);
    assert_eq!(info()["paused"], true);
    assert!(
        failure(s.plan("docker", json!({ "container": "nope", "state": "started" })))
            .message
            .contains("there is no container nope")
    );
}

/// One that does not stay up, and one whose health check fails, are not started: whatever docker exits with.
#[test]
fn what_does_not_stay_up_or_is_not_healthy_is_not_started() {
    let s = stage();
    let image = s.engine.image("base", &[]);
    let made = |name: &str, options: &[&str], command: &str| {
        let name = format!("{name}{}", hex::encode(rand::random::<[u8; 4]>()));
        let head = ["create", "--name", &name, "--network", "host"];
        s.engine.says(&[&head, options, &[&image, "sh", "-c", command]].concat());
        name
    };
    let look = |c: &str, n: i64| {
        let args = json!({ "container": c, "state": "started", "stays": "1s" });
        let step = s.step("docker", args.clone());
        s.remote.act(&t(n), &step.deed).unwrap();
        (s.observe("docker", args.clone(), std::slice::from_ref(&step)), args, step)
    };
    let (seen, ..) = look(&made("loops", &["--restart", "always"], "sleep 0.3; exit 4"), 1);
    assert!(matches!(&seen, Ok(Plan::Wait(why)) if why.contains("docker logs")), "{seen:?}");
    let (seen, ..) = look(&made("ends", &[], "exit 4"), 2);
    assert!(matches!(&seen, Ok(Plan::Wait(why)) if why.contains("exit code 4")), "{seen:?}");
    let health = ["--health-cmd", "test -e /tmp/well", "--health-interval", "300ms", "--health-retries", "1"];
    let c = made("ill", &health, "sleep 600");
    let (seen, args, step) = look(&c, 3);
    assert!(matches!(&seen, Ok(Plan::Wait(why)) if why.contains("starting") || why.contains("unhealthy")), "{seen:?}");
    s.engine.says(&["exec", &c, "touch", "/tmp/well"]);
    wait_for("its health", || s.observe("docker", args.clone(), std::slice::from_ref(&step)) == Ok(Plan::Already));
    assert_eq!(s.read("docker_info", json!({ "container": c })).unwrap()["health"], "healthy");
    // One that goes when it stops cannot be brought back, and the plan says so.
    let c = s.container(&["--rm", "--init"]);
    let args = json!({ "container": c, "state": "stopped", "stays": "1s" });
    let (step, seen) = {
        let step = s.step("docker", args.clone());
        s.remote.act(&t(9), &step.deed).unwrap();
        wait_for("its end", || s.observe("docker", args.clone(), std::slice::from_ref(&step)) == Ok(Plan::Already));
        (step, Ok::<_, Halt>(Plan::Already))
    };
    assert!(seen.is_ok() && matches!(step.undo, Undo::Impossible(_)));
}

#[test]
fn what_a_container_is_and_has_printed() {
    let s = stage();
    let image = s.engine.image("base", &[]);
    let name = format!("info{}", hex::encode(rand::random::<[u8; 4]>()));
    let at = s.folder.path().join("data");
    std::fs::create_dir(&at).unwrap();
    let mount = format!("{}:/data:ro", at.display());
    let options = ["-v", &mount, "-e", "API_TOKEN=kept-out-of-sight", "-e", "PLAIN=kept-too", "--restart", "no"];
    s.engine.run(&name, &options, &image, &["sh", "-c", "echo said; echo wrong >&2; sleep 600"]);
    wait_for("its word", || s.read("docker_logs", json!({ "container": name })).unwrap()["stderr"] == "wrong");
    let info = s.read("docker_info", json!({ "container": name })).unwrap();
    let of = |k: &str| info[k].clone();
    assert_eq!(
        (of("exists"), of("running"), of("name"), of("image")),
        (json!(true), json!(true), json!(name), json!("base"))
    );
    assert_eq!(
        (of("network"), of("restarts"), of("health"), of("ports")),
        (json!("host"), json!(0), Value::Null, json!([]))
    );
    let mount = json!([{ "kind": "bind", "source": at, "target": "/data", "writable": false, "name": null }]);
    assert_eq!(of("mounts"), mount);
    assert!(info["env"].as_array().unwrap().contains(&json!("API_TOKEN")));
    assert!(!info.to_string().contains("kept-"), "{info}");
    assert_eq!(s.read("docker_info", json!({ "container": "nope" })).unwrap()["exists"], false);
    let logs = s.read("docker_logs", json!({ "container": name, "since": "10m" })).unwrap();
    assert_eq!(logs, json!({ "stdout": "said", "stderr": "wrong" }));
    s.engine.says(&["kill", &name]);
    // The engine counts in whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(3100));
    let logs = s.read("docker_logs", json!({ "container": name, "since": "1s" })).unwrap();
    assert_eq!(logs, json!({ "stdout": "", "stderr": "" }));
    assert!(
        failure(s.read("docker_logs", json!({ "container": "nope" }))).message.contains("there is no container nope")
    );
}
