//! What a host has done for a run and the journal does not know: the journal was put back from an
//! older copy, or lost its newest part.
//!
//! An intent is on disk before its command is sent, so this never follows from a crash. Such a
//! command is taken over when the run comes to ask for the very same one (same token, same
//! digest). Until all of them are, nothing new is started there: it might be the same under
//! another number.

use super::link::Fleet;
use crate::contract::{Outcome, Stop, Token};
use crate::name::HostName;
use std::collections::BTreeSet;
use std::sync::PoisonError;

impl Fleet {
    /// Notes which tokens a host has, and keeps those that the journal lacks.
    pub fn note_started(&self, host: &HostName, started: BTreeSet<String>) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = known.as_ref() else { return };
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_ours = |t: &String| known.contains(Token::whole(t)) || sent.contains_key(&(host.clone(), t.clone()));
        let beyond: BTreeSet<String> = started.into_iter().filter(|t| !is_ours(t)).collect();
        self.beyond.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), beyond);
    }

    /// Whether a command may be started, or taken over, on a host.
    pub fn may_start(&self, host: &HostName, token: &Token) -> Outcome<()> {
        let mut all = self.beyond.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(beyond) = all.get_mut(host).filter(|b| !b.is_empty()) else { return Ok(()) };
        if beyond.remove(token.as_ref()) {
            return Ok(());
        }
        Err(Stop::Refused(refusal(host, beyond.iter())).into())
    }
}

/// Why nothing new is started.
pub fn refusal<'a>(host: &HostName, tokens: impl Iterator<Item = &'a String>) -> String {
    let mut calls: Vec<&str> = tokens.map(|t| t.split('.').next().unwrap_or_default()).collect();
    calls.dedup();
    format!(
        "the journal is older than what happened: {host} has records of calls it lacks: {}\n\
         nothing new is started there, for it may have been done already\n\
         put back the newest copy of the journal, or look at the host and end by hand what is left",
        calls.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_are_named_once() {
        let host = HostName::parse("dest").unwrap();
        let tokens = ["5.0.1".to_owned(), "5.1.1".to_owned(), "7.0.u0.1".to_owned()];
        assert!(refusal(&host, tokens.iter()).contains("dest has records of calls it lacks: 5, 7\n"));
    }
}
