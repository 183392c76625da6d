//! Commands in containers: answers, exit codes, and each failure told apart.

use crate::stage::*;
use mig::contract::*;
use serde_json::json;

#[test]
fn a_command_in_a_container_answers_once() {
    let s = stage();
    let c = s.container(&["-v", &format!("{}:/shared", s.folder.path().display())]);
    let step = s.step("docker_exec", json!({ "container": c, "command": "echo out; echo err >&2; echo x >>/shared/count; test -t 1 && echo tty; exit 0" }));
    for _ in 0..2 {
        let answer = s.remote.act(&t(1), &step.deed).unwrap();
        assert_eq!(answer, json!({ "code": 0, "stdout": "out", "stderr": "err" }));
    }
    assert!(matches!(s.again().settle(&t(1), &step.deed), Settled::Done(_)));
    assert_eq!(std::fs::read_to_string(s.folder.path().join("count")).unwrap(), "x\n");
    assert!(step.deed.to_string().starts_with(&format!("dest: in container {c}: echo out")));
    // A list needs no shell, standard input arrives, and the folder is the container's.
    let args =
        json!({ "container": c, "command": ["cat", "-", "it's $HOME"], "stdin": "in", "cwd": "/tmp", "ok": [1] });
    let answer = s.remote.act(&t(2), &s.step("docker_exec", args).deed).unwrap();
    assert_eq!((answer["stdout"].as_str(), answer["code"].as_i64()), (Some("in"), Some(1)));
    // Its check is made in the container.
    let args =
        json!({ "container": c, "command": "touch /tmp/made", "check": "test -e /tmp/made", "undo": "rm /tmp/made" });
    let step = s.step("docker_exec", args.clone());
    s.remote.act(&t(3), &step.deed).unwrap();
    assert_eq!(s.plan("docker_exec", args.clone()), Ok(Plan::Already));
    assert_eq!(s.observe("docker_exec", args.clone(), &[]), Ok(Plan::Already));
    let Undo::By(undo) = &step.undo else { panic!() };
    s.remote.act(&Token::undo(3, 0, 0, 1), &undo[0]).unwrap();
    assert!(matches!(s.plan("docker_exec", args), Ok(Plan::Do(_))));
}

/// Row 37 of the bad-input table, and the exit codes that docker shares with programs.
#[test]
fn each_failure_is_told_apart() {
    let s = stage();
    let c = s.container(&[]);
    let plan = |container: &str| s.plan("docker_exec", json!({ "container": container, "command": "true" }));
    assert!(failure(plan("nope")).message.contains("there is no container nope on dest"));
    assert!(failure(plan("-x")).message.contains("is not the name of a container"));
    assert!(failure(plan("base")).message.contains("base on dest is an image, and no container"));
    let image = s.engine.image("base", &[]);
    s.engine.says(&["create", "--name", &format!("{c}-cold"), &image, "true"]);
    assert!(failure(plan(&format!("{c}-cold"))).message.contains("was never started"));
    s.engine.run(&format!("{c}-over"), &[], &image, &["sh", "-c", "exit 3"]);
    wait_for("its end", || {
        failure(plan(&format!("{c}-over"))).message.contains("is not running (exited, exit code 3)")
    });
    s.engine.says(&["pause", &c]);
    assert!(failure(plan(&c)).message.contains("is paused"));
    s.engine.says(&["unpause", &c]);
    // The program's own codes, and the same codes of docker.
    for (n, code) in [1, 125, 126, 127, 137, 255, 3].into_iter().enumerate() {
        let f = failure(s.exec(10 + n as i64, &c, &format!("exit {code}")));
        assert!(f.code == code && f.message.starts_with(&format!("exit code {code}")), "{f:?}");
    }
    let says_so = "echo 'Error response from daemon: No such container: x' >&2; exit 1";
    assert!(failure(s.exec(20, &c, says_so)).message.starts_with("exit code 1"));
    assert!(failure(s.exec(21, &c, "nosuch")).message.starts_with("exit code 127"), "the shell's");
    let list = |n: i64, command: serde_json::Value, cwd: Option<&str>| {
        let step = s.step("docker_exec", json!({ "container": c, "command": command, "cwd": cwd }));
        failure(s.remote.act(&t(n), &step.deed))
    };
    let f = list(30, json!(["nosuch", "x"]), None);
    assert_eq!(
        (f.message.as_str(), f.code),
        (&*format!("nothing ran: there is no program nosuch in container {c}"), 126)
    );
    assert!(list(31, json!(["/etc/passwd"]), None).message.contains("may not be executed"));
    assert!(list(32, json!(["true-not-there"]), Some("/nodir")).message.starts_with("nothing ran: "));
    assert!(list(33, json!(["sh", "-c", "exit 126"]), None).message.starts_with("exit code 126"));
    // It goes away between the look and the deed.
    let step = s.step("docker_exec", json!({ "container": c, "command": "true" }));
    s.engine.says(&["kill", &c]);
    let f = failure(s.remote.act(&t(40), &step.deed));
    assert!(f.message.contains(&format!("nothing ran: container {c} on dest is not running")), "{f:?}");
    s.engine.says(&["rm", &c]);
    let f = failure(s.remote.act(&t(41), &step.deed));
    assert!(f.message.contains(&format!("nothing ran: there is no container {c} on dest")), "{f:?}");
}

