//! How a script comes to its host: in a session of its own, in a shell that stays open there, or in
//! a shell of this machine.

use super::call::{Call, Reply, Trouble};
use super::frame::Frame;
use super::link::{Fleet, Link, last_line, nonce};
use super::pool::{Place, SESSIONS};
use super::settings::Reach;
use crate::contract::Failure;
use openssh::{Child, ChildStderr, ChildStdin, ChildStdout, Session, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest exec request: a single argument may have 128 KiB.
pub const LONGEST_REQUEST: usize = 120_000;

/// An open session on a host.
pub struct Channel {
    pub place: Place<Arc<Session>>,
    pub child: Child<Arc<Session>>,
    pub stdin: Option<ChildStdin>,
    pub stdout: ChildStdout,
    pub stderr: ChildStderr,
}

impl Channel {
    /// Nothing more is said, and nobody listens: whoever waits for either ends.
    fn hung_up(self) -> (Place<Arc<Session>>, Child<Arc<Session>>) {
        (self.place, self.child)
    }
    /// Ends it, and gives its place back. The session counts until it is closed.
    pub async fn close(self) {
        let (_place, child) = self.hung_up();
        let _ = tokio::time::timeout(Duration::from_millis(200), child.wait()).await;
    }
}

impl Fleet {
    /// Sends a script and takes its answer. At most eight run on a host at a time, the others wait.
    pub async fn call(&self, link: &Link, call: &mut Call<'_>, limit: Option<Duration>) -> Result<Reply, Trouble> {
        let wait = async {
            let _place = link.limit.acquire().await.map_err(|e| Trouble::Lost(e.to_string()))?;
            self.call_now(link, call, None).await
        };
        within(limit, wait).await
    }

    /// The same without waiting for others: for what ends them.
    pub async fn call_now(&self, link: &Link, call: &mut Call<'_>, limit: Option<Duration>) -> Result<Reply, Trouble> {
        let (what, began) = (call.script.title(), Instant::now());
        // On the heap, each once: on the stack of each of hundreds of threads they would be moved about.
        let talk = async {
            match link.config.reach {
                Reach::Local => Box::pin(self.call_here(link, call)).await,
                _ if call.script.shares_a_shell() && !call.reads_stdin() => {
                    Box::pin(self.call_in_shell(link, call)).await
                }
                _ => Box::pin(self.call_alone(link, call)).await,
            }
        };
        let answer = within(limit, talk).await;
        tracing::debug!(host = %link.config.name, ms = began.elapsed().as_millis(), "asked: {what}");
        answer
    }

    /// Opens a session; when the server has no more on this connection, one on another.
    pub async fn channel(&self, link: &Link, line: &str, is_fed: bool) -> Result<Channel, Trouble> {
        if line.len() > LONGEST_REQUEST {
            return Err(too_long(link).into());
        }
        let stdio = || if is_fed { Stdio::piped() } else { Stdio::null() };
        for _ in 0..4 * SESSIONS {
            let place = Box::pin(self.place(link)).await?;
            let mut command = place.connection.clone().arc_raw_command(line);
            command.stdin(stdio()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = match command.spawn().await {
                Ok(child) => child,
                Err(_) if place.connection.check().await.is_ok() => {
                    // A shell that has nothing to do gives up its place. What is not quite closed yet counts too.
                    if link.shells.close_one() || !place.is_full() {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                    continue;
                }
                Err(e) => {
                    // Its master has gone, as when the machine restarted; what a socket says of that
                    // means nothing to whoever reads it.
                    tracing::debug!(host = %link.config.name, "the master has gone: {e}");
                    place.is_dead();
                    return Err(Trouble::Lost("the connection broke off".into()));
                }
            };
            let (stdin, stdout, stderr) = (child.stdin().take(), child.stdout().take(), child.stderr().take());
            let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
                return Err(Trouble::Lost("no channel".into()));
            };
            return Ok(Channel { place, child, stdin, stdout, stderr });
        }
        Err(Failure::new(format!("{} opens no session for us (MaxSessions?)", link.config.name)).into())
    }

    async fn call_alone(&self, link: &Link, call: &mut Call<'_>) -> Result<Reply, Trouble> {
        let nonce = nonce();
        let line = call.script.line(link.config.sudo, link.has_plain_shell(), &nonce, &call.args);
        let mut channel = self.channel(link, &line, call.reads_stdin()).await?;
        let (head, stdin) = (call.head.clone(), channel.stdin.take());
        let (out, err) = call.converse(&nonce, stdin, &mut channel.stdout, &mut channel.stderr, &head).await;
        if let (Some(said), true) = (out.trailer(), err.is_whole()) {
            channel.close().await;
            return Ok(Reply { said: said.into() });
        }
        Err(self.ended(link, channel, &out, &err, false).await)
    }

    /// Why a session was over before there was an answer, where a login that is known to run our scripts may have
    /// said nothing.
    pub async fn ended(&self, link: &Link, channel: Channel, out: &Frame, err: &Frame, is_login: bool) -> Trouble {
        let (place, child) = channel.hung_up();
        if !is_login && out.head().is_none() && !is_known_here(link, out, err) {
            let ended = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
            if matches!(ended, Ok(Ok(_) | Err(openssh::Error::Remote(_)))) {
                return Trouble::Halt(no_answer(link, &out.noise(), &err.noise()).into());
            }
        }
        if place.connection.check().await.is_err() {
            place.is_dead();
            return Trouble::Lost("the connection broke off".into());
        }
        Trouble::Lost("the session was ended".into())
    }

    async fn call_here(&self, link: &Link, call: &mut Call<'_>) -> Result<Reply, Trouble> {
        use std::process::Stdio;
        let nonce = nonce();
        let argv = call.script.argv(link.config.sudo, &nonce, &call.args);
        // A session of its own, as sshd gives one: it outlives us, and can be ended as a whole.
        let mut command = tokio::process::Command::new("setsid");
        for name in &self.settings.hidden {
            command.env_remove(name);
        }
        let child = command
            .args(argv)
            .stdin(if call.reads_stdin() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(e) => {
                return Err(Failure::new(format!("setsid cannot be started on this machine: {e}")).into());
            }
        };
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdout), Some(stderr)) = (stdout, stderr) else {
            return Err(Trouble::Lost("no channel".into()));
        };
        let head = call.head.clone();
        let (out, err) = call.converse(&nonce, stdin, stdout, stderr, &head).await;
        let _ = tokio::time::timeout(Duration::from_millis(200), child.wait()).await;
        match (out.trailer(), err.is_whole()) {
            (Some(said), true) => Ok(Reply { said: said.into() }),
            _ if out.head().is_none() && !is_known_here(link, &out, &err) => {
                Err(Trouble::Halt(no_answer(link, &out.noise(), &err.noise()).into()))
            }
            _ => Err(Trouble::Lost("its shell was ended".into())),
        }
    }
}

