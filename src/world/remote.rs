//! The world of a run: the contract's `Look` and `World`, synchronous, over one async runtime.

use super::config::{machine_alias, ways};
use super::control;
use super::link::{Fleet, Link};
use super::settings::Settings;
use crate::contract::{
    Answer, Command, Deed, Differences, Failure, FileState, Found, HostRecord, Look, Machine, Outcome, Output,
    PortState, Question, Settled, Sync, Token, World, failed,
};
use crate::error::{Error, Result};
use crate::name::{HostName, RemotePath};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::runtime::Runtime;

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
    raise_file_limit();
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
            let file = control.path().join(&machine_alias(host)).with_extension(files.len().to_string());
            write_private(&file, &way.config)?;
            files.push((way, file));
        }
        links.insert(host.name.clone(), Link::new(host.clone(), files));
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("mig-world").enable_all().build();
    let runtime = runtime.map_err(|e| Box::new(Error::bug(format!("the runtime cannot be started: {e}"))))?;
    let fleet = Fleet {
        settings,
        control,
        known_hosts,
        links,
        first_contact: tokio::sync::Mutex::new(()),
        prepared: Mutex::default(),
        sent: Mutex::default(),
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
    fn find(&self, host: &HostName, path: &RemotePath) -> Outcome<Found> {
        self.ask(async |fleet| fleet.find(host, path).await)
    }
    fn bytes(&self, host: &HostName, path: &RemotePath, limit: u64) -> Outcome<Option<(FileState, Vec<u8>)>> {
        self.ask(async |fleet| fleet.bytes(host, path, limit).await)
    }
    fn differences(&self, sync: &Sync) -> Outcome<Differences> {
        self.ask(async |fleet| fleet.differences(sync).await)
    }
    fn machine(&self, host: &HostName) -> Outcome<Machine> {
        self.ask(async |fleet| Ok(fleet.hello(fleet.link(host)?).await?.machine.clone()))
    }
    fn boot_id(&self, host: &HostName) -> Outcome<String> {
        self.ask(async |fleet| fleet.boot_id(host).await)
    }
    fn port(&self, via: Option<&HostName>, address: &str, port: u16, timeout_ms: u64) -> Outcome<PortState> {
        self.ask(async |fleet| fleet.port(via, address, port, timeout_ms).await)
    }
    fn address(&self, host: &HostName) -> Outcome<String> {
        self.ask(async |fleet| fleet.address(host).await)
    }
}

impl World for Remote {
    fn prepare(&self, host: &HostName, known: Option<&HostRecord>) -> Outcome<HostRecord> {
        self.ask(async |fleet| fleet.prepare(host, known).await)
    }
    fn act(&self, token: &Token, deed: &Deed) -> Outcome<Value> {
        self.ask(async |fleet| match deed {
            Deed::Run(run) => fleet.act_run(token, run).await,
            Deed::Put(put) => fleet.act_put(put).await,
            Deed::Reboot(reboot) => fleet.act_reboot(token, reboot).await,
            Deed::Sync(sync) => fleet.act_sync(token, sync).await,
            Deed::Unsync(unsync) => fleet.act_unsync(token, unsync).await,
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
    fn sweep(&self, deed: &Deed) {
        if let Deed::Put(put) = deed {
            self.wait(async |fleet| fleet.sweep(put).await);
        }
    }
    fn finish(&self, hosts: &[HostRecord]) -> Vec<String> {
        let all = self.wait(async |fleet| {
            let mut left = vec![];
            for record in hosts {
                left.extend(fleet.finish(record).await);
            }
            left
        });
        all.unwrap_or_default()
    }
    fn undo_material(&self, host: &HostRecord) -> Outcome<u64> {
        self.ask(async |fleet| fleet.undo_material(host).await)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Each session ends its master, by the path of its socket, when it goes.
        if let Some(fleet) = self.fleet.take() {
            for link in fleet.links.values() {
                fleet.hang_up(link);
            }
        }
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

/// Each channel takes four file descriptors; many hosts at once need more than the usual 1024.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
