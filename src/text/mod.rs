//! Configuration text and small texts of a user, read and edited purely: nothing here touches a file.

pub mod diff;
pub mod duration;
pub mod line_edit;
mod nearest;

pub use nearest::nearest;
