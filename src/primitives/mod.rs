//! What a playbook can do, one primitive a file; the table [`ALL`] lists them.
//!
//! Nothing here reads or writes anything itself: a primitive looks through `&dyn Look` and says in
//! deeds what is to be done.

mod all;
mod capture;
mod close;
mod copy_file;
mod daemon;
mod daemon_info;
mod dig;
mod dig_all;
mod dns_server;
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
mod owner;
mod place;
mod port;
mod port_open;
mod read_file;
mod reboot;
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
