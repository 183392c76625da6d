//! The hosts of a run and their connections: made when first needed, made again when lost.

use super::call::{Call, Reply, Trouble};
use super::config::Way;
use super::control::Control;
use super::folder::Prepared;
use super::hello::Hello;
use super::pool::{Place, Pool, SESSIONS};
use super::redact::Redactor;
use super::settings::{HostConfig, Reach, Settings};
use crate::contract::{Failure, Halt, Outcome, failed};
use crate::name::HostName;
use openssh::{ControlPersist, KnownHosts, Session, SessionBuilder, Stdio};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore};

/// A server that has no free place for us may have one soon.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(15);
/// The longest exec request: a single argument may have 128 KiB.
pub const LONGEST_REQUEST: usize = 120_000;

/// All hosts of a run.
pub struct Fleet {
    pub settings: Settings,
    /// What is known of secrets, so that no output tells it.
    pub redactor: Redactor,
    pub control: Control,
    pub known_hosts: PathBuf,
    pub links: BTreeMap<HostName, Link>,
    pub first_contact: tokio::sync::Mutex<()>,
    /// Hosts whose key was looked at before they were needed: once is enough for one that is away.
    pub looked_at: Mutex<BTreeSet<HostName>>,
    /// A copy needs a session on each of two hosts: copies against each other must not take all.
    pub copies: Semaphore,
    /// At the end of a run: a machine that is off by now is not waited for.
    pub is_hurried: AtomicBool,
    /// The operator wants the command at hand to end now.
    pub is_cut: AtomicBool,
    pub prepared: Mutex<BTreeMap<HostName, Prepared>>,
    /// The tokens that the journal has; none until it was told.
    pub known: Mutex<Option<BTreeSet<String>>>,
    /// What hosts have beside them.
    pub beyond: Mutex<BTreeMap<HostName, BTreeSet<String>>>,
    /// What was seen to be different between two hosts just now.
    pub seen: Mutex<Vec<super::sync::Seen>>,
    /// Hosts whose rsync was warned of.
    pub warned: Mutex<BTreeSet<HostName>>,
    /// The boot in which this process sent a token, by host and token.
    pub sent: Mutex<BTreeMap<(HostName, String), String>>,
    /// What servers gave the run over HTTP: cookies, and secrets of their own.
    pub session: super::http::Session,
    pub account: super::aws::Account,
}

/// One host and its connections.
pub struct Link {
    pub config: HostConfig,
    /// With the file of each way's configuration.
    pub ways: Vec<(Way, PathBuf)>,
    way: AtomicUsize,
    pub pool: Pool<Arc<Session>>,
    limit: Semaphore,
    connecting: tokio::sync::Mutex<()>,
    was_up: AtomicBool,
    /// An earlier process reached it, and left something begun there.
    was_expected: AtomicBool,
    pub hello: OnceCell<Hello>,
    /// It was connected anew since its boot was last looked at.
    pub is_unsure: AtomicBool,
    /// The boot that this process last saw the machine in.
    pub boot: Mutex<String>,
}

/// Why a connection could not be made.
enum Refusal {
    Final(Halt),
    /// The server had no place for us.
    Busy(String),
    Down(String),
}

impl Link {
    pub fn new(config: HostConfig, ways: Vec<(Way, PathBuf)>) -> Self {
        Link {
            config,
            ways,
            way: AtomicUsize::new(0),
            pool: Pool::default(),
            limit: Semaphore::new(SESSIONS),
            connecting: tokio::sync::Mutex::new(()),
            was_up: AtomicBool::new(false),
            was_expected: AtomicBool::new(false),
            hello: OnceCell::new(),
            is_unsure: AtomicBool::new(false),
            boot: Mutex::default(),
        }
    }
    /// Has the first connection tried again as one that was lost.
    pub fn expect_back(&self) {
        self.was_expected.store(true, Ordering::Relaxed);
    }
    /// Whether a session is free at once, so that what is only nice to know may ask.
    pub fn has_room(&self) -> bool {
        self.limit.available_permits() > 0
    }
}

impl Fleet {
    pub fn link(&self, host: &HostName) -> Outcome<&Link> {
        match self.links.get(host) {
            Some(link) => Ok(link),
            None => failed(format!("\"{host}\" is not a host of this run")),
        }
    }

