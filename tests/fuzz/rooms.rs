//! The room that is fuzzed and those below it, as they are in the house.

#[path = "../../src"]
mod house {
    pub mod error;
    pub mod name;
    pub mod secret;
    pub mod text;
}
pub use house::{error, name, secret, text};
