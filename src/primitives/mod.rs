//! What a playbook can do, one primitive a file; the table [`ALL`] lists them.
//!
//! Nothing here reads or writes anything itself: a primitive looks through `&dyn Look` and says in
//! deeds what is to be done.

mod all;
mod aws_answer;
mod aws_eip;
mod aws_id;
mod aws_instance;
mod aws_instance_info;
mod aws_launch;
mod aws_quota;
mod aws_s3_info;
mod aws_transfer_eip;
mod capture;
mod close;
mod container;
mod container_file;
mod copy_file;
mod daemon;
mod daemon_info;
mod dig;
mod dig_all;
mod dns_server;
mod docker;
mod docker_exec;
mod docker_info;
mod docker_logs;
mod duration;
mod edit_line;
mod edit_nginx_upstream;
mod edit_yaml;
mod endpoint;
mod file_info;
mod http_get;
mod http_request;
mod http_send;
mod leased;
mod machine;
mod mode;
mod nginx_program;
mod opaque;
mod owner;
mod place;
mod port;
mod port_open;
mod read_file;
mod reboot;
mod redis_address;
mod redis_guard;
mod redis_info;
mod redis_replicaof;
mod redis_role_file;
mod redis_server;
mod remove_file;
mod rsync;
mod shell;
mod ssh;
mod ssh_trust;
mod ssh_tunnel;
mod systemd;
mod unit_name;
mod write_file;

pub use all::ALL;
