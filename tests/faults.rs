//! The rows of the fault table that need no network, each a test named after its row, through the
//! real binary.

#[path = "faults/journal.rs"]
mod journal;
#[path = "faults/killed.rs"]
mod killed;
#[path = "faults/locks.rs"]
mod locks;
#[path = "faults/machine.rs"]
mod machine;
#[path = "faults/rollback.rs"]
mod rollback;
#[path = "faults/secrets.rs"]
mod secrets;
#[path = "faults/waits.rs"]
mod waits;
