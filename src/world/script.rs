//! The scripts that hosts run: plain POSIX sh, each a file, each sent whole: in one exec request, or
//! as one command of a shell that stays open.
//!
//! A request arrives whole or not at all, and a shell runs a command in braces only when its last
//! brace has come: what is cut off anywhere does nothing. No text of a user is part of a script: it
//! comes as an argument, quoted once.

use crate::contract::quote;

/// A script: what it shares with others, and its own part.
#[derive(Clone, Copy, PartialEq)]
pub struct Script(&'static [&'static str]);

const FRAME: &str = include_str!("scripts/frame.sh");
/// Takes a copy back; it runs as a command of the run, for it may take long.
pub const RSYNC_BACK: &str = include_str!("scripts/rsync_back.sh");
/// Changes a role of Redis; it runs as a command of the run, so that no connection breaks it in the middle.
pub const REDIS: Script = Script(&[include_str!("scripts/redis.sh")]);
const GREET: &str = include_str!("scripts/greet.sh");
const LEASE: &str = include_str!("scripts/lease.sh");
const AUTHORIZED: &str = include_str!("scripts/authorized.sh");
/// Which processes of a session are those of a command.
const SESSION: &str = include_str!("scripts/session.sh");
const STATE: &str = include_str!("scripts/state.sh");
const SAME: &str = include_str!("scripts/same.sh");

pub const ASK: Script = Script(&[FRAME, SESSION, include_str!("scripts/ask.sh")]);
pub const BYTES: Script = Script(&[FRAME, STATE, include_str!("scripts/bytes.sh")]);
/// Not framed: it is run as a command, whose exit code is its answer.
pub const CHECKED: Script = Script(&[STATE, SAME, include_str!("scripts/checked.sh")]);
/// Run as a command too, with [`CONTAINER_FIND`] as a text in it.
pub const CONTAINER: Script = Script(&[include_str!("scripts/container.sh")]);
pub const CONTAINER_FIND: Script = Script(&[include_str!("scripts/container_find.sh")]);
pub const COPY: Script = Script(&[FRAME, include_str!("scripts/copy.sh")]);
pub const END: Script = Script(&[FRAME, SESSION, include_str!("scripts/end.sh")]);
pub const FIND: Script = Script(&[FRAME, STATE, include_str!("scripts/find.sh")]);
pub const FINISH: Script = Script(&[FRAME, LEASE, include_str!("scripts/finish.sh")]);
pub const FOLDER: Script = Script(&[FRAME, include_str!("scripts/folder.sh")]);
/// The same for a host that has not said yet what it is.
pub const FOLDER_FIRST: Script = Script(&[FRAME, GREET, include_str!("scripts/folder.sh")]);
/// Run as a reading.
pub const FREE: Script = Script(&[include_str!("scripts/free.sh")]);
pub const HELLO: Script = Script(&[FRAME, GREET, include_str!("scripts/hello.sh")]);
pub const PORT: Script = Script(&[FRAME, include_str!("scripts/port.sh")]);
pub const PUT: Script = Script(&[FRAME, STATE, SAME, include_str!("scripts/put.sh")]);
pub const READ: Script = Script(&[FRAME, include_str!("scripts/read.sh")]);
pub const RENEW: Script = Script(&[FRAME, include_str!("scripts/renew.sh")]);
pub const RSYNC_ASK: Script = Script(&[FRAME, include_str!("scripts/rsync_ask.sh")]);
pub const RSYNC_SEND: Script = Script(&[FRAME, include_str!("scripts/rsync_send.sh")]);
pub const RSYNC_TAKE: Script = Script(&[FRAME, include_str!("scripts/rsync_take.sh")]);
pub const RSYNC_LISTS: Script = Script(&[FRAME, include_str!("scripts/rsync_lists.sh")]);
pub const RSYNC_KEEP: Script = Script(&[FRAME, include_str!("scripts/rsync_keep.sh")]);
pub const RSYNC_END: Script = Script(&[FRAME, include_str!("scripts/rsync_end.sh")]);
pub const KEY_MAKE: Script = Script(&[FRAME, include_str!("scripts/key_make.sh")]);
pub const KEY_ALLOW: Script = Script(&[FRAME, AUTHORIZED, include_str!("scripts/key_allow.sh")]);
pub const KEY_FORGET: Script = Script(&[FRAME, AUTHORIZED, include_str!("scripts/key_forget.sh")]);
pub const LEASE_MAKE: Script = Script(&[FRAME, LEASE, include_str!("scripts/lease_make.sh")]);
pub const LEASE_START: Script = Script(&[FRAME, LEASE, include_str!("scripts/lease_start.sh")]);
pub const LEASE_WAKE: Script = Script(&[FRAME, LEASE, include_str!("scripts/lease_wake.sh")]);
pub const LEASE_LOOK: Script = Script(&[FRAME, LEASE, include_str!("scripts/lease_look.sh")]);
pub const LEASE_END: Script = Script(&[FRAME, LEASE, include_str!("scripts/lease_end.sh")]);
/// Not framed: it lies in a file of the host, and nobody waits for its answer.
pub const SUPERVISE: Script = Script(&[include_str!("scripts/supervise.sh")]);
pub const SIZE: Script = Script(&[FRAME, include_str!("scripts/size.sh")]);
pub const START: Script = Script(&[FRAME, include_str!("scripts/start.sh")]);
pub const TCP: Script = Script(&[FRAME, include_str!("scripts/tcp.sh")]);
pub const UNLOCK: Script = Script(&[FRAME, include_str!("scripts/unlock.sh")]);
pub const UPLOAD: Script = Script(&[FRAME, include_str!("scripts/upload.sh")]);

