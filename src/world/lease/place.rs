//! Places where a rehearsal may kill the process, between the parts of a lease.

use crate::contract::{Outcome, Stop};
use crate::fault;

/// Such a place, by its name.
pub fn place(name: &str) -> Outcome<()> {
    fault::point(name, 0).map_err(|why| Stop::Fault(why).into())
}