/// Row 38 of the bad-input table.
#[test]
fn a_docker_that_cannot_be_used_says_why() {
    let s = stage();
    let here = |more: &str| {
        let stage = stage_on(s.engine.clone(), more);
        failure(stage.read("docker_info", json!({ "container": "web" }))).message
    };
    let no_daemon = here("SetEnv DOCKER_HOST=unix:///nowhere/docker.sock SHLVL=2");
    assert!(no_daemon.contains("the engine of Docker on dest does not answer"), "{no_daemon}");
    let bin = s.folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let mut all = std::fs::read_dir("/usr/bin").unwrap().flatten().map(|e| e.file_name()).collect::<Vec<_>>();
    all.retain(|n| n != "docker");
    for name in all {
        std::os::unix::fs::symlink(std::path::Path::new("/usr/bin").join(&name), bin.join(&name)).unwrap();
    }
    let none = here(&format!("SetEnv PATH={} SHLVL=2", bin.display()));
    assert!(none.contains("there is no docker on dest"), "{none}");
    let too_new = here(&format!("SetEnv DOCKER_HOST={} DOCKER_API_VERSION=1.99 SHLVL=2", s.engine.host()));
    assert!(too_new.contains("does not speak with its engine"), "{too_new}");
}

/// A container without a shell takes lists.
#[test]
fn a_container_without_a_shell() {
    let s = stage();
    let image = s.engine.bare_image("bare", "sleep");
    let name = format!("bare{}", hex::encode(rand::random::<[u8; 4]>()));
    s.engine.run(&name, &[], &image, &["sleep", "600"]);
    let act = |n: i64, command: serde_json::Value| {
        s.remote.act(&t(n), &s.step("docker_exec", json!({ "container": name, "command": command })).deed)
    };
    assert_eq!(act(1, json!(["sleep", "0"])).unwrap()["code"], 0);
    assert_eq!(failure(act(2, json!(["sleep", "what"]))).code, 1);
    let f = failure(act(3, json!("echo")));
    assert!(f.message.contains(&format!("there is no program sh in container {name}")), "{f:?}");
}

/// Ending the client would not end the command: it is ended in the container.
#[test]
fn a_time_out_ends_it_in_the_container() {
    let s = stage();
    let c = s.container(&[]);
    let tag = "trap '' TERM; echo begun; sleep 77; sleep 78";
    let step = s.step("docker_exec", json!({ "container": c, "command": tag, "timeout": "2s" }));
    let f = failure(s.remote.act(&t(1), &step.deed));
    assert!(
        f.message.contains("ran longer than 2 s and was ended")
            && f.output.as_deref().is_some_and(|o| o.starts_with("begun")),
        "{f:?}"
    );
    assert!(!s.processes(&c).contains("sleep 7"), "{}", s.processes(&c));
    // The container itself, and what it left running on purpose, are another matter.
    assert!(s.processes(&c).contains("sleep 600"));
    let f = failure(s.remote.act(&t(1), &step.deed));
    assert!(f.message.contains("ran longer than"), "sent again it is the same answer: {f:?}");
}

/// What a command leaves running behind it is not waited for.
#[test]
fn what_it_leaves_behind_is_not_waited_for() {
    let s = stage();
    let c = s.container(&[]);
    let answer = s.exec(1, &c, "setsid sleep 300 >/dev/null 2>&1 </dev/null & echo ok").unwrap();
    assert_eq!(answer["stdout"], "ok");
    assert!(s.processes(&c).contains("sleep 300"));
}
