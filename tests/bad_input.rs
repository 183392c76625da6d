//! What is wrong with what was typed or written, as a user sees it: each test bears the number of
//! its row in `docs/design/bad-input.md`. Rows 1 and 2 are in `command_line.rs`.

#[path = "bad_input/arguments.rs"]
mod arguments;
#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "bad_input/hosts.rs"]
mod hosts;
#[path = "bad_input/inventory.rs"]
mod inventory;
#[path = "bad_input/journal.rs"]
mod journal;
#[path = "bad_input/script.rs"]
mod script;
#[path = "bad_input/secrets.rs"]
mod secrets;
#[path = "world/sshd.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod sshd;

use desk::Desk;
