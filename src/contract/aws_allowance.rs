//! What an AWS account lets happen: what an instance is protected from, and how much more may be had.

use serde::{Deserialize, Serialize};

/// What an instance is protected from. `None`: these credentials may not read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Protection {
    /// From being stopped through the API.
    pub stop: Option<bool>,
    /// From being terminated through the API.
    pub termination: Option<bool>,
    /// What becomes of it when it shuts itself down: `stop` or `terminate`.
    pub shutdown: Option<String>,
}

/// How many Elastic IPs a region of the account has, and how many it may have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressQuota {
    pub used: u32,
    pub allowed: u32,
}

impl AddressQuota {
    pub fn left(&self) -> u32 {
        self.allowed.saturating_sub(self.used)
    }
}
