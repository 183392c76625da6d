//! The only room that knows Rhai: the engine, the verbs, values in and out, and what can be said
//! of a playbook without running it.
//!
//! Deliberately not here: files (whoever loads a playbook hands texts in), the primitives (a table
//! is handed in), and every rule of recording, resuming and undoing: those are the gate's.

mod answers;
mod calls;
mod check;
mod closure;
mod comparing;
mod engine;
mod errors;
mod host;
mod inside;
mod lower;
mod memory;
mod options;
mod params;
mod play;
mod playbook;
mod predicates;
mod resolver;
mod run;
mod save;
mod secret_handle;
mod session;
mod typing;
mod unknown;
mod verbs;

pub use check::{AREAS, Capability, Finding, Level, capabilities, capability_area, check, check_line};
pub use engine::STACK;
pub use inside::look_inside;
pub use memory::{Memory, can_be_said};
pub use params::{Given, GivenValue, Known, ParamKind, ParamSpec, bind, declared, help};
pub use play::Setting;
pub use playbook::Playbook;
pub use run::{End, run, run_keeping};
pub use save::{Typescript, playbook as playbook_of};
pub use session::{Typed, line};
pub use typing::{Inventory, Suggestion, complete, hint, is_open, names_a_call};
pub use verbs::{VERBS, Verb};
