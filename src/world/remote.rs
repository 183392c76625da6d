//! The world of a run: the contract's `Look` and `World`, synchronous, over one async runtime.

use super::config::{machine_alias, ways};
use super::link::{Fleet, Link};
use super::lock::Unlocked;
use super::settings::Settings;
use super::{control, limits};
use crate::contract::{
    Answer, AwsAsk, AwsSeen, Command, Deed, Differences, DnsAnswer, DnsQuestion, Failure, FileState, Found, Halt,
    HostRecord, LeaseState, Look, Machine, Outcome, Output, PortState, Question, Released, Reply, Request, Settled,
    Sync, Token, World, failed,
};
use crate::error::{Error, Result};
use crate::name::{HostName, LeaseName, RemotePath};
use crate::secret::Text;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Runtime;

/// At how many hosts something is ended at a time.
const AT_ONCE: usize = 16;

/// The hosts of a run, reached when they are first needed.
pub struct Remote {
    /// Both are there until it is dropped.
    runtime: Option<Runtime>,
    fleet: Option<Arc<Fleet>>,
}

/// Opens the world: writes the ssh configuration of the run, connects to nothing yet.
///
/// # Errors
/// Says which setting cannot be used, or which folder cannot be made.
pub fn open(settings: Settings) -> Result<Arc<Remote>> {
    if settings.run.len() < 8 || !settings.run.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Error::bug(format!("{:?} is no id for a run", settings.run)).err();
    }
    limits::raise();
    let control = control::make(&settings.run)?;
    let state = std::path::absolute(&settings.state).map_err(|e| {
        Box::new(Error::bad_input(format!("the state folder {} cannot be used: {e}", settings.state.display())))
    })?;
    let settings = Settings { state, ..settings };
    let known_hosts = settings.state.join("known_hosts");
    private_folder(&settings.state)?;
    let mut links = BTreeMap::new();
    for host in &settings.hosts {
        let mut files = vec![];
        for way in ways(host, &known_hosts, settings.connect_timeout.as_secs().max(1))? {
            let file = control.path().join(machine_alias(host)).with_extension(files.len().to_string());
            write_private(&file, &way.config)?;
            files.push((way, file));
        }
        links.insert(host.name.clone(), Link::new(host.clone(), files));
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("mig-world").enable_all().build();
    let runtime = runtime.map_err(|e| Box::new(Error::bug(format!("the runtime cannot be started: {e}"))))?;
    let fleet = Fleet {
        account: super::aws::Account::default(),
        settings,
        redactor: super::redact::Redactor::default(),
        control,
        known_hosts,
        keeps_shells: links.len() <= limits::hosts_at_once(),
        links,
        first_contact: tokio::sync::Mutex::new(()),
        looked_at: Mutex::default(),
        copies: tokio::sync::Semaphore::new(super::pool::SESSIONS / 2),
        is_hurried: AtomicBool::new(false),
        is_cut: AtomicBool::new(false),
        prepared: Mutex::default(),
        known: Mutex::default(),
        beyond: Mutex::default(),
        seen: Mutex::default(),
        warned: Mutex::default(),
        sent: Mutex::default(),
        session: super::http::Session::default(),
    };
    Ok(Arc::new(Remote { runtime: Some(runtime), fleet: Some(Arc::new(fleet)) }))
}

impl Remote {
    /// Waits here for what happens there.
    fn wait<T>(&self, work: impl AsyncFnOnce(&Fleet) -> T) -> Option<T> {
        let (runtime, fleet) = (self.runtime.as_ref()?, self.fleet.as_ref()?);
        Some(runtime.block_on(work(fleet)))
    }
    fn ask<T>(&self, work: impl AsyncFnOnce(&Fleet) -> Outcome<T>) -> Outcome<T> {
        self.wait(work).unwrap_or_else(|| failed("the world is closed"))
    }
    /// Fetches a secret, to know before the first deed that it can be had. The value stays where it is.
    ///
    /// # Errors
    /// It cannot be had, or could not be kept out of reports.
    pub fn has_secret(&self, name: &str) -> Result<()> {
        match &self.fleet {
            Some(fleet) => (fleet.settings.secrets)(name).map(drop),
            None => Ok(()),
        }
    }
    /// Ends the command at hand, by TERM and then KILL to what it started; it is then a command that
    /// ended badly, like one whose time was over. `false`: commands may run again.
    pub fn cut_short(&self, is_cut: bool) {
        if let Some(fleet) = &self.fleet {
            fleet.is_cut.store(is_cut, Ordering::SeqCst);
        }
    }
    /// The text with the names of secrets in the places of their values, as far as they were fetched.
    pub fn redacted(&self, text: &str) -> String {
        self.fleet.as_ref().map_or_else(|| text.into(), |fleet| fleet.redactor.text(text.into()))
    }
    /// Ends all connections and removes their sockets now, whoever still holds the world: what a
    /// process holds when it exits is not dropped, and ssh would stay for its idle time.
    pub fn close(&self) {
        if let Some(fleet) = &self.fleet {
            // Each waits for the answer of its master.
            let links: Vec<&Link> = fleet.links.values().collect();
            self.on_each(&links, AT_ONCE, |link| {
                fleet.hang_up(link);
                None
            });
            let _ = fs::remove_dir_all(fleet.control.path());
        }
    }
    /// The same on many hosts, some at a time: what was said, in no order.
    fn on_each<T: std::marker::Sync>(
        &self,
        all: &[T],
        at_once: usize,
        work: impl Fn(&T) -> Option<String> + std::marker::Sync,
    ) -> Vec<String> {
        let (next, said) = (AtomicUsize::new(0), Mutex::new(vec![]));
        let go = || {
            while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                let text = work(one);
                said.lock().unwrap_or_else(PoisonError::into_inner).extend(text);
            }
        };
        std::thread::scope(|threads| {
            for _ in 1..all.len().min(at_once) {
                threads.spawn(go);
            }
            go();
        });
        said.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
    /// Removes the lock of a machine by its id; with `None` it only looks.
    ///
    /// # Errors
    /// The host cannot be reached.
    pub fn unlock(&self, host: &HostName, lock: Option<&str>) -> Outcome<Unlocked> {
        self.ask(async |fleet| fleet.unlock(host, lock).await)
    }
    /// The fingerprint under which a host is pinned, if it is.
    pub fn host_key(&self, host: &HostName) -> Option<String> {
        let fleet = self.fleet.as_ref()?;
        fleet.pinned(fleet.links.get(host)?).first().map(|k| k.fingerprint())
    }
}

