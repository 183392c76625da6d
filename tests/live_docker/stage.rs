//! A host with a Docker engine, and what a test asks of it.

use crate::docker::{Engine, engine};
use crate::sshd::{Person, Sshd, settings};
use mig::contract::*;
use mig::name::HostName;
use mig::primitives::ALL;
use mig::world::{Remote, open};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub struct Stage {
    pub remote: Arc<Remote>,
    pub record: HostRecord,
    pub person: Arc<Person>,
    pub sshd: Sshd,
    pub engine: Arc<Engine>,
    pub folder: tempfile::TempDir,
    run: String,
}

pub fn host() -> HostName {
    HostName::parse("dest").unwrap()
}
pub fn t(n: i64) -> Token {
    Token::deed(n, 0, 1)
}

pub fn stage() -> Stage {
    stage_on(engine(), "")
}
/// With more lines in the configuration of its sshd.
pub fn stage_on(engine: Arc<Engine>, more: &str) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let lines = if more.is_empty() { engine.sshd() } else { more.to_owned() };
    let sshd = Sshd::start(&folder.path().join("sshd"), &lines);
    let person = Person::saying(Answer::Yes);
    let run = hex::encode(rand::random::<[u8; 6]>());
    let remote = open(settings(&run, &folder.path().join("state"), &person, vec![sshd.host("dest")])).unwrap();
    let record = remote.prepare(&host(), None).unwrap();
    Stage { remote, record, person, sshd, engine, folder, run }
}

impl Stage {
    /// A running container that does nothing, of its own name.
    pub fn container(&self, options: &[&str]) -> String {
        let image = self.engine.image("base", &[]);
        let name = format!("c{}", hex::encode(rand::random::<[u8; 4]>()));
        self.engine.run(&name, options, &image, &["sleep", "600"]);
        name
    }
    pub fn plan(&self, primitive: &str, args: Value) -> Outcome<Plan> {
        let Kind::Change { plan, .. } = spec(primitive).kind else { panic!("{primitive}") };
        plan(self.remote.as_ref(), &with_host(args))
    }
    pub fn observe(&self, primitive: &str, args: Value, done: &[Step]) -> Outcome<Plan> {
        let Kind::Change { observe, .. } = spec(primitive).kind else { panic!("{primitive}") };
        observe(self.remote.as_ref(), &with_host(args), done)
    }
    pub fn read(&self, primitive: &str, args: Value) -> Outcome<Value> {
        let Kind::Reading(read) = spec(primitive).kind else { panic!("{primitive}") };
        read(self.remote.as_ref(), &with_host(args))
    }
    pub fn step(&self, primitive: &str, args: Value) -> Step {
        match self.plan(primitive, args) {
            Ok(Plan::Do(mut steps)) if steps.len() == 1 => steps.remove(0),
            other => panic!("{other:?}"),
        }
    }
    /// One command in a container, done.
    pub fn exec(&self, n: i64, container: &str, command: &str) -> Outcome<Value> {
        let step = self.step("docker_exec", json!({ "container": container, "command": command }));
        self.remote.act(&t(n), &step.deed)
    }
    /// Another process, as far as the host can tell.
    pub fn again(&self) -> Arc<Remote> {
        let state = self.folder.path().join("state");
        let remote = open(settings(&self.run, &state, &self.person, vec![self.sshd.host("dest")])).unwrap();
        assert_eq!(remote.prepare(&host(), Some(&self.record)).unwrap(), self.record);
        remote
    }
    /// The command lines that run in a container.
    pub fn processes(&self, container: &str) -> String {
        self.engine.says(&["top", container, "-eo", "pid,args"])
    }
    /// The process ids, on this machine, whose command line has this text, with the container's processes left out.
    pub fn clients(&self, text: &str) -> Vec<u32> {
        let mut all = vec![];
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.starts_with("docker exec") && line.contains(text) {
                all.push(pid);
            }
        }
        all
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.remote.finish(std::slice::from_ref(&self.record));
    }
}

fn spec(name: &str) -> &'static Spec {
    ALL.iter().find(|s| s.name == name).unwrap()
}
fn with_host(mut args: Value) -> Value {
    args["host"] = json!("dest");
    args
}
pub fn failure<T: std::fmt::Debug>(outcome: Outcome<T>) -> Failure {
    match outcome {
        Err(Halt::Failed(f)) => *f,
        other => panic!("{other:?}"),
    }
}
pub fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what} does not come");
        std::thread::sleep(Duration::from_millis(30));
    }
}
