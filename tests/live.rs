//! Runs against real SSH servers on machines of their own: network namespaces joined by virtual
//! cables that can be cut, with private files, boot ids and processes.
//!
//! Needs root and what `tests/setup.sh` installs. Where namespaces are refused each test says so
//! and ends; with `MIG_LIVE=1` or `CI` set that is a failure, so that nothing is skipped unseen.
//!
//! The tests bear the names of the rows of the fault table.

#[path = "live/conductor.rs"]
mod conductor;
#[path = "live/ground.rs"]
mod ground;
#[path = "live/host.rs"]
mod host;
#[path = "live/keys.rs"]
mod keys;
#[path = "live/link.rs"]
mod link;
#[path = "live/relay.rs"]
mod relay;
#[path = "live/running.rs"]
mod running;
#[path = "live/server.rs"]
mod server;
#[path = "live/together.rs"]
mod together;
#[path = "live/torn.rs"]
mod torn;
#[path = "live/wrapper.rs"]
mod wrapper;
