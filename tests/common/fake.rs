//! A world of a few files and answers, for tests of primitives: it looks as it was told to, and
//! writes files when a test says so.
#![allow(dead_code, reason = "each test crate uses a part of it")]

use mig::contract::{
    AwsAsk, AwsSeen, Command, DnsAnswer, DnsQuestion, FileState, Found, Given, Halt, Lease, LeaseState, LeasedKey,
    LeasedProcess, Look, Machine, Outcome, Output, Phase, PortState, Put, Reply, Request, Source, Stop, Tunnel, failed,
};
use mig::name::{HostName, LeaseName, RemotePath};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

/// What stands for the value of every secret: it must not be found where it does not belong.
pub const CANARY: &str = "canary-kept-out-of-sight";

/// What lies at a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Thing {
    File { bytes: Vec<u8>, owner: String, mode: u32 },
    Folder,
    Link(String),
    Socket,
}

type Place = (String, String);

/// The world. Questions that it was not told the answer of are failures which say so.
#[derive(Debug, Default)]
pub struct Fake {
    pub places: BTreeMap<Place, Thing>,
    /// By `host: command`. The last answer is given again and again.
    answers: RefCell<BTreeMap<String, VecDeque<Output>>>,
    ports: BTreeMap<String, PortState>,
    /// By `METHOD url`, or `host: METHOD url`.
    http: BTreeMap<String, (u16, String)>,
    /// By `name TYPE server`, or `name TYPE`.
    names: BTreeMap<String, (String, Vec<String>)>,
    /// The addresses of hosts, where there are any.
    pub addresses: BTreeMap<String, String>,
    /// By what is asked. The last answer is given again and again.
    aws: RefCell<BTreeMap<String, VecDeque<AwsSeen>>>,
    /// Numeric user and group by host; root when absent.
    users: BTreeMap<String, (u32, u32)>,
    /// Boot ids still to come, by host. The last is given again and again; none is `boot-1-of-HOST`.
    /// "away" is a machine that does not answer, "interrupted" a Ctrl-C.
    boots: RefCell<BTreeMap<String, VecDeque<String>>>,
    kept: BTreeMap<Place, Thing>,
    /// Every command that was asked for.
    pub asked: RefCell<Vec<String>>,
}

impl Fake {
    pub fn of(given: &[Given]) -> Self {
        let mut world = Fake::default();
        for g in given {
            match g {
                Given::File(place, text) => world.add(place, file(text.as_bytes())),
                Given::Folder(place) => world.add(place, Thing::Folder),
                Given::Prints(command, text) => world.says(command, 0, text),
                Given::Exits(command, code) => world.says(command, *code, ""),
                Given::Aws(ask, json) => world.cloud(ask, json),
                Given::Port(seen, state) => {
                    world.ports.insert((*seen).into(), *state);
                }
                Given::Answers(request, status, body) => world.answers_http(request, *status, body),
                Given::Names(question, status, answers) => world.answers_dns(question, status, answers),
            }
        }
        world
    }
    /// Puts a thing at `host: path`, and folders above it.
    pub fn add(&mut self, place: &str, thing: Thing) {
        let (host, path) = place.split_once(": ").expect("a place is `host: path`");
        for (n, _) in path.match_indices('/').filter(|(n, _)| *n > 0) {
            self.places.entry((host.into(), path[..n].into())).or_insert(Thing::Folder);
        }
        self.places.insert((host.into(), path.into()), thing);
    }
    /// The next answer to `host: command`.
    pub fn says(&mut self, command: &str, code: i64, text: &str) {
        let (stdout, stderr) = if code == 0 { (text, "") } else { ("", text) };
        let output = Output { code, stdout: stdout.into(), stderr: stderr.into() };
        self.answers.get_mut().entry(command.into()).or_default().push_back(output);
    }
    pub fn answers_http(&mut self, request: &str, status: u16, body: &str) {
        self.http.insert(request.into(), (status, body.into()));
    }
    pub fn answers_dns(&mut self, question: &str, status: &str, answers: &[&str]) {
        self.names.insert(question.into(), (status.into(), answers.iter().map(|a| (*a).into()).collect()));
    }
    /// The next answer of AWS to this.
    pub fn cloud(&mut self, ask: &str, json: &str) {
        let seen = serde_json::from_str(json).unwrap_or_else(|e| panic!("{ask}: {e}: {json}"));
        self.aws.get_mut().entry(ask.into()).or_default().push_back(seen);
    }
    pub fn boots(&mut self, host: &str, ids: &[&str]) {
        self.boots.get_mut().insert(host.into(), ids.iter().map(|i| (*i).into()).collect());
    }
    pub fn user(&mut self, host: &str, uid: u32, gid: u32) {
        self.users.insert(host.into(), (uid, gid));
    }

