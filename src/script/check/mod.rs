//! Everything that can be said of a playbook without running it: all of it at once.
//!
//! The parser stops at the first syntax error and says nothing of functions; the tree it leaves is
//! walked here, against the table of primitives and the verbs.

mod arguments;
mod borrowed;
mod capabilities;
mod finding;
mod functions;
mod literal;
mod methods;
mod opaque;
mod outer;
mod parameters;
mod source;
mod syntax;
mod titles;
mod walk;
mod whole;

pub use capabilities::{AREAS, Capability, area as capability_area, capabilities};
pub use finding::{Finding, Level};
pub use syntax::{syntax_error, syntax_said};
pub use whole::{check, check_line};

#[cfg(test)]
mod tests;