impl Look for Remote {
    fn run(&self, host: &HostName, command: &Command, timeout_ms: u64) -> Outcome<Output> {
        self.ask(async |fleet| fleet.run(host, command, timeout_ms).await)
    }
    fn run_fed(&self, host: &HostName, command: &Command, stdin: &Text, timeout_ms: u64) -> Outcome<Output> {
        self.ask(async |fleet| fleet.run_fed(host, command, stdin, timeout_ms).await)
    }
    fn find(&self, host: &HostName, path: &RemotePath) -> Outcome<Found> {
        self.ask(async |fleet| fleet.find(host, path).await)
    }
    fn bytes(&self, host: &HostName, path: &RemotePath, limit: u64) -> Outcome<Option<(FileState, Vec<u8>)>> {
        self.ask(async |fleet| fleet.bytes(host, path, limit).await)
    }
    fn differences(&self, sync: &Sync) -> Outcome<Differences> {
        self.ask(async |fleet| Box::pin(fleet.differences(sync)).await)
    }
    fn machine(&self, host: &HostName) -> Outcome<Machine> {
        self.ask(async |fleet| Ok(fleet.hello(fleet.link(host)?).await?.machine.clone()))
    }
    fn free(&self, host: &HostName) -> Outcome<BTreeMap<String, u64>> {
        self.ask(async |fleet| fleet.free(host).await)
    }
    fn boot_id(&self, host: &HostName) -> Outcome<String> {
        self.ask(async |fleet| fleet.boot_id(host).await)
    }
    fn port(&self, via: Option<&HostName>, address: &str, port: u16, timeout_ms: u64) -> Outcome<PortState> {
        self.ask(async |fleet| fleet.port(via, address, port, timeout_ms).await)
    }
    fn lease(&self, host: &HostName, name: &LeaseName) -> Outcome<LeaseState> {
        self.ask(async |fleet| fleet.lease(host, name).await)
    }
    fn address(&self, host: &HostName) -> Outcome<String> {
        self.ask(async |fleet| fleet.address(host).await)
    }
    fn dns(&self, question: &DnsQuestion) -> Outcome<DnsAnswer> {
        self.ask(async |fleet| fleet.dns(question).await)
    }
    fn http(&self, request: &Request) -> Outcome<Reply> {
        self.ask(async |fleet| fleet.read_http(request).await)
    }
    fn aws(&self, ask: &AwsAsk) -> Outcome<AwsSeen> {
        self.ask(async |fleet| fleet.aws(ask).await)
    }
}

