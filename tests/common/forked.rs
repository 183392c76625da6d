//! A fork of a shipped playbook and its lab on a desk of its own: a world that a test can spoil before it is opened.

use super::desk::Desk;
use mig::lab;
use std::path::{Path, PathBuf};

/// A desk with a fork of a playbook, whose lab is closed with it, also when a test fails.
pub struct Forked {
    pub desk: Desk,
    playbook: &'static str,
}

impl Forked {
    pub fn new(playbook: &'static str) -> Forked {
        let forked = Forked { desk: Desk::new(), playbook };
        forked.desk.mig(&["fork", playbook]).ends(0);
        forked
    }
    /// A file of its lab, named as `HOST/PATH`.
    pub fn path(&self, file: &str) -> PathBuf {
        self.desk.path(&format!("{}.lab/hosts/{file}", self.playbook))
    }
    pub fn write(&self, file: &str, text: &str) {
        self.desk.write(&format!("{}.lab/hosts/{file}", self.playbook), text);
    }
    pub fn removes(&self, file: &str) {
        let path = self.path(file);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.expect("it is removed");
    }
    /// Replaces a text in a file of the lab, which has it.
    pub fn edits(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(file)).expect("a file of the lab");
        assert!(text.contains(from), "{file} has {from:?}");
        self.write(file, &text.replace(from, to));
    }
    /// Adds a text at the end of a file of the lab, which need not be there.
    pub fn adds(&self, file: &str, text: &str) {
        self.write(file, &(std::fs::read_to_string(self.path(file)).unwrap_or_default() + text));
    }
    /// The same as `edits` in the playbook itself, or in `lab.yml`.
    pub fn rewrites(&self, end: &str, from: &str, to: &str) {
        let file = format!("{}{end}", self.playbook);
        let text = self.desk.read(&file);
        assert!(text.contains(from), "{file} has {from:?}");
        self.desk.write(&file, text.replace(from, to));
    }
    /// The next lab is another one, of the files as they are then.
    pub fn closes(&self) {
        for lab in lab::find(&self.desk.path("state")) {
            lab.close().expect("it is closed");
        }
    }
    /// It ends well, or does not, and says all this; returns all that it said. It may take longer than a desk waits:
    /// there are several machines.
    pub fn says(&self, words: &[&str], well: bool, parts: &[&str]) -> String {
        let out = self.desk.command(words).output().expect("mig starts");
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.success(), well, "{said}");
        for part in parts {
            assert!(said.contains(part), "expected {part:?} in:\n{said}");
        }
        said
    }
    /// It runs in its lab, and says all this.
    pub fn runs(&self, more: &[&str], well: bool, parts: &[&str]) -> String {
        let playbook = format!("./{}.rhai", self.playbook);
        self.says(&[&["run", &playbook, "--lab", "--yes"], more].concat(), well, parts)
    }
    /// The plan ends with a refusal that says this, and nothing was changed.
    pub fn refuses(&self, more: &[&str], why: &str) {
        let playbook = format!("./{}.rhai", self.playbook);
        let words = [&["plan", &playbook, "--lab"], more].concat();
        self.says(&words, false, &[why, "Nothing was changed on any host."]);
    }
    /// What stands in files of this name below a folder of a machine of its open lab.
    pub fn happened(&self, host: &str, below: &str, name: &str) -> String {
        lab::find(&self.desk.path("state")).iter().map(|lab| lab.read_all(host, below, name)).collect()
    }
    /// Files of the state folder, but not those of the lab's machines, that have this text in them.
    pub fn stored(&self, text: &str) -> Vec<String> {
        let mut found = vec![];
        holding(&self.desk.path("state"), text.as_bytes(), &mut found);
        found.iter().map(|path| path.display().to_string()).collect()
    }
}

fn holding(folder: &Path, text: &[u8], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry")) {
        let path = entry.path();
        let kind = entry.file_type().expect("its kind");
        if kind.is_dir() && entry.file_name() != "labs" {
            holding(&path, text, found);
        } else if kind.is_file() && std::fs::read(&path).expect("it is read").windows(text.len()).any(|w| w == text) {
            found.push(path);
        }
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        for lab in lab::find(&self.desk.path("state")) {
            let _ = lab.close();
        }
    }
}
