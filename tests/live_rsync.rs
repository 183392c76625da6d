//! rsync between two lab hosts, with the real rsync and real ssh: the copy, its undo byte for byte,
//! and the key that must be gone afterwards, also when the run was killed in the middle.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

#[path = "live_rsync/ends.rs"]
mod ends;
#[path = "live_rsync/options.rs"]
mod options;
#[path = "live_rsync/rows.rs"]
mod rows;
#[path = "live_rsync/speed.rs"]
mod speed;
#[allow(dead_code, reason = "each test crate uses a part of it")]
#[path = "world/sshd.rs"]
mod sshd;

/// A playbook of one call, and a lab of two hosts.
struct Stage {
    folder: tempfile::TempDir,
    /// Shell lines that lay out /srv, by host.
    lay: [String; 2],
}

const BOTH: &[&str] = &["source", "dest"];
/// Everything below /srv/app, and who may log in.
const TREE: &str = "cat /root/.ssh/authorized_keys; cd /srv && find app -printf '%p %y %m %U:%G %T@ %l\\n' | sort; \
                    find app -type f -exec sha256sum {} + | sort";

impl Stage {
    /// `call`: a line of the playbook. `dest` and `source`: shell lines that lay out /srv/app there.
    fn new(call: &str, source: &str, dest: &str) -> Stage {
        let stage = Stage { folder: tempfile::tempdir().unwrap(), lay: [source.into(), dest.into()] };
        stage.playbook(call);
        for host in ["source", "dest"] {
            fs::create_dir_all(stage.at(&format!("copy.lab/hosts/{host}/srv/app"))).unwrap();
            fs::write(stage.at(&format!("copy.lab/hosts/{host}/srv/keep")), "").unwrap();
        }
        std::os::unix::fs::DirBuilderExt::mode(&mut fs::DirBuilder::new(), 0o700).create(stage.at("state")).unwrap();
        fs::write(
            stage.at("copy.lab/lab.yml"),
            "hosts: { source: { sudo: true }, dest: { sudo: true } }\nprivate: [/srv]\n",
        )
        .unwrap();
        stage
    }
    fn playbook(&self, call: &str) {
        let text = format!(
            "let p = params(#{{ source: host(\"old\"), dest: host(\"new\") }});\nstep(\"Copy\", || {{ let source = p.source; let dest = p.dest; {call} }});\n"
        );
        fs::write(self.at("copy.rhai"), text).unwrap();
    }
    /// A program of one host, before the lab is opened. It hides the machine's own of that name.
    fn program(&self, host: &str, name: &str, bytes: &[u8]) {
        let folder = self.at(&format!("copy.lab/hosts/{host}.bin"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }
    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "60", env!("CARGO_BIN_EXE_mig")]).args(args).current_dir(self.folder.path());
        command.env("MIG_STATE", self.at("state")).stdin(Stdio::null());
        command
    }
    fn mig(&self, args: &[&str]) -> (i32, String) {
        text(&self.command(args).output().unwrap())
    }
    fn ok(&self, args: &[&str]) -> String {
        let (code, text) = self.mig(args);
        assert_eq!(code, 0, "mig {args:?}\n{text}");
        text
    }
    /// Opens the lab, so that there is something to look at before the first run.
    fn open(&self) {
        self.ok(&["lab", "copy.rhai"]);
        for (host, lay) in BOTH.iter().zip(&self.lay) {
            let said = self.on(host, &format!("cd /srv && {{ {lay}; }} && echo laid"));
            assert!(said.contains("laid"), "{host}: {said}");
        }
    }
    fn on(&self, host: &str, command: &str) -> String {
        let labs = fs::read_dir(self.at("state/labs")).unwrap();
        let lab = labs.flatten().map(|e| e.path()).find(|p| p.join("ssh/config").exists()).expect("a lab is open");
        let mut ssh = Command::new("timeout");
        ssh.args(["30", "ssh", "-F"]).arg(lab.join("ssh/config")).args([host, command]).stdin(Stdio::null());
        text(&ssh.output().unwrap()).1
    }
    fn tree(&self, host: &str) -> String {
        self.on(host, TREE)
    }
    /// No key of a run may log in, and nothing of one is left on the sender.
    fn no_key_is_left(&self) {
        let left = self.on("dest", "grep -c mig- /root/.ssh/authorized_keys; ls -A /root/.ssh");
        assert!(left.starts_with('0'), "{left}");
        assert!(!left.contains("mig-"), "{left}");
        assert_eq!(self.on("source", "find /var/lib/mig -name 'key.*' 2>/dev/null"), "");
    }
    fn start(&self, args: &[&str]) -> Child {
        // Without `timeout` before it: it is this process that is to be killed.
        let mut command = Command::new(env!("CARGO_BIN_EXE_mig"));
        command.args(args).current_dir(self.folder.path()).env("MIG_STATE", self.at("state"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
    /// Kills a run while its copy is on the way: as soon as there is a half of it, the receiving side is
    /// stopped, so that it cannot end before the kill, however slow the machine is.
    fn kill_in_the_middle(&self, args: &[&str]) {
        let mut child = self.start(args);
        let half = "i=0; until ls -A /srv/app | grep -q '^\\.big\\.'; do i=$((i + 1)); [ $i -lt 1500 ] || exit; sleep 0.02; done";
        assert_eq!(
            self.on("dest", &format!("{half}; {}; echo half", signal("STOP"))),
            "half\n",
            "the copy does not begin"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        self.on("dest", &signal("CONT"));
    }
}
/// Sends a signal to the receiving sides: of this lab, which sees no others.
fn signal(name: &str) -> String {
    format!(
        "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null | grep -q '^rsync --server' && kill -{name} ${{p#/proc/}}; done; true"
    )
}
impl Drop for Stage {
    fn drop(&mut self) {
        let (code, text) = self.mig(&["lab", "copy.rhai", "--close"]);
        if code != 0 && !std::thread::panicking() {
            eprintln!("{text}");
        }
    }
}

fn text(out: &Output) -> (i32, String) {
    let both = [out.stdout.as_slice(), out.stderr.as_slice()].concat();
    (out.status.code().unwrap_or(-1), String::from_utf8_lossy(&both).into_owned())
}

const RUN: &[&str] = &["run", "copy.rhai", "--lab", "--yes"];
const SOURCE: &str = "mkdir -p app/sub app/kind 'app/a b' && cd app && echo new >f && echo g >sub/g && ln -s f ln && echo same >same && \
                      chmod 640 same && echo x >kind/x && echo y >was-folder && printf 'n\\n' >\"$(printf 'a b/n\\nl')\" && chown 5:6 sub && \
                      touch -d '2020-01-02 03:04:05' same f";
const DEST: &str = "mkdir -p app/old/deep/empty app/was-folder && cd app && echo old >f && echo w >old/w && echo same >same && chmod 600 same && \
                    chown 7:8 same && echo z >was-folder/z && echo k >kind && touch -d '2020-01-02 03:04:05' same && ln -s nowhere ln && \
                    chmod 700 old/deep && touch -d 2019-01-01 old/deep . && printf 'o' >\"$(printf 'o\\nl')\"";
const DELETE: &str = r#"source.rsync("/srv/app", dest, #{ delete: true });"#;

#[test]
fn contents_go_onto_contents_and_come_back_byte_for_byte() {
    for via in ["", ", via: \"here\""] {
        let s = Stage::new(&format!("source.rsync(\"/srv/app\", dest, #{{ delete: true{via} }});"), SOURCE, DEST);
        s.open();
        let (source, before) = (s.tree("source"), s.tree("dest"));
        let key = |t: &str| t.lines().next().unwrap().to_owned();
        assert_ne!(source, before);
        let said = s.ok(RUN);
        assert!(said.contains("make /srv/app equal /srv/app of source"), "{said}");
        assert_eq!(s.tree("dest").replace(&key(&before), &key(&source)), source, "{said}");
        s.no_key_is_left();
        // Nothing is different now: nothing is planned.
        let plan = s.ok(&["rollback"]);
        assert_eq!(s.tree("dest"), before, "{plan}");
        s.no_key_is_left();
    }
}

/// Both sides in one second, at different nanoseconds: `$1` is the fraction.
const ONE_SECOND: &str = "mkdir -p app/d && ln -s nowhere app/ln && printf $CONTENT >app/f && echo same >app/same && \
                          for f in app/ln app/f app/same app/d app; do touch -h -d 2020-01-02T03:04:05.$FRACTION $f; done";

#[test]
fn times_are_equal_to_the_last_digit() {
    for via in ["", ", #{ via: \"here\" }"] {
        let call = format!("source.rsync(\"/srv/app\", dest{via});");
        let lay = |content: &str, fraction: &str| format!("CONTENT={content} FRACTION={fraction}; {ONE_SECOND}");
        let s = Stage::new(&format!("{call} {call}"), &lay("new", "25"), &lay("old", "750000001"));
        s.open();
        let (source, before) = (s.tree("source"), s.tree("dest"));
        let said = s.ok(RUN);
        let without_key = |t: &str| t.lines().skip(1).map(String::from).collect::<Vec<_>>();
        assert_eq!(without_key(&s.tree("dest")), without_key(&source), "{said}");
        assert!(said.contains("already so"), "the second call has nothing to do\n{said}");
        s.ok(&["rollback"]);
        assert_eq!(s.tree("dest"), before);
    }
}

/// A file system that keeps whole seconds, as ext3 does; its change times say so. Here they are said
/// by a program, for such a file system cannot be mounted everywhere.
#[test]
fn where_files_keep_whole_seconds_a_second_call_plans_nothing() {
    let coarse = "#!/bin/sh\n[ \"$1 $2\" = '-c %z' ] && shift 3 && for f; do echo '2020-01-02 03:04:05.000000000 +0000'; done && exit\nexec real-stat \"$@\"\n";
    let s = Stage::new(
        r#"source.rsync("/srv/app", dest);"#,
        &format!("CONTENT=same FRACTION=25; {ONE_SECOND}"),
        &format!("CONTENT=same FRACTION=0; {ONE_SECOND}"),
    );
    s.program("dest", "stat", coarse.as_bytes());
    s.program("dest", "real-stat", &fs::read("/usr/bin/stat").unwrap());
    s.open();
    let before = s.tree("dest");
    let said = s.ok(&["plan", "copy.rhai", "--lab"]);
    assert!(said.contains("already so"), "{said}");
    s.ok(RUN);
    assert_eq!(s.tree("dest"), before);
}

#[test]
fn a_second_call_plans_nothing() {
    let s = Stage::new(&format!("{DELETE} {DELETE}"), SOURCE, DEST);
    s.open();
    let before = s.tree("dest");
    let said = s.ok(RUN);
    assert!(said.contains("1 already so") || said.contains("already"), "{said}");
    s.ok(&["rollback"]);
    assert_eq!(s.tree("dest"), before);
}

#[test]
fn a_file_goes_onto_a_file_and_a_new_folder_goes_again() {
    let call = r#"source.rsync("/srv/app/f", dest, #{ at: "/srv/app/g" }); source.rsync("/srv/app/same", dest, #{ at: "/srv/app/new" }); source.rsync("/srv/app/sub", dest);"#;
    let s = Stage::new(call, SOURCE, "mkdir -p app && cd app && echo old >g");
    s.open();
    let before = s.tree("dest");
    s.ok(RUN);
    assert_eq!(
        s.on("dest", "cd /srv/app && cat g new sub/g; stat -c '%a %Y' new; stat -c %u:%g sub"),
        "new\nsame\ng\n640 1577934245\n5:6\n"
    );
    s.ok(&["rollback"]);
    // What lies around a file is not the file: the time of its folder is left.
    let tree = |t: String| t.lines().filter(|l| !l.starts_with("app d")).collect::<Vec<_>>().join("\n");
    assert_eq!(tree(s.tree("dest")), tree(before));
    s.no_key_is_left();
}

const BIG: &str = "mkdir -p app && cd app && head -c 6000000 /dev/urandom >big && echo s >small";
const SLOW: &str = r#"source.rsync("/srv/app", dest, #{ limit: 2000 });"#;

#[test]
fn row_47_a_run_killed_in_the_middle_goes_on() {
    for via in [SLOW.to_string(), SLOW.replace("limit", "via: \"here\", limit")] {
        let s = Stage::new(&via, BIG, "mkdir -p app && cd app && echo old >big && echo mine >mine");
        s.open();
        s.kill_in_the_middle(RUN);
        assert_eq!(s.on("dest", "cat /srv/app/big"), "old\n", "nothing torn lies under a final name");
        let said = s.ok(&["resume", "--yes"]);
        assert_eq!(s.on("dest", "sha256sum /srv/app/big"), s.on("source", "sha256sum /srv/app/big"), "{said}");
        assert_eq!(s.on("dest", "ls -A /srv/app"), "big\nmine\nsmall\n", "{said}");
        s.no_key_is_left();
    }
}

#[test]
fn a_run_killed_in_the_middle_is_taken_back_and_its_key_is_gone() {
    for via in [SLOW.to_string(), SLOW.replace("limit", "via: \"here\", limit")] {
        let s = Stage::new(
            &via,
            BIG,
            "mkdir -p app && cd app && echo old >big && echo mine >mine && touch -d 2019-01-01 .",
        );
        s.open();
        let before = s.tree("dest");
        s.kill_in_the_middle(RUN);
        let said = s.ok(&["rollback", "--yes"]);
        assert_eq!(s.tree("dest"), before, "{said}");
        let runs = s.on("dest", "ps -eo args= | grep '^rsync --server'");
        assert_eq!(runs, "", "{via}");
        s.no_key_is_left();
    }
}

#[test]
fn finish_leaves_nothing_behind() {
    let s = Stage::new(DELETE, SOURCE, DEST);
    s.open();
    s.ok(RUN);
    // As a crash right after the end would leave it.
    let run = s.on("dest", "ls /var/lib/mig").trim().to_owned();
    let keys = s.on("dest", "cat /root/.ssh/authorized_keys");
    s.on("dest", &format!("echo 'restrict ssh-ed25519 AAAA mig-{run}-9.0-n' >>/root/.ssh/authorized_keys"));
    let lab = fs::read_dir(s.at("state/labs")).unwrap().flatten().next().unwrap().path();
    // Its lab goes with the run: what is looked at is the folder of the host, before it goes.
    let _ = lab;
    s.on("dest", &format!("rm -f /var/lib/mig/{run}/none"));
    s.ok(&["rollback", "--yes"]);
    assert_eq!(s.on("dest", "cat /root/.ssh/authorized_keys").lines().count(), keys.lines().count() + 1);
    s.ok(&["finish", "--yes"]);
}

#[test]
fn row_31_what_cannot_be_copied_is_said_with_its_cause() {
    let s = Stage::new(r#"source.rsync("/srv/none", dest);"#, SOURCE, DEST);
    s.open();
    let (code, said) = s.mig(RUN);
    assert!(code != 0 && said.contains("there is no file or folder /srv/none on source"), "{said}");
    for (call, expected) in [
        (r#"source.rsync("/srv/app", source);"#, "copied onto itself"),
        (r#"source.rsync("/srv/app", source, #{ at: "/srv/app/in" });"#, "lies inside /srv/app"),
        (r#"source.rsync("/srv/app", dest, #{ at: "/etc", delete: true });"#, "belongs to the system"),
        (
            r#"source.rsync("/srv/app/f", dest, #{ at: "/srv/app/old" });"#,
            "is a file, but /srv/app/old on dest is a folder",
        ),
        (r#"source.rsync("/srv/app", dest, #{ at: "/srv/none/app" });"#, "there is no folder /srv/none on dest"),
    ] {
        s.playbook(call);
        let (code, said) = s.mig(RUN);
        assert!(code != 0 && said.contains(expected), "{call}\n{said}");
    }
}

#[test]
fn row_49_a_full_disk_is_called_so_and_the_way_back_is_open() {
    let s = Stage::new(
        r#"source.rsync("/srv/app", dest);"#,
        BIG,
        "mkdir -p app && mount -t tmpfs -o size=2m none app && echo old >app/big",
    );
    s.open();
    let before = s.tree("dest");
    let (code, said) = s.mig(RUN);
    assert!(code != 0 && said.contains("the disk of dest is full"), "{said}");
    s.no_key_is_left();
    s.ok(&["rollback", "--yes"]);
    assert_eq!(s.tree("dest"), before);
}

#[test]
fn row_51_a_source_that_goes_on_changing_stops_the_run_unless_it_may() {
    let writer = "mkdir -p app && echo a >app/a && (while :; do echo more >>app/log; sleep 0.01; done) </dev/null >/dev/null 2>&1 & true";
    let s = Stage::new(r#"source.rsync("/srv/app", dest, #{ allow_changes: true });"#, writer, "mkdir -p app");
    s.open();
    s.ok(RUN);
    assert_eq!(s.on("dest", "cat /srv/app/a; head -n 1 /srv/app/log"), "a\nmore\n");
    s.no_key_is_left();
    drop(s);
    let s = Stage::new(r#"source.rsync("/srv/app", dest, #{ allow_vanished: true });"#, writer, "mkdir -p app");
    s.open();
    let (code, said) = s.mig(RUN);
    assert!(code != 0 && said.contains("changes while it is copied"), "{said}");
    s.no_key_is_left();
}
