//! The lab: a world to rehearse in. Hosts on this machine behind real SSH, in namespaces of their
//! own, which outlive the `mig` that opened them.
//!
//! Three kinds of process live here, all of them this binary behind the hidden argument
//! `__lab-serve` ([`serve`]): the *lab* (process 1 of its namespaces; starts and restarts hosts,
//! answers the control socket), one *holder* a host (process 1 of that host; its SSH server, whose
//! commands are its children, so that killing it kills all of the host), and *connect*, the
//! `ProxyCommand` by which a plain ssh reaches a host from outside.
//!
//! Nothing here knows what a playbook, a run or a journal is.

mod authorized_keys;
mod connect;
mod control;
mod enter;
mod exec;
mod forward;
mod holder;
mod inherited;
mod loopback;
mod machine;
mod open;
mod open_lab;
mod options;
mod process;
mod root;
mod serve;
mod server;
mod settings;
mod snapshot;
mod source;
mod supervisor;
mod tree;

pub use enter::{command_inside, enter, reexec_inside};
pub use open::{find, open, open_with};
pub use open_lab::{Answered, OpenLab, power};
pub use serve::serve;
pub use settings::{ByHand, Check, Differs, HandCommand, HostSettings, Settings};
pub use snapshot::{Entry, EntryKind, Snapshot, differences};
pub use source::{LabFile, LabSource};