    /// Does a `Put` as the world would: only while the place holds what it expects.
    pub fn put(&mut self, put: &Put) -> Result<(), String> {
        let place = (put.host.to_string(), put.path.to_string());
        let now = self.places.get(&place).cloned();
        let state = now.as_ref().and_then(state_of);
        let is_expected = match (&state, &put.from) {
            (None, None) => now.is_none(),
            (Some(a), Some(b)) => a.is_like(b),
            _ => false,
        };
        if !is_expected {
            return Err(format!("{put:?} expects other than {now:?}"));
        }
        if let (Some(name), Some(old)) = (&put.keep, now) {
            self.kept.insert((put.host.to_string(), name.clone()), old);
        }
        let Some(to) = &put.to else {
            self.places.remove(&place);
            return Ok(());
        };
        let bytes = match &put.source {
            Source::Bytes(b) => b.0.clone(),
            Source::Secret(_) => CANARY.into(),
            Source::File { host, path } => self.content(&self.places, host, path.as_ref())?,
            Source::Kept(name) => self.content(&self.kept, &put.host, name)?,
            Source::Spliced { at, cut, with } => {
                let mut bytes = self.content(&self.places, &put.host, put.path.as_ref())?;
                let at = usize::try_from(*at).expect("a place in memory");
                assert_eq!(&bytes[at..at + cut.0.len()], cut.0, "what is cut is there");
                bytes.splice(at..at + cut.0.len(), with.0.iter().copied());
                bytes
            }
            Source::Nothing => return Err(format!("{put:?} has no content to put")),
        };
        let new = Thing::File { bytes, owner: to.owner.clone(), mode: to.mode };
        if !state_of(&new).is_some_and(|s| s.is_like(to)) {
            return Err(format!("{put:?} puts {new:?}, which is not what it says"));
        }
        self.places.insert(place, new);
        Ok(())
    }
    fn content(&self, among: &BTreeMap<Place, Thing>, host: &HostName, path: &str) -> Result<Vec<u8>, String> {
        match among.get(&(host.to_string(), path.to_string())) {
            Some(Thing::File { bytes, .. }) => Ok(bytes.clone()),
            other => Err(format!("{host}: {path} is {other:?}, and no file")),
        }
    }
    fn at(&self, host: &HostName, path: &RemotePath) -> Option<&Thing> {
        self.places.get(&(host.to_string(), path.to_string()))
    }
}

/// A file as `Given::File` has it.
pub fn file(bytes: &[u8]) -> Thing {
    Thing::File { bytes: bytes.into(), owner: "0:0".into(), mode: 0o644 }
}
fn state_of(thing: &Thing) -> Option<FileState> {
    match thing {
        Thing::File { bytes, owner, mode } => Some(FileState::of(bytes, owner.clone(), *mode)),
        _ => None,
    }
}
/// The next of a queue; the last one stays.
fn next<T: Clone>(queue: &mut VecDeque<T>) -> Option<T> {
    if queue.len() > 1 { queue.pop_front() } else { queue.front().cloned() }
}

