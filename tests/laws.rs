//! What must hold of every primitive in the table. Each law looks at all of them and shows all that
//! break it.

mod common;

use common::fake::{CANARY, Fake};
use mig::contract::{Class, Deed, Example, Halt, Kind, Outcome, Plan, Spec, Step, Undo};
use mig::name::RESERVED;
use mig::primitives::ALL;
use rhai::{Dynamic, Engine, Map, Scope};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// What breaks a law, gathered, so that one run shows all of it.
#[derive(Default)]
struct Broken(Vec<String>);

impl Broken {
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
    fn show(self) {
        assert!(self.0.is_empty(), "{} broken:\n- {}", self.0.len(), self.0.join("\n- "));
    }
}

fn examples() -> impl Iterator<Item = (&'static Spec, &'static Example)> {
    ALL.iter().flat_map(|s| s.examples.iter().map(move |x| (s, x)))
}

/// The arguments that a line of a playbook comes to, by a real engine.
fn args_of(spec: &'static Spec, script: &str) -> Value {
    let seen = Arc::new(Mutex::new(None));
    let mut engine = Engine::new();
    engine.register_fn("secret", |name: &str| {
        let json = serde_json::json!({ "$text": [{ "$secret": name }] });
        rhai::serde::to_dynamic(json).expect("a map")
    });
    for n in [spec.positional.len(), spec.positional.len() + 1] {
        let seen = seen.clone();
        let types = vec![std::any::TypeId::of::<Dynamic>(); n];
        engine.register_raw_fn(spec.name, types, move |_, given: &mut [&mut Dynamic]| {
            let mut args = serde_json::Map::new();
            for (i, value) in given.iter().enumerate() {
                let json = |v: &Dynamic| serde_json::to_value(v).expect("a value of a script is JSON");
                match spec.positional.get(i) {
                    Some(name) => drop(args.insert((*name).into(), json(value))),
                    None => {
                        let options = value.read_lock::<Map>().expect("options are a map");
                        args.extend(options.iter().map(|(k, v)| (k.to_string(), json(v))));
                    }
                }
            }
            *seen.lock().expect("no thread panics here") = Some(Value::Object(args));
            Ok(())
        });
    }
    let mut scope = Scope::new();
    for host in ["source", "dest", "r1"] {
        scope.push(host, host.to_string());
    }
    scope.push("tunnel", rhai::serde::to_dynamic(common::fake::tunnel().handle()).expect("a map"));
    engine.run_with_scope(&mut scope, script).unwrap_or_else(|e| panic!("{script}: {e}"));
    let args = seen.lock().expect("no thread panics here").take();
    args.unwrap_or_else(|| panic!("{script} does not call {}", spec.name))
}

/// The steps a change plans in the world of its example.
fn planned(spec: &'static Spec, example: &Example, world: &Fake) -> Outcome<Vec<Step>> {
    let Kind::Change { plan, .. } = spec.kind else { return Ok(vec![]) };
    match plan(world, &args_of(spec, example.script))? {
        Plan::Already => Ok(vec![]),
        Plan::Do(steps) => Ok(steps),
        Plan::Wait(what) => panic!("{}: waits for {what}", example.script),
    }
}

/// The undo, in the order in which it is performed.
fn undo_of(steps: &[Step]) -> Vec<&Deed> {
    steps
        .iter()
        .rev()
        .flat_map(|s| match &s.undo {
            Undo::By(deeds) => deeds.as_slice(),
            Undo::NotNeeded | Undo::Impossible(_) => &[],
        })
        .collect()
}

/// The undo of one step, as an example says it.
fn undo_text(step: &Step) -> Vec<String> {
    match &step.undo {
        Undo::By(deeds) => deeds.iter().map(ToString::to_string).collect(),
        Undo::NotNeeded => vec![],
        Undo::Impossible(why) => vec![format!("impossible: {why}")],
    }
}

fn properties(spec: &Spec) -> serde_json::Map<String, Value> {
    (spec.schema)()["properties"].as_object().cloned().unwrap_or_default()
}

fn why(halt: &Halt) -> String {
    match halt {
        Halt::Failed(f) => f.message.clone(),
        Halt::Stop(s) => format!("{s:?}"),
    }
}