/// Those that take a short time, read nothing, and leave nothing running that holds their output (what START
/// starts prints into files). The others have a session of their own, as has whatever looks for the processes of a
/// session: it would find itself.
const SHARING: [Script; 10] = [BYTES, FIND, FINISH, FOLDER, FOLDER_FIRST, HELLO, RENEW, SIZE, START, UNLOCK];

/// What a shell that stays open is told first: a TERM for all that a command started is none for it.
pub const OPENING: &str = "trap : TERM HUP INT\n";

impl Script {
    /// Whether it may run in a shell that goes on after it.
    pub fn shares_a_shell(self) -> bool {
        SHARING.contains(&self)
    }
    /// As a function of a shell that stays open. It runs in a subshell, so that nothing of it is left, and the
    /// shell says when that has ended without an answer: only `say` ends it well.
    pub fn function(self, name: &str) -> String {
        let torn = r#"printf '\036%s!\n' "$1""#;
        format!("{name}() {{\n(\n{}\nexit 1\n) </dev/null || {{ {torn}; {torn} >&2; }}\n}}\n", self.text())
    }
    /// Calls it there.
    pub fn call(name: &str, nonce: &str, args: &[String]) -> String {
        let words: Vec<String> = args.iter().map(|w| quote(w)).collect();
        format!("{{ {name} {nonce} {}\n}}\n", words.join(" "))
    }
    /// The program and its arguments.
    pub fn argv(self, sudo: bool, nonce: &str, args: &[String]) -> Vec<String> {
        argv(self.text(), sudo, nonce, args)
    }
    /// As one line for a login shell: `is_plain` is one that is an `sh` as it should be.
    pub fn line(self, sudo: bool, is_plain: bool, nonce: &str, args: &[String]) -> String {
        line(self.text(), sudo, is_plain, nonce, args)
    }
    /// The same, and then its shell stays open.
    pub fn opening_line(self, sudo: bool, is_plain: bool, nonce: &str, args: &[String]) -> String {
        let text = format!("{OPENING}{}m \"$@\"\nexec sh", self.function("m"));
        line(text, sudo, is_plain, nonce, args)
    }
    /// What it is for, in the words of its first line.
    pub fn title(self) -> &'static str {
        let line = self.0.last().and_then(|part| part.lines().next()).unwrap_or_default();
        line.trim_start_matches(['#', ' '])
    }
    /// Without the comments.
    pub fn text(self) -> String {
        let lines = self.0.iter().flat_map(|part| part.lines());
        lines.filter(|l| !l.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n")
    }
}

