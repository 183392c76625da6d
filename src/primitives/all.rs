//! The table of all primitives.

use super::{
    aws_eip::AwsEip, aws_instance::AwsInstance, aws_instance_info::AwsInstanceInfo, aws_launch::AwsLaunch,
    aws_s3_info::AwsS3Info, aws_transfer_eip::AwsTransferEip, capture::Capture, copy_file::CopyFile, dig::Dig,
    dig_all::DigAll, docker::Docker, docker_exec::DockerExec, docker_info::DockerInfo, docker_logs::DockerLogs,
    edit_line::EditLine, edit_nginx_upstream::EditNginxUpstream, edit_yaml::EditYaml, file_info::FileInfo,
    http_get::HttpGet, http_send::HttpSend, machine::Machine, port_open::PortOpen, read_file::ReadFile, reboot::Reboot,
    redis_info::RedisInfo, redis_replicaof::RedisReplicaof, remove_file::RemoveFile, rsync::Rsync, ssh::Ssh,
    systemd::Systemd, write_file::WriteFile,
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
    Spec::change::<Docker>(),
    Spec::change::<DockerExec>(),
    Spec::reading::<DockerInfo>(),
    Spec::reading::<DockerLogs>(),
    Spec::change::<RedisReplicaof>(),
    Spec::reading::<RedisInfo>(),
    Spec::change::<Systemd>(),
    Spec::change::<Reboot>(),
    Spec::reading::<Machine>(),
    Spec::reading::<PortOpen>(),
    Spec::reading::<Dig>(),
    Spec::reading::<DigAll>(),
    Spec::reading::<HttpGet>(),
    Spec::change::<HttpSend>(),
    Spec::change::<AwsTransferEip>(),
    Spec::change::<AwsInstance>(),
    Spec::change::<AwsLaunch>(),
    Spec::reading::<AwsEip>(),
    Spec::reading::<AwsInstanceInfo>(),
    Spec::reading::<AwsS3Info>(),
];
