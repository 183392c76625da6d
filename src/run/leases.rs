//! Which leases of a run are open, from the journal alone.

use crate::contract::{Deed, Lease, Undo};
use crate::journal::{Call, DeedState};

/// The leases that were opened and not closed, oldest first. One that was begun counts as open, for
/// something of it may be there.
#[must_use]
pub fn open_leases(calls: &[Call]) -> Vec<Lease> {
    let mut deeds: Vec<_> = calls.iter().flat_map(|c| &c.deeds).filter(|d| d.state != DeedState::Planned).collect();
    deeds.sort_by_key(|d| d.at);
    let mut open: Vec<Lease> = vec![];
    for deed in deeds {
        let is_undone = deed.undo == "done" && matches!(deed.step.undo, Undo::By(_));
        let is_there = match deed.state {
            DeedState::Done => !is_undone,
            DeedState::Begun => !is_undone && matches!(deed.step.deed, Deed::Lease(_)),
            _ => false,
        };
        match &deed.step.deed {
            Deed::Lease(lease) => {
                open.retain(|l| !l.is(lease));
                open.extend(is_there.then(|| (**lease).clone()));
            }
            Deed::Unlease(u) if is_there => open.retain(|l| !l.is(&u.lease)),
            _ => {}
        }
    }
    open
}
