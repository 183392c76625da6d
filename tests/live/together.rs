//! Rows that mostly wait for a connection to be given up, or for a minute to pass, run at the same
//! time: the first that is asked for starts all of them, and each test waits for its own.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};
use std::thread::JoinHandle;

type Rows = BTreeMap<&'static str, Mutex<Option<JoinHandle<()>>>>;

static STARTED: LazyLock<Rows> = LazyLock::new(|| {
    let rows = crate::link::WAITING.iter().chain(crate::server::WAITING);
    rows.map(|(name, row)| (*name, Mutex::new(Some(std::thread::spawn(row))))).collect()
});

/// Runs a row, or waits for the one that runs.
pub fn row(name: &str, row: fn()) {
    // Somebody who asked for some tests wants no others.
    if std::env::args().skip(1).any(|word| !word.starts_with('-')) {
        return row();
    }
    let running = STARTED[name].lock().unwrap().take().unwrap();
    if let Err(why) = running.join() {
        // Its words are in the output of whichever test started it.
        let text = why.downcast_ref::<String>().cloned().unwrap_or_else(|| "it failed".into());
        panic!("{text}");
    }
}
