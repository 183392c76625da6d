//! A file put in place, all or nothing, only while the place holds what was seen there.

use super::call::{Call, Feed, Sink, Trouble};
use super::folder::Tries;
use super::link::{Fleet, Link};
use super::upload::header;
use super::{look, script};
use crate::contract::{Bytes, Event, Failure, FileState, Found, Outcome, Put, Source, Stop, failed, quote};
use crate::name::{HostName, RemotePath};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use zeroize::Zeroizing;

/// How often a torn transfer is made again.
const TORN: u32 = 3;
/// Larger copies say how far they are.
const LARGE: u64 = 1 << 20;
/// At most so much of a file is spliced.
const SPLICED: u64 = 4 << 20;

/// What a place holds, compared with a deed.
#[derive(Debug, PartialEq)]
pub enum Place {
    IsTo,
    IsFrom,
    Unsure,
    Differs,
}

/// What a transfer reads from.
pub(super) enum Content {
    Nothing,
    Here(String),
    Bytes(Zeroizing<Vec<u8>>),
    Host(HostName, RemotePath),
}

impl Fleet {
    pub async fn act_put(&self, put: &Put) -> Outcome<Value> {
        let link = self.link(&put.host)?;
        let content = self.content(put).await?;
        let to = self.wanted(put, &content);
        let kept = match &put.keep {
            Some(name) => format!("{}/kept/{}", self.folder_of(put)?, file_name(name)?),
            None => "-".into(),
        };
        let (owner, mode) =
            to.as_ref().map_or(("-".into(), "0".into()), |s| (s.owner.clone(), format!("{:o}", s.mode)));
        let source = match &content {
            Content::Nothing => "-",
            Content::Here(path) => path,
            Content::Bytes(_) | Content::Host(..) => "stdin",
        };
        let args: Vec<String> =
            [put.path.as_ref(), &self.beside(&put.path), &word(put.from.as_ref()), &word(to.as_ref()), &kept, source]
                .into_iter()
                .map(str::to_owned)
                .chain([owner, mode])
                .collect();
        let (mut tries, mut torn, mut is_sent) = (Tries::default(), 0, false);
        loop {
            let sent = match &content {
                Content::Bytes(bytes) => {
                    let mut all = Zeroizing::new(header(bytes));
                    all.extend_from_slice(bytes);
                    let mut call = Call::new(script::PUT, args.clone()).feed(Feed::Bytes(&all));
                    self.call(link, &mut call, None).await.map(|r| r.said)
                }
                Content::Host(from, path) => self.carry(put, link, from, path, &args).await,
                _ => self.call(link, &mut Call::new(script::PUT, args.clone()), None).await.map(|r| r.said),
            };
            let said = match sent {
                Ok(said) => said,
                // Nothing has gone out yet.
                Err(Trouble::Halt(halt)) if !is_sent => return Err(halt),
                Err(trouble) => {
                    is_sent = true;
                    tries.again(self, &put.host, trouble).await.map_err(super::run::not_known_yet)?;
                    continue;
                }
            };
            return match said.split_once(' ').map_or(said.as_str(), |(w, _)| w) {
                // Already so: an earlier sending did it, and its answer was lost.
                "done" | "already" => Ok(json!({ "changed": true })),
                "torn" if torn < TORN => {
                    torn += 1;
                    continue;
                }
                "torn" => {
                    failed(format!("{}: {} arrives torn, or its source changes while it is copied", put.host, put.path))
                }
                "differs" => {
                    let now = look::found(&put.host, &put.path, said.trim_start_matches("differs "));
                    let now = now.unwrap_or(Found::Other { what: said.clone() });
                    let found = if let Found::File(state) = &now { Some(state) } else { None };
                    let mut text = differs(put, found);
                    if found.is_none() && now != Found::Nothing {
                        text += &format!(" ({now:?})");
                    }
                    Err(Failure::new(text)
                        .hint("nothing was changed there; look at it, then resume or roll back")
                        .into())
                }
                _ => failed(format!(
                    "{}: {} cannot be put in place: {}",
                    put.host,
                    put.path,
                    said.trim_start_matches("bad ")
                )),
            };
        }
    }

