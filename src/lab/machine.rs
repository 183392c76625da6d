//! A lab host as the lab sees it: a holder that is started, stopped, and started again when the
//! host reboots.

use super::process::{Children, Ended, lock};
use super::serve::ARGUMENT;
use super::tree;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

/// How long a host may take to come up or to go, on a machine that is busy.
pub(super) const PATIENCE: Duration = super::holder::BOOT.saturating_mul(2);

/// One host of the lab.
pub(super) struct Machine {
    name: String,
    lab: PathBuf,
    down_for: Duration,
    children: Children,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    wanted: bool,
    /// Whether a holder exists, up or not.
    exists: bool,
    up: bool,
    link: Option<UnixStream>,
    failure: Option<String>,
}

/// Why a holder ended, as far as it said so.
enum Last {
    Reboot,
    Poweroff,
    Failed(String),
    Nothing,
}

impl Machine {
    /// A host that is off, and the thread that looks after it.
    pub(super) fn new(name: &str, lab: PathBuf, down_for: u64, children: Children) -> Arc<Machine> {
        let machine = Arc::new(Machine {
            name: name.to_owned(),
            lab,
            down_for: Duration::from_millis(down_for),
            children,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let looked_after = machine.clone();
        std::thread::spawn(move || looked_after.look_after());
        machine
    }

    /// The host's folder in the lab.
    pub(super) fn folder(&self) -> PathBuf {
        self.lab.join("hosts").join(&self.name)
    }

    /// Whether its power is off, as opposed to not having come up yet.
    pub(super) fn is_off(&self) -> bool {
        fs::read(self.folder().join("power")).is_ok_and(|power| power == b"off")
    }

    /// Says it in a file, which the host that may take over the address holds open.
    fn say_power(&self, power: &str) {
        let _ = fs::write(self.folder().join("power"), power);
    }

    /// Turns the host on and waits until it answers.
    pub(super) fn on(&self) -> Result<(), String> {
        let mut state = lock(&self.state);
        state.wanted = true;
        state.failure = None;
        self.changed.notify_all();
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(failure) = &state.failure {
                return Err(format!("the lab host {} does not start: {failure}", self.name));
            }
            if state.up {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("the lab host {} did not start within {} s", self.name, PATIENCE.as_secs()));
            }
            state = self.changed.wait_timeout(state, left).map_or_else(|e| e.into_inner().0, |(state, _)| state);
        }
    }

    /// Takes the host's power away and waits until nothing of it runs any more.
    pub(super) fn off(&self) -> Result<(), String> {
        let mut state = lock(&self.state);
        state.wanted = false;
        if let Some(link) = &state.link {
            let _ = link.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
        let until = Instant::now() + PATIENCE;
        while state.exists {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("the lab host {} does not go down", self.name));
            }
            state = self.changed.wait_timeout(state, left).map_or_else(|e| e.into_inner().0, |(state, _)| state);
        }
        Ok(())
    }

    fn look_after(&self) {
        loop {
            let mut state = lock(&self.state);
            while !state.wanted {
                state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            state.exists = true;
            drop(state);
            // The other host that answers on this address while this one is off looks for it.
            self.say_power("on");
            let last = self.hold().unwrap_or_else(|e| Last::Failed(e.to_string()));
            let mut state = lock(&self.state);
            state.up = false;
            state.link = None;
            self.changed.notify_all();
            if matches!(last, Last::Reboot) && state.wanted {
                let pause = self.changed.wait_timeout_while(state, self.down_for, |state| state.wanted);
                state = pause.map_or_else(|e| e.into_inner().0, |(state, _)| state);
                if let Err(e) = tree::boot(&self.folder()) {
                    state.failure = Some(format!("cannot reboot: {e}"));
                    state.wanted = false;
                }
            } else if state.wanted {
                state.wanted = false;
                state.failure = match last {
                    Last::Failed(why) => Some(why),
                    Last::Poweroff => None,
                    _ => Some("its process ended".to_owned()),
                };
            }
            if !state.wanted {
                self.say_power("off");
                state.exists = false;
                self.changed.notify_all();
            }
        }
    }

    /// Starts a holder and stays with it until everything of the host has ended.
    fn hold(&self) -> io::Result<Last> {
        let (ours, theirs) = UnixStream::pair()?;
        let (told, ended) = mpsc::channel::<Ended>();
        let mut command = Command::new("unshare");
        command.args(["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL"]);
        // This process is 1 here. By its descriptor the binary is found even if it was replaced.
        command.args(["/proc/1/exe", ARGUMENT, "host"]).arg(&self.lab).arg(&self.name);
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null()).stderr(Stdio::inherit());
        self.children.spawn(&mut command, move |how| {
            let _ = told.send(how);
        })?;
        // Its end of the link must be nobody's but the holder's, or its end would not be seen.
        drop(command);
        {
            let mut state = lock(&self.state);
            state.link = Some(ours.try_clone()?);
            if !state.wanted {
                let _ = ours.shutdown(Shutdown::Both);
            }
        }
        let mut last = Last::Nothing;
        for line in BufReader::new(ours).lines() {
            match line.as_deref() {
                Ok("ready") => {
                    lock(&self.state).up = true;
                    self.changed.notify_all();
                }
                Ok("reboot") => last = Last::Reboot,
                Ok("poweroff") => last = Last::Poweroff,
                Ok(other) => {
                    let why = other.strip_prefix("failed: ").unwrap_or(other);
                    last = Last::Failed(why.to_owned());
                }
                Err(_) => break,
            }
        }
        // unshare ends when process 1 of the host has, and that only when all others have.
        let _ = ended.recv();
        Ok(last)
    }
}
