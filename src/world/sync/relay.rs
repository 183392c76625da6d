//! rsync on two hosts, talking to each other through this machine: no key, nothing stored here.
//!
//! Every look at the differences goes this way, for it leaves nothing anywhere. With
//! `via: "here"` the copy does too.

use super::ends::Ends;
use super::items::{Found, parse};
use super::words::{Goal, client};
use crate::contract::{Outcome, Sync, failed};
use crate::world::call::{Call, Feed, Sink, Trouble};
use crate::world::folder::Tries;
use crate::world::link::Fleet;
use crate::world::script;
use std::time::Duration;
use tokio::sync::mpsc;

/// Hands on what rsync says to the other side: in by 3, out by 4.
pub const CHANNEL: &str = "sh -c 'exec 5<&0; cat <&5 >&4 & exec cat <&3 5<&-' mig";
/// Comparing two large trees takes its time.
const LOOK: Duration = Duration::from_secs(6 * 3600);

/// How rsync ended.
#[derive(Debug, Clone, Default)]
pub struct Ended {
    pub code: i64,
    /// What the sending side printed: items, progress and errors.
    pub said: Vec<u8>,
    /// What the receiving side complained of.
    pub errors: Vec<u8>,
}

impl Fleet {
    /// What is different now.
    pub async fn look(&self, sync: &Sync, ends: &Ends) -> Outcome<Found> {
        let mut tries = Tries::default();
        loop {
            let words = client(sync, &Goal::Look, ends.window, CHANNEL, "mig");
            let mut server = ends.look.clone();
            // Its process need not be found again.
            server.insert(0, "-".into());
            let mut said = vec![];
            let mut keep = |b: &[u8]| said.extend_from_slice(b);
            match tokio::time::timeout(LOOK, self.relay(sync, words, server, &mut keep)).await {
                Err(_) => return failed(format!("comparing {} with {} took too long", sync.path, sync.at)),
                Ok(Err(trouble)) => tries.again(self, &sync.to, trouble).await?,
                // Something vanished while it looked: the next look sees.
                Ok(Ok(ended)) if matches!(ended.code, 0 | 24) => return Ok(parse(&said)),
                Ok(Ok(mut ended)) => {
                    ended.said = said;
                    return Err(super::act::failure(sync, &ended).into());
                }
            }
        }
    }

    /// Runs both sides, and carries between them.
    pub async fn relay(
        &self,
        sync: &Sync,
        words: Vec<String>,
        server: Vec<String>,
        hear: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<Ended, Trouble> {
        let (from, to) = (self.link(&sync.from)?, self.link(&sync.to)?);
        let (up, mut goes_up) = mpsc::channel::<Vec<u8>>(64);
        let (down, mut goes_down) = mpsc::channel::<Vec<u8>>(64);
        let mut errors = vec![];
        let sending = async {
            let mut call = Call::new(script::RSYNC_SEND, words)
                .feed(Feed::Pipe(vec![], &mut goes_down))
                .out(Sink::Pipe(up))
                .err(Sink::To(hear));
            // Its end of the pipe goes with it; that ends the other side.
            self.call(from, &mut call, None).await
        };
        let taking = async {
            let mut keep = |b: &[u8]| errors.extend_from_slice(b);
            let mut call = Call::new(script::RSYNC_TAKE, server)
                .feed(Feed::Pipe(vec![], &mut goes_up))
                .out(Sink::Pipe(down))
                .err(Sink::To(&mut keep));
            self.call(to, &mut call, None).await
        };
        let (sent, taken) = tokio::join!(sending, taking);
        let code = |said: String| said.trim().parse::<i64>().unwrap_or(12);
        let (sent, taken) = (code(sent?.said), code(taken?.said));
        // The side that ended the talk knows why; the other one only that it ended.
        let code = if matches!(sent, 0 | 12) && taken != 0 { taken } else { sent };
        Ok(Ended { code, said: vec![], errors })
    }
}
