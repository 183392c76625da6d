//! Between real servers of ordinary users, and from and to the operator's own machine.

use crate::sshd::{Sshd, with_user};
use crate::text;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::PathBuf;
use std::process::Command;

const GIVER: u32 = 4242;
const TAKER: u32 = 4343;

/// Two servers, each with a user of its own who is not root; all files lie on this machine.
struct Ends {
    folder: tempfile::TempDir,
    _servers: [Sshd; 2],
}

impl Ends {
    fn new() -> Ends {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let start = |name: &str, uid: u32| {
            let (etc, at) = (folder.path().join(name).join("etc"), folder.path().join(name).join("sshd"));
            let before = with_user(name, uid, &etc);
            let ssh = etc.join("home/.ssh");
            fs::create_dir_all(&ssh).unwrap();
            fs::create_dir_all(&at).unwrap();
            fs::write(ssh.join("authorized_keys"), "").unwrap();
            for own in [&ssh, &ssh.join("authorized_keys")] {
                chown(own, Some(uid), Some(uid)).unwrap();
            }
            symlink(ssh.join("authorized_keys"), at.join("authorized_keys")).unwrap();
            Sshd::start_behind(&at, "", &before)
        };
        let servers = [start("giver", GIVER), start("taker", TAKER)];
        let host = |name: &str, s: &Sshd| {
            let key = s.folder.join("user_key");
            format!("  {name}: {{ address: 127.0.0.1, port: {}, user: {name}, identity: {} }}\n", s.port, key.display())
        };
        let text =
            format!("hosts:\n{}{}  here: {{ local: true }}\n", host("giver", &servers[0]), host("taker", &servers[1]));
        fs::write(folder.path().join("inventory.yml"), text).unwrap();
        let ends = Ends { folder, _servers: servers };
        for (name, uid) in [("from", GIVER), ("to", TAKER)] {
            fs::create_dir_all(ends.at(name)).unwrap();
            chown(ends.at(name), Some(uid), Some(uid)).unwrap();
        }
        ends
    }
    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn write(&self, name: &str, text: &str, uid: u32) {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), text).unwrap();
        for at in [self.at(name), self.at(name).parent().unwrap().into()] {
            chown(at, Some(uid), Some(uid)).unwrap();
        }
    }
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap_or_default()
    }
    fn keys(&self) -> [Vec<u8>; 2] {
        ["giver", "taker"].map(|n| fs::read(self.at(n).join("etc/home/.ssh/authorized_keys")).unwrap())
    }
    fn mig(&self, words: &[&str]) -> (i32, String) {
        let out = Command::new(env!("CARGO_BIN_EXE_mig"))
            .args(words)
            .current_dir(self.folder.path())
            .env("MIG_STATE", self.at("state"))
            .env("MIG_INVENTORY", self.at("inventory.yml"))
            .output()
            .unwrap();
        text(&out)
    }
    /// Runs a playbook of one call, which must go well.
    fn copies(&self, call: &str) -> String {
        let lead = "let p = params(#{ giver: host(\"a\"), taker: host(\"b\"), here: host(\"c\") });\n\
                    let giver = p.giver; let taker = p.taker; let here = p.here;";
        fs::write(self.at("copy.rhai"), format!("{lead}\nstep(\"Copy\", || {{ {call} }});\n")).unwrap();
        let (code, said) = self.mig(&["run", "copy.rhai", "--yes", "--accept-new-host-keys"]);
        assert_eq!(code, 0, "{said}");
        said
    }
    fn goes_back(&self) {
        // What root's run keeps on this machine lies outside the folder, and goes with its end.
        for words in [&["rollback"][..], &["finish", "--yes"]] {
            let (code, said) = self.mig(words);
            assert_eq!(code, 0, "{said}");
        }
    }
}

#[test]
fn ordinary_users_at_both_ends() {
    let e = Ends::new();
    e.write("from/a", "new a\n", GIVER);
    e.write("from/deep/b", "b\n", GIVER);
    e.write("to/a", "old a, and longer\n", TAKER);
    e.write("to/gone", "gone\n", TAKER);
    fs::set_permissions(e.at("from/deep/b"), fs::Permissions::from_mode(0o640)).unwrap();
    let keys = e.keys();
    let (from, to) = (e.at("from"), e.at("to"));
    e.copies(&format!("giver.rsync(\"{}\", taker, #{{ at: \"{}\", delete: true }});", from.display(), to.display()));
    assert_eq!((e.read("to/a"), e.read("to/deep/b"), e.read("to/gone")), ("new a\n".into(), "b\n".into(), "".into()));
    // Nobody but root gives files away: they belong to who writes them.
    let b = fs::metadata(e.at("to/deep/b")).unwrap();
    assert_eq!((b.uid(), b.mode() & 0o777), (TAKER, 0o640));
    assert_eq!(e.keys(), keys, "the key is gone");
    e.goes_back();
    assert_eq!((e.read("to/a"), e.read("to/gone")), ("old a, and longer\n".into(), "gone\n".into()));
    assert!(!e.at("to/deep").exists());
    assert_eq!(e.keys(), keys);
}

#[test]
fn from_the_operators_machine_and_to_it() {
    let e = Ends::new();
    e.write("mine/a", "from here\n", 0);
    e.write("to/a", "old a, and longer\n", TAKER);
    let keys = e.keys();
    e.copies(&format!("here.rsync(\"{}\", taker, #{{ at: \"{}\" }});", e.at("mine").display(), e.at("to").display()));
    assert_eq!(e.read("to/a"), "from here\n");
    assert_eq!(fs::metadata(e.at("to/a")).unwrap().uid(), TAKER);
    e.goes_back();
    assert_eq!(e.read("to/a"), "old a, and longer\n");

    e.write("from/deep/b", "b\n", GIVER);
    e.write("mine/deep/b", "my b\n", 0);
    e.copies(&format!(
        "giver.rsync(\"{}\", here, #{{ at: \"{}\", delete: true }});",
        e.at("from").display(),
        e.at("mine").display()
    ));
    assert_eq!((e.read("mine/deep/b"), e.at("mine/a").exists()), ("b\n".into(), false));
    e.goes_back();
    assert_eq!((e.read("mine/deep/b"), e.read("mine/a")), ("my b\n".into(), "from here\n".into()));
    // Between the operator's machine and another no key is let in.
    assert_eq!(e.keys(), keys);
}
