//! What somebody who types a line wants to know of it: whether it is whole, what could come next,
//! and how the call at hand is written. Pure: the terminal is elsewhere.

mod complete;
mod hint;
mod scan;

pub use complete::{Inventory, Suggestion, complete};
pub use hint::hint;
pub use scan::{is_in_text, is_open, names_a_call};