    pub(super) async fn content(&self, put: &Put) -> Outcome<Content> {
        if put.to.is_none() {
            return Ok(Content::Nothing);
        }
        Ok(match &put.source {
            Source::Bytes(bytes) => Content::Bytes(Zeroizing::new(bytes.0.clone())),
            Source::Secret(text) => Content::Bytes(Zeroizing::new(self.fill(text)?.as_bytes().to_vec())),
            Source::File { host, path } if *host == put.host => Content::Here(path.to_string()),
            Source::File { host, path } => Content::Host(host.clone(), path.clone()),
            Source::Kept(name) => Content::Here(format!("{}/kept/{}", self.folder_of(put)?, file_name(name)?)),
            Source::Spliced { at, cut, with } => Content::Bytes(self.spliced(put, *at, cut, with).await?),
            Source::Nothing => {
                return failed(format!(
                    "{}: what {} held before was not kept, so it cannot be put back",
                    put.host, put.path
                ));
            }
        })
    }

    /// What lies there, with the one place replaced. Where it lies so already, that is the content; of
    /// anything else the place itself will say that it differs.
    async fn spliced(&self, put: &Put, at: u64, cut: &Bytes, with: &Bytes) -> Outcome<Zeroizing<Vec<u8>>> {
        let Some((_, bytes)) = self.bytes(&put.host, &put.path, SPLICED).await? else {
            return failed(format!(
                "{}: {} is not there any more, so nothing in it can be replaced",
                put.host, put.path
            ));
        };
        let mut bytes = Zeroizing::new(bytes);
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let end = at.saturating_add(cut.0.len());
        let is_to = put.to.as_ref().is_some_and(|to| FileState::of(&bytes, "", 0).sha256 == to.sha256);
        if !is_to && bytes.get(at..end) == Some(&cut.0) {
            bytes.splice(at..end, with.0.iter().copied());
        }
        Ok(bytes)
    }

    /// The state to reach; the size of what holds a secret is known only now.
    pub(super) fn wanted(&self, put: &Put, content: &Content) -> Option<FileState> {
        let mut to = put.to.clone()?;
        if let (None, Content::Bytes(bytes)) = (&to.sha256, content) {
            to.size = bytes.len() as u64;
        }
        Some(to)
    }

    /// Compares what lies there with both sides of a deed.
    pub fn compare(&self, put: &Put, now: Option<&FileState>) -> Place {
        let is = |side: &Option<FileState>| match (side, now) {
            (None, None) => true,
            (Some(side), Some(now)) => {
                side.is_like(now) || side.sha256.is_none() && side.owner == now.owner && side.mode == now.mode
            }
            _ => false,
        };
        let has_secret = |side: &Option<FileState>| side.as_ref().is_some_and(|s| s.sha256.is_none());
        if has_secret(&put.to) {
            // What is wanted can be said exactly, here, while it is in memory.
            if let (Source::Secret(text), Some(now), Some(to)) = (&put.source, now, &put.to)
                && let Ok(text) = self.fill(text)
            {
                let wanted = FileState::of(text.as_bytes(), to.owner.clone(), to.mode);
                return match (wanted == *now, is(&put.from)) {
                    (true, _) => Place::IsTo,
                    (_, true) => Place::IsFrom,
                    _ => Place::Differs,
                };
            }
            return if is(&put.to) || is(&put.from) { Place::Unsure } else { Place::Differs };
        }
        match (is(&put.to), is(&put.from)) {
            (true, _) => Place::IsTo,
            (_, true) => Place::IsFrom,
            _ => Place::Differs,
        }
    }

