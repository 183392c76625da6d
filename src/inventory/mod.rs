//! The inventory: which machines there are and how they are reached, the parameters of playbooks,
//! and where secrets come from.
//!
//! Reads one text, purely, and tells everything that is wrong with it at once, each finding with
//! its line and column. Connecting to hosts, opening key files and fetching secrets is done above;
//! the rules for what is found there ([`check_identity`], [`check_secret_value`]) stand here.

mod aws;
mod findings;
mod groups;
mod host;
mod identity;
mod params;
mod parse;
mod same_machine;
mod secret_source;
#[cfg(test)]
mod tests;

pub use aws::Aws;
pub use host::{Host, Reach};
pub use identity::{IdentityFacts, IdentityFound, KeyForm, check_identity};
pub use parse::Inventory;
pub use secret_source::{SecretSource, check_secret_value};
