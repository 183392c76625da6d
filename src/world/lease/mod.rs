//! Leases: keys and supervised processes of a run on its hosts, opened, looked at, closed, and put up
//! again after a boot.
//!
//! What looks after a process is a small sh script on the host itself, in a session of its own: it needs
//! no connection, and ends with its folder.

mod close;
mod look;
mod open;
mod place;
