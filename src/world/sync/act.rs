//! The deed: look, keep, copy, and look again, until nothing is different.

use super::ends::Ends;
use super::items::{Item, sums};
use super::progress::Progress;
use super::relay::Ended;
use super::words::{Goal, client, server};
use crate::contract::{Command, Differences, Failure, Halt, Outcome, Run, Stop, Sync, Token, failed, quote};
use crate::world::answer::last_lines;
use crate::world::attach::Attached;
use crate::world::call::Trouble;
use crate::world::key::Key;
use crate::world::link::Fleet;
use crate::world::live::Live;
use crate::world::printable;
use crate::world::settings::Reach;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

/// How often a copy that broke off is begun again.
const RETRIES: u32 = 3;
/// After so many passes that went well there must be nothing left.
const PASSES: u32 = 2;

/// A smaller file begins again when its copy breaks off.
const LARGE: u64 = 1 << 20;

/// Up to so many names a side holds all of them at once: 100 MB.
const LISTED_FIRST: u64 = 1_000_000;

/// The name of the first pass; a later one is made after a copy that broke off, or that was not enough.
const FIRST: &str = "0001";

/// One pass.
struct Copy<'a> {
    sync: &'a Sync,
    goal: Goal<'a>,
    ends: &'a Ends,
    /// Where this call keeps things aside.
    kept: &'a str,
}

/// What is to be thought of an end.
#[derive(Debug, PartialEq)]
enum Verdict {
    Fine,
    Again,
    Failed,
}

impl Fleet {
    pub async fn act_sync(&self, token: &Token, sync: &Sync) -> Outcome<Value> {
        let is_direct = self.is_direct(sync)?;
        // An earlier process may have left it open.
        let mut may_be_open = is_direct;
        let answer = Box::pin(self.passes(token, sync, is_direct, &mut may_be_open)).await;
        if may_be_open {
            let closed = self.close_door(&sync.from, &sync.to, &token.of_deed()).await;
            if answer.is_ok() {
                closed?;
            }
        }
        answer
    }

    /// One host writes to the other by itself: both are reached by ssh, and they are two.
    fn is_direct(&self, sync: &Sync) -> Outcome<bool> {
        let is_local = |host| Ok::<_, Halt>(matches!(self.link(host)?.config.reach, Reach::Local));
        Ok(!sync.via_here && sync.from != sync.to && !is_local(&sync.from)? && !is_local(&sync.to)?)
    }

    /// The folder on the receiving host for what a call keeps aside.
    pub fn kept_folder(&self, token: &Token, host: &crate::name::HostName) -> Outcome<String> {
        let prepared = self.prepared(host)?;
        let folder = prepared.record.folder;
        if prepared.is_wiped {
            return Err(Stop::Refused(format!(
                "the run's folder on {host} ({folder}) is gone, and what was kept in it"
            ))
            .into());
        }
        Ok(format!("{folder}/kept/sync.{}", token.of_deed()))
    }

