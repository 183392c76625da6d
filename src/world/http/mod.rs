//! HTTP: requests that look, and requests that change something and are sent at most once.
//!
//! Deliberately not here: what an answer means. A status is told; what stands in a body is the
//! playbook's to read.

mod act;
mod carry;
mod exchange;
mod forward;
mod hop;
mod session;
mod target;
mod trouble;

pub use session::Session;
