//! The rsync at either end: which version it is, and how exactly the two can compare times.

use super::items::{Found, sums};
use super::words::{Goal, client, list_first, server};
use crate::contract::{Differences, Failure, Outcome, Sync, failed, quote};
use crate::name::HostName;
use crate::world::call::{Call, Sink};
use crate::world::folder::{SHORT, Tries};
use crate::world::link::Fleet;
use crate::world::script;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Stands for the remote shell: writes down the words it is called with, and ends.
const WORDS: &str = r#"sh -c 'for i; do printf "%s\n" "$i" >&4; done' mig"#;

/// What both ends can do.
#[derive(Debug, Clone)]
pub struct Ends {
    /// How much two times may differ and still be equal.
    pub window: Window,
    /// What the receiving side is called with when it is only looked.
    pub look: Vec<String>,
    /// What the sender's rsync asks of the other side for a copy.
    pub copy: Vec<String>,
    /// The processors of both do AES by themselves.
    pub has_aes: bool,
}

impl Ends {
    /// From here on, looks and copies list all names before the first file is sent.
    pub fn list_first(&mut self) {
        for words in [&mut self.look, &mut self.copy] {
            list_first(words);
        }
    }
}

/// A look that was just made: the deed that follows need not make it again.
pub struct Seen {
    sync: Sync,
    pub ends: Ends,
    pub found: Found,
    at: Instant,
}

/// So long a look is as good as one made now: what comes between is one write to the journal.
const FRESH: Duration = Duration::from_secs(3);

/// What `--modify-window` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// To the last digit.
    Nanoseconds,
    /// Whole seconds: one of the two knows nothing finer, or files there keep nothing finer.
    Seconds,
}

/// A version's first three numbers.
type Version = [u32; 3];

/// The oldest that has `--info=progress2` and sends times to the nanosecond.
const NEEDED: Version = [3, 1, 0];
/// The first that takes a negative window; for older ones it makes every two times differ.
const NANOSECONDS: Version = [3, 1, 3];
/// The first without the holes through which one side could read and write files of the other
/// (CVE-2024-12084 to 12088). Later finds of 2026 are mended in 3.5.0 only.
const SAFE: Version = [3, 4, 1];

impl Window {
    pub fn word(self) -> &'static str {
        match self {
            Window::Nanoseconds => "--modify-window=-1",
            Window::Seconds => "--modify-window=0",
        }
    }
}