    /// Sends a script and takes its answer. The channel is its own; at most eight are open on a
    /// host at a time, the others wait.
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
        let talk = async {
            match link.config.reach {
                Reach::Local => self.call_here(link, call).await,
                _ => self.call_there(link, call).await,
            }
        };
        let answer = within(limit, talk).await;
        tracing::debug!(host = %link.config.name, ms = began.elapsed().as_millis(), "asked: {what}");
        answer
    }

    async fn call_there(&self, link: &Link, call: &mut Call<'_>) -> Result<Reply, Trouble> {
        let nonce = nonce();
        let line = match link.hello.get() {
            Some(hello) if !link.config.sudo && hello.has_plain_shell() => call.script.line_for_sh(&nonce, &call.args),
            _ => call.script.line(link.config.sudo, &nonce, &call.args),
        };
        if line.len() > LONGEST_REQUEST {
            return Err(Failure::new(format!("the request for {} is too long", link.config.name)).into());
        }
        let stdio = || if call.reads_stdin() { Stdio::piped() } else { Stdio::null() };
        for _ in 0..4 * SESSIONS {
            let place = self.place(link).await?;
            let mut command = place.connection.clone().arc_raw_command(&line);
            command.stdin(stdio()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = match command.spawn().await {
                Ok(child) => child,
                Err(_) if place.connection.check().await.is_ok() => {
                    if !place.is_full() {
                        // Nothing else is open on it: the last one is not quite closed yet.
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
            let head = call.head.clone();
            let (out, err) = call.converse(&nonce, stdin, stdout, stderr, &head).await;
            if let (Some(said), true) = (out.trailer(), err.is_whole()) {
                // The session counts until it is closed.
                let _ = tokio::time::timeout(Duration::from_millis(200), child.wait()).await;
                return Ok(Reply { said: said.into() });
            }
            let ended = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
            let exited = matches!(ended, Ok(Ok(_) | Err(openssh::Error::Remote(_))));
            if exited && out.head().is_none() {
                return Err(Trouble::Halt(no_answer(link, &out.noise(), &err.noise()).into()));
            }
            if place.connection.check().await.is_err() {
                place.is_dead();
                return Err(Trouble::Lost("the connection broke off".into()));
            }
            return Err(Trouble::Lost("the session was ended".into()));
        }
        Err(Failure::new(format!("{} opens no session for us (MaxSessions?)", link.config.name)).into())
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
            _ if out.head().is_none() => Err(Trouble::Halt(no_answer(link, &out.noise(), &err.noise()).into())),
            _ => Err(Trouble::Lost("its shell was ended".into())),
        }
    }

    /// A place on a connection, which is made if there is none.
    async fn place<'a>(&self, link: &'a Link) -> Result<Place<'a, Arc<Session>>, Halt> {
        loop {
            // A master that was idle for long has gone by itself; that is no loss.
            if let Some(place) = link.pool.take() {
                if place.connection.control_socket().exists() {
                    return Ok(place);
                }
                place.is_dead();
                continue;
            }
            let _one = link.connecting.lock().await;
            match link.pool.take() {
                Some(place) => return Ok(place),
                None => link.pool.add(Arc::new(self.connect(link).await?)),
            }
        }
    }

    /// A connection to a host, for what is neither a script nor a session.
    pub async fn connection(&self, link: &Link) -> Result<Arc<Session>, Halt> {
        let place = self.place(link).await?;
        Ok(place.connection.clone())
    }

    /// Lets the connections of a host go, as after a reboot.
    pub fn hang_up(&self, link: &Link) {
        drop(link.pool.clear());
    }

    /// Makes a connection; one that was there before is tried again for as long as settings say.
    async fn connect(&self, link: &Link) -> Result<Session, Halt> {
        tracing::debug!(host = %link.config.name, "connects");
        let host = &link.config.name;
        let began = Instant::now();
        let was_up = link.was_up.load(Ordering::Relaxed) || link.was_expected.load(Ordering::Relaxed);
        let mut pause = Duration::from_millis(200);
        let mut told = false;
        for attempt in 0.. {
            let (refusal, patience) = match self.try_connect(link, was_up).await {
                Ok(session) => {
                    if told {
                        self.tell(host, format!("connected again after {} s", began.elapsed().as_secs().max(1)));
                    }
                    if link.was_up.swap(true, Ordering::Relaxed) {
                        link.is_unsure.store(true, Ordering::Relaxed);
                    }
                    return Ok(session);
                }
                Err(Refusal::Final(halt)) => return Err(halt),
                Err(Refusal::Busy(why) | Refusal::Down(why)) if self.is_cut.load(Ordering::Relaxed) => {
                    (why, Duration::ZERO)
                }
                Err(Refusal::Busy(why)) if !was_up => (why, PATIENCE_AT_FIRST),
                Err(Refusal::Down(why)) if !was_up => (why, Duration::ZERO),
                Err(Refusal::Busy(why) | Refusal::Down(why)) if self.is_hurried.load(Ordering::Relaxed) => {
                    (why, Duration::ZERO)
                }
                Err(Refusal::Busy(why) | Refusal::Down(why)) => (why, self.settings.reconnect_for),
            };
            // The other way, if there is one, is tried at once.
            let other_way = attempt + 1 < link.ways.len();
            if !other_way && began.elapsed() + pause > patience {
                let message = if was_up && began.elapsed().as_secs() == 0 {
                    format!("the connection to {host} is lost: {refusal}")
                } else if was_up {
                    format!(
                        "the connection to {host} is lost, and was tried again for {} s: {refusal}",
                        began.elapsed().as_secs()
                    )
                } else {
                    format!("{host} cannot be reached: {refusal}")
                };
                return failed(message);
            }
            link.way.fetch_add(1, Ordering::Relaxed);
            if other_way {
                continue;
            }
            if !told && was_up {
                self.tell(
                    host,
                    format!("the connection is lost ({refusal}); trying again for {} s", patience.as_secs()),
                );
                told = true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
        failed(format!("{host} cannot be reached"))
    }

    async fn try_connect(&self, link: &Link, was_up: bool) -> Result<Session, Refusal> {
        let at = link.way.load(Ordering::Relaxed) % link.ways.len().max(1);
        let Some((way, config)) = link.ways.get(at) else {
            return Err(Refusal::Down("there is no way to it".into()));
        };
        if let Some(why) = self.trust(link, way, config).await.map_err(Refusal::Final)? {
            return Err(refusal(why));
        }
        let mut builder = SessionBuilder::default();
        builder
            .known_hosts_check(KnownHosts::Strict)
            .config_file(config)
            .control_directory(self.control.path())
            .control_persist(ControlPersist::IdleFor(NonZeroUsize::new(60).unwrap_or(NonZeroUsize::MIN)));
        // ConnectTimeout ends with the key exchange; a server may fall silent after that.
        let patience = self.settings.connect_timeout + Duration::from_secs(20);
        let error = match tokio::time::timeout(patience, builder.connect_mux(&way.alias)).await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(openssh::Error::Connect(e) | openssh::Error::Master(e))) => e.to_string(),
            Ok(Err(e)) => e.to_string(),
            Err(_) => "it did not answer in time".into(),
        };
        if error.contains("IDENTIFICATION HAS CHANGED") || error.contains("Host key verification failed") {
            return match self.key_changed(link, way, config).await {
                Halt::Failed(f) => Err(Refusal::Down(f.message)),
                halt => Err(Refusal::Final(halt)),
            };
        }
        let text = last_line(&error);
        if !was_up && (text.contains("Permission denied") || text.contains("Too many authentication failures")) {
            let host = &link.config.name;
            let failure = Failure::new(format!("{host} ({}) does not let us in: {text}", way.address))
                .hint(format!("try: ssh {} (keys that need a passphrase go through ssh-agent)", way.address));
            return Err(Refusal::Final(failure.into()));
        }
        Err(refusal(text))
    }
}

