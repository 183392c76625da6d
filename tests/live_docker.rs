//! Containers of a real Docker engine, through a real sshd: both of this test's own.

#[path = "common/docker.rs"]
mod docker;
#[path = "world/sshd.rs"]
#[allow(dead_code, reason = "each test crate uses a part of it")]
mod sshd;

#[path = "live_docker/exec.rs"]
mod exec;
#[path = "live_docker/faults.rs"]
mod faults;
#[path = "live_docker/nginx.rs"]
mod nginx;
#[path = "live_docker/stage.rs"]
mod stage;
#[path = "live_docker/states.rs"]
mod states;
