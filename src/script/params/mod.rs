//! The parameters of a playbook: declared in it, bound before it runs, printed by `--help`.

mod bind;
mod declared;
mod help;
mod spec;

pub use bind::{Given, GivenValue, Known, bind};
pub use declared::declared;
pub use help::help;
pub use spec::{ParamKind, ParamSpec};

pub(super) use declared::specs_of;
pub(super) use spec::{Declaration, declare};
