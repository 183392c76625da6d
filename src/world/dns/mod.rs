//! DNS: one server is asked one question, by our own sockets, so that each thing that can come of
//! it is told apart. Messages are put together and taken apart by hickory.
//!
//! Deliberately not here: a resolver. Nothing is followed from server to server, and nothing is
//! kept: what is asked is what this server says now.

mod ask;
mod read;
mod system;
mod text;
