//! Where a file is to lie: what is there now, who will own it, and how the old one comes back.

use super::{mode::Mode, owner::Owner};
use crate::contract::{
    Bytes, Command, Deed, Failure, FileState, Found, Look, Outcome, Plan, Put, Source, Step, Undo, failed,
};
use crate::name::{HostName, RemotePath};

const LOOK_MS: u64 = 30_000;
/// An old file up to this size may go into the journal; a larger one is kept aside on its host.
const JOURNAL_LIMIT: u64 = 1 << 20;

/// Returns the file at a path, `None` when nothing lies there. Anything else is refused by name.
pub fn file_at(host: &HostName, path: &RemotePath, look: &dyn Look) -> Outcome<Option<FileState>> {
    match look.find(host, path)? {
        Found::Nothing => Ok(None),
        Found::File(state) => Ok(Some(state)),
        Found::Folder { .. } => failed(format!("{path} on {host} is a folder; a file is needed")),
        Found::Link { target } => Err(Failure::new(format!("{path} on {host} is a symbolic link to {target}"))
            .hint("give the path of the file itself: a link is neither followed nor replaced")
            .into()),
        Found::Other { what } => failed(format!("{path} on {host} is no file, but {what}")),
    }
}

/// Refuses a path whose folder is not there: a misspelt path must not make folders.
pub fn needs_folder(host: &HostName, path: &RemotePath, look: &dyn Look) -> Outcome<()> {
    let Ok(folder) = RemotePath::parse(path.parent()) else {
        // The root folder: always there.
        return Ok(());
    };
    let is_there = match look.find(host, &folder)? {
        Found::Folder { .. } => true,
        Found::Link { .. } => look.run(host, &Command::argv(["test", "-d", folder.as_ref()]), LOOK_MS)?.code == 0,
        Found::File(_) | Found::Other { .. } => {
            return failed(format!("{folder} on {host} is no folder, so {path} cannot be in it"));
        }
        Found::Nothing => false,
    };
    if is_there {
        return Ok(());
    }
    Err(Failure::new(format!("there is no folder {folder} on {host}, so {path} cannot be in it"))
        .hint(format!("make it first: {host}.ssh([\"mkdir\", \"-p\", \"--\", \"{folder}\"])"))
        .into())
}

/// The owner a new file gets: what was asked, else `kept` where root writes it, else the user that
/// writes it, who can give a file to nobody else.
pub fn owner_of_new(
    host: &HostName,
    asked: Option<&Owner>,
    kept: Option<&FileState>,
    look: &dyn Look,
) -> Outcome<String> {
    let me = look.machine(host)?;
    let mine = format!("{}:{}", me.uid, me.gid);
    let Some(asked) = asked else {
        return Ok(kept.filter(|_| me.uid == 0).map_or(mine, |k| k.owner.clone()));
    };
    let owner = asked.on(host, look)?;
    if me.uid != 0 && owner != mine {
        return Err(Failure::new(format!(
            "owner {asked}: {} on {host} is not root and cannot give a file away",
            me.user
        ))
        .hint(format!("write `sudo: true` for {host} in the inventory, or leave `owner` out"))
        .into());
    }
    Ok(owner)
}

/// The mode a new file gets.
pub fn mode_of_new(asked: Option<Mode>, kept: Option<&FileState>, new: u32) -> u32 {
    asked.map_or_else(|| kept.map_or(new, |k| k.mode), Mode::bits)
}

/// The one step that puts a file (or, with `to` absent, nothing) in place of what lies there.
///
/// What is replaced can be brought back: from the journal where it is small, and everybody on its
/// host may read it anyway; else it is kept aside on the host, so that no secret gets into the journal.
pub fn put(
    host: &HostName,
    path: &RemotePath,
    from: Option<FileState>,
    to: Option<FileState>,
    source: Source,
    look: &dyn Look,
) -> Outcome<Step> {
    let mut put = Put { host: host.clone(), path: path.clone(), from, to, source, keep: None };
    let mut old = None;
    if let Some(from) = &put.from {
        let is_public = from.mode & 0o004 != 0 && from.size <= JOURNAL_LIMIT && from.sha256.is_some();
        match is_public.then(|| look.bytes(host, path, JOURNAL_LIMIT)).transpose()?.flatten() {
            Some((state, bytes)) if state == *from => old = Some(Bytes(bytes)),
            _ => put.keep = Some(Put::keep_name(path, from)),
        }
    }
    let undo = Undo::By(vec![Deed::Put(put.reversed(old))]);
    Ok(Step { deed: Deed::Put(put), undo })
}

/// Whether each file is seen as it was put. What it was made from may have changed since, or gone: a
/// copy is done all the same.
pub fn seen(done: &[Step], look: &dyn Look) -> Outcome<Plan> {
    for step in done {
        let Some(put) = step.deed.put() else { continue };
        let now = file_at(&put.host, &put.path, look)?;
        let is_so = match (&now, &put.to) {
            (Some(now), Some(to)) => now.is_like(to),
            (now, to) => now.is_none() && to.is_none(),
        };
        if !is_so {
            let shown = now.map_or("not there".to_string(), |n| n.to_string());
            return Ok(Plan::Wait(format!("{} on {} is {shown}", put.path, put.host)));
        }
    }
    Ok(Plan::Already)
}