    async fn passes(&self, token: &Token, sync: &Sync, is_direct: bool, may_be_open: &mut bool) -> Outcome<Value> {
        let (kept, call) = (self.kept_folder(token, &sync.to)?, token.of_deed());
        let mut part = 0;
        let seen = self.seen_sync(sync);
        // After a look of just now it is as good as certain that no earlier process copies: that is asked
        // beside what else there is to do, and else before it.
        let mut may_run = is_direct && seen.is_some();
        let (mut ends, found) = match seen {
            Some(seen) => (seen.ends, seen.found),
            None => {
                if is_direct {
                    part = self.wait_for_earlier(token, sync).await?;
                }
                let ends = Box::pin(self.ends(sync)).await?;
                let found = Box::pin(self.look(sync, &ends)).await?;
                (ends, found)
            }
        };
        if found.names.is_some_and(|n| n <= LISTED_FIRST) {
            ends.list_first();
        }
        let mut items = found.items;
        let (mut clean, mut broke) = (0, 0);
        // Only a transfer that was cut off leaves anything torn; an earlier process may have been.
        let mut may_be_torn = true;
        let mut done = Differences::default();
        loop {
            let left = sums(&items);
            // A later call copies what somebody wrote meanwhile.
            if left.is_none() || (clean > 0 && sync.allow_changes) {
                if may_be_torn {
                    self.remove_torn(&kept, sync).await?;
                }
                return Ok(
                    json!({ "changed": true, "files": done.files, "bytes": done.bytes, "deletions": done.deletions }),
                );
            }
            if clean == PASSES {
                return Err(changing(sync, &items).into());
            }
            if let Some(max) = sync.max_delete.filter(|max| left.deletions > *max) {
                return failed(format!(
                    "{} would have to delete {} files now, and may delete {max}: nothing was copied",
                    sync.to, left.deletions
                ));
            }
            *may_be_open |= is_direct;
            let is_partial = items.iter().any(|i| !i.is_folder && i.size >= LARGE);
            // Where things are kept is not the sender's to say: only what the receiver runs has the true folder.
            let goal = Goal::Copy { kept: &kept, deletions: left.deletions, is_partial };
            let earlier = async {
                match may_run {
                    true => self.wait_for_earlier(token, sync).await,
                    false => Ok(part),
                }
            };
            let cut = async {
                match is_direct {
                    true => {
                        let file = self.words_file(&token.part(part + 1), sync)?;
                        self.cut_key(sync, &call, &ends, &goal, file).await.map(Some)
                    }
                    false => Ok(None),
                }
            };
            let (earlier, place, key) =
                tokio::join!(Box::pin(earlier), Box::pin(self.keep(sync, &kept, &items)), Box::pin(cut));
            let earlier = earlier?;
            may_run = false;
            if earlier > part {
                part = earlier;
                items = Box::pin(self.look(sync, &ends)).await?.items;
                continue;
            }
            let (place, key) = (place?, key?);
            may_be_torn &= place != FIRST || broke > 0;
            let here = format!("{kept}/{place}");
            let copy = Copy {
                sync,
                goal: Goal::Copy { kept: &here, deletions: left.deletions, is_partial },
                ends: &ends,
                kept: &kept,
            };
            let progress = Progress {
                listener: self.settings.listener.as_ref(),
                host: sync.to.clone(),
                what: sync.at.to_string(),
                total: left.bytes,
                line: Mutex::default(),
            };
            part += 1;
            let ended = match &key {
                Some(key) => Box::pin(self.copy_directly(&token.part(part), &copy, key, &progress)).await?,
                None => Box::pin(self.copy_through_here(&copy, &progress)).await?,
            };
            match verdict(sync, &ended) {
                Verdict::Fine => {
                    clean += 1;
                    done.files += left.files;
                    done.bytes += left.bytes;
                    done.deletions += left.deletions;
                }
                Verdict::Again if broke < RETRIES => {
                    broke += 1;
                    may_be_torn = true;
                    let why = failure(sync, &ended).message;
                    self.tell(&sync.to, format!("{why}; the copy goes on where it stopped"));
                    tokio::time::sleep(Duration::from_millis(500 << broke)).await;
                }
                Verdict::Again | Verdict::Failed => return Err(failure(sync, &ended).into()),
            }
            // Whatever the look finds, this key has done its work.
            let close = async {
                match is_direct {
                    true => self.close_door(&sync.from, &sync.to, &call).await,
                    false => Ok(()),
                }
            };
            let (closed, found) = tokio::join!(Box::pin(close), Box::pin(self.look(sync, &ends)));
            *may_be_open &= closed.is_err();
            items = found?.items;
        }
    }

    /// A copy that an earlier process began may still run on the sender: waits for its end, and
    /// gives the number of the last one.
    async fn wait_for_earlier(&self, token: &Token, sync: &Sync) -> Outcome<u32> {
        let mut last = 0;
        for earlier in token.attempts() {
            last = 0;
            loop {
                let run = self.run_of(&earlier.part(last + 1), sync)?;
                let (job, is_wiped) = self.job(&earlier.part(last + 1), &run)?;
                if is_wiped {
                    return Err(Stop::Refused(super::super::run::wiped(&run, &job)).into());
                }
                let ears = ();
                let mut live = Live::new(&run.host, &ears, &self.redactor);
                match self.attach(self.link(&sync.from)?, &job, &run, &mut live).await? {
                    Attached::Nothing { .. } => break,
                    _ => last += 1,
                }
            }
        }
        Ok(last)
    }

    /// The file on the sender with what it is to run for a part of the deed.
    fn words_file(&self, token: &Token, sync: &Sync) -> Outcome<String> {
        Ok(format!("{}/{}.rsync", self.prepared(&sync.from)?.record.folder, token.as_ref()))
    }

    fn run_of(&self, token: &Token, sync: &Sync) -> Outcome<Run> {
        let file = self.words_file(token, sync)?;
        Ok(Run {
            ok: (0..256).collect(),
            timeout_ms: sync.timeout_ms,
            ..Run::new(&sync.from, Command::argv(["sh", &file]))
        })
    }

