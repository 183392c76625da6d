//! What a copy costs: how often it asks its hosts, which no load of the machine changes, and, when asked
//! for, how long it takes beside plain rsync between two real sshd.

use super::sshd::Sshd;
use super::{RUN, Stage, text};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What was asked of hosts while the deed was done, in the words of `MIG_LOG`; looks at its progress left out.
fn asked(log: &str) -> Vec<String> {
    let deed = log.lines().skip_while(|l| !l.contains("acts: ")).take_while(|l| !l.contains("acted"));
    let all = deed.filter_map(|l| Some(l.split_once("asked: ")?.1.to_owned()));
    let mut looked = false;
    all.filter(|l| !(l.starts_with("Says how far") && std::mem::replace(&mut looked, true))).collect()
}

fn is_look(line: &str) -> bool {
    ["The sending side", "The receiving side", "Says which rsync"].iter().any(|l| line.starts_with(l))
}

/// With each request come a shell and its programs on the host, and most wait for the one before.
#[test]
fn a_copy_asks_its_hosts_nine_things_however_many_files_there_are() {
    for files in [1, 400] {
        let lay = format!("mkdir -p app/d && cd app && for f in $(seq {files}); do echo $f >d/$f; done");
        let s = Stage::new(r#"source.rsync("/srv/app", dest);"#, &lay, "mkdir -p app");
        s.open();
        let (code, log) = text(&s.command(RUN).env("MIG_LOG", "mig=debug").env("NO_COLOR", "1").output().unwrap());
        assert_eq!(code, 0, "{log}");
        let (looks, acts): (Vec<_>, Vec<_>) = asked(&log).into_iter().partition(|l| is_look(l));
        // Whether an earlier copy runs, the place with the lists, the key with what it is for, the key let in,
        // the copy, and the key taken back on both sides.
        assert_eq!(acts.len(), 7, "{files} files: {acts:#?}");
        // The two sides of the last look; on a slow machine the look of the gate is too old, and made again.
        assert!([2, 6].contains(&looks.len()), "{files} files: {looks:#?}");
    }
}

/// Printed, not asserted: `MIG_BENCH=5 cargo test --test live_rsync beside_plain -- --nocapture` does it five
/// times, plain rsync and `mig` in turns.
#[test]
fn speed_beside_plain_rsync() {
    let Some(times) = std::env::var("MIG_BENCH").ok().and_then(|n| n.parse::<usize>().ok()) else { return };
    let small = "for d in $(seq 200); do mkdir $d; for f in $(seq 100); do echo $d $f >$d/$f; done; done";
    for (what, lay, more) in [
        ("one file of 1 GB", "head -c 1000000000 /dev/urandom >big", "--partial-dir=KEPT/partial"),
        ("20,000 files of 6 bytes", small, ""),
    ] {
        let ground = Ground::new(lay);
        let options = format!(
            "--no-D --modify-window=-1 --timeout=600 --outbuf=L --info=progress2 --backup --backup-dir=KEPT/old {more}"
        );
        let mut all: Vec<[f64; 5]> = vec![];
        for _ in 0..=times {
            let [deed, pass, whole] = ground.mig();
            all.push([ground.plain(""), ground.plain(&options), pass, deed, whole]);
        }
        // The first one warms the caches.
        all.remove(0);
        println!("{what}, seconds, the least and the median of {times}:");
        for (n, name) in
            ["plain rsync", "with the same options", "the pass", "the deed", "mig run"].into_iter().enumerate()
        {
            let mut of: Vec<f64> = all.iter().map(|one| one[n]).collect();
            of.sort_by(f64::total_cmp);
            println!("  {name:22} {:6.2} {:6.2}", of[0], of[of.len() / 2]);
        }
    }
}

/// Two real sshd, whose user has a plain shell, and a folder to copy.
struct Ground {
    folder: tempfile::TempDir,
    hosts: [Sshd; 2],
}

impl Ground {
    fn new(lay: &str) -> Ground {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["home", "from", "kept", "state"] {
            let mut private = fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700).create(at(name)).unwrap();
        }
        let root = format!("root:x:0:0:root:{}:/bin/sh", at("home").display());
        let passwd = fs::read_to_string("/etc/passwd").unwrap();
        let others = passwd.lines().filter(|l| !l.starts_with("root:")).map(|l| format!("\n{l}")).collect::<String>();
        fs::write(at("passwd"), format!("{root}{others}\n")).unwrap();
        let bind = format!("mount --bind {} /etc/passwd", at("passwd").display());
        let hosts = ["source", "dest"].map(|name| Sshd::start_behind(&at(name), "", &bind));
        std::os::unix::fs::symlink(at("dest"), at("home/.ssh")).unwrap();
        let host = |name: &str, sshd: &Sshd| {
            let key = sshd.folder.join("user_key");
            format!(
                "  {name}: {{ address: 127.0.0.1, port: {}, user: root, identity: {} }}\n",
                sshd.port,
                key.display()
            )
        };
        let inventory = format!("hosts:\n{}{}", host("one", &hosts[0]), host("two", &hosts[1]));
        fs::write(at("inventory.yml"), inventory).unwrap();
        let (from, to) = (at("from"), at("to"));
        let call = format!("source.rsync({from:?}, dest, #{{ at: {to:?} }});");
        let params = "let p = params(#{ source: host(\"one\"), dest: host(\"two\") });";
        let text = format!("{params}\nstep(\"Copy\", || {{ let source = p.source; let dest = p.dest; {call} }});\n");
        fs::write(at("copy.rhai"), text).unwrap();
        let done = Command::new("sh").args(["-ec", lay]).current_dir(&from).status().unwrap();
        assert!(done.success());
        Ground { folder, hosts }
    }
    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
    fn clear(&self) {
        let _ = fs::remove_dir_all(self.at("to"));
        fs::create_dir(self.at("to")).unwrap();
    }

    /// Seconds of the deed, of the pass in it, and of the whole run.
    fn mig(&self) -> [f64; 3] {
        self.clear();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mig"));
        let args = "run copy.rhai --yes --accept-new-host-keys --set source=one --set dest=two";
        command.args(args.split(' ')).current_dir(self.folder.path()).stdin(Stdio::null());
        command
            .env("MIG_STATE", self.at("state"))
            .env("MIG_LOG", "mig=debug")
            .env("NO_COLOR", "1")
            .env_remove("MIG_INVENTORY");
        let began = Instant::now();
        let (code, log) = text(&command.output().unwrap());
        let whole = began.elapsed().as_secs_f64();
        assert_eq!(code, 0, "{log}");
        let line = |what: &str| log.lines().find(|l| l.contains(what)).unwrap().to_owned();
        let pass = line("asked: Starts a command");
        let ms = pass.rsplit_once("ms").map(|(_, n)| n.chars().filter(char::is_ascii_digit).collect::<String>());
        [seconds(&line("acted")) - seconds(&line("acts: ")), ms.unwrap().parse::<f64>().unwrap() / 1000.0, whole]
    }

    /// Seconds of rsync with these options, and of nothing else.
    fn plain(&self, options: &str) -> f64 {
        self.clear();
        let ssh = |sshd: &Sshd| {
            let key = sshd.folder.join("user_key");
            let quiet = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR";
            format!("ssh -F /dev/null -i {} -p {} {quiet}", key.display(), sshd.port)
        };
        let options = options.replace("KEPT", &self.at("kept").display().to_string());
        let path = |name: &str| format!("{}/", self.at(name).display());
        let rsync = format!(
            "rsync -a --numeric-ids {options} -e '{}' {} root@127.0.0.1:{} >/dev/null",
            ssh(&self.hosts[1]),
            path("from"),
            path("to")
        );
        let began = Instant::now();
        let login = ssh(&self.hosts[0]);
        let mut words = login.split(' ');
        let done = Command::new(words.next().unwrap()).args(words).args(["root@127.0.0.1", &rsync]).status().unwrap();
        let took = began.elapsed().as_secs_f64();
        assert!(done.success());
        assert!(Path::new(&path("to")).read_dir().unwrap().next().is_some());
        took
    }
}

/// The time of day at the beginning of a line of the log, which may be coloured.
fn seconds(line: &str) -> f64 {
    let time = line.split_once('T').unwrap().1;
    let time: Vec<f64> = time.split_once('Z').unwrap().0.split(':').map(|n| n.parse().unwrap()).collect();
    (time[0] * 60.0 + time[1]) * 60.0 + time[2]
}
