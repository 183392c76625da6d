//! The lab itself: process 1 of its namespaces. Opens the network, starts the hosts, and answers
//! whoever asks through the control socket.

use super::control::{self, Answer, Opened, Request};
use super::machine::Machine;
use super::process::Children;
use super::{loopback, snapshot, tree};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Opens the lab that was laid out in `folder`, says `ready` on the standard output, and serves
/// until it is closed.
pub(super) fn run(folder: &Path) -> io::Result<()> {
    loopback::open().map_err(|e| io::Error::new(e.kind(), format!("cannot open the lab's network: {e}")))?;
    let opened = Opened::read(folder)?;
    let children = Children::watch()?;
    let machines: BTreeMap<String, Arc<Machine>> = opened
        .settings
        .hosts
        .iter()
        .map(|(name, host)| {
            let machine = Machine::new(name, folder.to_owned(), host.down_for, children.clone());
            (name.clone(), machine)
        })
        .collect();
    let lab = Arc::new(Lab { folder: folder.to_owned(), machines, turn: Mutex::new(()) });
    lab.for_all(|machine| {
        tree::new_boot_id(&machine.folder()).map_err(|e| format!("cannot make a boot id: {e}"))?;
        machine.on()
    })
    .map_err(io::Error::other)?;
    let listener = control::listen(folder)?;
    let _ = io::stdout().write_all(b"ready\n");
    let watched = lab.clone();
    std::thread::spawn(move || watched.end_with_the_folder());
    for stream in listener.incoming().flatten() {
        let lab = lab.clone();
        std::thread::spawn(move || lab.converse(&stream));
    }
    Ok(())
}

struct Lab {
    folder: PathBuf,
    machines: BTreeMap<String, Arc<Machine>>,
    /// One request at a time: a reset in the middle of another would mix two trees.
    turn: Mutex<()>,
}

impl Lab {
    /// Does the same for all hosts at once; gives the first thing that went wrong.
    fn for_all(&self, act: impl Fn(&Machine) -> Result<(), String> + Sync) -> Result<(), String> {
        std::thread::scope(|scope| {
            let all: Vec<_> = self.machines.values().map(|machine| scope.spawn(|| act(machine))).collect();
            all.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err("the lab has a bug".to_owned())))
        })
    }

    fn machine(&self, host: &str) -> Result<&Machine, String> {
        self.machines.get(host).map(AsRef::as_ref).ok_or_else(|| {
            let known: Vec<&str> = self.machines.keys().map(String::as_str).collect();
            format!("no lab host is called \"{host}\"; known: {}", known.join(", "))
        })
    }

    /// Ends the lab when somebody removed its folder: nobody could ever close it otherwise.
    fn end_with_the_folder(&self) {
        while self.folder.join("lab.json").exists() {
            std::thread::sleep(Duration::from_secs(2));
        }
        let _turn = super::process::lock(&self.turn);
        let _ = self.for_all(Machine::off);
        std::process::exit(0);
    }

    fn converse(&self, stream: &UnixStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
        let mut line = String::new();
        // A look at whether the lab lives connects and says nothing.
        if BufReader::new(stream).read_line(&mut line).is_err() || line.is_empty() {
            return;
        }
        let request: Result<Request, _> = serde_json::from_str(&line);
        let closing = matches!(request, Ok(Request::Close));
        let answer = match request {
            Ok(request) => self.answer(&request),
            Err(e) => Err(format!("the lab does not know this request: {e}")),
        };
        if let Ok(mut text) = serde_json::to_string(&answer) {
            text.push('\n');
            let mut stream = stream;
            let _ = stream.write_all(text.as_bytes());
        }
        if closing {
            std::process::exit(0);
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let _turn = super::process::lock(&self.turn);
        match request {
            Request::Power { host, on: false } => self.machine(host)?.off()?,
            Request::Power { host, on: true } => {
                let machine = self.machine(host)?;
                if machine.is_off() {
                    tree::boot(&machine.folder()).map_err(|e| format!("cannot boot {host}: {e}"))?;
                }
                machine.on()?;
            }
            Request::Reset => {
                self.for_all(Machine::off)?;
                self.for_all(|machine| {
                    let folder = machine.folder();
                    tree::restore(&folder)
                        .and_then(|()| tree::new_boot_id(&folder))
                        .map_err(|e| format!("cannot put the files of a lab host back: {e}"))?;
                    machine.on()
                })?;
            }
            Request::Snapshot { host } => {
                let tree = self.machine(host)?.folder().join("tree");
                let taken = snapshot::take(&tree).map_err(|e| format!("cannot read the files of {host}: {e}"))?;
                return serde_json::to_value(taken).map_err(|e| e.to_string());
            }
            Request::Close => {
                self.for_all(Machine::off)?;
                tree::remove(&self.folder).map_err(|e| format!("cannot remove the lab's files: {e}"))?;
            }
        }
        Ok(Value::Null)
    }
}