    /// The sender writes to the other host with a key of its own. It goes on when this process ends.
    async fn copy_directly(
        &self,
        token: &Token,
        copy: &Copy<'_>,
        key: &Key,
        progress: &Progress<'_>,
    ) -> Outcome<Ended> {
        let sync = copy.sync;
        let server = server(sync, &copy.goal, &copy.ends.copy)?;
        let run = self.run_of(token, sync)?;
        self.open_door(sync, key, &server, &format!("{}/pids", copy.kept)).await?;
        match self.act_run_to(token, &run, progress).await {
            Ok(answer) => {
                let text = |name: &str| answer[name].as_str().unwrap_or_default().as_bytes().to_vec();
                Ok(Ended { code: answer["code"].as_i64().unwrap_or(255), said: text("stdout"), errors: text("stderr") })
            }
            // Started, and gone without an exit code: whatever came over is looked at next.
            Err(Halt::Stop(Stop::Ask { text, .. })) => {
                Ok(Ended { code: 30, errors: text.into_bytes(), ..Ended::default() })
            }
            Err(halt) => Err(halt),
        }
    }

    async fn copy_through_here(&self, copy: &Copy<'_>, progress: &Progress<'_>) -> Outcome<Ended> {
        const CHANNEL: &str = super::relay::CHANNEL;
        let sync = copy.sync;
        let words = client(sync, &copy.goal, copy.ends.window, CHANNEL, "mig");
        let mut server = server(sync, &copy.goal, &copy.ends.copy)?;
        server.insert(0, format!("{}/pids", copy.kept));
        let mut said = vec![];
        let mut hear = |b: &[u8]| {
            progress.hear(b);
            said.extend_from_slice(b);
            // Progress is long, what matters is at the end.
            if said.len() > 1 << 20 {
                said.drain(..said.len() - (256 << 10));
            }
        };
        let limit = Duration::from_millis(sync.timeout_ms);
        match tokio::time::timeout(limit, self.relay(sync, words, server, &mut hear)).await {
            Err(_) => Err(Failure::new(format!("it ran longer than {} s and was ended", limit.as_secs()))
                .hint("give it more time with #{ timeout: \"...\" }")
                .into()),
            Ok(Ok(ended)) => Ok(Ended { said, ..ended }),
            Ok(Err(Trouble::Halt(halt))) => Err(halt),
            Ok(Err(Trouble::TimedOut)) => failed(format!("{} did not answer in time", sync.to)),
            Ok(Err(Trouble::Lost(why))) => Ok(Ended { code: 12, said, errors: why.into_bytes() }),
        }
    }

    /// Removes what a transfer that was cut off by force left beside a file.
    async fn remove_torn(&self, kept: &str, sync: &Sync) -> Outcome<()> {
        let link = self.link(&sync.to)?;
        let Some(all) = self.kept(link, kept, &sync.at, sync.is_folder).await? else { return Ok(()) };
        if all.torn.is_empty() {
            return Ok(());
        }
        let list = super::items::list(all.torn.iter().map(Vec::as_slice));
        self.upload(link, &format!("{kept}/torn"), &list).await?;
        let (k, root) = (quote(kept), quote(super::kept::root(&sync.at, sync.is_folder)));
        let text = format!(
            "mkdir -p {k}/empty && rsync -a --delete-missing-args --from0 --files-from={k}/torn -- {k}/empty/ {root}/"
        );
        self.run(&sync.to, &Command::Shell(text), 600_000).await.map(drop)
    }
}

fn verdict(sync: &Sync, ended: &Ended) -> Verdict {
    let text = complaints(ended);
    let says = |what: &str| text.contains(what);
    match ended.code {
        0 => Verdict::Fine,
        24 if sync.allow_vanished => Verdict::Fine,
        // A file became shorter while it was read.
        23 if sync.allow_changes && only_changed(&text) => Verdict::Fine,
        _ if says("No space left") || says("Disk quota exceeded") => Verdict::Failed,
        255 if says("Permission denied") || says("Host key verification failed") => Verdict::Failed,
        10 | 12 | 20 | 30 | 35 | 137 | 143 | 255 => Verdict::Again,
        _ => Verdict::Failed,
    }
}

/// Whether rsync complains only of files that changed while it read them.
fn only_changed(text: &str) -> bool {
    let about = |l: &&str| l.starts_with("rsync: ") || l.starts_with("ERROR: ");
    let changed = |l: &str| {
        l.contains("read errors mapping") && l.contains("No data available")
            || l.contains("failed verification -- update discarded")
    };
    text.lines().any(|l| about(&l)) && text.lines().filter(about).all(changed)
}

/// What rsync and ssh complained of: neither items nor progress.
fn complaints(ended: &Ended) -> String {
    let said = String::from_utf8_lossy(&ended.said).into_owned();
    let said = said.split(['\n', '\r']).filter(|l| !l.starts_with('=') && !l.contains('%') && !l.trim().is_empty());
    let errors = String::from_utf8_lossy(&ended.errors).into_owned();
    let all: Vec<&str> = said.chain(errors.lines().filter(|l| !l.trim().is_empty())).collect();
    all.join("\n")
}

