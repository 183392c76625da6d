//! The world against a real sshd, and on this machine. As root, for some of it makes namespaces.

#[path = "world/commands.rs"]
mod commands;
#[path = "world/hosts.rs"]
mod hosts;
#[path = "world/killed.rs"]
mod killed;
#[path = "world/puts.rs"]
mod puts;
#[path = "world/shells.rs"]
mod shells;
#[path = "world/sshd.rs"]
mod sshd;
#[path = "world/stage.rs"]
mod stage;
