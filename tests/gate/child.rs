//! The process that is killed: a run, a resume or a rollback of a scenario, without Rhai.

use super::folders::Folders;
use mig::contract::*;
use mig::journal::{Call, Journal, NewRun, RunState};
use mig::primitives::ALL;
use mig::run::{Back, Gate, Lane, Mode, Resolution, Rollback, Setting, Wait, open_question, resolve};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

struct Nobody;
impl Operator for Nobody {
    fn ask(&self, q: &Question) -> Outcome<Answer> {
        Err(Halt::Stop(Stop::NoAnswer(format!("{q:?}"))))
    }
    fn is_there(&self) -> bool {
        false
    }
}

pub fn main(what: &str) -> i32 {
    mig::fault::arm().expect("MIG_FAIL can be read");
    let world = PathBuf::from(std::env::var("GATE_WORLD").expect("a world"));
    let scenario = std::env::var("GATE_SCENARIO").expect("a scenario");
    let journal = Journal::open(&world.join("state")).expect("the journal opens");
    let folders = Arc::new(Folders(world));
    match what {
        "run" => go(&journal, &folders, &scenario, false, true),
        // The first death may have come before the run was in the journal.
        "resume" | "retry" => go(&journal, &folders, &scenario, what == "retry", journal.runs().unwrap().is_empty()),
        "rollback" => back(&journal, folders),
        "resolve" => answer(&journal, &folders),
        "undo" => undo(&journal, folders),
        _ => 70,
    }
}

fn go(journal: &Journal, world: &Arc<Folders>, scenario: &str, retry: bool, is_new: bool) -> i32 {
    let id = "0123456789ab".to_string();
    let record = Arc::new(if is_new {
        let run = NewRun {
            id: id.clone(),
            playbook: "test".into(),
            file: "test".into(),
            params: json!({}),
            inventory: String::new(),
            inventory_file: String::new(),
            lab: String::new(),
            scripts: vec![],
        };
        journal.begin(&run).expect("a run")
    } else {
        journal.record(&id).expect("a record")
    });
    let gate = |mode| {
        Arc::new(Gate::new(Setting {
            mode,
            params: json!({}),
            secrets: vec![],
            world: world.clone(),
            listener: Arc::new(()),
            operator: Arc::new(Nobody),
            record: Some(record.clone()),
            calls: journal.calls(&id).expect("calls"),
            hosts: journal.hosts(&id).expect("hosts"),
            steps: journal.steps(&id).expect("steps"),
            shown: None,
            yes: true,
            retry,
        }))
    };
    if !is_new {
        let verify = gate(Mode::Verify);
        let lane = verify.lane(vec![], false);
        let _ = play(&verify, &lane, scenario);
        if let Some(stop) = verify.stopped() {
            println!("{stop:?}");
            return 3;
        }
    }
    let live = gate(Mode::Live);
    let lane = live.lane(vec![], false);
    let end = play(&live, &lane, scenario);
    match (live.stopped(), end) {
        (Some(Stop::Ask { call, text }), _) => {
            println!("ask {call}: {text}");
            let _ = live.rests(RunState::Asking, &text);
            5
        }
        (Some(Stop::NoAnswer(text)), _) => {
            println!("{text}");
            5
        }
        (Some(stop), _) => {
            println!("{stop:?}");
            3
        }
        (None, Ok(())) => match live.leftovers() {
            Some(text) => {
                println!("{text}");
                3
            }
            None => live.rests(RunState::Done, "").map_or(70, |()| 0),
        },
        (None, Err(Halt::Failed(f))) => {
            println!("{}", f.message);
            live.cut(journal, &f.message).expect("the journal").map_or(70, |()| 4)
        }
        (None, Err(Halt::Stop(stop))) => {
            println!("{stop:?}");
            70
        }
    }
}

fn rollback(journal: &Journal, world: Arc<Folders>, run: &str) -> Rollback {
    Rollback {
        record: Arc::new(journal.record(run).unwrap()),
        calls: journal.calls(run).unwrap(),
        hosts: journal.hosts(run).unwrap(),
        world,
        listener: Arc::new(()),
        operator: Arc::new(Nobody),
        to: None,
        past_no_return: false,
        yes: true,
        prepared: Default::default(),
        stop: Default::default(),
    }
}

fn back(journal: &Journal, world: Arc<Folders>) -> i32 {
    let Some(run) = journal.runs().unwrap().into_iter().next() else { return 0 };
    let back = rollback(journal, world, &run.id);
    match back.run() {
        Ok(Back::Done(left)) => {
            println!("left: {left:?}");
            0
        }
        Ok(Back::Ask { call, text }) => {
            println!("ask {call}: {text}");
            5
        }
        Ok(other) => {
            println!("{other:?}");
            4
        }
        Err(why) => {
            println!("{why}");
            70
        }
    }
}

/// The operator of this test does not care what happened: it is to be taken back.
fn undo(journal: &Journal, world: Arc<Folders>) -> i32 {
    let run = journal.runs().unwrap().remove(0);
    let calls = journal.calls(&run.id).unwrap();
    let is_open = |c: &&Call| open_question(c).is_some() || c.deeds.iter().any(|d| !d.undo.is_empty());
    let Some(call) = calls.iter().find(is_open).cloned() else {
        println!("nothing is open");
        return 1;
    };
    let back = rollback(journal, world, &run.id);
    match back.undo_call(&call) {
        Ok(Back::Done(_)) => 0,
        other => {
            println!("{other:?}");
            4
        }
    }
}

