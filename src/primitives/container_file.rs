//! A file of a host, as a container sees it that has it from there.

use super::container::{LOOK_MS, missing, mounts, refused};
use crate::contract::{Command, Failure, FileState, Look, Outcome, failed};
use crate::name::{ContainerName, HostName, RemotePath};
use crate::text::docker;

/// A file that lies on the host and is seen in a container.
#[derive(Debug)]
pub struct ContainerFile<'a> {
    host: &'a HostName,
    container: &'a ContainerName,
    file: &'a RemotePath,
    /// Its path in the container.
    target: String,
    /// The container has this one file from outside, not a folder with it: it goes on seeing the file
    /// that was there when it was started, even after another one was put in its place.
    pub is_mounted_alone: bool,
}

impl<'a> ContainerFile<'a> {
    pub fn find(
        by: &str,
        host: &'a HostName,
        container: &'a ContainerName,
        file: &'a RemotePath,
        look: &dyn Look,
    ) -> Outcome<Self> {
        let Some(mounts) = mounts(by, host, container, look)? else {
            return Err(missing(by, host, container, look)?.into());
        };
        // Symbolic links are followed: on both sides they are the host's.
        let words = ["readlink", "-m", "--", file.as_ref()];
        let asked = words.into_iter().chain(mounts.iter().map(|m| m.source.as_str()));
        let answer = look.run(host, &Command::argv(asked), LOOK_MS)?;
        let mut paths = answer.stdout.lines();
        let real = paths.next().unwrap_or(file.as_ref()).to_owned();
        let fits = |(source, target): (&str, &str)| {
            let rest = real.strip_prefix(source.trim_end_matches('/'))?;
            (rest.is_empty() || rest.starts_with('/'))
                .then(|| (source.len(), format!("{target}{rest}"), rest.is_empty()))
        };
        let found = paths.zip(&mounts).filter_map(|(source, m)| fits((source, m.target.trim_end_matches('/')))).max();
        match found {
            Some((_, target, is_mounted_alone)) => {
                Ok(ContainerFile { host, container, file, target, is_mounted_alone })
            }
            None => Err(Failure::new(format!("{by}: container {container} on {host} does not have {file} from there"))
                .hint(format!("what it has from its host: {host}.docker_info(\"{container}\").mounts"))
                .into()),
        }
    }

    /// Whether the container sees what lies on the host. Where it has no `sha256sum`, nobody
    /// can say.
    pub fn is_the_same(&self, by: &str, state: &FileState, look: &dyn Look) -> Outcome<()> {
        let ContainerFile { host, container, file, target, .. } = self;
        let asked = Command::argv(["sha256sum", target]).in_container(container, &[]);
        let answer = look.run(host, &asked, LOOK_MS)?;
        if answer.code != 0 && (docker::is_complaint(&answer.stdout) || answer.code == 127) {
            return Ok(());
        }
        if answer.code != 0 && docker::is_complaint(&answer.stderr) {
            return Err(refused(by, host, container, &answer).into());
        }
        // Of a path with a backslash in it the line begins with one.
        let seen = answer.stdout.trim_start_matches('\\').split_whitespace().next();
        if answer.code == 0 && (state.sha256.is_none() || seen == state.sha256.as_deref()) {
            return Ok(());
        }
        if !self.is_mounted_alone {
            return failed(format!("{by}: container {container} on {host} sees another {target} than {file}"));
        }
        Err(Failure::new(format!(
            "{by}: container {container} on {host} goes on seeing the {target} with which it was started: {file} was replaced since"
        ))
        .hint(format!("restart it, and it sees what lies there now: {host}.docker(\"{container}\", \"restarted\")"))
        .into())
    }
}
