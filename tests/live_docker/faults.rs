//! What happens while a command runs in a container: rows 66 and 67 of the fault table.

use crate::docker::Engine;
use crate::sshd::signal;
use crate::stage::*;
use mig::contract::*;
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

/// A step that writes down each of its starts in a folder that the container shares, and waits to be let go.
struct Waiting {
    step: Step,
    at: std::path::PathBuf,
}
impl Waiting {
    fn new(s: &Stage, name: &str, more: Value) -> Waiting {
        let at = s.folder.path().join(name);
        fs::create_dir(&at).unwrap();
        let c = s.container(&["-v", &format!("{}:/shared", at.display())]);
        let command = "echo x >>/shared/starts; while ! test -e /shared/go; do sleep 0.1; done; echo end; echo x >>/shared/ends; exit 7";
        let mut args = json!({ "container": c, "command": command, "ok": [7] });
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Waiting { step: s.step("docker_exec", args), at }
    }
    fn count(&self, name: &str) -> usize {
        fs::read_to_string(self.at.join(name)).unwrap_or_default().lines().count()
    }
    fn go(&self) {
        fs::write(self.at.join("go"), "").unwrap();
    }
    fn container(&self) -> String {
        match &self.step.deed {
            Deed::Run(run) => run.container.as_ref().unwrap().to_string(),
            other => panic!("{other}"),
        }
    }
}

/// Row 67: only the client dies. The command is waited for, and its exit code is the engine's word.
#[test]
fn row_67_the_client_dies_and_the_command_is_waited_for() {
    let s = stage();
    for (n, ok) in [(1, json!([7])), (2, json!([0]))] {
        let w = Waiting::new(&s, &format!("w{n}"), json!({ "ok": ok }));
        let done = std::thread::scope(|threads| {
            let acting = threads.spawn(|| s.remote.act(&t(n), &w.step.deed));
            wait_for("its start", || w.count("starts") == 1 && s.clients(&w.container()).len() == 1);
            signal("-KILL", s.clients(&w.container())[0]);
            wait_for("the end of the client", || s.clients(&w.container()).is_empty());
            w.go();
            acting.join().unwrap()
        });
        match n {
            1 => assert!(unknown_why(&done.unwrap()).unwrap().contains("it exited 7")),
            _ => assert_eq!(failure(done).code, 7),
        }
        assert_eq!((w.count("starts"), w.count("ends")), (1, 1));
    }
}

/// Row 67: the client and all that watched over it die, with the connection. Resume finds the command.
#[test]
fn row_67_all_on_the_host_dies_and_resume_finds_the_command() {
    let s = stage();
    let w = killed(&s, 1, json!({}));
    let settled = std::thread::scope(|threads| {
        let settling = threads.spawn(|| s.again().settle(&t(1), &w.step.deed));
        std::thread::sleep(std::time::Duration::from_millis(1500));
        assert!(!settling.is_finished(), "it is waited for");
        w.go();
        settling.join().unwrap()
    });
    let Settled::Done(answer) = settled else { panic!("{settled:?}") };
    assert!(unknown_why(&answer).unwrap().contains("it exited 7"), "{answer}");
    assert_eq!((w.count("starts"), w.count("ends")), (1, 1));
    // Sent again under its token it is the same answer, and nothing is started.
    assert!(unknown_why(&s.again().act(&t(1), &w.step.deed).unwrap()).is_some());
    assert_eq!(w.count("starts"), 1);
}

/// And when its time is over by then, it is ended in the container.
#[test]
fn what_is_found_again_is_ended_when_its_time_is_over() {
    let s = stage();
    let w = killed(&s, 1, json!({ "timeout": "4s" }));
    let Settled::Failed(f) = s.again().settle(&t(1), &w.step.deed) else { panic!() };
    assert!(f.message.contains("it ran longer than 4 s and was ended"), "{f:?}");
    assert!(!s.processes(&w.container()).contains("shared"), "{}", s.processes(&w.container()));
    assert_eq!((w.count("starts"), w.count("ends")), (1, 0));
}

/// Begun, and everything on the host killed: sshd's sessions, the wrapper, the client.
fn killed(s: &Stage, n: i64, more: Value) -> Waiting {
    let w = Waiting::new(s, &format!("k{n}"), more);
    let world = s.again();
    std::thread::scope(|threads| {
        let acting = threads.spawn(|| world.act(&t(n), &w.step.deed));
        wait_for("its start", || w.count("starts") == 1 && s.clients(&w.container()).len() == 1);
        let client = s.clients(&w.container())[0];
        s.sshd.kill_sessions();
        for pid in session(client) {
            signal("-KILL", pid);
        }
        world.close();
        // Nobody waits for what this says: it is the mig that went away.
        drop(threads.spawn(|| drop(acting)));
        wait_for("the end of all that", || s.clients(&w.container()).is_empty());
    });
    w
}

/// The processes of a process's session.
fn session(of: u32) -> Vec<u32> {
    let stat = |pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = text.rsplit_once(") ").map(|(_, r)| r.to_owned()).unwrap_or_default();
        rest.split_whitespace().nth(3).and_then(|s| s.parse::<u32>().ok())
    };
    let all = fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let mine = stat(of);
    pids.filter(|p| stat(*p) == mine && mine.is_some()).collect()
}

/// Row 66: the container is killed, or the engine restarted: then nobody knows, unless its check does.
#[test]
fn row_66_the_container_or_the_engine_goes_away() {
    let s = stage();
    // Killed: the engine still says how the command ended.
    let w = Waiting::new(&s, "a", json!({}));
    let done = during(&s, 1, &w, || drop(s.engine.says(&["kill", &w.container()])));
    assert_eq!(failure(done).code, 137);
    assert_eq!((w.count("starts"), w.count("ends")), (1, 0));
    // Removed, with all it had.
    let w = Waiting::new(&s, "b", json!({}));
    let done = during(&s, 2, &w, || drop(s.engine.says(&["rm", "-f", &w.container()])));
    assert_eq!(failure(done).code, 137);
    let own = Arc::new(Engine::start());
    let s = stage_on(own.clone(), "");
    let w = Waiting::new(&s, "c", json!({}));
    let done = during(&s, 3, &w, || {
        own.down();
        own.up();
    });
    let Err(Halt::Stop(Stop::Ask { text, .. })) = done else { panic!("{done:?}") };
    assert!(text.contains("its outcome is unknown") && text.contains("in container"), "{text}");
    assert!(matches!(s.again().settle(&t(3), &w.step.deed), Settled::Unknown(_)));
    own.says(&["start", &w.container()]);
    // Its check may know: here it says that the effect is not there.
    let mut checked = w.step.deed.clone();
    let Deed::Run(run) = &mut checked else { panic!() };
    run.check = Some(Command::Shell("test -e /shared/ends".into()));
    assert_eq!(s.again().settle(&t(3), &checked), Settled::NewToken);
    fs::write(w.at.join("ends"), "").unwrap();
    assert!(matches!(s.again().settle(&t(3), &checked), Settled::Done(_)));
    own.says(&["stop", "-t", "0", &w.container()]);
    assert!(
        matches!(s.again().settle(&t(3), &checked), Settled::Unknown(_)),
        "a check that cannot be made is no answer"
    );
}

fn during(s: &Stage, n: i64, w: &Waiting, fault: impl FnOnce()) -> Outcome<Value> {
    std::thread::scope(|threads| {
        let acting = threads.spawn(|| s.remote.act(&t(n), &w.step.deed));
        wait_for("its start", || w.count("starts") == 1);
        fault();
        acting.join().unwrap()
    })
}
