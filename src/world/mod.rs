//! The one thin edge that does all input and output.

pub mod files;
