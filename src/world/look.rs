//! Readings: commands that change nothing, files, ports, and the machine itself.

use super::call::{Call, Feed, Sink, Trouble};
use super::capped::Capped;
use super::folder::Tries;
use super::link::{Fleet, Link};
use super::script;
use super::settings::Reach;
use crate::contract::{Command, Failure, FileState, Found, Outcome, Output, failed};
use crate::name::{HostName, RemotePath};
use crate::secret::Text;
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

/// Hashing a large file takes its time.
const LONG: Duration = Duration::from_secs(3600);

impl Fleet {
    pub async fn run(&self, host: &HostName, command: &Command, timeout_ms: u64) -> Outcome<Output> {
        self.read(host, command, None, timeout_ms).await
    }

    /// A reading with something on its input: what it gets there may be secret.
    pub async fn run_fed(&self, host: &HostName, command: &Command, stdin: &Text, timeout_ms: u64) -> Outcome<Output> {
        let stdin = self.fill(stdin)?;
        self.read(host, command, Some(stdin.as_bytes()), timeout_ms).await
    }

    async fn read(&self, host: &HostName, command: &Command, stdin: Option<&[u8]>, timeout_ms: u64) -> Outcome<Output> {
        let link = self.link(host)?;
        let text = command.to_sh();
        let mut tries = Tries::default();
        loop {
            let (mut out, mut err) = (Capped::default(), Capped::default());
            let (mut pour_out, mut pour_err) = (|b: &[u8]| out.pour(b), |b: &[u8]| err.pour(b));
            let is_fed = if stdin.is_some() { "fed" } else { "" };
            let call = Call::new(script::READ, [text.as_str(), is_fed]);
            let call = call.feed(stdin.map_or(Feed::Nothing, Feed::Bytes));
            let mut call = call.out(Sink::To(&mut pour_out)).err(Sink::To(&mut pour_err));
            let head = call.head.clone();
            let answer = tokio::select! {
                answer = self.call(link, &mut call, Some(Duration::from_millis(timeout_ms))) => answer,
                () = self.cut() => Err(Trouble::TimedOut),
            };
            match answer {
                Ok(reply) => {
                    let code = reply.said.trim().parse().unwrap_or(255);
                    let text = |capped: Capped| self.redactor.text(capped.into_text());
                    return Ok(Output { code, stdout: text(out), stderr: text(err) });
                }
                Err(Trouble::TimedOut) => {
                    let session = head.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    self.end_reading(link, &session).await;
                    let when = if self.is_cut() {
                        "when you stopped it".into()
                    } else {
                        format!("after {}", seconds(timeout_ms))
                    };
                    let failure = Failure::new(format!("`{command}` on {host} was given up {when}"));
                    let output = out.into_text() + err.into_text().as_str();
                    return Err(failure.output(self.redactor.text(output)).into());
                }
                Err(trouble) => tries.again(self, host, trouble).await?,
            }
        }
    }

    /// Ends what a reading that took too long left running.
    async fn end_reading(&self, link: &Link, session: &str) {
        let words: Vec<&str> = session.split_whitespace().collect();
        if let [session, process, start] = words[..] {
            let mut call = Call::new(script::END, ["-", session, process, start]);
            let _ = self.call_now(link, &mut call, Some(Duration::from_secs(20))).await;
        }
    }

    pub async fn find(&self, host: &HostName, path: &RemotePath) -> Outcome<Found> {
        let link = self.link(host)?;
        let mut tries = Tries::default();
        loop {
            match self.call(link, &mut Call::new(script::FIND, [path.as_ref()]), Some(LONG)).await {
                Ok(reply) => return found(host, path, &reply.said),
                Err(trouble) => tries.again(self, host, trouble).await?,
            }
        }
    }

