//! One run being written. Two kinds of write: `commit` returns when the rows are on disk, `ride`
//! goes with the next commit. One queue keeps the order, so nothing that was committed ever lacks
//! what came before it; what arrives during one commit makes the next.
//!
//! Only an intent is waited for. An end rides: without it the deed is settled by looking.

use super::Row;
use crate::fault;
use rusqlite::{Connection, types::Value as V};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Nobody may come for hours: what rides waits no longer than this.
const LONGEST_RIDE: Duration = Duration::from_millis(50);

type Done = SyncSender<Result<(), String>>;
struct Msg {
    rows: Vec<Row>,
    done: Option<Done>,
}

/// One run being written.
pub struct Record {
    pub run: String,
    tx: Mutex<Option<Sender<Msg>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    next: AtomicI64,
    /// The first error of the disk. After it nothing is written: a handle that failed to sync
    /// once cannot be believed again.
    broken: Arc<Mutex<Option<String>>>,
}

impl Record {
    pub(super) fn start(run: &str, db: Connection, last: i64) -> std::io::Result<Self> {
        let (tx, rx) = channel();
        let broken = Arc::new(Mutex::new(None));
        let (id, flag) = (run.to_string(), broken.clone());
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || serve(&db, &id, &rx, &flag))?;
        Ok(Record {
            run: run.into(),
            tx: Mutex::new(Some(tx)),
            writer: Mutex::new(Some(thread)),
            next: AtomicI64::new(last + 1),
            broken,
        })
    }

    /// One clock for calls and deeds, over all lanes: rollback goes against it.
    pub fn tick(&self) -> i64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    fn send(&self, msg: Msg) -> Result<(), String> {
        if let Some(why) = self.broken.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(why);
        }
        let tx = self.tx.lock().unwrap_or_else(PoisonError::into_inner);
        let tx = tx.as_ref().ok_or("the journal is closed")?;
        tx.send(msg).map_err(|_| "the journal's writer has ended".to_string())
    }

    /// Returns when the rows are on disk.
    ///
    /// # Errors
    /// What the disk said. Nothing may be sent to a host after that.
    pub fn commit(&self, what: &str, call: i64, rows: Vec<Row>) -> Result<(), String> {
        fault::point(&format!("{what}.before"), call)?;
        let (done, wait) = sync_channel(1);
        self.send(Msg { rows, done: Some(done) })?;
        wait.recv().map_err(|_| "the journal's writer has ended".to_string())??;
        fault::point(&format!("{what}.after"), call)
    }

    /// Goes with the next commit, 50 ms at most.
    ///
    /// # Errors
    /// An earlier error of the disk.
    pub fn ride(&self, what: &str, call: i64, rows: Vec<Row>) -> Result<(), String> {
        fault::point(&format!("{what}.before"), call)?;
        self.send(Msg { rows, done: None })?;
        fault::point(&format!("{what}.after"), call)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        self.tx.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = thread.join();
        }
    }
}

fn serve(db: &Connection, run: &str, inbox: &Receiver<Msg>, broken: &Mutex<Option<String>>) {
    let mut riding: Vec<Row> = vec![];
    loop {
        let first = if riding.is_empty() { inbox.recv().map_err(Into::into) } else { inbox.recv_timeout(LONGEST_RIDE) };
        let mut waiting: Vec<Done> = vec![];
        let mut ended = false;
        match first {
            Ok(msg) => {
                let mut next = Some(msg);
                while let Some(msg) = next {
                    riding.extend(msg.rows);
                    waiting.extend(msg.done);
                    next = inbox.try_recv().ok();
                }
                if waiting.is_empty() {
                    continue;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => ended = true,
        }
        tracing::trace!(rows = riding.len(), "commits");
        let done = write(db, run, &riding).map_err(|e| format!("cannot write the journal: {e}"));
        if let Err(why) = &done {
            broken.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why.clone());
        }
        riding.clear();
        for w in waiting {
            let _ = w.send(done.clone()); // whoever waited may have been stopped
        }
        if ended {
            return;
        }
    }
}

fn write(db: &Connection, run: &str, rows: &[Row]) -> rusqlite::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    db.execute_batch("begin immediate")?;
    let all = rows.iter().try_for_each(|Row(sql, values)| {
        let mut q = db.prepare_cached(sql)?;
        let run = [V::Text(run.into())];
        q.execute(rusqlite::params_from_iter(run.iter().chain(values)))?;
        Ok(())
    });
    match all.and_then(|()| db.execute_batch("commit")) {
        Ok(()) => Ok(()),
        Err(e) => {
            let _ = db.execute_batch("rollback");
            Err(e)
        }
    }
}