/// At most so much of a file is edited in place.
const EDIT_LIMIT: u64 = 4 << 20;

/// Returns the file that is to be edited; a primitive's name begins what it says when there is none.
pub fn read_to_edit(name: &str, host: &HostName, file: &RemotePath, look: &dyn Look) -> Outcome<(FileState, Vec<u8>)> {
    let size = match file_at(host, file, look)? {
        None => return failed(format!("{name}: there is no file {file} on {host}")),
        Some(state) => state.size,
    };
    if size > EDIT_LIMIT {
        return failed(format!("{name}: {file} on {host} has {size} bytes; at most 4 MiB are edited"));
    }
    match look.bytes(host, file, EDIT_LIMIT)? {
        Some(found) => Ok(found),
        None => failed(format!("{name}: {file} on {host} went away while it was read")),
    }
}

/// The one step that replaces the lines in which two texts of a file differ. The file may hold secrets, so
/// the journal gets these lines and no others, and the old file is kept aside on its host for the undo.
pub fn spliced(
    host: &HostName,
    file: &RemotePath,
    (from, old): (FileState, Vec<u8>),
    new: &[u8],
    look: &dyn Look,
) -> Outcome<Step> {
    let owner = owner_of_new(host, None, Some(&from), look)?;
    let (at, cut, with) = changed_lines(&old, new);
    let put = Put {
        host: host.clone(),
        path: file.clone(),
        to: Some(FileState::of(new, owner, from.mode)),
        keep: Some(Put::keep_name(file, &from)),
        from: Some(from),
        source: Source::Spliced { at: at as u64, cut: Bytes(cut.to_vec()), with: Bytes(with.to_vec()) },
    };
    let undo = Undo::By(vec![Deed::Put(put.reversed(None))]);
    Ok(Step { deed: Deed::Put(put), undo })
}

/// Where the first line begins that differs, and the lines there up to the last that does, in both texts.
fn changed_lines<'t>(old: &'t [u8], new: &'t [u8]) -> (usize, &'t [u8], &'t [u8]) {
    let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let at = old[..same].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
    let (mut cut, mut with) = (&old[at..], &new[at..]);
    let same = cut.iter().rev().zip(with.iter().rev()).take_while(|(a, b)| a == b).count();
    // Of what both end with, the whole lines.
    let tail = &cut[cut.len() - same..];
    let begins = |text: &[u8]| text[..text.len() - same].last().is_none_or(|b| *b == b'\n');
    let whole = match begins(cut) && begins(with) {
        true => same,
        false => tail.iter().position(|b| *b == b'\n').map_or(0, |n| tail.len() - n - 1),
    };
    (cut, with) = (&cut[..cut.len() - whole], &with[..with.len() - whole]);
    (at, cut, with)
}

/// The one step that puts an edited text in place of the old one; the undo has the old one whole.
pub fn edited(
    host: &HostName,
    file: &RemotePath,
    (from, old): (FileState, Vec<u8>),
    new: Vec<u8>,
    look: &dyn Look,
) -> Outcome<Step> {
    // Who may not give a file away writes it as their own: the old owner comes with the undo.
    let owner = owner_of_new(host, None, Some(&from), look)?;
    let put = Put {
        host: host.clone(),
        path: file.clone(),
        to: Some(FileState::of(&new, owner, from.mode)),
        from: Some(from),
        source: Source::Bytes(Bytes(new)),
        keep: None,
    };
    let undo = Undo::By(vec![Deed::Put(put.reversed(Some(Bytes(old))))]);
    Ok(Step { deed: Deed::Put(put), undo })
}

#[cfg(test)]
mod tests {
    use super::changed_lines;

    #[test]
    fn only_the_lines_that_differ_are_told() {
        for (old, new, wanted) in [
            ("a\nb\nc\n", "a\nB\nc\n", (2, "b\n", "B\n")),
            ("a\nb\nc\n", "a\nb\nx\nc\n", (4, "", "x\n")),
            ("a\nb\n", "a\nb\nc\n", (4, "", "c\n")),
            ("a: 1\nb: 1", "a: 1\nb: 21", (5, "b: 1", "b: 21")),
            ("key: x\n", "", (0, "key: x\n", "")),
            ("\n\n", "\n\n\n", (2, "", "\n")),
            ("a\nk\na\n", "a\nk\nb\nk\na\n", (4, "", "b\nk\n")),
        ] {
            let (at, cut, with) = changed_lines(old.as_bytes(), new.as_bytes());
            assert_eq!((at, cut, with), (wanted.0, wanted.1.as_bytes(), wanted.2.as_bytes()), "{old:?} {new:?}");
            assert_eq!([&old.as_bytes()[..at], with, &old.as_bytes()[at + cut.len()..]].concat(), new.as_bytes());
        }
    }
}
