//! The SSH server of a lab host: who may log in, which channels there are.

use super::authorized_keys;
use super::exec::{self, Login};
use super::forward;
use super::options::KeyOptions;
use super::process::Children;
use russh::keys::PrivateKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, MethodKind, MethodSet, Sig};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A lab host, as its server knows it.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) address: Ipv4Addr,
    pub(super) max_sessions: usize,
    pub(super) children: Children,
}

/// Serves until the process ends. `ready` is called when the host accepts connections; `moves_to`
/// is an address to answer on while that file says that the power of its host is off.
pub(super) async fn serve(
    host: Arc<Host>,
    key: PrivateKey,
    moves_to: Option<(Ipv4Addr, File)>,
    ready: impl FnOnce(),
) -> io::Result<()> {
    let config = Arc::new(russh::server::Config {
        keys: vec![key],
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        inactivity_timeout: None,
        nodelay: true,
        ..Default::default()
    });
    if let Some((address, owner)) = moves_to {
        tokio::spawn(take_over(host.clone(), config.clone(), address, owner));
    }
    let listener = bind(host.address).await?;
    ready();
    accept(&host, &config, &listener).await
}

/// Binds port 22; for a moment another host may still be letting go of the address.
async fn bind(address: Ipv4Addr) -> io::Result<TcpListener> {
    let mut tries = 0;
    loop {
        match TcpListener::bind((address, 22)).await {
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && tries < 100 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(e) => return Err(io::Error::new(e.kind(), format!("cannot listen on {address}:22: {e}"))),
            Ok(listener) => return Ok(listener),
        }
    }
}

async fn accept(host: &Arc<Host>, config: &Arc<russh::server::Config>, listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(_) => {
                // Out of descriptors, most likely: the next one may have more luck.
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        let local = stream.local_addr().unwrap_or(peer);
        let visit = Visit::new(host.clone(), peer, local);
        let config = config.clone();
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            if let Ok(session) = russh::server::run_stream(config, stream, visit).await {
                let _ = session.await;
            }
        });
    }
}

/// Answers on the address of another host whenever, and as long as, that one is off.
async fn take_over(host: Arc<Host>, config: Arc<russh::server::Config>, address: Ipv4Addr, owner: File) {
    let is_off = || {
        let mut said = [0; 4];
        matches!(owner.read_at(&mut said, 0), Ok(n) if &said[..n] == b"off")
    };
    let mut tick = tokio::time::interval(Duration::from_millis(50));
    loop {
        tick.tick().await;
        if !is_off() {
            continue;
        }
        let Ok(listener) = TcpListener::bind((address, 22)).await else { continue };
        let gone = async {
            while is_off() {
                tick.tick().await;
            }
        };
        tokio::select! {
            _ = accept(&host, &config, &listener) => {}
            () = gone => {}
        }
    }
}

/// One connection to a lab host.
struct Visit {
    host: Arc<Host>,
    peer: SocketAddr,
    local: SocketAddr,
    user: String,
    /// What the key that was used may do.
    allowed: KeyOptions,
    /// Sessions that were opened and have not been asked for anything yet.
    waiting: HashMap<ChannelId, Waiting>,
    sessions: Arc<AtomicUsize>,
    listeners: HashMap<(String, u32), JoinHandle<()>>,
}

struct Waiting {
    channel: Channel<Msg>,
    environment: Vec<(String, String)>,
    slot: Slot,
}

/// A session that counts until it is gone.
pub(super) struct Slot(Arc<AtomicUsize>);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        for listener in self.listeners.values() {
            listener.abort();
        }
    }
}

impl Visit {
    fn new(host: Arc<Host>, peer: SocketAddr, local: SocketAddr) -> Visit {
        Visit {
            host,
            peer,
            local,
            user: String::new(),
            allowed: KeyOptions::default(),
            waiting: HashMap::new(),
            sessions: Arc::default(),
            listeners: HashMap::new(),
        }
    }

    /// Starts what a session asked for; a key's own command goes before it.
    fn start(&mut self, id: ChannelId, asked: Option<Vec<u8>>, session: &mut Session) -> Result<(), russh::Error> {
        let Some(waiting) = self.waiting.remove(&id) else { return session.channel_failure(id) };
        let login = Login {
            user: self.user.clone(),
            peer: self.peer,
            local: self.local,
            forced: self.allowed.command.clone(),
            environment: waiting.environment,
        };
        session.channel_success(id)?;
        let (host, handle) = (self.host.clone(), session.handle());
        tokio::spawn(exec::run(host, login, asked, waiting.channel, handle, waiting.slot));
        Ok(())
    }
}

impl Handler for Visit {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Self::Error> {
        Ok(match authorized_keys::admit(user, offer.public_key, self.peer.ip()) {
            Some(_) => Auth::Accept,
            None => Auth::reject(),
        })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        Ok(match authorized_keys::admit(user, key.public_key, self.peer.ip()) {
            Some(options) => {
                self.user = user.to_owned();
                self.allowed = options;
                Auth::Accept
            }
            None => Auth::reject(),
        })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.sessions.fetch_add(1, Ordering::Relaxed) >= self.host.max_sessions {
            self.sessions.fetch_sub(1, Ordering::Relaxed);
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
            return Ok(());
        }
        let slot = Slot(self.sessions.clone());
        self.waiting.insert(channel.id(), Waiting { channel, environment: vec![], slot });
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        self.waiting.remove(&id);
        Ok(())
    }

    async fn env_request(
        &mut self,
        id: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        match self.waiting.get_mut(&id) {
            Some(waiting) if name == "LANG" || name.starts_with("LC_") => {
                waiting.environment.push((name.to_owned(), value.to_owned()));
                session.channel_success(id)
            }
            _ => session.channel_failure(id),
        }
    }

    async fn pty_request(
        &mut self,
        id: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn exec_request(&mut self, id: ChannelId, command: &[u8], session: &mut Session) -> Result<(), Self::Error> {
        self.start(id, Some(command.to_vec()), session)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(id, None, session)
    }

    async fn subsystem_request(&mut self, id: ChannelId, _: &str, session: &mut Session) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn signal(&mut self, _: ChannelId, _: Sig, _: &mut Session) -> Result<(), Self::Error> {
        // It arrives in the channel as well, where its command is known.
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        to: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        if !self.allowed.may_open(to, port) {
            reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
            return Ok(());
        }
        // Not here: a connection that takes its time must not hold up the other channels.
        tokio::spawn(forward::local(self.host.address, channel, to.to_owned(), port, reply));
        Ok(())
    }

    async fn tcpip_forward(
        &mut self,
        address: &str,
        port: &mut u32,
        session: &mut Session,
    ) -> Result<bool, Self::Error> {
        if !self.allowed.may_listen(address, *port) {
            return Ok(false);
        }
        let Some((listener, bound)) = forward::listen(self.host.address, address, *port).await else {
            return Ok(false);
        };
        *port = bound;
        let task = tokio::spawn(forward::remote(listener, session.handle(), address.to_owned(), bound));
        if let Some(before) = self.listeners.insert((address.to_owned(), bound), task) {
            before.abort();
        }
        Ok(true)
    }

    async fn cancel_tcpip_forward(&mut self, address: &str, port: u32, _: &mut Session) -> Result<bool, Self::Error> {
        match self.listeners.remove(&(address.to_owned(), port)) {
            Some(task) => {
                task.abort();
                Ok(true)
            }
            None => Ok(false),
        }
    }
}
