//! A primitive, declared once. From a [`Spec`] come registration, `mig check`, the reference,
//! completion, the dry-run text, the journal, undo and the laws.

use super::{Halt, Look, Outcome, Step, failed};
use schemars::{JsonSchema, schema_for};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The arguments of one primitive. Their doc comments are its reference page.
pub trait Args: Serialize + DeserializeOwned + JsonSchema + 'static {
    /// What scripts call it.
    const NAME: &'static str;
    /// The arguments given by position; all others go in the options map at the end.
    const POSITIONAL: &'static [&'static str];
    /// Shown in the reference, run by the tests.
    const EXAMPLES: &'static [Example];
}

/// A primitive that looks and tells. It may run while planning.
pub trait Reading: Args {
    type Output: Serialize;
    /// What the answer is, for the reference: "a map with `code`, `stdout`, ...".
    const GIVES: &'static str;
    fn read(&self, look: &dyn Look) -> Outcome<Self::Output>;
}

/// A primitive that changes something. It says what it would do; others do it.
pub trait Change: Args {
    /// What the answer is, for the reference.
    const GIVES: &'static str = "nothing that a script needs";
    fn plan(&self, look: &dyn Look) -> Outcome<Plan>;
    /// Looked at again after the deeds were done, until `Already`, for at most [`Change::patience_ms`].
    /// `done` are the steps as they were performed.
    fn observe(&self, look: &dyn Look, done: &[Step]) -> Outcome<Plan> {
        let _ = done;
        self.plan(look)
    }
    /// How long the world may take to be seen as wished. `None`: done by what the deeds answered,
    /// nothing more can be observed (an opaque command).
    fn patience_ms(&self) -> Option<u64> {
        Some(60_000)
    }
}

/// What is left to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    Already,
    Do(Vec<Step>),
    /// Nothing to do but wait: what is missing.
    Wait(String),
}

/// How dangerous a call is when its outcome is unknown; shown in the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Reading,
    Change,
    Lease,
}

/// One thing the fake world of an example knows.
pub enum Given {
    /// `host: path` holds this text, 0644 0:0.
    File(&'static str, &'static str),
    /// `host: path` is a folder.
    Folder(&'static str),
    /// `host: command` prints this and exits 0.
    Prints(&'static str, &'static str),
    /// `host: command` exits with this code, silently.
    Exits(&'static str, i64),
    /// `host` (or `here`) sees `address:port` so.
    Port(&'static str, super::PortState),
    /// `METHOD url`, or `host: METHOD url`, is answered with this status and body.
    Answers(&'static str, u16, &'static str),
    /// `name TYPE server` is answered with this status and these records; `name TYPE` by the system's
    /// servers.
    Names(&'static str, &'static str, &'static [&'static str]),
    /// AWS, asked this, answers this JSON.
    Aws(&'static str, &'static str),
}

/// One use of a primitive: shown in the reference, run by `tests/laws.rs`.
pub struct Example {
    /// A line of a playbook; hosts `source`, `dest` and `r1` exist.
    pub script: &'static str,
    pub given: &'static [Given],
    /// The deeds as the plan shows them.
    pub does: &'static [&'static str],
    /// The deeds of the undo, in the order in which they are done; `impossible: REASON` stands for a
    /// step that has none.
    pub undo: &'static [&'static str],
    /// For a reading: the answer as JSON. Empty for a change.
    pub gives: &'static str,
}

/// A primitive with its type forgotten: what every consumer reads.
pub struct Spec {
    pub name: &'static str,
    pub class: Class,
    pub positional: &'static [&'static str],
    pub examples: &'static [Example],
    pub gives: &'static str,
    /// JSON schema of the arguments, with the doc comments as descriptions.
    pub schema: fn() -> Value,
    pub kind: Kind,
}

/// What a primitive does, over JSON arguments.
#[derive(Clone, Copy)]
pub enum Kind {
    Reading(fn(&dyn Look, &Value) -> Outcome),
    Change {
        plan: fn(&dyn Look, &Value) -> Outcome<Plan>,
        observe: fn(&dyn Look, &Value, &[Step]) -> Outcome<Plan>,
        patience_ms: fn(&Value) -> Option<u64>,
    },
}

impl Spec {
    pub const fn reading<P: Reading>() -> Self {
        let read: fn(&dyn Look, &Value) -> Outcome = |look, args| {
            let answer = parse::<P>(args)?.read(look)?;
            serde_json::to_value(answer).or_else(|e| failed(format!("{}: {e}", P::NAME)))
        };
        Self::of::<P>(Class::Reading, P::GIVES, Kind::Reading(read))
    }
    pub const fn change<P: Change>() -> Self {
        Self::of::<P>(
            Class::Change,
            P::GIVES,
            Kind::Change {
                plan: |look, args| parse::<P>(args)?.plan(look),
                observe: |look, args, done| parse::<P>(args)?.observe(look, done),
                patience_ms: |args| parse::<P>(args).ok().and_then(|p| p.patience_ms()),
            },
        )
    }
    /// A change whose effect must go away again.
    pub const fn lease<P: Change>() -> Self {
        Spec { class: Class::Lease, ..Self::change::<P>() }
    }
    const fn of<P: Args>(class: Class, gives: &'static str, kind: Kind) -> Self {
        Spec {
            name: P::NAME,
            class,
            positional: P::POSITIONAL,
            examples: P::EXAMPLES,
            gives,
            schema: || schema_for!(P).to_value(),
            kind,
        }
    }
}

/// Arguments as the primitive wants them. The message names the argument, what it is and what was
/// expected; the script room adds the place and the nearest name.
fn parse<P: Args>(args: &Value) -> Outcome<P> {
    serde_path_to_error::deserialize(args).map_err(|e| {
        let (path, why) = (e.path().to_string(), e.inner().to_string());
        let message = if path == "." { format!("{}: {why}", P::NAME) } else { format!("{}: {path}: {why}", P::NAME) };
        Halt::from(super::Failure::new(message))
    })
}
