//! A sync between two real sshd on 127.0.0.1, with the key that is let in for it: what OpenSSH makes
//! of the line in authorized_keys, and that the file is afterwards what it was, byte for byte.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[allow(dead_code, reason = "each test crate uses a part of it")]
#[path = "world/sshd.rs"]
mod sshd;

use mig::contract::{Answer, Deed, Differences, HostRecord, Look, Sync, Token, World};
use mig::name::{HostName, RemotePath};
use mig::world::{Remote, open};
use sshd::{Person, Sshd, settings};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;

struct Stage {
    folder: tempfile::TempDir,
    remote: Arc<Remote>,
    records: Vec<HostRecord>,
    person: Arc<Person>,
    _hosts: [Sshd; 2],
}

fn host(name: &str) -> HostName {
    HostName::parse(name).unwrap()
}

fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    // The home in which the key is let in is one of the test's own, never that of this machine.
    fs::create_dir_all(at("home")).unwrap();
    fs::create_dir_all(at("bin")).unwrap();
    let getent = format!("#!/bin/sh\necho \"x:x:0:0::{}:/bin/sh\"\n", at("home").display());
    fs::write(at("bin/getent"), getent).unwrap();
    fs::set_permissions(at("bin/getent"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("SetEnv PATH={}:/usr/sbin:/usr/bin:/sbin:/bin", at("bin").display());
    let hosts = [Sshd::start(&at("source"), &path), Sshd::start(&at("dest"), &path)];
    symlink(at("dest"), at("home/.ssh")).unwrap();
    let person = Person::saying(Answer::Yes);
    let run = hex::encode(rand::random::<[u8; 6]>());
    let configs = vec![hosts[0].host("source"), hosts[1].host("dest")];
    let remote = open(settings(&run, &at("state"), &person, configs)).unwrap();
    let records = ["source", "dest"].map(|h| remote.prepare(&host(h), None).unwrap()).to_vec();
    Stage { folder, remote, records, person, _hosts: hosts }
}

impl Stage {
    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
    fn sync(&self) -> Sync {
        let path = |name: &str| RemotePath::parse(&self.at(name)).unwrap();
        Sync {
            from: host("source"),
            path: path("it's from"),
            to: host("dest"),
            at: path("a \"to\" $x"),
            is_folder: true,
            delete: true,
            max_delete: None,
            exclude: vec!["*.log".into()],
            checksum: false,
            limit: None,
            copy_links: false,
            allow_changes: false,
            allow_vanished: false,
            via_here: false,
            timeout_ms: 60_000,
            differs: Differences::default(),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let left = self.remote.finish(&self.records[..1]);
        assert!(left.is_empty() || std::thread::panicking(), "{left:?}");
    }
}

fn write(path: &str, text: &str) {
    fs::create_dir_all(Path::new(path).parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_key_opens_one_path_and_is_gone_afterwards() {
    let s = stage();
    let sync = s.sync();
    let (from, to) = (sync.path.to_string(), sync.at.to_string());
    write(&format!("{from}/f"), "new\n");
    write(&format!("{from}/no.log"), "no\n");
    write(&format!("{to}/f"), "old, and longer\n");
    write(&format!("{to}/gone"), "gone\n");
    let keys = fs::read(s.at("dest/authorized_keys")).unwrap();
    let without_end = keys.trim_ascii_end().to_vec();
    fs::write(s.at("dest/authorized_keys"), &without_end).unwrap();
    let differs = s.remote.differences(&sync).unwrap();
    assert_eq!((differs.files, differs.bytes, differs.deletions, differs.first), (1, 4, 1, vec!["gone".to_string()]));

    let answer = s.remote.act(&Token::deed(1, 0, 1), &Deed::Sync(Box::new(sync.clone()))).unwrap();
    assert_eq!(
        (answer["files"].as_i64(), answer["deletions"].as_i64()),
        (Some(1), Some(1)),
        "{}",
        s.person.connections()
    );
    assert_eq!(fs::read_to_string(format!("{to}/f")).unwrap(), "new\n");
    assert!(!Path::new(&format!("{to}/gone")).exists() && !Path::new(&format!("{to}/no.log")).exists());
    assert_eq!(fs::read(s.at("dest/authorized_keys")).unwrap(), without_end);
    assert!(s.remote.differences(&sync).unwrap().is_none());
    // The same token again: nothing is left to do, and nothing is harmed.
    s.remote.act(&Token::deed(1, 0, 1), &Deed::Sync(Box::new(sync.clone()))).unwrap();

    // What a service wrote meanwhile is moved aside, not lost.
    write(&format!("{to}/f"), "written since\n");
    let undone = s.remote.act(&Token::undo(1, 0, 0, 1), &Deed::Unsync(sync.reversed())).unwrap();
    assert_eq!(fs::read_to_string(format!("{to}/f")).unwrap(), "old, and longer\n");
    assert_eq!(fs::read_to_string(format!("{to}/gone")).unwrap(), "gone\n");
    let aside = undone["aside"].as_str().unwrap();
    assert_eq!(fs::read_to_string(format!("{aside}/f")).unwrap(), "written since\n");
}

#[test]
fn finish_takes_out_the_key_that_a_crash_left() {
    let s = stage();
    let keys = fs::read_to_string(s.at("dest/authorized_keys")).unwrap();
    let run = s.records[1].folder.rsplit('/').next().unwrap();
    let ours = format!("restrict,from=\"127.0.0.1\",command=\"true\" ssh-ed25519 AAAA mig-{run}-7.0-n\n");
    let others = "restrict ssh-ed25519 AAAA mig-0123456789ab-7.0-n\n";
    fs::write(s.at("dest/authorized_keys"), format!("{ours}{others}{keys}")).unwrap();
    let mode = fs::metadata(s.at("dest/authorized_keys")).unwrap().mode();
    let left = s.remote.finish(&s.records[1..]);
    assert!(left.is_empty(), "{left:?}");
    assert_eq!(fs::read_to_string(s.at("dest/authorized_keys")).unwrap(), format!("{others}{keys}"));
    assert_eq!(fs::metadata(s.at("dest/authorized_keys")).unwrap().mode(), mode);
}
