//! A stage for one playbook: two hosts that are folders, a journal, and ears for its notes.

use super::folders::{Folders, lay_out};
use mig::contract::{Answer, Event, Halt, Listener, Operator, Outcome, Question, Stop};
use mig::journal::{Journal, NewRun};
use mig::primitives::ALL;
use mig::run::{Gate, Mode};
use mig::script::{End, Memory, Playbook, Setting, Typed, line, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

pub struct Stage {
    world: tempfile::TempDir,
    params: Value,
    modules: BTreeMap<String, String>,
    notes: Arc<Notes>,
    runs: Mutex<usize>,
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);
impl Listener for Notes {
    fn hear(&self, event: &Event) {
        if let Event::Note { text, .. } = event {
            // The gate's own: where a plan stopped.
            if !text.starts_with("what comes next in") {
                self.0.lock().unwrap().push(text.clone());
            }
        }
    }
}

struct Nobody;
impl Operator for Nobody {
    fn ask(&self, q: &Question) -> Outcome<Answer> {
        Err(Halt::Stop(Stop::NoAnswer(format!("{q:?}"))))
    }
    fn is_there(&self) -> bool {
        false
    }
}

impl Stage {
    pub fn new(params: Value) -> Self {
        let world = tempfile::tempdir().expect("a folder");
        lay_out(world.path());
        Stage { world, params, modules: BTreeMap::new(), notes: Arc::default(), runs: Mutex::default() }
    }
    /// A module that the playbook can import.
    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.modules.insert(path.into(), text.into());
        self
    }
    /// The folder that is a host.
    pub fn host(&self, name: &str) -> std::path::PathBuf {
        self.world.path().join("hosts").join(name)
    }
    pub fn notes(&self) -> Vec<String> {
        self.notes.0.lock().unwrap().clone()
    }

    /// How often a host was asked for the folder of the run.
    pub fn prepared(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.world.path().join(".prepared")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Evaluates a playbook; each is a run of its own.
    pub fn run(&self, mode: Mode, text: &str) -> End {
        let playbook = self.playbook(text);
        let (gate, journal) = self.gate(mode, true);
        let end = run(&gate, &playbook, &setting());
        if let (End::Failed { failure, .. }, Mode::Live) = (&end, mode) {
            gate.cut(&journal, &failure.message).expect("the journal").expect("it is cut");
        }
        end
    }
    /// Goes on with the last run: first verified, then live.
    pub fn resume(&self, text: &str) -> (End, End) {
        let playbook = self.playbook(text);
        let verified = run(&self.gate(Mode::Verify, false).0, &playbook, &setting());
        (verified, run(&self.gate(Mode::Live, false).0, &playbook, &setting()))
    }
    /// Evaluates lines one after the other, as in a conversation.
    pub fn lines(&self, lines: &[&str]) -> Vec<Result<String, String>> {
        let (gate, setting) = (self.gate(Mode::Live, true).0, setting());
        let mut memory = Memory::new(&setting, &Value::Null);
        let mut said = vec![];
        for (n, text) in lines.iter().enumerate() {
            let lane = gate.line_begins(n, &format!(":{n}"), text).expect("a journal");
            said.push(match line(&gate, &lane, &setting, &mut memory, ("<repl>", text)) {
                Typed::Gives(text) => Ok(text),
                Typed::Output(out, ..) => Ok(out),
                Typed::Unknown(why) => Err(why),
                Typed::Failed { error, .. } => Err(error.to_string()),
                Typed::Stopped(stop) => Err(format!("{stop:?}")),
            });
            gate.line_ends(&lane, n, "done").expect("a journal");
        }
        said
    }

    fn playbook(&self, text: &str) -> Playbook {
        let find = |path: &str| Some((format!("{path}.rhai"), self.modules.get(path)?.clone()));
        Playbook::load("p", "p.rhai", text, &find).expect("it parses")
    }

    fn gate(&self, mode: Mode, is_new: bool) -> (Arc<Gate>, Journal) {
        let number = {
            let mut runs = self.runs.lock().unwrap();
            *runs += usize::from(is_new);
            *runs
        };
        let world = Arc::new(Folders(self.world.path().to_path_buf()));
        let journal = Journal::open(&self.world.path().join("state").join(number.to_string())).expect("a journal");
        let new = NewRun {
            id: format!("{number:012}"),
            playbook: "p".into(),
            file: "p.rhai".into(),
            params: self.params.clone(),
            inventory: String::new(),
            inventory_file: String::new(),
            lab: String::new(),
            scripts: vec![],
        };
        let id = new.id.clone();
        let record = match (mode, is_new) {
            (Mode::Plan, _) => None,
            (_, true) => Some(Arc::new(journal.begin(&new).expect("a run"))),
            (_, false) => Some(Arc::new(journal.record(&id).expect("a run"))),
        };
        let is_known = !is_new;
        let gate = Gate::new(mig::run::Setting {
            mode,
            params: self.params.clone(),
            secrets: vec!["pw".into()],
            world,
            listener: self.notes.clone(),
            operator: Arc::new(Nobody),
            record,
            calls: if is_known { journal.calls(&id).expect("calls") } else { vec![] },
            hosts: if is_known { journal.hosts(&id).expect("hosts") } else { vec![] },
            steps: if is_known { journal.steps(&id).expect("steps") } else { vec![] },
            shown: None,
            yes: true,
            retry: true,
        });
        (Arc::new(gate), journal)
    }
}

fn setting() -> Setting {
    let hosts = [("source", "192.0.2.10"), ("dest", "192.0.2.11")].map(|(n, a)| (n.to_string(), a.to_string())).into();
    let groups = [("all".to_string(), vec!["source".to_string(), "dest".into()])].into();
    Setting { table: ALL, hosts, groups }
}

/// The playbooks of this repository, with what they import.
pub fn shipped() -> Vec<(String, Playbook)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let find = |path: &str| {
        let file = root.join("stdlib").join(format!("{path}.rhai"));
        Some((format!("stdlib/{path}.rhai"), std::fs::read_to_string(file).ok()?))
    };
    let mut all = vec![];
    for entry in std::fs::read_dir(root.join("playbooks")).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|x| x == "rhai") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("a playbook can be read");
            let place = format!("playbooks/{name}.rhai");
            match Playbook::load(&name, &place, &text, &find) {
                Ok(playbook) => all.push((name, playbook)),
                Err(errors) => panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
            }
        }
    }
    all
}