pub fn too_long(link: &Link) -> Failure {
    Failure::new(format!("the request for {} is too long", link.config.name))
}

async fn within(limit: Option<Duration>, talk: impl Future<Output = Result<Reply, Trouble>>) -> Result<Reply, Trouble> {
    match limit {
        None => talk.await,
        Some(limit) => tokio::time::timeout(limit, talk).await.unwrap_or(Err(Trouble::TimedOut)),
    }
}

/// Whether a login that ran our scripts before said nothing at all now. Not every script says that it has begun.
fn is_known_here(link: &Link, out: &Frame, err: &Frame) -> bool {
    link.hello.initialized() && out.noise().is_empty() && err.noise().is_empty()
}

/// Why a login did not run our script: from what it printed instead.
fn no_answer(link: &Link, out: &str, err: &str) -> Failure {
    let host = &link.config.name;
    let printed = super::printable(format!("{}\n{}", out.trim(), err.trim()).trim());
    if link.config.sudo && printed.contains("sudo:") {
        return Failure::new(format!("{host} needs passwordless sudo for this user: {}", last_line(err)))
            .hint("allow it in /etc/sudoers.d with a line like: deploy ALL=(ALL) NOPASSWD: ALL (and no requiretty)")
            .output(printed);
    }
    if link.config.sudo && printed.contains("sudo") && printed.contains("not found") {
        return Failure::new(format!("{host} has no sudo, and the inventory says sudo: true")).output(printed);
    }
    let why = if printed.contains("not available") || printed.contains("nologin") {
        "the login shell of this user allows no commands (nologin)"
    } else if printed.contains("Unmatched") {
        "the login shell of this user is csh or tcsh, which cannot pass a script on; give the user a POSIX shell, bash, zsh or fish"
    } else {
        "the login did not run our command: is there a forced command, or a login shell that does not know `exec sh -c`?"
    };
    let failure = Failure::new(format!("{host}: {why}"));
    if printed.is_empty() { failure } else { failure.output(printed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::HostName;
    use crate::world::HostConfig;

    fn link(sudo: bool) -> Link {
        let name = HostName::parse("h").unwrap();
        Link::new(HostConfig { name, reach: Reach::Local, sudo, moves_to: None }, vec![])
    }

    #[test]
    fn a_login_that_does_not_work_is_named() {
        let says = |sudo, out: &str, err: &str| no_answer(&link(sudo), out, err).message;
        assert!(says(true, "", "sudo: a password is required\n").contains("h needs passwordless sudo"));
        assert!(says(true, "", "sh: 1: exec: sudo: not found").contains("sudo"));
        assert!(says(false, "This account is currently not available.\n", "").contains("nologin"));
        assert!(says(false, "", "Unmatched '''.\n").contains("csh"));
        assert!(says(false, "git> ", "").contains("forced command"));
    }
}
