//! Configuration text, edited purely.
pub mod diff;
