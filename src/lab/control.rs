//! How the outside talks to an open lab: a line of JSON each way over a socket in its folder.

use super::settings::Settings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// What was opened, in the lab's folder for whoever finds it later.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) settings: Settings,
}

impl Opened {
    pub(super) fn read(folder: &Path) -> io::Result<Opened> {
        let text = std::fs::read(folder.join("lab.json"))?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }
}

/// What can be asked of a lab.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Request {
    Power { host: String, on: bool },
    Reset,
    Snapshot { host: String },
    Close,
}

/// What it answers: a value, or what was wrong.
pub(super) type Answer = Result<Value, String>;

/// The address of the control socket: by descriptor, since a socket's path may have 107 bytes only.
fn by_descriptor(folder: &File) -> String {
    format!("/proc/self/fd/{}/control.sock", folder.as_raw_fd())
}

/// Listens in the lab's folder.
pub(super) fn listen(folder: &Path) -> io::Result<UnixListener> {
    let folder = File::open(folder)?;
    UnixListener::bind(by_descriptor(&folder))
}

/// Connects to the lab in a folder; fails when it is not running.
pub(super) fn connect(folder: &Path) -> io::Result<UnixStream> {
    let folder = File::open(folder)?;
    UnixStream::connect(by_descriptor(&folder))
}

/// Asks the lab and waits for its answer.
pub(super) fn ask(folder: &Path, request: &Request) -> io::Result<Answer> {
    let stream = connect(folder)?;
    // A reset is a way down and a way up.
    stream.set_read_timeout(Some(super::machine::PATIENCE * 3))?;
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    (&stream).write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the lab went away"));
    }
    serde_json::from_str(&answer).map_err(io::Error::other)
}