    pub async fn bytes(&self, host: &HostName, path: &RemotePath, limit: u64) -> Outcome<Option<(FileState, Vec<u8>)>> {
        let link = self.link(host)?;
        let mut tries = Tries::default();
        for _ in 0..4 {
            let mut bytes = vec![];
            let mut keep = |b: &[u8]| bytes.extend_from_slice(b);
            let args = [path.to_string(), limit.to_string()];
            let mut call = Call::new(script::BYTES, args).out(Sink::To(&mut keep));
            let reply = match self.call(link, &mut call, Some(LONG)).await {
                Ok(reply) => reply,
                Err(trouble) => {
                    tries.again(self, host, trouble).await?;
                    continue;
                }
            };
            if let Some(size) = reply.said.strip_prefix("large ") {
                return failed(format!("{path} on {host} has {size} bytes; at most {limit} are read"));
            }
            return match found(host, path, &reply.said)? {
                Found::Nothing => Ok(None),
                // It is whole when it is what its digest says; else it was written meanwhile.
                Found::File(state) if FileState::of(&bytes, "", 0).sha256 == state.sha256 => Ok(Some((state, bytes))),
                Found::File(_) => continue,
                Found::Folder { .. } => failed(format!("{path} on {host} is a folder, not a file")),
                Found::Link { target } => {
                    failed(format!("{path} on {host} is a symbolic link (to {target}), which is not followed"))
                }
                Found::Other { what } => failed(format!("{path} on {host} is {what}, not a file")),
            };
        }
        failed(format!("{path} on {host} changes while it is read"))
    }

    pub async fn boot_id(&self, host: &HostName) -> Outcome<String> {
        let command = Command::argv(["cat", "/proc/sys/kernel/random/boot_id"]);
        let output = self.run(host, &command, 60_000).await?;
        match output.stdout.trim() {
            "" => failed(format!("{host} does not say which boot it is in: {}", output.stderr.trim())),
            id => Ok(id.into()),
        }
    }

    pub async fn free(&self, host: &HostName) -> Outcome<BTreeMap<String, u64>> {
        let output = self.run(host, &Command::Shell(script::FREE.text()), 60_000).await?;
        let lines = output.stdout.lines().filter_map(|l| l.split_once(' '));
        Ok(lines.filter_map(|(kib, folder)| Some((folder.into(), kib.parse::<u64>().ok()? * 1024))).collect())
    }

    pub async fn address(&self, host: &HostName) -> Outcome<String> {
        let link = self.link(host)?;
        match &link.config.reach {
            Reach::Ssh { address, .. } => Ok(address.clone()),
            Reach::Local => Ok("127.0.0.1".into()),
            Reach::Alias(alias) => {
                let Some((way, config)) = link.ways.first() else { return Ok(alias.clone()) };
                let asked =
                    tokio::process::Command::new("ssh").arg("-F").arg(config).args(["-G", &way.alias]).output().await;
                let text = asked.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
                let name = text.lines().find_map(|l| l.strip_prefix("hostname "));
                Ok(name.unwrap_or(alias).to_owned())
            }
        }
    }
}

/// Reads what `state` of the scripts says.
pub fn found(host: &HostName, path: &RemotePath, said: &str) -> Outcome<Found> {
    let words: Vec<&str> = said.split_whitespace().collect();
    let rest = said.split_once(' ').map(|(_, r)| r.to_owned()).unwrap_or_default();
    let mode = |m: &str| u32::from_str_radix(m, 8).ok();
    let found =
        match words[..] {
            ["nothing"] => Some(Found::Nothing),
            ["file", sha, size, owner, m] => size.parse().ok().zip(mode(m)).map(|(size, mode)| {
                Found::File(FileState { sha256: Some(sha.into()), size, owner: owner.into(), mode })
            }),
            ["folder", owner, m] => mode(m).map(|mode| Found::Folder { owner: owner.into(), mode }),
            ["link", ..] => Some(Found::Link { target: rest.clone() }),
            ["other", ..] => Some(Found::Other { what: rest.clone() }),
            ["denied", ..] => {
                return failed(format!("{path} on {host} cannot be looked at: {rest} is closed to this user"));
            }
            _ => None,
        };
    found
        .ok_or_else(|| Failure::new(format!("{path} on {host} cannot be looked at: {}", super::printable(said))).into())
}

pub fn seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{} s", ms / 1000) } else { format!("{ms} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read() {
        let (host, path) = (HostName::parse("h").unwrap(), RemotePath::parse("/x").unwrap());
        let read = |said: &str| found(&host, &path, said);
        let file = FileState { sha256: Some("ab".into()), size: 3, owner: "0:0".into(), mode: 0o644 };
        assert_eq!(read("file ab 3 0:0 644"), Ok(Found::File(file)));
        assert_eq!(read("link /a  b"), Ok(Found::Link { target: "/a  b".into() }));
        assert_eq!(read("nothing"), Ok(Found::Nothing));
        assert!(read("denied /root").is_err() && read("").is_err() && read("file x").is_err());
    }
}
