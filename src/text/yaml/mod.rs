//! A YAML text as a tree that knows where everything stands, to the byte.
//!
//! Nothing is lost or decided for the reader: which quotes a scalar has, which key is written
//! twice, where anchors, aliases, merge keys and tags are. Aliases are never followed, so no text
//! grows by being read. [`set`] changes one value in place. Building values of Rust types from YAML,
//! and writing whole texts, is not done here.

mod edit;
#[cfg(test)]
mod edit_tests;
mod joined;
mod list;
mod node;
mod path;
mod places;
mod read;
mod render;
mod scalar;
#[cfg(test)]
mod tests;

pub use edit::{Edited, Refusal, Wish, set};
pub use node::{Entry, Feature, FeatureKind, Node, Span, Tree, Value};
pub use path::{Key, Path};
pub use read::{Fault, LIMITS, Limits, parse};
pub use render::Plain;
pub use scalar::{Meaning, Scalar, Style};
