//! A way between two servers that a test can break: it passes everything on until it is told to stop,
//! and sees what commands go by.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What it does, from when on.
#[derive(Default)]
struct Rules {
    /// Connections on which data is copied (PSYNC) stand still.
    is_frozen: AtomicBool,
    /// Nothing passes, new connections are closed.
    is_cut: AtomicBool,
    /// What happens once these words go to the server, where they still arrive.
    at: Mutex<Option<(String, Then)>>,
    /// A connection is held at those words.
    is_held: AtomicBool,
    /// The listener ends.
    is_over: AtomicBool,
}

/// What happens when the words come by.
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    /// Everything is cut.
    Cut,
    /// This connection alone stands still: the reply does not come back, until it is let go.
    Hold,
}

pub struct Proxy {
    pub port: u16,
    rules: Arc<Rules>,
    listening: Option<JoinHandle<()>>,
}

impl Proxy {
    pub fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let own = listener.local_addr().unwrap().port();
        let rules = Arc::new(Rules::default());
        let shared = rules.clone();
        let listening = std::thread::spawn(move || {
            while !shared.is_over.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((client, _)) if !shared.is_cut.load(Ordering::SeqCst) => pass(client, port, &shared),
                    Ok(_) => {}
                    Err(_) => std::thread::sleep(Duration::from_millis(3)),
                }
            }
        });
        Proxy { port: own, rules, listening: Some(listening) }
    }
    pub fn freeze_copies(&self, is_frozen: bool) {
        self.rules.is_frozen.store(is_frozen, Ordering::SeqCst);
    }
    pub fn cut(&self, is_cut: bool) {
        self.rules.is_cut.store(is_cut, Ordering::SeqCst);
    }
    pub fn is_cut(&self) -> bool {
        self.rules.is_cut.load(Ordering::SeqCst)
    }
    pub fn is_held(&self) -> bool {
        self.rules.is_held.load(Ordering::SeqCst)
    }
    pub fn let_go(&self) {
        self.rules.is_held.store(false, Ordering::SeqCst);
    }
    /// Once a command with these words comes by.
    pub fn at(&self, words: &str, then: Then) {
        *self.rules.at.lock().unwrap() = Some((words.to_uppercase(), then));
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.rules.is_over.store(true, Ordering::SeqCst);
        self.cut(true);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

fn pass(client: TcpStream, port: u16, rules: &Arc<Rules>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
    for stream in [&client, &server] {
        let _ = stream.set_nonblocking(false);
        let _ = stream.set_nodelay(true);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(20)));
    }
    let kind = Arc::new(Kind::default());
    for (to_server, from, to) in
        [(true, client.try_clone().unwrap(), server.try_clone().unwrap()), (false, server, client)]
    {
        let (rules, kind) = (rules.clone(), kind.clone());
        std::thread::spawn(move || carry(to_server, from, to, &rules, &kind));
    }
}

/// What is known of one connection.
#[derive(Default)]
struct Kind {
    is_copy: AtomicBool,
    is_held: AtomicBool,
}

fn carry(to_server: bool, mut from: TcpStream, mut to: TcpStream, rules: &Rules, kind: &Kind) {
    let mut buffer = [0; 16 << 10];
    let is_on = |flag: &AtomicBool| flag.load(Ordering::SeqCst);
    // A copy that stands still is not closed: nobody is told.
    let stands = || is_on(&kind.is_copy) && (is_on(&rules.is_cut) || is_on(&rules.is_frozen));
    while !is_on(&rules.is_over) {
        if stands() || (is_on(&kind.is_held) && is_on(&rules.is_held)) {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        if is_on(&rules.is_cut) {
            // What went over just before arrives: the server has the time to read it.
            std::thread::sleep(Duration::from_millis(100));
            break;
        }
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => continue,
            Err(_) => break,
        };
        let then = if to_server { seen(&buffer[..n], rules, kind) } else { None };
        if then == Some(Then::Hold) {
            // Before the words are there, or their reply would pass.
            kind.is_held.store(true, Ordering::SeqCst);
            rules.is_held.store(true, Ordering::SeqCst);
        }
        if is_on(&rules.is_cut) && !stands() {
            continue;
        }
        // What was read before it stood still goes on when it does.
        while !to_server && !is_on(&rules.is_over) && (stands() || is_on(&kind.is_held) && is_on(&rules.is_held)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
        if then == Some(Then::Cut) {
            rules.is_cut.store(true, Ordering::SeqCst);
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// What is to happen at these words, as redis-cli sends them: each with its length before it.
fn seen(bytes: &[u8], rules: &Rules, kind: &Kind) -> Option<Then> {
    let text = String::from_utf8_lossy(bytes).to_uppercase();
    let words: Vec<&str> = text.lines().filter(|l| !l.starts_with(['*', '$'])).map(str::trim).collect();
    let said = words.join(" ");
    if said.contains("PSYNC") {
        kind.is_copy.store(true, Ordering::SeqCst);
    }
    let mut at = rules.at.lock().unwrap();
    let (_, then) = at.clone().filter(|(what, _)| said.contains(what.as_str()))?;
    *at = None;
    Some(then)
}
