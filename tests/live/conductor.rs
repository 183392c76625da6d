//! The shipped conductor playbook on two machines, beside the same run in the lab: what both leave
//! is compared file for file, then the run is taken back and compared with the start.
//!
//! The lab's addresses are of 127.0.0.0/8 and stand in some files; they are read as the machines'.

use crate::ground::{Ground, ground, must, sleep};
use crate::host::Host;
use crate::running::{Running, Said};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// What a path holds: mode, owner, group, and content.
type Tree = BTreeMap<String, (u32, u32, u32, String)>;

/// What the playbook and the stand-ins work on.
const COMPARED: [&str; 3] = ["etc/128technology", "var/lib", "srv"];
/// Beside them, what is not of the machines' story.
const LEFT_OUT: [&str; 2] = [
    // mig's own records.
    "/var/lib/mig",
    // Which addresses a lab host pretends to have; the machines have real ones.
    "/var/lib/lab128t/addresses",
];
/// After a rollback the stand-in remembers with which keys it has rebooted already.
const DIFFERS_AFTER_ROLLBACK: &str = "/var/lib/lab128t/settled";

/// Closes the lab, however the test ends.
struct Lab<'g>(&'g Ground, PathBuf);
impl Drop for Lab<'_> {
    fn drop(&mut self) {
        let closed = self.0.mig(&["lab", "conductor", "--close"]).wait(30);
        assert!(closed.code == Some(0) || std::thread::panicking(), "{}", closed.text);
    }
}

#[test]
fn the_conductor_moves_as_in_the_lab_and_back() {
    // A machine that changes its address leaves a connection behind, which its sshd has to notice.
    let Some(g) = ground(&["source", "dest"], "ClientAliveInterval 2") else { return };
    let inventory = fs::read_to_string(g.path("inventory.yml")).unwrap();
    g.write("inventory.yml", &inventory.replace("  dest: { ", "  dest: { moves_to: 192.0.2.10, "));
    g.mig(&["lab", "conductor"]).wait(60).is(0);
    let opened = mig::lab::find(&g.path("state"));
    let lab = Lab(&g, opened[0].folder().join("hosts"));
    let machines = ["source", "dest"];
    for name in machines {
        equip(g.host(name), &lab.1.join(name));
    }
    let start: Vec<Tree> = machines.iter().map(|n| tree(&g.host(n).tree)).collect();

    std::thread::scope(|t| {
        let in_lab = t.spawn(|| g.mig(&["run", "conductor", "--lab", "--yes"]).wait(120));
        let run = g.mig(
            &[
                &[
                    "run",
                    "conductor",
                    "--accept-new-host-keys",
                    "--yes",
                    "--set",
                    "settle=2s",
                    "--set",
                    "start_time=1m",
                ][..],
                &["--set", "router_time=1m", "--set", "budget=5m"],
            ]
            .concat(),
        );
        let said = played(&g, run, "Power the old conductor off", || {
            g.host("source").power_off();
            g.host("dest").readdress(&["192.0.2.10"]);
        });
        said.is(0);
        in_lab.join().unwrap().is(0);
        for name in machines {
            let (live, lab) = (tree(&g.host(name).tree), tree(&lab.1.join(name).join("tree")));
            same(&format!("{name}, live and in the lab"), &lab, &live, "");
        }
        assert_ne!(tree(&g.host("dest").tree), start[1], "nothing happened");

        // Only a person can say that it was done by hand, so this one is at a terminal.
        let mut command = g.command(&["rollback", &said.run()]);
        command.env("TERM", "dumb");
        let mut back = rexpect::session::spawn_command(command, Some(60_000)).unwrap();
        back.exp_string("Take the address 192.0.2.10 from dest again. Then power the old conductor on.").unwrap();
        give_back(&g);
        back.send_line("y").unwrap();
        let text = back.exp_eof().unwrap();
        let ended = format!("{:?}", back.process().wait().unwrap());
        assert!(ended.starts_with("Exited(") && ended.ends_with(", 0)"), "{ended}: {text}");
        for (name, start) in machines.iter().zip(&start) {
            let now = tree(&g.host(name).tree);
            same(&format!("{name}, at the start and after the rollback"), start, &now, DIFFERS_AFTER_ROLLBACK);
        }
        for name in machines {
            assert_eq!(g.host(name).must("systemctl is-active 128T"), "active", "{name}");
            g.host(name).must("systemctl stop 128T");
        }
        g.finish(&said.run());
    });
    drop(lab);
    g.nobody_is_left();
}

