//! Four clients write without a pause while the roles of two real Redis servers are handed over, again and
//! again, by the real binary: every write that was acknowledged must be on the new primary. Some of the
//! runs are killed on their way, and resumed.
//!
//! `tests/redis_cutovers` does it 500 times and prints the figures; as a test it is a few.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[allow(dead_code, reason = "each test crate uses a part of it")]
#[path = "common/desk.rs"]
mod desk;
#[allow(dead_code, reason = "each test crate uses a part of it")]
#[path = "redis/server.rs"]
mod server;

use desk::Desk;
use rand::RngExt;
use server::{Client, Server, wait_for};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

const CLIENTS: usize = 4;
/// Each so many runs one is killed.
const KILLED: usize = 5;

/// What the clients were told, and how long they waited for it.
#[derive(Default)]
struct Log {
    keys: Vec<String>,
    longest: Duration,
}

/// What all of them share. Who writes holds the gate open; who checks closes it.
struct Shared {
    gate: RwLock<()>,
    round: AtomicUsize,
    is_over: AtomicBool,
    logs: Vec<Mutex<Log>>,
    refused: AtomicUsize,
}

/// One client: it writes one key after the other, and goes to the other server when this one refuses.
fn writes(me: usize, ports: [u16; 2], shared: &Shared) {
    let (mut at, mut client, mut n) = (0, None, 0);
    while !shared.is_over.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
        let open = shared.gate.read().unwrap();
        let key = format!("r{}:c{me}:{n}", shared.round.load(Ordering::SeqCst));
        let began = Instant::now();
        while !shared.is_over.load(Ordering::SeqCst) {
            if client.is_none() {
                client = Client::try_open(ports[at], None);
            }
            let reply = client.as_mut().and_then(|c: &mut Client| c.try_say(&["SET", &key, "1"]));
            if reply.as_deref() == Some("OK") {
                let mut log = shared.logs[me].lock().unwrap();
                log.keys.push(key);
                log.longest = log.longest.max(began.elapsed());
                break;
            }
            // Refused or broken: nothing was acknowledged, and the other server is asked.
            shared.refused.fetch_add(1, Ordering::SeqCst);
            (client, at) = (None, 1 - at);
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(open);
        n += 1;
    }
}

/// The acknowledged keys that a server does not have.
fn lost(server: &Server, keys: &[String]) -> Vec<String> {
    let mut client = server.client();
    let mut lost = vec![];
    for part in keys.chunks(200) {
        let words: Vec<&str> = ["EXISTS"].into_iter().chain(part.iter().map(String::as_str)).collect();
        if client.say(&words) != part.len().to_string() {
            lost.extend(part.iter().filter(|k| client.say(&["EXISTS", k]) != "1").cloned());
        }
        let words: Vec<&str> = ["UNLINK"].into_iter().chain(part.iter().map(String::as_str)).collect();
        client.say(&words);
    }
    lost
}

/// One hand-over to `new`, killed on its way if so wished.
fn hand_over(desk: &Desk, new: &Server, kill_after: Option<Duration>) {
    desk.write(
        "p.rhai",
        format!(
            "host(\"here\").redis_replicaof(\"no one\", #{{ port: {}, timeout: \"30s\", persist: false }});\n",
            new.port
        ),
    );
    let words = ["run", "p.rhai", "--yes"];
    let Some(after) = kill_after else {
        desk.mig(&words).ends(0);
        return;
    };
    let runs = desk.run_ids();
    let mut command = desk.command(&words);
    let mut mig = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let _ = mig.kill();
    let ended = mig.wait().unwrap();
    let begun = desk.run_ids().into_iter().find(|r| !runs.contains(r));
    match begun {
        _ if ended.success() => {}
        // Killed before it was anything.
        None => drop(desk.mig(&words).ends(0)),
        Some(run) => {
            let said = desk.mig(&["resume", &run, "--yes"]);
            assert!(said.code == Some(0) || said.err.contains("is done"), "{}{}", said.out, said.err);
        }
    }
}

#[test]
fn no_acknowledged_write_is_lost() {
    let wanted: usize = std::env::var("MIG_CUTOVERS").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let servers = [Server::start(""), Server::start("")];
    let desk = Desk::here();
    let follow = format!(
        "host(\"here\").redis_replicaof(\"127.0.0.1:{}\", #{{ port: {}, persist: false }});\n",
        servers[0].port, servers[1].port
    );
    servers[0].fill("base", 100, 10);
    desk.runs(&follow).ends(0);
    let shared = Shared {
        gate: RwLock::new(()),
        round: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
        logs: (0..CLIENTS).map(|_| Mutex::default()).collect(),
        refused: AtomicUsize::new(0),
    };
    let ports = [servers[0].port, servers[1].port];
    let (mut acked, mut all_lost, mut waits, mut killed) = (0, vec![], vec![], 0);
    let began = Instant::now();
    std::thread::scope(|threads| {
        // Whatever fails below, the clients end.
        struct Over<'a>(&'a AtomicBool);
        impl Drop for Over<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let over = Over(&shared.is_over);
        for me in 0..CLIENTS {
            let shared = &shared;
            threads.spawn(move || writes(me, ports, shared));
        }
        for n in 0..wanted {
            let (old, new) = (&servers[n % 2], &servers[1 - n % 2]);
            let kill = (n % KILLED == KILLED - 1).then(|| Duration::from_millis(rand::rng().random_range(20..700)));
            killed += usize::from(kill.is_some());
            hand_over(&desk, new, kill);
            assert!(new.is_primary(), "cutover {n}: the new one is no primary");
            // The clients have found the new one before they are counted.
            std::thread::sleep(Duration::from_millis(30));
            let closed = shared.gate.write().unwrap();
            let mut longest = Duration::ZERO;
            for log in &shared.logs {
                let log = std::mem::take(&mut *log.lock().unwrap());
                longest = longest.max(log.longest);
                acked += log.keys.len();
                all_lost.extend(lost(new, &log.keys));
            }
            waits.push(longest);
            shared.round.fetch_add(1, Ordering::SeqCst);
            drop(closed);
            wait_for("the old primary as a replica", || old.follows(new));
        }
        drop(over);
    });
    waits.sort();
    let ms = |part: usize| waits.get(waits.len() * part / 100).or(waits.last()).map_or(0, |d| d.as_millis());
    println!(
        "{wanted} cutovers in {} s, {killed} of them killed and resumed: {acked} writes acknowledged to {CLIENTS} clients, {} lost; \
         refused and sent again {}; longest wait of a write: median {} ms, 95% {} ms, worst {} ms",
        began.elapsed().as_secs(),
        all_lost.len(),
        shared.refused.load(Ordering::SeqCst),
        ms(50),
        ms(95),
        ms(100),
    );
    assert!(acked > wanted * CLIENTS, "the clients wrote: {acked}");
    assert_eq!(all_lost, Vec::<String>::new(), "acknowledged and lost");
    assert_eq!(servers[wanted % 2].say(&["EXISTS", "base7"]), "1");
}
