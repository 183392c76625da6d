//! AWS: the account, what is asked of it, and what is done there.
//!
//! A deed here is not believed to be done because AWS said "success": it is read back until it is
//! seen to be so, several times, for what AWS answers may be older than what it has done.

mod account;
mod act;
mod address;
mod allowance;
mod ask;
mod instance;
mod launch;
mod refusal;
mod s3;
mod would;

pub use account::Account;
