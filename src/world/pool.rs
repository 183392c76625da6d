//! The connections of one host: how many sessions each bears, and which to use next.
//!
//! Pure bookkeeping. A server may allow fewer sessions on a connection than we would use
//! (`MaxSessions`); the first refusal tells how many, and another connection is opened.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Scripts at a time on one host, over all its connections.
pub const SESSIONS: usize = 8;
/// Shells that stay open on a host while they have nothing to do.
pub const IDLE: usize = 2;
/// Sessions that OpenSSH allows on a connection as it is delivered (`MaxSessions` in sshd_config(5)).
const MAX_SESSIONS: usize = 10;

/// The connections of one host.
pub struct Pool<C> {
    inner: Arc<Mutex<Inner<C>>>,
}
struct Inner<C> {
    next: u64,
    all: Vec<Entry<C>>,
}
struct Entry<C> {
    id: u64,
    connection: C,
    used: usize,
    cap: usize,
}

/// A place on a connection; given back when dropped.
pub struct Place<C> {
    pool: Arc<Mutex<Inner<C>>>,
    id: u64,
    pub connection: C,
}

impl<C: Clone> Default for Pool<C> {
    fn default() -> Self {
        Pool { inner: Arc::new(Mutex::new(Inner { next: 0, all: vec![] })) }
    }
}

fn held<C>(inner: &Mutex<Inner<C>>) -> MutexGuard<'_, Inner<C>> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Clone> Pool<C> {
    /// A place on a connection that has one free.
    pub fn take(&self) -> Option<Place<C>> {
        let mut inner = held(&self.inner);
        let entry = inner.all.iter_mut().find(|e| e.used < e.cap)?;
        entry.used += 1;
        Some(Place { pool: self.inner.clone(), id: entry.id, connection: entry.connection.clone() })
    }
    pub fn add(&self, connection: C) {
        let mut inner = held(&self.inner);
        inner.next += 1;
        let id = inner.next;
        inner.all.push(Entry { id, connection, used: 0, cap: MAX_SESSIONS });
    }
    /// Lets all connections go.
    pub fn clear(&self) -> Vec<C> {
        held(&self.inner).all.drain(..).map(|e| e.connection).collect()
    }
}

impl<C: Clone> Place<C> {
    /// The server refused a session: this connection bears no more than are open now.
    /// False when none is open on it, so that the refusal has another reason.
    pub fn is_full(&self) -> bool {
        let mut inner = held(&self.pool);
        let Some(entry) = inner.all.iter_mut().find(|e| e.id == self.id) else { return true };
        entry.cap = (entry.used - 1).max(1);
        entry.used > 1
    }
    /// The connection is gone.
    pub fn is_dead(&self) -> Option<C> {
        let mut inner = held(&self.pool);
        let at = inner.all.iter().position(|e| e.id == self.id)?;
        Some(inner.all.remove(at).connection)
    }
}
impl<C> Drop for Place<C> {
    fn drop(&mut self) {
        let mut inner = held(&self.pool);
        if let Some(entry) = inner.all.iter_mut().find(|e| e.id == self.id) {
            entry.used -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_tells_how_many_a_connection_bears() {
        let pool = Pool::default();
        assert!(pool.take().is_none());
        pool.add('a');
        let (_one, _two, three) = (pool.take().unwrap(), pool.take().unwrap(), pool.take().unwrap());
        assert!(three.is_full());
        drop(three);
        assert!(pool.take().is_none(), "two are open and two is all it bears");
        pool.add('b');
        assert_eq!(pool.take().unwrap().connection, 'b');
        assert_eq!(_one.is_dead(), Some('a'));
        assert_eq!(_two.is_dead(), None);
    }
}