async fn within(limit: Option<Duration>, talk: impl Future<Output = Result<Reply, Trouble>>) -> Result<Reply, Trouble> {
    match limit {
        None => talk.await,
        Some(limit) => tokio::time::timeout(limit, talk).await.unwrap_or(Err(Trouble::TimedOut)),
    }
}

fn refusal(text: String) -> Refusal {
    // What sshd does beyond MaxStartups.
    let busy = [
        "kex_exchange_identification",
        "Connection reset",
        "closed by remote",
        "banner exchange",
        "Connection closed by",
    ];
    if busy.iter().any(|b| text.contains(b)) { Refusal::Busy(text) } else { Refusal::Down(text) }
}

/// The last line of what ssh said that says something.
pub fn last_line(text: &str) -> String {
    let line =
        text.lines().map(str::trim).rfind(|l| !l.is_empty() && !l.starts_with('@')).unwrap_or("ssh gave no reason");
    super::printable(line.strip_prefix("ssh: ").unwrap_or(line))
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

/// A random word of one use.
pub fn nonce() -> String {
    hex::encode(rand::random::<[u8; 12]>())
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_reason_of_ssh_is_its_last_line() {
        assert_eq!(
            last_line("Warning\nssh: connect to host x port 22: Connection refused\r\n"),
            "connect to host x port 22: Connection refused"
        );
    }
}
