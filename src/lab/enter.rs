//! Entering a lab: taking on its user and network namespaces, and nothing else.
//!
//! Files stay those of the machine, so the journal and playbooks are where they were; processes
//! too. What changes is that 127.0.0.x are the lab's hosts, and that nothing outside answers. In
//! the user namespace an ordinary user looks like root to itself (and to ssh), but writes files as
//! who it is.

use super::open_lab::OpenLab;
use super::{control, serve};
use crate::error::{Error, Result};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Says to a `mig` that was started again which lab it is in.
pub(super) const INSIDE: &str = "MIG_INSIDE_LAB";

/// Enters the lab with this process. To be called before any thread starts; does nothing when this
/// process is inside already.
///
/// # Errors
/// When the lab does not run, or when the process has threads.
pub fn enter(lab: &OpenLab) -> Result<()> {
    into(lab.folder()).map_err(|e| match e.raw_os_error() {
        Some(22) => Box::new(Error::bug("cannot enter the lab: this process has threads already")),
        _ => Box::new(
            Error::refused(format!("cannot enter the lab {}: {e}", lab.folder().display()))
                .hint("it is gone, or belongs to another user; open it again"),
        ),
    })
}

/// Becomes this very command inside the lab: for a process that has threads. Returns only when that
/// fails. [`OpenLab::inside`] is how the second one knows.
///
/// # Errors
/// When the lab does not run, or `nsenter` is missing.
pub fn reexec_inside(lab: &OpenLab) -> Result<Infallible> {
    let program = std::env::current_exe().map_err(|e| cannot_nsenter(&e))?;
    // In place of this process, so that the terminal, its signals and whoever waits stay right.
    let error = command_inside(lab, &program)?.args(std::env::args_os().skip(1)).exec();
    Err(cannot_nsenter(&error))
}

/// A command that runs inside the lab, whoever starts it.
///
/// # Errors
/// When the lab does not run.
pub fn command_inside(lab: &OpenLab, program: &Path) -> Result<Command> {
    let pid = process_one(lab.folder()).map_err(|e| cannot_nsenter(&e))?;
    let mut command = Command::new("nsenter");
    command.arg(format!("--target={pid}"));
    if !is_same(&format!("/proc/{pid}/ns/user"), "/proc/self/ns/user") {
        command.args(["--user", "--preserve-credentials"]);
    }
    command.args(["--net", "--"]).arg(program).env(INSIDE, lab.folder());
    Ok(command)
}

fn cannot_nsenter(e: &io::Error) -> Box<Error> {
    Box::new(
        Error::refused(format!("cannot enter the lab with nsenter: {e}"))
            .hint("install util-linux, or open the lab again"),
    )
}

/// The lab that this process was started again in.
pub(super) fn inside() -> Option<PathBuf> {
    std::env::var_os(INSIDE).map(PathBuf::from)
}

/// Enters the namespaces of the lab in `folder`.
pub(super) fn into(folder: &Path) -> io::Result<()> {
    let pid = process_one(folder)?;
    // Both are opened first: once inside, the names of processes outside mean nothing.
    let mut doors = vec![];
    for (name, kind) in [("user", LinkNameSpaceType::User), ("net", LinkNameSpaceType::Network)] {
        let path = format!("/proc/{pid}/ns/{name}");
        if !is_same(&path, &format!("/proc/self/ns/{name}")) {
            doors.push((File::open(path)?, kind));
        }
    }
    for (door, kind) in doors {
        move_into_link_name_space(door.as_fd(), Some(kind))?;
    }
    Ok(())
}

/// The process id of the lab as seen from here: the kernel says who listens on its socket.
pub(super) fn process_one(folder: &Path) -> io::Result<i32> {
    let stream = control::connect(folder)?;
    Ok(rustix::net::sockopt::socket_peercred(&stream)?.pid.as_raw_nonzero().get())
}

fn is_same(one: &str, other: &str) -> bool {
    match (std::fs::metadata(one), std::fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

/// Whether this process is in the network of the lab in `folder`.
pub(super) fn is_in(folder: &Path) -> bool {
    process_one(folder).is_ok_and(|pid| is_same(&format!("/proc/{pid}/ns/net"), "/proc/self/ns/net"))
}

/// How a shell reaches a host of the lab from outside, for `ProxyCommand`.
pub(super) fn proxy_command(program: &Path, folder: &Path, host: &str) -> String {
    let quote = |path: &Path| format!("'{}'", path.to_string_lossy().replace('\'', "'\\''")).replace('%', "%%");
    format!("{} {} connect {} {host}", quote(program), serve::ARGUMENT, quote(folder))
}
