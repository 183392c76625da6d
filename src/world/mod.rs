//! The machines: everything that is asked of them and done to them, over SSH or here.
//!
//! [`open`] gives a [`Remote`], which implements the contract's `Look` and `World`. async lives
//! inside this room only. The files and the clock of the operator's machine are here as well.
//! Deliberately not here: the journal (the gate records), and deciding what to do about an
//! unknown outcome (this room only says what can be seen).

mod answer;
mod ask;
mod attach;
#[cfg(feature = "aws")]
mod aws;
#[cfg(not(feature = "aws"))]
#[path = "no_aws.rs"]
mod aws;
mod beyond;
mod call;
mod capped;
mod channel;
pub mod clock;
mod config;
mod container;
mod control;
mod dns;
pub mod files;
mod first_contact;
mod folder;
mod frame;
mod hello;
mod http;
mod key;
mod known_hosts;
mod lease;
pub mod limits;
mod link;
mod live;
mod lock;
mod look;
mod pool;
mod port;
mod printable;
mod put;
mod put_checked;
mod reboot;
mod redact;
mod redis;
mod remote;
mod run;
mod script;
mod settings;
mod settle;
mod shell;
mod strangers;
mod sync;
mod upload;
mod words;

pub use known_hosts::fingerprint;
pub use lock::{HeldLock, Holder, Unlocked};
pub use printable::printable;
pub use remote::{Remote, open};
pub use settings::{AwsConfig, HostConfig, Reach, SecretSource, Settings};