/// The operator of this test knows the truth: whether the effect was counted.
fn answer(journal: &Journal, world: &Folders) -> i32 {
    let run = journal.runs().unwrap().remove(0);
    let calls = journal.calls(&run.id).unwrap();
    let Some(call) = calls.iter().find(|c| open_question(c).is_some()) else {
        println!("nothing is open");
        return 1;
    };
    let deed = open_question(call).unwrap();
    let token = Token::deed(call.seq, deed.n, deed.attempt);
    let effects = std::fs::read_to_string(world.0.join(".effects")).unwrap_or_default();
    let how = if effects.lines().any(|l| l == token.as_ref()) { Resolution::Done } else { Resolution::NotDone };
    match resolve(call, how) {
        Ok(rows) => journal.record(&run.id).unwrap().commit("resolve", call.seq, rows).map_or(70, |()| 0),
        Err(why) => {
            println!("{why}");
            1
        }
    }
}

// ---- the scenarios ----------------------------------------------------------------------------

struct Script<'a> {
    gate: &'a Gate,
    lane: &'a Lane,
}

impl Script<'_> {
    fn call(&self, name: &str, args: Value) -> Outcome {
        let spec = ALL.iter().find(|s| s.name == name).expect("a primitive");
        self.gate.call(self.lane, spec, args)
    }
    fn step(&self, title: &str, body: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
        let path = self.gate.step_begins(self.lane, title, None)?;
        let result = body();
        self.gate.step_ends(self.lane, &path, None, result.as_ref().map(|()| ()))?;
        result
    }
    fn ssh(&self, host: &str, command: &str, options: Value) -> Outcome {
        let mut args = json!({ "host": host, "command": command });
        if let (Value::Object(args), Value::Object(options)) = (&mut args, options) {
            args.extend(options);
        }
        self.call("ssh", args)
    }
    fn write(&self, host: &str, path: &str, text: &str) -> Outcome {
        self.call("write_file", json!({ "host": host, "path": path, "text": text }))
    }
}

fn play(gate: &Gate, lane: &Lane, scenario: &str) -> Outcome<()> {
    let s = Script { gate, lane };
    let (name, edit) = scenario.split_once('+').unwrap_or((scenario, ""));
    match name {
        "move" => {
            s.step("Prepare", || {
                let was = s.call("read_file", json!({ "host": "source", "path": "/conf" }))?;
                s.ssh("dest", "echo begin >> log", json!({ "undo": "rm -f log" }))?;
                s.write("dest", "/conf", was.as_str().unwrap_or_default()).map(drop)
            })?;
            s.step("Move", || {
                s.step("Inside", || {
                    s.ssh("source", "mv data moved", json!({ "undo": "mv moved data", "check": "test -e moved" }))?;
                    s.write("dest", "/fresh", "new\n").map(drop)
                })?;
                let caught = s.ssh("dest", "exit 7", json!({ "undo": false }));
                // An operator who says "done" of a lost one gives no code.
                assert!(caught.is_err() || caught.as_ref().is_ok_and(|v| unknown_why(v).is_some()));
                if let Err(Halt::Stop(_)) = caught {
                    return caught.map(drop);
                }
                s.ssh("dest", "echo more >> log", json!({ "undo": "sed -i /more/d log" }))?;
                s.call("remove_file", json!({ "host": "dest", "path": "/fresh" })).map(drop)
            })?;
            s.step("Look", || {
                let f = s.call("file_info", json!({ "host": "source", "path": "/moved" }))?;
                gate.expect(lane, f["exists"].as_bool(), "it moved", None)
            })
        }
        "false_expect" | "bad_command" | "vain_wait" => {
            s.step("First", || {
                if edit == "inserted" {
                    s.write("dest", "/inserted", "x")?;
                }
                if edit != "removed" {
                    let what = if edit == "argument" { "echo two >> log" } else { "echo one >> log" };
                    s.ssh("dest", what, json!({ "undo": "rm -f log" }))?;
                }
                Ok(())
            })?;
            s.step(if edit == "renamed" { "Another" } else { "Middle" }, || s.write("dest", "/conf", "x\n").map(drop))?;
            s.step("Then", || {
                match name {
                    "false_expect" => {
                        let f = s.call("file_info", json!({ "host": "dest", "path": "/cured" }))?;
                        gate.expect(lane, f["exists"].as_bool(), "it is cured", None)?;
                    }
                    "bad_command" => {
                        s.ssh("dest", "test -e cured", json!({ "undo": false }))?;
                    }
                    _ => {
                        let wait = Wait { what: "it is cured".into(), every_ms: 10, timeout_ms: 100, hold_ms: 0 };
                        let looking = gate.lane(lane.path(), true);
                        let spec = ALL.iter().find(|s| s.name == "file_info").expect("a primitive");
                        let mut poll = || {
                            let args = json!({ "host": "dest", "path": "/cured" });
                            Ok(gate.call(&looking, spec, args)?["exists"].clone())
                        };
                        gate.wait_until(lane, &wait, &mut poll)?;
                    }
                }
                s.ssh("dest", "echo end >> log", json!({ "undo": false })).map(drop)
            })
        }
        _ => panic!("no such scenario: {scenario}"),
    }
}
