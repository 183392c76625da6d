//! rsync between two hosts: what differs, the copy itself, what is kept so that it can be undone,
//! and the key with which one host may write one path of the other.

mod act;
mod door;
mod ends;
mod items;
mod kept;
mod progress;
mod relay;
mod unsync;
mod words;

pub use ends::Seen;
