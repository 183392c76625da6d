//! Containers started, stopped and restarted, and what is told of them.
