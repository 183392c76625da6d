//! HTTP against a real nginx with certificates of an authority of this test's own, against servers
//! that break off, and from another machine through a real sshd: all on 127.0.0.1, all ended by
//! their process ids.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "live_http/server.rs"]
mod server;
#[path = "world/sshd.rs"]
#[allow(dead_code, reason = "each test crate uses a part of it")]
mod sshd;

#[path = "live_http/looks.rs"]
mod looks;
#[path = "live_http/runs.rs"]
mod runs;
#[path = "live_http/sends.rs"]
mod sends;