impl Fleet {
    /// Looks whether both ends have an rsync that will do, and what the two can. Changes nothing.
    pub async fn ends(&self, sync: &Sync) -> Outcome<Ends> {
        // What nearly all are asked is asked at once, whatever they are.
        let (from, to) = tokio::join!(
            self.ask_rsync(&sync.from, "-", lines(sync, Window::Nanoseconds)),
            self.ask_rsync(&sync.to, sync.at.as_ref(), vec![])
        );
        let ((said, mut asked), to) = (from?, to?.0);
        let has_aes = [&said, &to].iter().all(|said| said.ends_with(" aes"));
        let from = version(&sync.from, &said)?.0;
        let (to, is_fine) = version(&sync.to, &to)?;
        for (host, found) in [(&sync.from, from), (&sync.to, to)] {
            let is_new = || self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone());
            if found < SAFE && is_new() {
                let [a, b, c] = found;
                self.tell(
                    host,
                    format!(
                        "its rsync is version {a}.{b}.{c}: before 3.4.1 the other side of a copy can read and write \
                         where it should not (CVE-2024-12084 to 12088), unless the distribution has mended it"
                    ),
                );
            }
        }
        let both = from >= NANOSECONDS && to >= NANOSECONDS;
        let window = if both && is_fine { Window::Nanoseconds } else { Window::Seconds };
        if window != Window::Nanoseconds {
            asked = self.ask_rsync(&sync.from, "-", lines(sync, window)).await?.1;
        }
        let mut asked = asked.split(String::is_empty).map(<[String]>::to_vec);
        let (look, copy) = (asked.next().unwrap_or_default(), asked.next().unwrap_or_default());
        Ok(Ends { window, look: server(sync, &Goal::Look, &look)?, copy, has_aes })
    }

    /// What is different, in numbers. Changes nothing.
    pub async fn differences(&self, sync: &Sync) -> Outcome<Differences> {
        let ends = self.ends(sync).await?;
        let found = self.look(sync, &ends).await?;
        let sums = sums(&found.items);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|s| s.at.elapsed() < FRESH && s.sync != *sync);
        seen.push(Seen { sync: sync.clone(), ends, found, at: Instant::now() });
        Ok(sums)
    }

    /// The look that was made for this deed, if it was made just now.
    pub fn seen_sync(&self, sync: &Sync) -> Option<Seen> {
        let sync = Sync { differs: Differences::default(), ..sync.clone() };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let one = seen.iter().position(|s| s.sync == sync).map(|n| seen.swap_remove(n));
        one.filter(|s| s.at.elapsed() < FRESH)
    }

    /// What rsync says it is, and how exactly times are kept below `path` or `-`; then, for each of `lines`,
    /// what it asks of the other side.
    async fn ask_rsync(&self, host: &HostName, path: &str, lines: Vec<String>) -> Outcome<(String, Vec<String>)> {
        let link = self.link(host)?;
        let mut tries = Tries::default();
        loop {
            let mut text = vec![];
            let mut keep = |b: &[u8]| text.extend_from_slice(b);
            let args = std::iter::once(path.to_owned()).chain(lines.iter().cloned());
            let mut call = Call::new(script::RSYNC_ASK, args).out(Sink::To(&mut keep));
            let said = match self.call(link, &mut call, Some(SHORT)).await {
                Ok(reply) => reply.said,
                Err(trouble) => {
                    tries.again(self, host, trouble).await?;
                    continue;
                }
            };
            if said == "ok" || said.starts_with("ok ") {
                return Ok((said, String::from_utf8_lossy(&text).lines().map(String::from).collect()));
            }
            return Err(Failure::new(format!("there is no rsync on {host}"))
                .hint("install the package rsync there (apt install rsync, dnf install rsync)")
                .into());
        }
    }
}

/// What the sender is asked: its words for a look, and for a copy. The numbers and paths in them are mig's,
/// later.
fn lines(sync: &Sync, window: Window) -> Vec<String> {
    let line = |goal: &Goal<'_>| {
        let words: Vec<String> = client(sync, goal, window, WORDS, "mig").iter().map(|w| quote(w)).collect();
        words.join(" ")
    };
    vec![line(&Goal::Look), line(&Goal::Copy { kept: "/", deletions: 1, is_partial: false })]
}

/// `ok 3.2.7 fine aes`: the version, and whether times are kept to the last digit.
fn version(host: &HostName, said: &str) -> Outcome<(Version, bool)> {
    let mut words = said.split(' ').skip(1);
    let (text, times) = (words.next().unwrap_or_default(), words.next());
    let mut numbers = text.split('.').map(|n| n.parse().unwrap_or(0));
    let found: Version = std::array::from_fn(|_| numbers.next().unwrap_or(0));
    if found == [0, 0, 0] {
        return failed(format!("the rsync on {host} is not the one of rsync.samba.org, which is needed"));
    }
    if found < NEEDED {
        let text = super::super::printable(text);
        return Err(Failure::new(format!("rsync on {host} is version {text}; 3.1 or newer is needed"))
            .hint("install a newer rsync there")
            .into());
    }
    Ok((found, times == Some("fine")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read() {
        let read = |said: &str| version(&HostName::parse("dest").unwrap(), said);
        assert_eq!(read("ok 3.2.7 fine").unwrap(), ([3, 2, 7], true));
        assert_eq!(read("ok 3.1 seconds").unwrap(), ([3, 1, 0], false));
        assert!(read("ok 3.10.1 fine").unwrap().0 > NANOSECONDS);
        assert!(format!("{:?}", read("ok 3.0.9 fine").unwrap_err()).contains("version 3.0.9; 3.1 or newer"));
        assert!(format!("{:?}", read("ok unknown fine").unwrap_err()).contains("not the one of rsync.samba.org"));
    }
}