fn give_back(g: &Ground) {
    g.host("dest").readdress(&["192.0.2.11"]);
    g.host("source").boot();
    g.host("source").must("sh /etc/lab/boot");
}

/// Lays the files and stand-ins of a lab host out on a machine, and lets it come up.
fn equip(host: &Host, lab: &Path) {
    let copy = r#"
        cd "$1/pristine" && cp -a --parents etc/128technology etc/lab var/lib srv "$2" && cp -a "$1/bin/." "$2/../bin/"
        # The machines have the real ones.
        rm -f "$2/../bin/ip" "$2/../bin/sudo"
        cd "$2" && grep -rlF 127.0.0.1 etc/128technology var/lib srv |
            xargs sed -i 's/127\.0\.0\.12/192.0.2.10/g; s/127\.0\.0\.11/192.0.2.11/g'"#;
    must(Command::new("sh").args(["-ec", copy, "sh"]).arg(lab).arg(&host.tree));
    host.must("sh /etc/lab/boot");
}

/// Waits for the end of a run; does by hand what it says, once, and reboots the machines that ask for it.
fn played(g: &Ground, mut run: Running, says: &str, by_hand: impl FnOnce()) -> Said {
    let mut by_hand = Some(by_hand);
    let began = Instant::now();
    while run.is_running() {
        assert!(began.elapsed() < Duration::from_secs(150), "{}", run.text());
        // The plan says it too; the run says it a second time.
        if run.text().split("run      ").nth(1).is_some_and(|t| t.contains(says))
            && let Some(by_hand) = by_hand.take()
        {
            by_hand();
        }
        for host in g.hosts.values() {
            if host.has("/run/lab/reboot-now") {
                host.reboot();
                host.must("sh /etc/lab/boot");
            }
        }
        sleep(0.05);
    }
    run.wait(5)
}

fn tree(root: &Path) -> Tree {
    let mut all = Tree::new();
    let mut folders: Vec<PathBuf> = COMPARED.iter().map(|c| root.join(c)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let at = entry.path();
            let path = format!("/{}", at.strip_prefix(root).unwrap().display());
            if LEFT_OUT.contains(&path.as_str()) {
                continue;
            }
            let about = at.symlink_metadata().unwrap();
            let content = if about.is_dir() {
                folders.push(at.clone());
                "a folder".into()
            } else if about.is_symlink() {
                format!("a link to {}", fs::read_link(&at).unwrap().display())
            } else {
                let text = String::from_utf8_lossy(&fs::read(&at).unwrap()).into_owned();
                text.replace("127.0.0.12", "192.0.2.10").replace("127.0.0.11", "192.0.2.11")
            };
            all.insert(path, (about.permissions().mode() & 0o7777, about.uid(), about.gid(), content));
        }
    }
    all
}

fn same(what: &str, a: &Tree, b: &Tree, but: &str) {
    let paths = a.keys().chain(b.keys()).filter(|p| p.as_str() != but && a.get(*p) != b.get(*p));
    let differences: Vec<_> = paths.map(|p| format!("{p}: {:?} / {:?}", a.get(p), b.get(p))).collect();
    assert!(differences.is_empty(), "{what}: {differences:#?}");
    assert!(a.len() > 10, "{what}: there is nothing to compare");
}
