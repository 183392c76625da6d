//! Configuration text, read and edited purely, and what programs say, told apart: bytes in, bytes or
//! findings out.
//!
//! Nothing here opens a file, knows a host or prints. What it finds wrong comes with its place, so
//! that the rooms above can show it.

pub mod diff;
pub mod docker;
pub mod duration;
pub mod excerpt;
pub mod line_edit;
pub mod mark;
pub mod nearest;
pub mod nginx;
pub mod position;
pub mod redis_conf;
pub mod yaml;
