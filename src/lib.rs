//! The house of `mig`, floor by floor; `docs/architecture.md` is its map and
//! `tests/architecture.rs` holds its walls.

pub mod contract;
pub mod error;
pub mod journal;
pub mod name;
pub mod run;
pub mod secret;
pub mod world;