/// Why it failed: with the cause, not only the number.
pub fn failure(sync: &Sync, ended: &Ended) -> Failure {
    let text = complaints(ended);
    let has = |what: &str| text.lines().find(|l| l.contains(what)).map(printable);
    // The first complaint about a file names the cause; what follows comes of it.
    let first = text.lines().find(|l| l.starts_with("rsync: ") || l.starts_with("file has vanished")).map(printable);
    let because = |what: &str| first.as_ref().map_or_else(|| what.to_owned(), |f| format!("{what}: {f}"));
    let (from, to, at) = (&sync.from, &sync.to, &sync.at);
    let (message, hint) = if has("No space left").is_some() || has("Disk quota exceeded").is_some() {
        (format!("the disk of {to} is full, so {at} could not be made equal"), "make room there, then resume")
    } else if ended.code == 255 || has("ssh: ").is_some() {
        let why =
            text.lines().rfind(|l| !l.starts_with("rsync")).map_or_else(|| "ssh gave no reason".into(), printable);
        (
            format!("{from} cannot reach {to} by ssh: {why}"),
            "copy through this machine with #{ via: \"here\" } when the two cannot reach each other",
        )
    } else {
        match ended.code {
            23 => (because("not all of it could be copied"), "put that right, then resume"),
            24 => (
                because(&format!("files vanished on {from} while they were copied")),
                "stop what writes there, or allow it with #{ allow_vanished: true }",
            ),
            25 => (format!("more had to be deleted on {to} than was seen before"), "plan again, and look at what goes"),
            11 => (because(&format!("files on {to} could not be written")), "put that right, then resume"),
            _ => (because("the copy broke off"), "resume to go on where it stopped"),
        }
    };
    let failure =
        Failure { code: ended.code, ..Failure::new(format!("{message} (rsync exits {})", ended.code)) }.hint(hint);
    let last = last_lines(&text, 12);
    if last.is_empty() { failure } else { failure.output(last) }
}

/// Copied well, and again something is different.
fn changing(sync: &Sync, items: &[Item]) -> Failure {
    let names: Vec<String> = items.iter().take(5).map(|i| printable(&String::from_utf8_lossy(&i.name))).collect();
    Failure::new(format!(
        "{} of {} changes while it is copied: after {PASSES} passes {} differ, {} among them",
        sync.path,
        sync.from,
        items.len(),
        names.join(", ")
    ))
    .hint(
        "stop what writes there, then resume; a first copy of what is in use may be made with #{ allow_changes: true }",
    )
}

#[cfg(test)]
mod tests {
    use super::super::words::tests_sync as sync;
    use super::*;

    fn ended(code: i64, errors: &str) -> Ended {
        Ended { code, errors: errors.into(), ..Ended::default() }
    }

    #[test]
    fn an_exit_code_is_read_with_what_was_said() {
        let full = ended(11, "rsync: [receiver] write failed on \"/x\": No space left on device (28)\n");
        assert_eq!(verdict(&sync(), &full), Verdict::Failed);
        assert!(failure(&sync(), &full).message.starts_with("the disk of dest is full"));
        let denied = ended(
            23,
            "rsync: [sender] send_files failed to open \"/srv/a/k\": Permission denied (13)\nrsync error: x\n",
        );
        assert_eq!(verdict(&sync(), &denied), Verdict::Failed);
        assert!(failure(&sync(), &denied).message.contains("failed to open \"/srv/a/k\": Permission denied"));
        assert_eq!(verdict(&sync(), &ended(12, "")), Verdict::Again);
        assert_eq!(verdict(&sync(), &ended(255, "root@x: Permission denied (publickey).")), Verdict::Failed);
        assert_eq!(verdict(&sync(), &ended(255, "ssh: connect to host x: Connection refused")), Verdict::Again);
        assert_eq!(verdict(&sync(), &ended(24, "")), Verdict::Failed);
        assert_eq!(verdict(&Sync { allow_vanished: true, ..sync() }, &ended(24, "")), Verdict::Fine);
        let shorter = "rsync: [sender] read errors mapping \"/srv/a/b\": No data available (61)\nrsync error: some files (code 23)\n";
        let in_use = Sync { allow_changes: true, ..sync() };
        assert_eq!(verdict(&in_use, &ended(23, shorter)), Verdict::Fine);
        assert_eq!(verdict(&sync(), &ended(23, shorter)), Verdict::Failed);
        let worse = format!("{shorter}rsync: [sender] opendir \"/srv/a/c\" failed: Permission denied (13)\n");
        assert_eq!(verdict(&in_use, &ended(23, &worse)), Verdict::Failed);
    }
}
