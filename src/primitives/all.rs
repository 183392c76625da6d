//! The table of all primitives.

use super::{
    capture::Capture, close::Close, copy_file::CopyFile, daemon::Daemon, daemon_info::DaemonInfo, dig::Dig,
    dig_all::DigAll, edit_line::EditLine, edit_nginx_upstream::EditNginxUpstream, edit_yaml::EditYaml,
    file_info::FileInfo, http_get::HttpGet, http_send::HttpSend, machine::Machine, port_open::PortOpen,
    read_file::ReadFile, reboot::Reboot, remove_file::RemoveFile, rsync::Rsync, ssh::Ssh, ssh_trust::SshTrust,
    ssh_tunnel::SshTunnel, systemd::Systemd, write_file::WriteFile,
};
use crate::contract::Spec;

/// Every primitive there is.
pub const ALL: &[Spec] = &[
    Spec::change::<Ssh>(),
    Spec::reading::<Capture>(),
    Spec::change::<Rsync>(),
    Spec::change::<CopyFile>(),
    Spec::change::<WriteFile>(),
    Spec::change::<RemoveFile>(),
    Spec::reading::<ReadFile>(),
    Spec::reading::<FileInfo>(),
    Spec::change::<EditLine>(),
    Spec::change::<EditYaml>(),
    Spec::change::<EditNginxUpstream>(),
    Spec::change::<Systemd>(),
    Spec::change::<Reboot>(),
    Spec::reading::<Machine>(),
    Spec::reading::<PortOpen>(),
    Spec::lease::<SshTrust>(),
    Spec::lease::<SshTunnel>(),
    Spec::lease::<Daemon>(),
    Spec::reading::<DaemonInfo>(),
    Spec::change::<Close>(),
    Spec::reading::<Dig>(),
    Spec::reading::<DigAll>(),
    Spec::reading::<HttpGet>(),
    Spec::change::<HttpSend>(),
];