fn argv(text: String, sudo: bool, nonce: &str, args: &[String]) -> Vec<String> {
    let sudo: &[&str] = if sudo { &["sudo", "-n", "--"] } else { &[] };
    let mut argv: Vec<String> = sudo.iter().map(|s| (*s).into()).collect();
    argv.extend(["sh".into(), "-c".into(), text, "mig".into(), nonce.into()]);
    argv.extend_from_slice(args);
    argv
}

/// A plain shell runs the text itself, which saves a process. Cut off anywhere it is a line that does nothing: its
/// last word sets all off.
fn line(text: String, sudo: bool, is_plain: bool, nonce: &str, args: &[String]) -> String {
    let words = |words: &[String]| words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" ");
    if is_plain && !sudo {
        return format!("q={} && set -- {} {} && eval \"$q\"", quote(&text), quote(nonce), words(args));
    }
    format!("exec {}", words(&argv(text, sudo, nonce, args)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_is_quoted_once() {
        let line = FIND.line(true, false, "abc", &["/a b/it's".into()]);
        assert!(line.starts_with("exec sudo -n -- sh -c '"));
        assert!(line.ends_with(r" mig abc '/a b/it'\''s'"));
        assert!(!line.contains("# "));
    }

    fn sh(line: &str) -> String {
        let out = std::process::Command::new("sh").args(["-c", line]).output().unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    }

    #[test]
    fn a_login_shell_that_runs_it_itself_gives_the_same_answer() {
        let args = ["/no such/it's \"$HOME\"".to_owned()];
        let answer = "\u{1e}abc>nothing\n";
        assert_eq!(sh(&FIND.line(false, false, "abc", &args)), answer);
        assert_eq!(sh(&FIND.line(false, true, "abc", &args)), answer);
    }

    #[test]
    fn a_shell_that_stays_open_gives_one_answer_after_the_other() {
        let changes = Script(&["n=$1; cd /; umask 077; trap '' TERM; set -C; v=1; echo \"$2\"; exit 3"]);
        let text = [OPENING, &FIND.function("f"), &changes.function("g")].concat();
        let calls =
            [Script::call("g", "d", &["a\nb".into()]), Script::call("f", "abc", &["/no such/it's \"$HOME\"".into()])];
        let here = std::env::current_dir().unwrap();
        let nothing_is_left = "[ -z \"$v\" ] && [ $(umask) != 0077 ] && echo $-; pwd\n";
        let out = fed(&format!("umask 022\n{text}{}{nothing_is_left}", calls.concat()));
        assert_eq!(out, format!("a\nb\n\u{1e}d!\n\u{1e}abc>nothing\ns\n{}\n", here.display()));
    }

    #[test]
    fn what_opens_a_shell_answers_and_then_leaves_it_open() {
        for is_plain in [false, true] {
            let line = FIND.opening_line(false, is_plain, "abc", &["/no such".into()]);
            let out = answer_of(&["-c", &line], "echo more\n");
            assert_eq!(out, "\u{1e}abc>nothing\nmore\n");
        }
    }

    fn answer_of(args: &[&str], text: &str) -> String {
        use std::io::Write;
        use std::process::{Command, Stdio};
        let mut shell = Command::new("sh");
        let child = shell.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = child.unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }
    fn fed(text: &str) -> String {
        answer_of(&[], text)
    }
    #[test]
    fn what_is_cut_off_in_a_shell_that_stays_open_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let script = Script(&["touch \"$2\"\necho 'it'\\''s'"]);
        let text = [script.function("m0"), Script::call("m0", "abc", &[made.display().to_string()])].concat();
        for cut in 0..text.len() - 1 {
            fed(&text[..cut]);
            assert!(!made.exists(), "cut at {cut}: {}", &text[..cut]);
        }
        assert_eq!(fed(&text), "it's\n\u{1e}abc!\n");
        assert!(made.exists());
    }

    #[test]
    fn a_line_that_is_cut_off_anywhere_does_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let script = Script(&["touch \"$2\"\necho 'it'\\''s'"]);
        let line = script.line(false, true, "abc", &[made.display().to_string()]);
        for cut in 0..line.len() {
            sh(&line[..cut]);
            assert!(!made.exists(), "cut at {cut}: {}", &line[..cut]);
        }
        assert_eq!(sh(&line), "it's\n");
        assert!(made.exists());
    }
}
