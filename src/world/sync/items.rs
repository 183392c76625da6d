//! What rsync says it would do, one line an item, with the names it has made printable.

use crate::contract::Differences;

/// How many names of what has to go are shown.
const FIRST: usize = 10;

/// What happens to one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Created,
    Replaced,
    /// Owner, mode or time.
    Touched,
    Deleted,
}

/// One name below the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub fate: Fate,
    pub is_folder: bool,
    pub size: u64,
    /// Without a slash at its end; `.` is the top itself.
    pub name: Vec<u8>,
}

/// What a look found.
pub struct Found {
    pub items: Vec<Item>,
    /// How many names there are on the sending side, different or not, where it said that.
    pub names: Option<u64>,
}

/// The lines of `--out-format==%i:%l:%n`, and one of `--stats`; others are passed over.
pub fn parse(text: &[u8]) -> Found {
    let lines = || text.split(|b| *b == b'\n');
    Found { items: lines().filter_map(item).collect(), names: lines().find_map(names) }
}

/// `Number of files: 20,201 (reg: 20,000, dir: 201)`: what stands between the digits is the language's.
fn names(line: &[u8]) -> Option<u64> {
    let number = line.strip_prefix(b"Number of files: ")?.split(|b| *b == b'(').next()?;
    let digits: Vec<u8> = number.iter().copied().filter(u8::is_ascii_digit).collect();
    std::str::from_utf8(&digits).ok()?.parse().ok()
}

fn item(line: &[u8]) -> Option<Item> {
    let mut parts = line.strip_prefix(b"=")?.splitn(3, |b| *b == b':');
    let (code, size, name) = (parts.next()?, parts.next()?, parts.next()?);
    let size = std::str::from_utf8(size).ok()?.trim().parse().ok()?;
    let mut name = unescaped(name);
    let is_folder = name.ends_with(b"/");
    if is_folder {
        name.pop();
    }
    let fate = match code {
        [b'*', ..] => Fate::Deleted,
        [_, _, b'+', ..] => Fate::Created,
        [b'<' | b'>' | b'c', ..] => Fate::Replaced,
        [b'.' | b'h', ..] => Fate::Touched,
        _ => return None,
    };
    Some(Item { fate, is_folder, size, name })
}

/// `\#012` is the byte with that octal number.
fn unescaped(name: &[u8]) -> Vec<u8> {
    let (mut out, mut at) = (vec![], 0);
    while at < name.len() {
        let octal = name[at..].strip_prefix(b"\\#").and_then(|r| r.get(..3));
        match octal.and_then(|o| std::str::from_utf8(o).ok()).and_then(|o| u8::from_str_radix(o, 8).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 5;
            }
            None => {
                out.push(name[at]);
                at += 1;
            }
        }
    }
    out
}

/// The same in numbers.
pub fn sums(items: &[Item]) -> Differences {
    let sent = || items.iter().filter(|i| !i.is_folder && matches!(i.fate, Fate::Created | Fate::Replaced));
    let gone = || items.iter().filter(|i| i.fate == Fate::Deleted);
    let show = |i: &Item| super::super::printable(&String::from_utf8_lossy(&i.name));
    Differences {
        changes: items.len() as u64,
        files: sent().count() as u64,
        bytes: sent().map(|i| i.size).sum(),
        deletions: gone().count() as u64,
        first: gone().take(FIRST).map(show).collect(),
    }
}

/// Names as `--files-from --from0` takes them.
pub fn list<'a>(names: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = vec![];
    for name in names {
        out.extend_from_slice(name);
        out.push(0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_rsync_are_read() {
        let text = b"=<f.s.......:2:f\n=cL+++++++++:1:ln\n=.f...p.....:2:same\nnoise\n=cd+++++++++:4096:a b/\n\
                     =<f+++++++++:7:a b/n\\#012l:x\n=*deleting  :0:old/\n=.d..t......:4096:./\n\nNumber of files: 20,201 (reg: 20,000, dir: 201)\n\
                     Number of created files: 3 (reg: 3)\n";
        let Found { items, names } = parse(text);
        assert_eq!(names, Some(20_201));
        assert_eq!(parse(b"Number of files: 7\n").names, Some(7));
        assert_eq!(parse(b"=cL+++++++++:1:ln\n").names, None);
        let seen: Vec<_> = items.iter().map(|i| (i.fate, i.is_folder, i.name.as_slice())).collect();
        assert_eq!(
            seen,
            [
                (Fate::Replaced, false, &b"f"[..]),
                (Fate::Created, false, b"ln"),
                (Fate::Touched, false, b"same"),
                (Fate::Created, true, b"a b"),
                (Fate::Created, false, b"a b/n\nl:x"),
                (Fate::Deleted, true, b"old"),
                (Fate::Touched, true, b"."),
            ]
        );
        let sums = sums(&items);
        assert_eq!((sums.changes, sums.files, sums.bytes, sums.deletions), (7, 3, 10, 1));
        assert_eq!(sums.first, ["old"]);
    }
}
