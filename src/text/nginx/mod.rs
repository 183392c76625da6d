//! nginx configuration, read and edited in place: every byte that is not asked about stays.
//!
//! [`read`] finds directives and blocks with their places, by the rules of nginx's own reader, also
//! in files that are not UTF-8. [`point`] changes what upstreams point to. Deliberately not here:
//! what directives mean, and following `include`: an edit is of one file.

mod edit;
mod headers;
mod node;
mod read;
mod server;
mod skip;
mod splice;
#[cfg(test)]
mod tests;

pub use edit::{Edited, Wanted, point};
pub use node::{Block, Directive, Word};
pub use read::{Fault, LIMIT, read};
pub use server::{Scheme, Server};
pub use splice::{Splice, apply};
