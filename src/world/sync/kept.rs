//! What is kept of the receiving side before a copy, and how it is read back.

use super::items::{Fate, Item, list};
use crate::contract::{Failure, Outcome, Sync};
use crate::name::RemotePath;
use crate::world::call::{Call, Feed, Sink};
use crate::world::folder::Tries;
use crate::world::link::{Fleet, Link};
use crate::world::script;
use crate::world::upload::{TORN, header};
use std::collections::HashSet;

/// What one pass noted and kept, names relative to the top.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Pass {
    pub place: String,
    pub made: Vec<Vec<u8>>,
    pub sent: Vec<Vec<u8>>,
    pub touched: Vec<Vec<u8>>,
    pub old: Vec<Vec<u8>>,
}

/// All passes of a call, and files that a torn transfer may have left.
#[derive(Debug, Default, PartialEq)]
pub struct Kept {
    pub passes: Vec<Pass>,
    pub torn: Vec<Vec<u8>>,
}

pub fn kind(is_folder: bool) -> &'static str {
    if is_folder { "folder" } else { "file" }
}

/// The folder to which names are relative.
pub fn root(at: &RemotePath, is_folder: bool) -> &str {
    if is_folder { at.as_ref() } else { at.parent() }
}

impl Fleet {
    /// Notes what this pass will make, and keeps what rsync itself does not keep. Gives the place.
    pub async fn keep(&self, sync: &Sync, kept: &str, items: &[Item]) -> Outcome<String> {
        let link = self.link(&sync.to)?;
        let excludes: Vec<String> = sync.exclude.iter().map(|e| format!("--exclude={e}")).collect();
        let mut args = vec![kept, sync.at.as_ref(), kind(sync.is_folder)];
        args.extend(excludes.iter().map(String::as_str));
        let names = |fates: &[Fate], folders: bool| {
            let those = items.iter().filter(|i| fates.contains(&i.fate) && (folders || !i.is_folder));
            let file = sync.at.file_name().as_bytes();
            list(those.map(|i| if sync.is_folder { i.name.as_slice() } else { file }))
        };
        let mut lists = names(&[Fate::Created], true);
        lists.push(0);
        lists.extend(names(&[Fate::Created, Fate::Replaced], false));
        lists.push(0);
        let place = self.make_place(link, &args, &lists).await?.map_err(|said| self.cannot_keep(sync, &said))?;
        let touched = names(&[Fate::Touched], false);
        if !touched.is_empty() {
            self.upload(link, &format!("{kept}/{place}/touched"), &touched).await?;
            let root = root(&sync.at, sync.is_folder);
            let said = self.say(link, script::RSYNC_KEEP, &[kept, &place, "touched", root]).await?;
            if said != "ok" {
                return Err(self.cannot_keep(sync, &said).into());
            }
        }
        Ok(place)
    }

    /// Makes the place of a pass, with the lists in it; or what the host says instead.
    async fn make_place(&self, link: &Link, args: &[&str], lists: &[u8]) -> Outcome<Result<String, String>> {
        let mut sent = header(lists);
        sent.extend_from_slice(lists);
        let (mut tries, mut torn) = (Tries::default(), 0);
        loop {
            let mut call = Call::new(script::RSYNC_KEEP, args.iter().copied()).feed(Feed::Bytes(&sent));
            match self.call(link, &mut call, None).await {
                Ok(reply) if reply.said == "torn" && torn < TORN => torn += 1,
                Ok(reply) => return Ok(reply.said.strip_prefix("ok ").map(String::from).ok_or(reply.said)),
                Err(trouble) => tries.again(self, &link.config.name, trouble).await?,
            }
        }
    }

    fn cannot_keep(&self, sync: &Sync, said: &str) -> Failure {
        let why = said.strip_prefix("bad ").unwrap_or(said);
        Failure::new(format!(
            "{}: nothing was copied, for what is there cannot be kept aside: {}",
            sync.to,
            super::super::printable(why)
        ))
    }

    /// Reads back what was noted and kept. `None`: nothing ever was.
    pub async fn kept(&self, link: &Link, kept: &str, at: &RemotePath, is_folder: bool) -> Outcome<Option<Kept>> {
        let mut tries = Tries::default();
        loop {
            let mut bytes = vec![];
            let mut keep = |b: &[u8]| bytes.extend_from_slice(b);
            let mut call =
                Call::new(script::RSYNC_LISTS, [kept, at.as_ref(), kind(is_folder)]).out(Sink::To(&mut keep));
            match self.call(link, &mut call, None).await {
                Ok(reply) if reply.said == "nothing" => return Ok(None),
                Ok(_) => return Ok(Some(parse(&bytes, root(at, is_folder)))),
                Err(trouble) => tries.again(self, &link.config.name, trouble).await?,
            }
        }
    }
}

fn parse(bytes: &[u8], root: &str) -> Kept {
    let mut names = bytes.split(|b| *b == 0);
    let mut kept = Kept::default();
    let plain = |n: &[u8]| n.strip_prefix(b"./").unwrap_or(n).to_vec();
    while let Some(place) = names.next().filter(|p| !p.is_empty()) {
        let mut next = || names.by_ref().take_while(|n| !n.is_empty()).map(plain).collect::<Vec<_>>();
        if place == b"-" {
            let (now, before) = (next(), next());
            let prefix = format!("{}/", root.trim_end_matches('/')).into_bytes();
            let was: HashSet<&[u8]> = before.iter().map(|b| b.strip_prefix(prefix.as_slice()).unwrap_or(b)).collect();
            let sent: HashSet<&[u8]> = kept.passes.iter().flat_map(|p| &p.sent).map(Vec::as_slice).collect();
            let is_torn =
                |n: &Vec<u8>| !was.contains(n.as_slice()) && stem(n).is_some_and(|s| sent.contains(s.as_slice()));
            kept.torn = now.into_iter().filter(is_torn).collect();
            break;
        }
        let place = String::from_utf8_lossy(place).into_owned();
        kept.passes.push(Pass { place, made: next(), sent: next(), touched: next(), old: next() });
    }
    kept
}

/// The name that rsync was writing under `dir/.name.XXXXXX`.
fn stem(torn: &[u8]) -> Option<Vec<u8>> {
    let at = torn.iter().rposition(|b| *b == b'/').map_or(0, |n| n + 1);
    let (folder, name) = torn.split_at(at);
    let name = name.strip_prefix(b".")?;
    let end = name.len().checked_sub(7).filter(|n| *n > 0 && name[*n] == b'.')?;
    Some([folder, &name[..end]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read_back() {
        let text = b"0001\0new\0d\0\0big\0new\0\0\0./old\0\0-\0./.big.aB3dEf\0./d/.x.123456\0./.new.zzzzzz\0\0/srv/.new.zzzzzz\0\0";
        let kept = parse(text, "/srv");
        assert_eq!(kept.torn, [b".big.aB3dEf".to_vec()]);
        assert_eq!(kept.passes.len(), 1);
        let pass = &kept.passes[0];
        assert_eq!((pass.made.len(), pass.sent.len(), pass.touched.len()), (2, 2, 0));
        assert_eq!(pass.old, [b"old".to_vec()]);
        assert_eq!(stem(b"a/.b.c.ABCDEF"), Some(b"a/b.c".to_vec()));
        assert_eq!(stem(b".ABCDEF"), None);
    }
}
