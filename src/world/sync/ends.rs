//! The rsync at either end: which version it is, and how exactly the two can compare times.

use crate::contract::{Failure, Outcome, Sync, failed};
use crate::name::HostName;
use crate::world::call::{Call, Sink};
use crate::world::folder::{SHORT, Tries};
use crate::world::link::Fleet;
use crate::world::script;

/// What both ends can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// How much two times may differ and still be equal.
    pub window: Window,
}

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
        let (from, to) =
            tokio::join!(self.ask_rsync(&sync.from, "-", &[]), self.ask_rsync(&sync.to, sync.at.as_ref(), &[]));
        let from = version(&sync.from, &from?.0)?.0;
        let (to, is_fine) = version(&sync.to, &to?.0)?;
        let both = from >= NANOSECONDS && to >= NANOSECONDS;
        Ok(Ends { window: if both && is_fine { Window::Nanoseconds } else { Window::Seconds } })
    }

    /// What rsync says it is, below `path` or `-`; with `words`, what it asks of the other side.
    pub async fn ask_rsync(&self, host: &HostName, path: &str, words: &[String]) -> Outcome<(String, Vec<String>)> {
        let link = self.link(host)?;
        let mut tries = Tries::default();
        loop {
            let mut text = vec![];
            let mut keep = |b: &[u8]| text.extend_from_slice(b);
            let args = std::iter::once(path.to_owned()).chain(words.iter().cloned());
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

/// `ok 3.2.7 fine`: the version, and whether times are kept to the last digit.
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
