//! A shell that stays open on a host, and runs short scripts of ours one after the other: a session
//! of sshd costs a machine more than most commands do.
//!
//! Its first script comes in the exec request, so nothing is written to whatever else may answer
//! there. A call has a shell for itself. It is kept only if it gave its answer: after whatever went
//! wrong nobody knows what it does, so it is let go and runs what it has to its end, as a session
//! does whose connection broke off. Deliberately not here: readings, whose output may go on after
//! their end, and whatever may take long by itself or reads its stdin.

use super::call::{Call, Reply, Trouble};
use super::channel::{Channel, LONGEST_REQUEST, too_long};
use super::frame::Frame;
use super::link::{Fleet, Link, nonce};
use super::pool::IDLE;
use super::script::{OPENING, Script};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// A shell that had nothing to do for so long is closed, so that its connection can end too.
const OPEN_FOR: Duration = Duration::from_secs(20);

/// An open shell.
struct Shell {
    channel: Channel,
    /// What was told to it: the scripts that it has as functions, by their places.
    knows: Vec<Script>,
}

/// The shells of a host that have nothing to do.
#[derive(Default)]
pub struct Shells(Arc<Mutex<Idle>>);

#[derive(Default)]
struct Idle {
    shells: Vec<(Shell, Instant)>,
    is_watched: bool,
}

impl Shells {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The one that was used last. One whose master has gone is none.
    fn take(&self) -> Option<Shell> {
        let mut idle = self.idle();
        while let Some((shell, _)) = idle.shells.pop() {
            if shell.channel.place.connection.control_socket().exists() {
                return Some(shell);
            }
        }
        None
    }
    /// Keeps a shell for the next call; gives it back where there are enough.
    fn keep(&self, shell: Shell) -> Option<Shell> {
        let mut idle = self.idle();
        if idle.shells.len() >= IDLE {
            return Some(shell);
        }
        idle.shells.push((shell, Instant::now()));
        if !std::mem::replace(&mut idle.is_watched, true) {
            tokio::spawn(watch(self.0.clone()));
        }
        None
    }
    /// Closes one, if there is one: its place is needed.
    pub fn close_one(&self) -> bool {
        self.idle().shells.pop().is_some()
    }
    pub fn close(&self) {
        self.idle().shells.clear();
    }
}

async fn watch(idle: Arc<Mutex<Idle>>) {
    loop {
        tokio::time::sleep(OPEN_FOR / 2).await;
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.shells.retain(|(_, since)| since.elapsed() < OPEN_FOR);
        if idle.shells.is_empty() {
            idle.is_watched = false;
            return;
        }
    }
}

impl Shell {
    async fn send(&mut self, line: &str) {
        if let Some(stdin) = &mut self.channel.stdin {
            // Whether it came is told by the answer.
            let _ = stdin.write_all(line.as_bytes()).await;
        }
    }
    /// A call of a script, and the script itself where it is not known yet.
    fn line(&mut self, nonce: &str, call: &Call<'_>) -> String {
        let name = |n: usize| format!("m{n}");
        if let Some(n) = self.knows.iter().position(|s| *s == call.script) {
            return Script::call(&name(n), nonce, &call.args);
        }
        let opening = if self.knows.is_empty() { OPENING } else { "" };
        let name = name(self.knows.len());
        self.knows.push(call.script);
        [opening, &call.script.function(&name), &Script::call(&name, nonce, &call.args)].concat()
    }
    async fn converse(&mut self, nonce: &str, call: &mut Call<'_>) -> (Frame, Frame) {
        let head = call.head.clone();
        let none = None::<openssh::ChildStdin>;
        call.converse(nonce, none, &mut self.channel.stdout, &mut self.channel.stderr, &head).await
    }
}

impl Fleet {
    pub async fn call_in_shell(&self, link: &Link, call: &mut Call<'_>) -> Result<Reply, Trouble> {
        let nonce = nonce();
        let known = link.shells.take();
        let is_first = known.is_none();
        let mut shell = match known {
            Some(mut shell) => {
                let line = shell.line(&nonce, call);
                if line.len() > LONGEST_REQUEST {
                    return Err(too_long(link).into());
                }
                shell.send(&line).await;
                shell
            }
            None => {
                let line = call.script.opening_line(link.config.sudo, link.has_plain_shell(), &nonce, &call.args);
                Shell { channel: self.channel(link, &line, true).await?, knows: vec![] }
            }
        };
        let (out, err) = shell.converse(&nonce, call).await;
        let reply = out.trailer().filter(|_| err.is_whole()).map(|said| Reply { said: said.into() });
        match reply {
            Some(reply) => {
                let is_hunted = call.is_hunted.load(Ordering::Relaxed);
                let left = if self.keeps_shells && !is_hunted { link.shells.keep(shell) } else { Some(shell) };
                if let Some(Shell { channel, .. }) = left {
                    channel.close().await;
                }
                Ok(reply)
            }
            None => {
                // One that has answered before is a login that runs our scripts.
                let is_login = !is_first || out.is_over() || err.is_over();
                Err(self.ended(link, shell.channel, &out, &err, is_login).await)
            }
        }
    }
}
