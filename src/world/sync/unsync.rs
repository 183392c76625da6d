//! A copy taken back: what it made goes, what it kept comes back. It may be done again at any point.

use super::kept::{Kept, kind};
use crate::contract::{Command, Halt, Outcome, Run, Stop, Token, Unsync, failed};
use crate::world::attach::Attached;
use crate::world::link::Fleet;
use crate::world::live::Live;
use crate::world::script::{RSYNC_BACK, RSYNC_END};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How often an undo that a reboot cut off is begun again.
const PARTS: u32 = 5;

impl Fleet {
    pub async fn act_unsync(&self, token: &Token, unsync: &Unsync) -> Outcome<Value> {
        let kept = self.kept_folder(token, &unsync.host)?;
        let link = self.link(&unsync.host)?;
        self.close_door(&unsync.from, &unsync.host, &token.of_deed()).await?;
        if self.say(link, RSYNC_END, &[&kept]).await? != "ok" {
            return failed(format!("{}: a copy to {} still runs and cannot be ended", unsync.host, unsync.at));
        }
        let Some(earlier) = self.undo_runs(token, unsync, &kept).await? else {
            return Ok(taken_back(&kept));
        };
        let Some(all) = self.kept(link, &kept, &unsync.at, unsync.is_folder).await? else {
            return Ok(json!({ "changed": false }));
        };
        let is_new = all.passes.first().is_some_and(|p| p.made.iter().any(|n| n == b"."));
        for (file, names) in lists(&all, unsync, is_new) {
            let text = super::items::list(names.iter().map(Vec::as_slice));
            self.upload(link, &format!("{kept}/{file}"), &text).await?;
        }
        if is_new {
            self.upload(link, &format!("{kept}/top"), b"").await?;
        }
        for part in earlier..PARTS {
            match self.act_run(&token.part(part + 1), &self.undo_run(unsync, &kept)).await {
                Ok(_) => return Ok(taken_back(&kept)),
                Err(Halt::Stop(Stop::Ask { .. })) => {}
                Err(halt) => return Err(halt),
            }
        }
        failed(format!("{}: {} could not be made what it was: it was cut off again and again", unsync.host, unsync.at))
    }

    fn undo_run(&self, unsync: &Unsync, kept: &str) -> Run {
        let words = ["sh", "-c", RSYNC_BACK, "mig", kept, unsync.at.as_ref(), kind(unsync.is_folder)];
        Run { timeout_ms: unsync.timeout_ms, ..Run::new(&unsync.host, Command::argv(words)) }
    }

    /// An undo that an earlier process began may still run: waits for it. `None`: it ended well;
    /// else the number of those that did not.
    async fn undo_runs(&self, token: &Token, unsync: &Unsync, kept: &str) -> Outcome<Option<u32>> {
        let run = self.undo_run(unsync, kept);
        let link = self.link(&unsync.host)?;
        let mut last = 0;
        loop {
            let (job, _) = self.job(&token.part(last + 1), &run)?;
            let ears = ();
            match self.attach(link, &job, &run, &mut Live::new(&run.host, &ears, &self.redactor)).await? {
                Attached::Nothing { .. } => return Ok(Some(last)),
                Attached::Ended { code: 0, .. } => return Ok(None),
                _ => last += 1,
            }
        }
    }
}

fn taken_back(kept: &str) -> Value {
    json!({ "changed": true, "aside": format!("{kept}/undone") })
}

/// The lists that the undo works from. A name that an earlier pass made did not exist before it: what
/// a later pass kept under that name is ours, and does not come back.
fn lists(all: &Kept, unsync: &Unsync, is_new: bool) -> Vec<(String, Vec<Vec<u8>>)> {
    if is_new {
        return vec![("remove".into(), vec![unsync.at.file_name().as_bytes().to_vec()])];
    }
    let mut made: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut out = vec![];
    for pass in &all.passes {
        let old = |names: &[Vec<u8>]| names.iter().filter(|n| !made.contains(*n)).cloned().collect::<Vec<_>>();
        out.push((format!("{}/restore", pass.place), old(&pass.old)));
        out.push((format!("{}/retouch", pass.place), old(&pass.touched)));
        made.extend(pass.made.iter().cloned());
    }
    made.extend(all.torn.iter().cloned());
    // A folder that goes takes all below it along.
    let above = |n: &[u8]| n.iter().enumerate().any(|(i, b)| *b == b'/' && made.contains(&n[..i]));
    let names = made.iter().filter(|n| !above(n)).cloned().collect();
    out.push(("remove".into(), names));
    out
}

#[cfg(test)]
mod tests {
    use super::super::kept::Pass;
    use super::*;
    use crate::name::{HostName, RemotePath};

    #[test]
    fn what_an_earlier_pass_made_does_not_come_back() {
        let names = |n: &[&str]| n.iter().map(|n| n.as_bytes().to_vec()).collect::<Vec<_>>();
        let first = Pass { place: "0001".into(), made: names(&["new"]), old: names(&["a"]), ..Pass::default() };
        let second = Pass { place: "0002".into(), made: names(&["a"]), old: names(&["new", "b"]), ..Pass::default() };
        let all = Kept { passes: vec![first, second], torn: names(&[".x.ABCDEF"]) };
        let host = HostName::parse("dest").unwrap();
        let at = RemotePath::parse("/srv/b").unwrap();
        let unsync = Unsync { from: host.clone(), host, at, is_folder: true, timeout_ms: 1 };
        let lists = lists(&all, &unsync, false);
        let find = |name: &str| lists.iter().find(|(n, _)| n == name).unwrap().1.clone();
        assert_eq!(find("0001/restore"), names(&["a"]));
        assert_eq!(find("0002/restore"), names(&["b"]));
        assert_eq!(find("remove"), names(&[".x.ABCDEF", "a", "new"]));
    }
}
