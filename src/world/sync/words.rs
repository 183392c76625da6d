//! The words rsync is called with, on either side.
//!
//! What the sending side asks of the receiving one is not believed: the old machine is the one that
//! may be in wrong hands. Only options that mig itself gave come through, and the paths are mig's.

use super::ends::Window;
use crate::contract::{Outcome, Sync, failed};

/// What a call of rsync is for.
pub enum Goal<'a> {
    /// Say what is different.
    Look,
    /// Copy, and keep aside in this folder what goes.
    Copy {
        kept: &'a str,
        deletions: u64,
        /// Half a file is kept when it breaks off, and goes on from there. For small ones that costs more than it saves.
        is_partial: bool,
    },
}

/// A peer that says nothing for so long is gone.
const SILENCE: &str = "--timeout=600";

/// What the sending side is called with; its last words are the two paths.
pub fn client(sync: &Sync, goal: &Goal<'_>, window: Window, shell: &str, host: &str) -> Vec<String> {
    let mut words: Vec<String> =
        ["-a", "--no-D", "--numeric-ids", "--outbuf=L", window.word(), SILENCE].map(String::from).into();
    if sync.delete {
        words.push("--delete-delay".into());
    }
    if sync.checksum {
        words.push("--checksum".into());
    }
    if sync.copy_links {
        words.push("--copy-links".into());
    }
    words.extend(sync.exclude.iter().map(|e| format!("--exclude={e}")));
    match goal {
        // Its numbers say how many names there are.
        Goal::Look => words.extend(["-n".into(), "--stats".into(), "--out-format==%i:%l:%n".into()]),
        Goal::Copy { kept, deletions, is_partial } => {
            words.extend(["--backup".into(), format!("--backup-dir={kept}/old")]);
            if *is_partial {
                words.push(format!("--partial-dir={kept}/partial"));
            }
            if sync.delete {
                words.push(format!("--max-delete={deletions}"));
            }
            words.extend(sync.limit.map(|kib| format!("--bwlimit={kib}")));
            words.push("--info=progress2".into());
        }
    }
    words.push(format!("--rsh={shell}"));
    words.push("--".into());
    let end = if sync.is_folder { "/" } else { "" };
    words.push(format!("{}{end}", sync.path));
    // The path at the other end is said by mig, not by this side.
    words.push(format!("{host}:./"));
    words
}

/// What the receiving side is called with, from what the sending one asked for.
pub fn server(sync: &Sync, goal: &Goal<'_>, asked: &[String]) -> Outcome<Vec<String>> {
    let mut words: Vec<String> = vec!["rsync".into(), "--server".into()];
    let mut asked = asked.iter().skip_while(|w| *w != "--server").skip(1);
    let mut has_end = false;
    while let Some(word) = asked.next() {
        match word.as_str() {
            "." => {
                has_end = true;
                break;
            }
            "--backup-dir" | "--partial-dir" => drop(asked.next()),
            w if ["--backup-dir=", "--partial-dir=", "--max-delete="].iter().any(|own| w.starts_with(own)) => {}
            w if is_ours(w) => words.push(word.clone()),
            _ => {
                return failed(format!(
                    "rsync on {} asks the other side for {word:?}, which mig did not tell it to",
                    sync.from
                ));
            }
        }
    }
    if !has_end {
        return failed(format!("rsync on {} does not say what it needs of the other side", sync.from));
    }
    if let Goal::Copy { kept, deletions, is_partial } = goal {
        words.extend(["--backup-dir".into(), format!("{kept}/old")]);
        if *is_partial {
            words.extend(["--partial-dir".into(), format!("{kept}/partial")]);
        }
        if sync.delete {
            // None at all, as rsync says it.
            words.push(format!("--max-delete={}", if *deletions == 0 { "-1".into() } else { deletions.to_string() }));
        }
    }
    words.push(".".into());
    words.push(format!("{}{}", sync.at, if sync.is_folder { "/" } else { "" }));
    Ok(words)
}