    /// Streams a file from another host through this machine, without holding it.
    async fn carry(
        &self,
        put: &Put,
        link: &Link,
        from: &HostName,
        path: &RemotePath,
        args: &[String],
    ) -> Result<String, Trouble> {
        let source = self.link(from)?;
        let _turn = self.copies.acquire().await.map_err(|e| Trouble::Lost(e.to_string()))?;
        let Some(to) = &put.to else { return Err(Failure::new("there is nothing to copy").into()) };
        let first = format!("{} {}\n", to.sha256.as_deref().unwrap_or("-"), to.size).into_bytes();
        let (read, mut passes) = mpsc::channel::<Vec<u8>>(16);
        let (write, mut written) = mpsc::channel::<Vec<u8>>(16);
        let mut reading = Call::new(script::COPY, [path.as_ref()]).out(Sink::Pipe(read));
        let mut writing = Call::new(script::PUT, args.iter().cloned()).feed(Feed::Pipe(first, &mut written));
        let relay = async move {
            let (mut done, mut told) = (0, Instant::now());
            while let Some(part) = passes.recv().await {
                done += part.len() as u64;
                if to.size > LARGE && told.elapsed() > Duration::from_millis(200) {
                    told = Instant::now();
                    self.progress(put, done, to.size);
                }
                if write.send(part).await.is_err() {
                    return;
                }
            }
            if to.size > LARGE {
                self.progress(put, done, to.size);
            }
        };
        let mut why = None;
        let said = {
            let feeding = async {
                let read = async {
                    let reply = self.call(source, &mut reading, None).await;
                    // Its end of the pipe goes with it; that is what ends the file.
                    drop(reading);
                    reply
                };
                let (reply, ()) = tokio::join!(read, relay);
                match reply {
                    Ok(reply) if reply.said == "missing" => {
                        why = Some(Failure::new(format!("{path} on {from} cannot be read")))
                    }
                    Err(Trouble::Halt(crate::contract::Halt::Failed(f))) => why = Some(*f),
                    _ => {}
                }
                std::future::pending::<()>().await;
            };
            tokio::select! { said = self.call(link, &mut writing, None) => said, () = feeding => unreachable_end() }
        };
        match why {
            Some(failure) => Err(Trouble::Halt(failure.into())),
            None => said.map(|r| r.said),
        }
    }

    fn progress(&self, put: &Put, done: u64, total: u64) {
        let event = Event::Progress { host: put.host.clone(), what: put.path.to_string(), done, total };
        self.settings.listener.hear(&event);
    }

    pub(super) fn folder_of(&self, put: &Put) -> Outcome<String> {
        let prepared = self.prepared(&put.host)?;
        if prepared.is_wiped {
            let folder = prepared.record.folder;
            return Err(Stop::Refused(format!(
                "the run's folder on {} ({folder}) is gone, and what was kept in it",
                put.host
            ))
            .into());
        }
        Ok(prepared.record.folder)
    }

    /// The name of the new file until it is in place: one for each place, so that it can be swept.
    pub fn beside(&self, path: &RemotePath) -> String {
        let name: String = path.file_name().chars().take(50).collect();
        let folder = path.parent().trim_end_matches('/');
        format!("{folder}/.{name}.mig-{}", self.settings.run)
    }

    pub async fn sweep(&self, put: &Put) {
        let beside = self.beside(&put.path);
        let mut names = vec![quote(&beside), quote(&format!("{beside}.old"))];
        if let (Some(keep), Ok(folder)) = (&put.keep, self.folder_of(put))
            && let Ok(keep) = file_name(keep)
        {
            names.push(quote(&format!("{folder}/kept/{keep}.new")));
        }
        let command = crate::contract::Command::Shell(format!("rm -f -- {}", names.join(" ")));
        let _ = self.run(&put.host, &command, 30_000).await;
    }
}

/// The feeding side waits for ever by its form; the writing side ends the transfer.
fn unreachable_end() -> Result<super::call::Reply, Trouble> {
    Err(Trouble::Lost("the transfer ended".into()))
}

/// A name in the folder of what is kept, never a path.
pub(super) fn file_name(name: &str) -> Outcome<&str> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(Stop::Fault(format!("{name:?} is not a name for a kept file")).into());
    }
    Ok(name)
}

/// A state as the scripts say it.
pub(super) fn word(state: Option<&FileState>) -> String {
    match state {
        None => "nothing".into(),
        Some(FileState { sha256: Some(sha), size, owner, mode }) => format!("file {sha} {size} {owner} {mode:o}"),
        // The size of a secret is as secret as its digest, and as often unknown.
        Some(FileState { sha256: None, owner, mode, .. }) => format!("file - - {owner} {mode:o}"),
    }
}

/// What to say when a place holds neither.
pub fn differs(put: &Put, now: Option<&FileState>) -> String {
    let show = |state: Option<&FileState>| state.map_or_else(|| "nothing".into(), ToString::to_string);
    format!(
        "{} on {} is not what it was\n  expected: {}\n  to write: {}\n  is:       {}",
        put.path,
        put.host,
        show(put.from.as_ref()),
        show(put.to.as_ref()),
        show(now)
    )
}