impl Look for Fake {
    fn run(&self, host: &HostName, command: &Command, _: u64) -> Outcome<Output> {
        let asked = format!("{host}: {command}");
        self.asked.borrow_mut().push(asked.clone());
        let answer = self.answers.borrow_mut().get_mut(&asked).and_then(next);
        answer.map_or_else(|| failed(format!("not given: {asked}")), Ok)
    }
    /// Whatever it is given: a fake answers to the command alone.
    fn run_fed(&self, host: &HostName, command: &Command, _: &mig::secret::Text, timeout_ms: u64) -> Outcome<Output> {
        self.run(host, command, timeout_ms)
    }
    fn find(&self, host: &HostName, path: &RemotePath) -> Outcome<Found> {
        Ok(match self.at(host, path) {
            None => Found::Nothing,
            Some(Thing::Folder) => Found::Folder { owner: "0:0".into(), mode: 0o755 },
            Some(Thing::Link(target)) => Found::Link { target: target.clone() },
            Some(Thing::Socket) => Found::Other { what: "a socket".into() },
            Some(file) => state_of(file).map_or(Found::Nothing, Found::File),
        })
    }
    fn bytes(&self, host: &HostName, path: &RemotePath, limit: u64) -> Outcome<Option<(FileState, Vec<u8>)>> {
        match self.at(host, path) {
            None => Ok(None),
            Some(Thing::File { bytes, .. }) if bytes.len() as u64 > limit => failed(format!("{path} is too large")),
            Some(thing @ Thing::File { bytes, .. }) => Ok(state_of(thing).map(|s| (s, bytes.clone()))),
            Some(_) => failed(format!("{path} is no file")),
        }
    }
    /// By contents alone: what is under one path, and under the other.
    fn differences(&self, sync: &mig::contract::Sync) -> Outcome<mig::contract::Differences> {
        let below = |host: &HostName, top: &RemotePath| -> BTreeMap<String, Thing> {
            let under = |(place, thing): (&Place, &Thing)| {
                let name = place.1.strip_prefix(top.as_ref())?;
                (place.0 == host.as_ref() && (name.is_empty() || name.starts_with('/')))
                    .then(|| (name.trim_start_matches('/').to_string(), thing.clone()))
            };
            self.places.iter().filter_map(under).collect()
        };
        let (from, to) = (below(&sync.from, &sync.path), below(&sync.to, &sync.at));
        let mut seen = mig::contract::Differences::default();
        for (_, thing) in from.iter().filter(|(name, thing)| to.get(*name) != Some(*thing)) {
            seen.changes += 1;
            if let Thing::File { bytes, .. } = thing {
                seen.files += 1;
                seen.bytes += bytes.len() as u64;
            }
        }
        for (name, _) in to.iter().filter(|(name, _)| sync.delete && !from.contains_key(*name)) {
            seen.changes += 1;
            seen.deletions += 1;
            seen.first.push(name.clone());
        }
        Ok(seen)
    }
    /// A lease is there when its folder is.
    fn lease(&self, host: &HostName, name: &LeaseName) -> Outcome<LeaseState> {
        let folder = format!("/var/lib/mig/run/lease.{name}");
        let is_there = self.places.contains_key(&(host.to_string(), folder.clone()));
        Ok(LeaseState {
            folder,
            phase: if is_there { Phase::Up } else { Phase::Absent },
            since: if is_there { 1_700_000_000 } else { 0 },
            seconds: if is_there { 60 } else { 0 },
            restarts: 0,
            last_exit: None,
            last_error: String::new(),
            log_end: String::new(),
        })
    }
    fn machine(&self, host: &HostName) -> Outcome<Machine> {
        let (uid, gid) = self.users.get(host.as_ref()).copied().unwrap_or((0, 0));
        let (user, home) = if uid == 0 { ("root", "/root") } else { ("admin", "/home/admin") };
        let programs = [("rsync", "/usr/bin/rsync"), ("systemctl", "/usr/bin/systemctl")];
        Ok(Machine {
            os: "Debian GNU/Linux 12 (bookworm)".into(),
            kernel: "6.1.0".into(),
            hostname: host.to_string(),
            machine_id: format!("machine-of-{host}"),
            boot_id: format!("boot-1-of-{host}"),
            uid,
            gid,
            user: user.into(),
            home: home.into(),
            programs: programs.into_iter().map(|(n, p)| (n.to_string(), p.to_string())).collect(),
        })
    }
    fn free(&self, _: &HostName) -> Outcome<BTreeMap<String, u64>> {
        Ok([("/".to_string(), 1_000_000_000), ("/tmp".to_string(), 1_000_000_000)].into())
    }
    fn boot_id(&self, host: &HostName) -> Outcome<String> {
        match self.boots.borrow_mut().get_mut(host.as_ref()).and_then(next) {
            Some(id) if id == "interrupted" => Err(Halt::Stop(Stop::Interrupted)),
            Some(id) if id == "away" => failed(format!("{host} does not answer")),
            Some(id) => Ok(id),
            None => Ok(format!("boot-1-of-{host}")),
        }
    }
    fn port(&self, via: Option<&HostName>, address: &str, port: u16, _: u64) -> Outcome<PortState> {
        let seen = format!("{} {address}:{port}", via.map_or("here", AsRef::as_ref));
        self.ports.get(&seen).copied().map_or_else(|| failed(format!("not given: {seen}")), Ok)
    }
    fn address(&self, host: &HostName) -> Outcome<String> {
        let known = self.addresses.get(host.as_ref()).cloned();
        known.map_or_else(|| failed(format!("not given: the address of {host}")), Ok)
    }
    fn dns(&self, question: &DnsQuestion) -> Outcome<DnsAnswer> {
        let server = question.server.as_deref().map(|s| format!(" {s}")).unwrap_or_default();
        let asked = format!("{} {}{server}", question.name, question.kind);
        let Some((status, answers)) = self.names.get(&asked) else { return failed(format!("not given: {asked}")) };
        let is_known = ["NOERROR", "NXDOMAIN", "empty"].contains(&status.as_str());
        Ok(DnsAnswer {
            status: status.clone(),
            answers: is_known.then(|| answers.clone()),
            ttl: is_known.then_some(300),
            ttl_text: is_known.then(|| "5 minutes".into()),
            authoritative: is_known,
            aliases: vec![],
            records: vec![],
            authority: vec![],
            server: format!("{}:{}", server.trim(), question.port),
            tcp: question.tcp,
            text: format!("{asked}: {status}"),
        })
    }
    fn http(&self, request: &Request) -> Outcome<Reply> {
        let at = request.via.as_ref().map(|h| format!("{h}: ")).unwrap_or_default();
        let asked = format!("{at}{} {}", request.method, request.url);
        self.asked.borrow_mut().push(asked.clone());
        let Some((status, body)) = self.http.get(&asked) else { return failed(format!("not given: {asked}")) };
        Ok(Reply {
            status: *status,
            url: request.url.to_string(),
            headers: BTreeMap::new(),
            body: body.as_str().into(),
            secrets: serde_json::Map::new(),
            text: String::new(),
        }
        .told())
    }
    fn aws(&self, ask: &AwsAsk) -> Outcome<AwsSeen> {
        let answer = self.aws.borrow_mut().get_mut(&ask.to_string()).and_then(next);
        answer.map_or_else(|| failed(format!("not given: {ask}")), Ok)
    }
}

/// What `tunnel` stands for in examples.
pub fn tunnel() -> Lease {
    let host = |name| HostName::parse(name).expect("a host");
    let at = |port| format!("127.0.0.1:{port}");
    let key = LeasedKey { to: host("source"), command: None, open: vec![at(6379)], listen: vec![], valid_ms: 1 };
    let tunnel = Tunnel { local: at(6380), remote: at(6379), reverse: false, container: None };
    Lease {
        host: host("dest"),
        name: LeaseName::parse("tunnel-6380").expect("a name"),
        folder: RemotePath::parse("/var/lib/mig/run/lease.tunnel-6380").expect("a path"),
        key: Some(key),
        process: Some(LeasedProcess { command: None, cwd: None, ready: None, tunnel: Some(tunnel) }),
        timeout_ms: 1,
    }
}