#[test]
fn names_can_be_written_in_a_script() {
    let mut broken = Broken::default();
    let is_snake = |n: &str| {
        n.starts_with(|c: char| c.is_ascii_lowercase())
            && n.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    for spec in ALL {
        let names = properties(spec);
        for name in names.keys().map(String::as_str).chain([spec.name]) {
            broken.unless(is_snake(name), || format!("{}: {name} is not snake_case", spec.name));
            broken.unless(!RESERVED.contains(&name), || format!("{}: {name} is a reserved word", spec.name));
        }
        broken.unless(ALL.iter().filter(|s| s.name == spec.name).count() == 1, || {
            format!("{} is there twice", spec.name)
        });
    }
    broken.show();
}

#[test]
fn every_primitive_and_every_argument_is_described() {
    let mut broken = Broken::default();
    for spec in ALL {
        let schema = (spec.schema)();
        let text = schema["description"].as_str().unwrap_or_default();
        let first = text.lines().next().unwrap_or_default();
        broken.unless(first.ends_with('.') && first.starts_with(|c: char| c.is_ascii_uppercase()), || {
            format!("{}: its first line is no sentence: {first:?}", spec.name)
        });
        for (name, property) in properties(spec) {
            let text = property["description"].as_str().unwrap_or_default().trim_end();
            broken.unless(text.ends_with('.'), || format!("{}: {name} is not described: {text:?}", spec.name));
        }
        broken.unless(!spec.gives.is_empty(), || format!("{}: what it gives is not said", spec.name));
    }
    broken.show();
}

#[test]
fn what_stands_by_position_is_needed_and_nothing_else_is() {
    let mut broken = Broken::default();
    for spec in ALL {
        let mut required: Vec<String> = serde_json::from_value((spec.schema)()["required"].clone()).unwrap_or_default();
        let mut positional: Vec<String> = spec.positional.iter().map(|p| (*p).to_string()).collect();
        required.sort();
        positional.sort();
        broken.unless(required == positional, || {
            format!("{}: needs {required:?}, by position {positional:?}", spec.name)
        });
    }
    broken.show();
}

#[test]
fn every_example_does_and_undoes_what_it_says() {
    let mut broken = Broken::default();
    for (spec, x) in examples().filter(|(s, _)| s.class != Class::Reading) {
        let steps = match planned(spec, x, &Fake::of(x.given)) {
            Ok(steps) => steps,
            Err(halt) => {
                broken.0.push(format!("{}: {}", x.script, why(&halt)));
                continue;
            }
        };
        let does: Vec<String> = steps.iter().map(|s| s.deed.to_string()).collect();
        let undo: Vec<String> = steps.iter().rev().flat_map(undo_text).collect();
        broken.unless(does == x.does, || format!("{}\n  does {does:?}\n  says {:?}", x.script, x.does));
        broken.unless(undo == x.undo, || format!("{}\n  is undone by {undo:?}\n  says {:?}", x.script, x.undo));
        broken.unless(x.gives.is_empty(), || format!("{}: a change with an answer in its example", x.script));
    }
    broken.show();
}

#[test]
fn every_reading_gives_what_its_example_says() {
    let mut broken = Broken::default();
    for (spec, x) in examples() {
        let Kind::Reading(read) = spec.kind else { continue };
        let given = read(&Fake::of(x.given), &args_of(spec, x.script));
        let says: Value = serde_json::from_str(x.gives).unwrap_or_else(|e| panic!("{}: {e}", x.script));
        broken.unless(given.as_ref() == Ok(&says), || format!("{}\n  gives {given:?}\n  says  {says}", x.script));
        broken.unless(x.does.is_empty() && x.undo.is_empty(), || format!("{}: a reading does nothing", x.script));
    }
    broken.show();
}

#[test]
fn every_change_has_an_example_in_which_it_is_already_so() {
    let mut broken = Broken::default();
    // A machine is never "already rebooted", and a new one is never there already.
    for spec in ALL.iter().filter(|s| !["reboot", "aws_launch"].contains(&s.name)) {
        broken.unless(!spec.examples.is_empty(), || format!("{}: it has no example", spec.name));
        let is_so = spec.class != Class::Change || spec.examples.iter().any(|x| x.does.is_empty());
        broken.unless(is_so, || format!("{}: no example in which it is already so", spec.name));
    }
    broken.show();
}

#[test]
fn doing_and_undoing_gives_the_same_world() {
    let mut broken = Broken::default();
    for (spec, x) in examples() {
        let Kind::Change { observe, .. } = spec.kind else { continue };
        let mut world = Fake::of(x.given);
        let before = world.places.clone();
        let Ok(steps) = planned(spec, x, &world) else { continue };
        let puts = |deeds: Vec<&Deed>| -> Vec<_> { deeds.into_iter().filter_map(|d| d.put().cloned()).collect() };
        let does = puts(steps.iter().map(|s| &s.deed).collect());
        for put in &does {
            world.put(put).unwrap_or_else(|e| broken.0.push(format!("{}: {e}", x.script)));
        }
        if !steps.is_empty() && does.len() == steps.len() {
            let seen = observe(&world, &args_of(spec, x.script), &steps);
            broken.unless(seen == Ok(Plan::Already), || format!("{}: done, it is seen as {seen:?}", x.script));
        }
        for put in puts(undo_of(&steps)) {
            world.put(&put).unwrap_or_else(|e| broken.0.push(format!("{}: {e}", x.script)));
        }
        broken.unless(world.places == before, || format!("{}\n  was {before:?}\n  is  {:?}", x.script, world.places));
    }
    broken.show();
}

#[test]
fn steps_survive_json() {
    let mut broken = Broken::default();
    for (spec, x) in examples() {
        let Ok(steps) = planned(spec, x, &Fake::of(x.given)) else { continue };
        let json = serde_json::to_string(&steps).expect("steps are JSON");
        let again: Result<Vec<Step>, _> = serde_json::from_str(&json);
        broken.unless(again.as_ref().is_ok_and(|a| *a == steps), || format!("{}: {json} is {again:?}", x.script));
    }
    broken.show();
}

#[test]
fn a_plan_made_twice_is_the_same_plan() {
    let mut broken = Broken::default();
    for (spec, x) in examples() {
        let (one, two) = (planned(spec, x, &Fake::of(x.given)), planned(spec, x, &Fake::of(x.given)));
        broken.unless(one == two, || format!("{}: {one:?}, then {two:?}", x.script));
    }
    broken.show();
}

#[test]
fn an_option_that_nobody_knows_is_refused_by_name() {
    let mut broken = Broken::default();
    for (spec, x) in ALL.iter().filter_map(|s| Some((s, s.examples.first()?))) {
        let mut args = args_of(spec, x.script);
        args["no_such_option"] = true.into();
        let world = Fake::of(x.given);
        let answer = match spec.kind {
            Kind::Reading(read) => read(&world, &args).map(drop),
            Kind::Change { plan, .. } => plan(&world, &args).map(drop),
        };
        let said = answer.map_or_else(|h| why(&h), |()| "nothing".into());
        broken.unless(said.contains("no_such_option") && said.starts_with(spec.name), || {
            format!("{}: {said}", spec.name)
        });
    }
    broken.show();
}

#[test]
fn the_value_of_a_secret_is_nowhere_to_be_seen() {
    let mut broken = Broken::default();
    for (spec, x) in examples().filter(|(_, x)| x.script.contains("secret(")) {
        let mut world = Fake::of(x.given);
        // Twice: the second plan finds a file that holds the secret, and must not carry it off.
        for _ in 0..2 {
            let steps = planned(spec, x, &world).unwrap_or_else(|h| panic!("{}: {}", x.script, why(&h)));
            let shown: String = steps.iter().map(|s| s.deed.to_string()).collect();
            let json = serde_json::to_string(&steps).expect("steps are JSON");
            broken.unless(json.contains("$secret"), || format!("{}: the secret's name is lost: {json}", x.script));
            broken.unless(!format!("{shown}{json}{steps:?}").contains(CANARY), || format!("{}: {json}", x.script));
            for step in &steps {
                if let Some(put) = step.deed.put() {
                    world.put(put).unwrap_or_else(|e| broken.0.push(format!("{}: {e}", x.script)));
                }
            }
        }
    }
    broken.show();
}
