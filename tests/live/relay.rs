//! A relay in the operator's network that delays what passes, and stalls some of it.

use crate::ground::wait_for;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

/// It ends with the test's process; its sockets lie in the network of the test.
pub struct Relay {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    port: AtomicU16,
    stalled: AtomicUsize,
    is_calm: AtomicBool,
}

impl Relay {
    /// Listens on 127.0.0.1 in the network of a process and passes on to an address there.
    pub fn start(net: u32, to: &str) -> Relay {
        let shared = Arc::new(Shared::default());
        let (mine, to) = (shared.clone(), to.parse::<SocketAddr>().unwrap());
        std::thread::spawn(move || {
            let space = File::open(format!("/proc/{net}/ns/net")).unwrap();
            // Of this thread alone, and of those that it starts.
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            mine.port.store(listener.local_addr().unwrap().port(), Ordering::SeqCst);
            for (n, came) in listener.incoming().flatten().enumerate() {
                let Ok(there) = TcpStream::connect(to) else { continue };
                let (back, forth) = (came.try_clone().unwrap(), there.try_clone().unwrap());
                pass(came, there, n * 7, mine.clone());
                pass(forth, back, n * 7 + 3, mine.clone());
            }
        });
        wait_for("a relay", 10, || shared.port.load(Ordering::SeqCst) != 0);
        Relay { port: shared.port.load(Ordering::SeqCst), shared }
    }
    pub fn stalled(&self) -> usize {
        self.shared.stalled.load(Ordering::SeqCst)
    }
    /// From now on everything passes at once.
    pub fn calm(&self) {
        self.shared.is_calm.store(true, Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut n: usize, shared: Arc<Shared>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 1400];
        while let Ok(got @ 1..) = from.read(&mut buffer) {
            n += 1;
            if !shared.is_calm.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(80));
                // Three in ten, always the same ones.
                if n % 10 < 3 {
                    shared.stalled.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(400 + 300 * (n % 3) as u64));
                }
            }
            if to.write_all(&buffer[..got]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}
