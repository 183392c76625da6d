//! What the user reads: a run while it goes on, on a terminal, in a pipe or as JSON, and the pages
//! before and after it.
//!
//! Deliberately not here: where the text goes (cli hands in a writer, or prints the page) and
//! what time it is (the caller says). Everything that comes from a host or a script is made
//! harmless on its way out.

mod before_after;
mod bytes;
mod duration;
mod failure;
mod hand;
pub mod harmless;
mod html;
mod json;
mod label;
mod line;
mod paint;
mod plain;
mod plan;
mod progress;
mod runs;
mod screen;
mod show;
mod sink;
mod some;
mod story;
mod tree;
mod typed;
mod width;

pub use bytes::bytes;
pub use duration::{duration, whole_duration};
pub use failure::{FailurePage, next_commands};
pub use html::html;
pub use json::Json;
pub use paint::{Ink, Paint};
pub use plain::Plain;
pub use plan::{difference_line, plan};
pub use runs::{RunLine, runs};
pub use screen::{Hold, Screen, Terminal};
pub use show::ShownRun;
pub use some::some;
pub use story::Story;
pub use typed::Typed;