/// Makes these the words for a receiving side that has the sender list all names before the first file is sent.
///
/// Of 20,000 small files that takes a quarter of the time off, for the three processes of a copy no longer wait for each
/// other by turns; but each side holds all names, some 100 bytes each (rsync(1), `--no-inc-recursive`). An `i` behind
/// the `e` is what offers the other way (rsync, `compat.c`); the sender follows what this side says.
pub fn list_first(words: &mut [String]) {
    let options = words.iter_mut().take_while(|w| *w != ".");
    for word in options.filter(|w| w.starts_with('-') && !w.starts_with("--")) {
        if let Some((letters, knows)) = word.split_once('e') {
            *word = format!("{letters}e{}", knows.replace('i', ""));
        }
    }
}

fn is_ours(word: &str) -> bool {
    let number = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_digit());
    if let Some(letters) = word.strip_prefix('-').filter(|w| !w.starts_with(['-', '@'])) {
        // What stands behind `e` says what the other side knows.
        let (letters, knows) = letters.split_once('e').unwrap_or((letters, ""));
        return letters.chars().all(|c| "nlogtprcbvL".contains(c))
            && knows.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    }
    match word.split_once('=') {
        None => matches!(word, "-@-1" | "--delete-delay" | "--delete-after" | "--numeric-ids" | "--no-D" | "--stats"),
        Some(("--log-format", format)) => matches!(format, "%i" | "X" | "i%i"),
        Some(("--modify-window", n)) => matches!(n, "-1" | "0"),
        Some(("--timeout" | "--bwlimit", n)) => number(n),
        Some(_) => false,
    }
}

/// A sync for tests.
#[cfg(test)]
pub fn tests_sync() -> Sync {
    use crate::contract::Differences;
    use crate::name::{HostName, RemotePath};

    let (host, path) = (|h| HostName::parse(h).unwrap(), |p| RemotePath::parse(p).unwrap());
    Sync {
        from: host("source"),
        path: path("/srv/a"),
        to: host("dest"),
        at: path("/srv/b"),
        is_folder: true,
        delete: true,
        max_delete: None,
        exclude: vec![],
        checksum: false,
        limit: None,
        copy_links: false,
        allow_changes: false,
        allow_vanished: false,
        via_here: false,
        timeout_ms: 1000,
        differs: Differences::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::tests_sync as sync;
    use super::*;

    #[test]
    fn only_what_mig_asked_for_reaches_the_other_side() {
        let goal = Goal::Copy { kept: "/k", deletions: 3, is_partial: true };
        let words = |text: &str| text.split(' ').map(String::from).collect::<Vec<_>>();
        let asked = "mig rsync --server -blogtpre.iLsfxCIvu -@-1 --log-format=%i --backup-dir /etc --max-delete=9 --numeric-ids . /etc";
        let given = server(&sync(), &goal, &words(asked)).unwrap();
        let expected = "rsync --server -blogtpre.iLsfxCIvu -@-1 --log-format=%i --numeric-ids \
                        --backup-dir /k/old --partial-dir /k/partial --max-delete=3 . /srv/b/";
        assert_eq!(given, words(expected));
        let mut listed = words("rsync --server -blogtpre.iLsfxCIvu --log-format=%i --numeric-ids . /srv/eie");
        list_first(&mut listed);
        assert_eq!(listed, words("rsync --server -blogtpre.LsfxCIvu --log-format=%i --numeric-ids . /srv/eie"));
        for bad in
            ["-s", "--daemon", "--log-file=/etc/x", "-logtpKe.", "--timeout=1;x", "--rsync-path=x", "-e;x", "-@5"]
        {
            assert!(server(&sync(), &goal, &words(&format!("rsync --server {bad} . x"))).is_err(), "{bad}");
        }
        assert!(server(&sync(), &goal, &words("rsync --server -n")).is_err());
    }
}