impl World for Remote {
    fn prepare(&self, host: &HostName, known: Option<&HostRecord>) -> Outcome<HostRecord> {
        self.ask(async |fleet| fleet.prepare(host, known).await)
    }
    fn expect_back(&self, host: &HostName) {
        if let Some(link) = self.fleet.as_ref().and_then(|fleet| fleet.link(host).ok()) {
            link.expect_back();
        }
    }
    fn boot_seen(&self, host: &HostName) -> String {
        let link = self.fleet.as_ref().and_then(|fleet| fleet.link(host).ok());
        link.map_or_else(String::new, |link| link.boot.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
    fn act(&self, token: &Token, deed: &Deed) -> Outcome<Value> {
        // Each on the heap: the largest of them would not fit on the stack of a small thread.
        self.ask(async |fleet| match deed {
            Deed::Run(run) => match &run.container {
                Some(container) => Box::pin(fleet.act_in_container(token, run, container)).await,
                None => Box::pin(fleet.act_run(token, run)).await,
            },
            Deed::Put(put) => Box::pin(fleet.act_put(put)).await,
            Deed::PutChecked(checked) => Box::pin(fleet.act_put_checked(token, checked)).await,
            Deed::Reboot(reboot) => Box::pin(fleet.act_reboot(token, reboot)).await,
            Deed::Sync(sync) => Box::pin(fleet.act_sync(token, sync)).await,
            Deed::Unsync(unsync) => Box::pin(fleet.act_unsync(token, unsync)).await,
            Deed::Lease(lease) => Box::pin(fleet.act_lease(lease)).await,
            Deed::Unlease(unlease) => Box::pin(fleet.act_unlease(&unlease.lease)).await,
            Deed::Redis(redis) => Box::pin(fleet.act_redis(token, redis)).await,
            Deed::Http(http) => Box::pin(fleet.act_http(token, http)).await,
            Deed::Aws(aws) => Box::pin(fleet.act_aws(token, aws)).await,
            Deed::Ask { text } => {
                match fleet.settings.operator.ask(&Question::Confirm { text: text.clone(), default: false })? {
                    Answer::Yes => Ok(json!({ "confirmed": true })),
                    _ => Err(Failure::new(format!("the operator says no: {text}")).into()),
                }
            }
        })
    }
    fn settle(&self, token: &Token, deed: &Deed) -> Settled {
        self.wait(async |fleet| fleet.settle(token, deed).await)
            .unwrap_or_else(|| Settled::Unknown("the world is closed".into()))
    }
    fn told(&self, token: &Token, deed: &Deed) -> Option<Value> {
        self.wait(async |fleet| match deed {
            Deed::Run(run) => Box::pin(fleet.told(token, run)).await,
            _ => None,
        })
        .flatten()
    }
    fn sweep(&self, deed: &Deed) {
        if let Some(put) = deed.put() {
            self.wait(async |fleet| fleet.sweep(put).await);
        }
    }
    fn finish(&self, hosts: &[HostRecord]) -> Vec<String> {
        if let Some(fleet) = &self.fleet {
            fleet.forget_session();
        }
        self.on_each(hosts, AT_ONCE, |record| self.wait(async |fleet| fleet.finish(record).await).flatten())
    }
    fn lock_id(&self) -> String {
        let holder = self.fleet.as_ref().and_then(|f| f.settings.holder.as_ref());
        holder.map(|h| h.lock.clone()).unwrap_or_default()
    }
    fn knows(&self, tokens: BTreeSet<String>) {
        if let Some(fleet) = &self.fleet {
            *fleet.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokens);
        }
    }
    fn beyond(&self, host: &HostName) -> Option<String> {
        let all = self.fleet.as_ref()?.beyond.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = all.get(host).filter(|b| !b.is_empty())?;
        Some(super::beyond::refusal(host, tokens.iter()))
    }
    fn release(&self, hosts: &[HostRecord]) -> Released {
        let kept = AtomicU64::new(0);
        if let Some(fleet) = &self.fleet {
            fleet.is_hurried.store(true, Ordering::Relaxed);
        }
        let left =
            self.on_each(hosts, AT_ONCE, |record| match self.wait(async |fleet| fleet.release(record).await)? {
                Ok(bytes) => {
                    kept.fetch_add(bytes, Ordering::Relaxed);
                    None
                }
                Err(why) => Some(why),
            });
        Released { left, kept: kept.into_inner() }
    }
    fn meet(&self, hosts: &[HostName]) -> Outcome<()> {
        let seen = Mutex::new(BTreeMap::new());
        let numbered: Vec<(usize, &HostName)> = hosts.iter().enumerate().collect();
        self.on_each(&numbered, AT_ONCE, |(n, host)| {
            let it = self.wait(async |fleet| fleet.stranger(host).await)?;
            seen.lock().unwrap_or_else(PoisonError::into_inner).insert(*n, it);
            None
        });
        let mut strangers = vec![];
        for it in seen.into_inner().unwrap_or_else(PoisonError::into_inner).into_values() {
            match it {
                Err(Halt::Stop(stop)) => return Err(stop.into()),
                it => strangers.extend(it.ok().flatten()),
            }
        }
        self.ask(async |fleet| fleet.trust_all(strangers).await)
    }
    fn reach(&self, hosts: &[HostName], at_once: usize) {
        self.on_each(hosts, at_once, |host| {
            let _ = self.wait(async |fleet| fleet.hello(fleet.link(host)?).await.map(drop));
            None
        });
    }
    fn at_once(&self) -> usize {
        limits::hosts_at_once()
    }
    fn undo_material(&self, host: &HostRecord) -> Outcome<u64> {
        self.ask(async |fleet| fleet.undo_material(host).await)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Each session ends its master, by the path of its socket, when it goes.
        self.close();
        self.fleet = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_millis(100));
        }
    }
}

fn private_folder(folder: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|e| Box::new(Error::bad_input(format!("the folder {} cannot be made: {e}", folder.display()))))
}

fn write_private(file: &Path, text: &str) -> Result<()> {
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    opened
        .and_then(|mut f| f.write_all(text.as_bytes()))
        .map_err(|e| Box::new(Error::bad_input(format!("{} cannot be written: {e}", file.display()))))
}
