//! The machines of a run: made ready before the first deed, locked, and given back at the end.

use super::gate::lock;
use super::{Gate, Mode};
use crate::contract::{Event, Halt, HostRecord, Outcome, Step, Undo};
use crate::journal::Row;
use crate::name::HostName;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

/// At how many hosts the locks are taken at a time.
const AT_ONCE: usize = 16;

impl Gate {
    /// Makes the run's folder on every host that the steps or their undo touch, and records it.
    pub(super) fn prepare(&self, steps: &[Step]) -> Outcome<()> {
        let mut wanted: BTreeSet<&HostName> = BTreeSet::new();
        for step in steps {
            let undo = match &step.undo {
                Undo::By(deeds) => deeds.as_slice(),
                _ => &[],
            };
            for deed in std::iter::once(&step.deed).chain(undo) {
                wanted.extend(deed.hosts());
            }
        }
        for host in wanted {
            self.prepare_host(host)?;
        }
        Ok(())
    }

    /// Once for each host in this process; with what the journal has of it, if it has.
    pub(super) fn prepare_host(&self, host: &HostName) -> Outcome<()> {
        if lock(&self.prepared).contains(host) {
            return Ok(());
        }
        let mut known = lock(&self.hosts).get(host).cloned();
        let id = self.set.world.lock_id();
        if known.is_none() && !id.is_empty() {
            // A lock must go again also when this process dies while it is made: first its id.
            let intended = HostRecord::intended(host, &id);
            self.commit("lock", 0, vec![Row::host(&intended)])?;
            lock(&self.hosts).insert(host.clone(), intended.clone());
            known = Some(intended);
        }
        let record = self.set.world.prepare(host, known.as_ref())?;
        if known.as_ref() != Some(&record) {
            if record.is_per_user && !record.lock.is_empty() && !self.said_per_user.swap(true, Ordering::Relaxed) {
                let text = format!(
                    "{host} is reached without root: its lock keeps away only runs of the same user there \
                     (so on every host without root; said once)"
                );
                self.hear(&Event::Warning { text });
            }
            self.ride("host", 0, vec![Row::host(&record)])?;
            lock(&self.hosts).insert(host.clone(), record);
        }
        lock(&self.prepared).insert(host.clone());
        Ok(())
    }

    /// Takes the locks of these hosts before anything is done on any of them, so that a run which
    /// meets another one has changed nothing. A host that cannot be reached yet is left to the
    /// call that needs it.
    ///
    /// # Errors
    /// Another run holds one of them: what was taken here is given back.
    pub fn take_locks(&self, hosts: &[HostName]) -> Outcome<()> {
        let next = std::sync::atomic::AtomicUsize::new(0);
        let refused = Mutex::new(None);
        let go = || {
            while let Some(host) = hosts.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(Halt::Stop(stop)) = self.prepare_host(host) {
                    lock(&refused).get_or_insert(stop);
                }
            }
        };
        std::thread::scope(|threads| {
            for _ in 1..hosts.len().min(AT_ONCE) {
                threads.spawn(go);
            }
            go();
        });
        match lock(&refused).take() {
            None => Ok(()),
            Some(stop) => {
                self.release(false);
                self.poison(stop)
            }
        }
    }

    /// Before anything is planned: asks about the keys of all hosts that are met for the first time.
    ///
    /// # Errors
    /// They are not trusted.
    pub fn meet(&self, hosts: &[HostName]) -> Outcome<()> {
        if self.mode != Mode::Plan || hosts.len() < 2 {
            return Ok(());
        }
        match self.set.world.meet(hosts) {
            Err(Halt::Stop(stop)) => self.poison(stop),
            met => met,
        }
    }

    /// Before hosts are planned for one after the other: connects to all of them together.
    pub fn reach(&self, hosts: &[HostName], at_once: usize) {
        if self.mode == Mode::Plan && hosts.len() > 1 {
            self.set.world.reach(hosts, at_once.min(self.set.world.at_once()));
        }
    }

    /// How many hosts are worked on at a time, of so many that are wanted: said when it is fewer.
    pub fn at_once(&self, wanted: usize) -> usize {
        let most = self.set.world.at_once().max(1);
        if self.mode == Mode::Live && wanted > most {
            let text = format!(
                "{most} hosts at a time instead of {wanted}: this process may open too few files; \
                 more with a higher limit (ulimit -n)"
            );
            self.hear(&Event::Warning { text });
        }
        wanted.min(most)
    }

    /// Gives back the locks of all hosts that the run has touched, and notes how much undo
    /// material stays there, in bytes. A lock that cannot be given back is a warning, not a failure.
    pub fn release(&self, is_over: bool) -> u64 {
        let hosts: Vec<HostRecord> = lock(&self.hosts).values().cloned().collect();
        let (off, on): (Vec<HostRecord>, Vec<HostRecord>) =
            hosts.iter().cloned().partition(|h| lock(&self.off).contains(&h.host));
        let released = self.set.world.release(&on);
        for text in released.left {
            self.hear(&Event::Warning { text });
        }
        // It may be on again. If it is not, that is as it was to be: no reason to warn.
        for HostRecord { host, lock, .. } in
            off.iter().filter(|h| !self.set.world.release(&[(*h).clone()]).left.is_empty())
        {
            let text = format!(
                "{host} is off, as this run asked for: its lock stays on it. When it is on again, `mig finish` or \
                 `mig rollback` gives it back, or: mig unlock {host} --lock-id {lock}"
            );
            self.hear(&Event::Note { path: vec![], text });
        }
        if is_over && !hosts.is_empty() {
            // A journal that fails here is found broken by the next commit, which is waited for.
            let _ = self.moment(&json!({ "kept": released.kept }));
        }
        released.kept
    }
}
