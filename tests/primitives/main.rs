//! What a primitive says when it cannot, and what it does in the corners that its examples leave out.

#[path = "../common/mod.rs"]
mod common;

mod commands;
mod files;
mod real;
mod redis;
mod services;

use common::fake::{CANARY, Fake, Thing, file};
use mig::contract::{Deed, Given, Halt, Kind, Outcome, Plan, Put, Run, Source, Step, Stop, Undo};
use mig::primitives::ALL;
use serde_json::{Value, json};

fn kind(name: &str) -> Kind {
    ALL.iter().find(|s| s.name == name).unwrap_or_else(|| panic!("no primitive {name}")).kind
}
fn plan(world: &Fake, name: &str, args: Value) -> Outcome<Plan> {
    match kind(name) {
        Kind::Change { plan, .. } => plan(world, &args),
        Kind::Reading(_) => panic!("{name} is a reading"),
    }
}
fn observe(world: &Fake, name: &str, args: Value, done: &[Step]) -> Outcome<Plan> {
    match kind(name) {
        Kind::Change { observe, .. } => observe(world, &args, done),
        Kind::Reading(_) => panic!("{name} is a reading"),
    }
}
fn read(world: &Fake, name: &str, args: Value) -> Outcome {
    match kind(name) {
        Kind::Reading(read) => read(world, &args),
        Kind::Change { .. } => panic!("{name} is a change"),
    }
}
fn steps(plan: Outcome<Plan>) -> Vec<Step> {
    match plan {
        Ok(Plan::Do(steps)) => steps,
        other => panic!("{other:?}"),
    }
}
fn put(steps: &[Step]) -> &Put {
    match &steps[0].deed {
        Deed::Put(p) => p,
        other => panic!("{other:?}"),
    }
}
fn run(steps: &[Step]) -> &Run {
    match &steps[0].deed {
        Deed::Run(r) => r,
        other => panic!("{other:?}"),
    }
}
/// The text of a failure, with its hints.
fn why<T: std::fmt::Debug>(outcome: Outcome<T>) -> String {
    match outcome {
        Err(Halt::Failed(f)) => [vec![f.message], f.hints].concat().join("\n"),
        other => panic!("{other:?}"),
    }
}
