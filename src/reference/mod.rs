//! The reference of primitives and verbs, generated from the tables that declare them: pages,
//! text for a terminal, and definitions for editors.
//!
//! Deliberately not here: any text about a primitive. It stands beside the primitive, once.

mod definitions;
mod entry;
mod example;
mod markdown;
mod terminal;

pub use entry::entries;
pub use markdown::{names, pages};
pub use terminal::terminal;
