//! What most tests of the world begin with: an sshd, a person, and a run prepared there.

pub use super::sshd::{Person, Sshd, settings, signal};
pub use mig::contract::*;
pub use mig::name::{HostName, RemotePath};
pub use mig::world::{HostConfig, Reach, Remote, open};
pub use std::fs;
pub use std::path::Path;
pub use std::sync::Arc;
pub use std::time::{Duration, Instant};

pub struct Stage {
    pub sshd: Sshd,
    pub person: Arc<Person>,
    pub remote: Arc<Remote>,
    pub record: HostRecord,
    pub folder: tempfile::TempDir,
    pub run: String,
}
pub fn h() -> HostName {
    HostName::parse("dest").unwrap()
}
pub fn sh(text: &str) -> Command {
    Command::Shell(text.into())
}
pub fn path(text: &str) -> RemotePath {
    RemotePath::parse(text).unwrap()
}
pub fn run_id() -> String {
    hex::encode(rand::random::<[u8; 6]>())
}
pub fn stage(more: &str) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let sshd = Sshd::start(&folder.path().join("sshd"), more);
    let person = Person::saying(Answer::Yes);
    let run = run_id();
    let remote = open(settings(&run, &folder.path().join("state"), &person, vec![sshd.host("dest")])).unwrap();
    let record = remote.prepare(&h(), None).unwrap();
    Stage { sshd, person, remote, record, folder, run }
}
impl Stage {
    /// Another process, as far as the host can tell.
    pub fn again(&self) -> Arc<Remote> {
        let state = self.folder.path().join("state");
        let remote = open(settings(&self.run, &state, &self.person, vec![self.sshd.host("dest")])).unwrap();
        assert_eq!(remote.prepare(&h(), Some(&self.record)).unwrap(), self.record);
        remote
    }
    pub fn file(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
    pub fn starts(&self, name: &str) -> usize {
        fs::read_to_string(self.folder.path().join(name)).unwrap_or_default().lines().count()
    }
}
impl Drop for Stage {
    fn drop(&mut self) {
        let left = self.remote.finish(std::slice::from_ref(&self.record));
        assert!(left.is_empty() || std::thread::panicking(), "{left:?}");
        assert!(!Path::new(&self.record.folder).exists() || std::thread::panicking());
    }
}
pub fn deed(command: &str) -> Deed {
    Deed::Run(Run::new(&h(), sh(command)))
}
pub fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Err(Halt::Failed(f)) => *f,
        other => panic!("{other:?}"),
    }
}

pub fn put(from: Option<FileState>, to: Option<FileState>, source: Source, at: &str) -> Put {
    let keep = from.as_ref().map(|f| Put::keep_name(&path(at), f));
    Put { host: h(), path: path(at), from, to, source, keep }
}
