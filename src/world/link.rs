//! The hosts of a run and their connections: made when first needed, made again when lost.

use super::config::Way;
use super::control::Control;
use super::folder::Prepared;
use super::hello::Hello;
use super::pool::{Place, Pool, SESSIONS};
use super::redact::Redactor;
use super::settings::{HostConfig, Settings};
use super::shell::Shells;
use crate::contract::{Failure, Halt, Outcome, failed};
use crate::name::HostName;
use openssh::{ControlPersist, KnownHosts, Session, SessionBuilder};
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore};

/// A server that has no free place for us may have one soon.
const PATIENCE_AT_FIRST: Duration = Duration::from_secs(15);

/// All hosts of a run.
pub struct Fleet {
    pub settings: Settings,
    /// What is known of secrets, so that no output tells it.
    pub redactor: Redactor,
    pub control: Control,
    pub known_hosts: PathBuf,
    pub links: BTreeMap<HostName, Link>,
    pub first_contact: tokio::sync::Mutex<()>,
    /// Whether there are files enough for a shell that stays open on each host.
    pub keeps_shells: bool,
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
    pub shells: Shells,
    pub limit: Semaphore,
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
            shells: Shells::default(),
            limit: Semaphore::new(SESSIONS),
            connecting: tokio::sync::Mutex::new(()),
            was_up: AtomicBool::new(false),
            was_expected: AtomicBool::new(false),
            hello: OnceCell::new(),
            is_unsure: AtomicBool::new(false),
            boot: Mutex::default(),
        }
    }
    /// Whether its login shell runs our scripts as they are.
    pub fn has_plain_shell(&self) -> bool {
        self.hello.get().is_some_and(|h| h.has_plain_shell())
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

    /// A place on a connection, which is made if there is none.
    pub async fn place(&self, link: &Link) -> Result<Place<Arc<Session>>, Halt> {
        loop {
            // A master that was idle for long has gone by itself; that is no loss.
            if let Some(place) = link.pool.take() {
                if place.connection.control_socket().exists() {
                    return Ok(place);
                }
                place.is_dead();
                continue;
            }
            // A shell that has nothing to do gives up its place, which is free when it is closed.
            if link.shells.close_one() {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            let _one = link.connecting.lock().await;
            match link.pool.take() {
                Some(place) => return Ok(place),
                None => link.pool.add(Arc::new(Box::pin(self.connect(link)).await?)),
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
        link.shells.close();
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
            let (refusal, patience) = match Box::pin(self.try_connect(link, was_up)).await {
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

/// A random word of one use.
pub fn nonce() -> String {
    hex::encode(rand::random::<[u8; 12]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_of_ssh_is_its_last_line() {
        assert_eq!(
            last_line("Warning\nssh: connect to host x port 22: Connection refused\r\n"),
            "connect to host x port 22: Connection refused"
        );
    }
}
