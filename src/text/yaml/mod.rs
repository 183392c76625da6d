//! A YAML text as a tree that knows where everything stands, to the byte.
//!
//! Nothing is lost or decided for the reader: which quotes a scalar has, which key is written
//! twice, where anchors, aliases, merge keys and tags are. Aliases are never followed, so no text
//! grows by being read. Building values of Rust types from YAML, and writing YAML, is not done here.

mod joined;
mod node;
mod places;
mod read;
mod scalar;
#[cfg(test)]
mod tests;

pub use node::{Entry, Feature, FeatureKind, Node, Span, Tree, Value};
pub use read::{Fault, LIMITS, Limits, parse};
pub use scalar::{Meaning, Scalar, Style};
