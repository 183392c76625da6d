//! Children of a process 1: starts them and buries everybody who dies, its own or adopted.
//!
//! A process 1 gets the orphans of its namespace. Waiting for each child by its id would leave
//! them as zombies, which look alive to whoever asks for a session; waiting for all would steal
//! the exit codes of those that somebody waits for. So one thread waits and hands the codes out.

use std::collections::HashMap;
use std::io;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Code(i32),
    Signal(i32),
}

type Told = Box<dyn FnOnce(Ended) + Send>;

/// The children of this process.
#[derive(Clone)]
pub(super) struct Children(Arc<Inner>);

struct Inner {
    waited_for: Mutex<HashMap<i32, Told>>,
    born: Condvar,
}

impl Children {
    /// Begins to bury.
    pub(super) fn watch() -> io::Result<Children> {
        let children = Children(Arc::new(Inner { waited_for: Mutex::default(), born: Condvar::new() }));
        let inner = children.0.clone();
        std::thread::Builder::new().name("children".into()).spawn(move || inner.bury())?;
        Ok(children)
    }

    /// Starts a command; `ended` is told how it ended. Returns its id.
    pub(super) fn spawn(&self, command: &mut Command, ended: impl FnOnce(Ended) + Send + 'static) -> io::Result<i32> {
        // The lock is held over the start: nobody is buried before it is known who waits for them.
        let mut waited_for = lock(&self.0.waited_for);
        let pid = command.spawn()?.id().cast_signed();
        waited_for.insert(pid, Box::new(ended));
        self.0.born.notify_one();
        Ok(pid)
    }
}

impl Inner {
    fn bury(&self) {
        use rustix::process::{WaitId, WaitIdOptions, WaitOptions, wait, waitid};
        loop {
            let seen = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            let mut waited_for = lock(&self.waited_for);
            if seen.is_err() {
                // No children at all. The time-out is for an interrupted wait.
                let _ = self.born.wait_timeout(waited_for, Duration::from_millis(200));
                continue;
            }
            while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
                let ended = match (status.exit_status(), status.terminating_signal()) {
                    (Some(code), _) => Ended::Code(code),
                    (None, Some(signal)) => Ended::Signal(signal),
                    (None, None) => continue,
                };
                if let Some(told) = waited_for.remove(&pid.as_raw_nonzero().get()) {
                    told(ended);
                }
            }
        }
    }
}

/// Takes a lock, also one whose holder panicked: what is behind them here is never half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
