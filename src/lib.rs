//! The house of `mig`, floor by floor; `docs/architecture.md` is its map and
//! `tests/architecture.rs` holds its walls.

#![cfg_attr(not(test), deny(clippy::unwrap_used))]

pub mod cli;
pub mod contract;
pub mod error;
pub mod fault;
pub mod inventory;
pub mod journal;
pub mod lab;
pub mod name;
pub mod primitives;
pub mod reference;
pub mod report;
pub mod run;
pub mod script;
pub mod secret;
pub mod text;
pub mod world;
