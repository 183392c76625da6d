//! Asks a host how far a command is, by its token.

use super::call::{Call, Sink, Trouble};
use super::link::{Fleet, Link};
use super::script;

/// What a command's record on its host is found by.
pub struct Job {
    /// The run's folder there.
    pub folder: String,
    pub marker: String,
    pub token: String,
    /// The boot in which it was begun, where the journal has it.
    pub boot: Option<String>,
    /// The digest of what the token stands for.
    pub sha: String,
}

/// How far a command is.
#[derive(Debug, Clone, PartialEq)]
pub enum Progress {
    /// There is no trace of it.
    Nothing,
    Running {
        seconds: u64,
    },
    Done {
        code: i64,
        timed_out: bool,
    },
    /// It was started, nothing of it lives any more, and it left no exit code.
    Lost {
        rebooted: bool,
        when: String,
    },
    /// The token stands for another command there.
    Mismatch,
    /// The run's folder is not there, or is another one.
    Wiped,
}

/// How far a command is, how much it has printed, and which boot the machine is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub progress: Progress,
    pub sizes: (u64, u64),
    pub boot: String,
}

/// What to read of the output while asking.
pub struct Window {
    pub from: (u64, u64),
    pub limit: u64,
    /// Look whether the command lives; else a command without an exit code counts as running.
    pub look: bool,
}

impl Fleet {
    pub async fn ask<'s>(
        &self,
        link: &Link,
        job: &Job,
        window: Window,
        out: Sink<'s>,
        err: Sink<'s>,
    ) -> Result<Asked, Trouble> {
        let (o, e) = window.from;
        let args = [
            job.folder.clone(),
            job.token.clone(),
            job.sha.clone(),
            job.marker.clone(),
            o.to_string(),
            e.to_string(),
            window.limit.to_string(),
            if window.look { "yes" } else { "no" }.into(),
        ];
        let reply = self.call(link, &mut Call::new(script::ASK, args).out(out).err(err), None).await?;
        parse(&reply.said).ok_or_else(|| Trouble::Lost(format!("an answer that cannot be: {:?}", reply.said)))
    }
}

fn parse(said: &str) -> Option<Asked> {
    let mut words = said.split_whitespace();
    let sizes = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let boot = words.next()?.to_owned();
    let progress = match words.next()? {
        "none" => Progress::Nothing,
        "running" => Progress::Running { seconds: words.next()?.parse().ok()? },
        "done" => Progress::Done { code: words.next()?.parse().ok()?, timed_out: words.next() == Some("timeout") },
        "lost" => {
            let rebooted = words.next()? == "other";
            Progress::Lost { rebooted, when: words.collect::<Vec<_>>().join(" ") }
        }
        "mismatch" => Progress::Mismatch,
        "wiped" => Progress::Wiped,
        _ => return None,
    };
    Some(Asked { progress, sizes, boot })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        let progress = |said: &str| parse(said).map(|a| a.progress);
        assert_eq!(progress("3 0 b done 7 timeout"), Some(Progress::Done { code: 7, timed_out: true }));
        assert_eq!(progress("3 0 b done 0"), Some(Progress::Done { code: 0, timed_out: false }));
        let lost = Progress::Lost { rebooted: true, when: "2026-01-02 03:04:05".into() };
        assert_eq!(progress("3 0 b lost other 2026-01-02 03:04:05"), Some(lost));
        assert_eq!(progress("3 0 b"), None);
        assert_eq!(progress("x 0 b none"), None);
    }
}
