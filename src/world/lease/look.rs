//! How a lease is: asked of the host, changing nothing.

use crate::contract::{LeaseState, Outcome, Phase};
use crate::name::{HostName, LeaseName};
use crate::world::call::{Call, Sink};
use crate::world::folder::{SHORT, Tries};
use crate::world::link::{Fleet, Link};
use crate::world::{printable, script};

impl Fleet {
    /// The state of a lease of this run, which need not be prepared for that.
    pub async fn lease(&self, host: &HostName, name: &LeaseName) -> Outcome<LeaseState> {
        let link = self.link(host)?;
        let run = match self.prepared(host) {
            Ok(prepared) => prepared.record.folder,
            Err(_) => format!("{}/{}", self.base_on(link).await?, self.settings.run),
        };
        self.lease_at(link, &format!("{run}/lease.{name}")).await
    }

    pub async fn lease_at(&self, link: &Link, folder: &str) -> Outcome<LeaseState> {
        let mut tries = Tries::default();
        loop {
            let (mut log, mut why) = (vec![], vec![]);
            let (mut keep_log, mut keep_why) =
                (|b: &[u8]| log.extend_from_slice(b), |b: &[u8]| why.extend_from_slice(b));
            let mut call =
                Call::new(script::LEASE_LOOK, [folder]).out(Sink::To(&mut keep_log)).err(Sink::To(&mut keep_why));
            let said = match self.call(link, &mut call, Some(SHORT)).await {
                Ok(reply) => reply.said,
                Err(trouble) => {
                    tries.again(self, &link.config.name, trouble).await?;
                    continue;
                }
            };
            let text = |bytes: &[u8]| self.redactor.text(printable_lines(bytes));
            return Ok(LeaseState { log_end: text(&log), last_error: text(&why), ..state(folder, &said) });
        }
    }
}

/// What a person can read: whole lines, nothing that moves a terminal.
fn printable_lines(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().map(printable).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// Reads what the script says.
fn state(folder: &str, said: &str) -> LeaseState {
    let words: Vec<&str> = said.split_whitespace().collect();
    let number = |at: usize| words.get(at).and_then(|w| w.parse::<i64>().ok());
    let phase = match words[..] {
        ["key"] => Phase::Key,
        [_, _, _, _, "no", ..] => Phase::Gone,
        ["running", _, _, _, _, "yes", ..] => Phase::Up,
        ["waiting", ..] => Phase::Waiting,
        [_, _, _, _, "yes", ..] => Phase::Starting,
        _ => Phase::Absent,
    };
    let since = number(1).unwrap_or_default();
    LeaseState {
        folder: folder.into(),
        phase,
        since,
        seconds: (number(6).unwrap_or(since) - since).max(0),
        restarts: number(2).unwrap_or_default(),
        last_exit: number(3),
        last_error: String::new(),
        log_end: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_says_of_a_lease_is_read() {
        let phase = |said: &str| state("/f", said).phase;
        assert_eq!(phase("none"), Phase::Absent);
        assert_eq!(phase("key"), Phase::Key);
        assert_eq!(phase("running 100 0 - yes yes 160"), Phase::Up);
        assert_eq!(phase("running 100 0 - yes no 160"), Phase::Starting);
        assert_eq!(phase("- 0 0 - yes no 160"), Phase::Starting);
        assert_eq!(phase("waiting 100 3 255 yes no 160"), Phase::Waiting);
        assert_eq!(phase("running 100 3 255 no yes 160"), Phase::Gone);
        let seen = state("/f", "waiting 100 3 255 yes no 160");
        assert_eq!((seen.since, seen.seconds, seen.restarts, seen.last_exit), (100, 60, 3, Some(255)));
    }
}
