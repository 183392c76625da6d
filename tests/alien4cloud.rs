//! What the Alien4Cloud playbooks refuse before anything is changed, each in its lab over real SSH and HTTP.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn mig(state: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mig"))
        .args(words)
        .env("MIG_STATE", state)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("mig runs")
}

/// Runs a playbook in its lab once for each bad input, and expects it to end before the first deed, saying `why`.
fn refuses(playbook: &str, cases: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state");
    for (set, why) in cases {
        let out = mig(&state, &["run", playbook, "--lab", "--yes", "--set", set]);
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(!out.status.success(), "{set} is refused, but:\n{said}");
        assert!(said.contains(why), "{set} is refused because of \"{why}\", but:\n{said}");
        let untouched = ["Nothing was changed on any host.", "Nothing was sent to any host."];
        assert!(untouched.iter().any(|words| said.contains(words)), "{set} changed something:\n{said}");
    }
    let closed = mig(&state, &["lab", playbook, "--close"]);
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
}

#[test]
fn a_backup_refuses_what_would_make_it_worthless() {
    refuses(
        "alien4cloud_backup",
        &[
            ("name=../elsewhere", "small letters, digits"),
            ("name=", "small letters, digits"),
            // A folder on the node's own disk: nothing is mounted there.
            ("mount=/var/tmp", "/var/tmp is a mounted network file system on es1"),
            ("root=/opt/none", "alien4cloud-config.yml"),
        ],
    );
}

#[test]
fn a_migration_refuses_to_begin_without_backup_or_archives() {
    refuses(
        "alien4cloud_migrate",
        &[
            ("name=another", "there is a snapshot another in state SUCCESS"),
            ("max_age=0", "is not older than 0 minutes"),
            ("tool=/srv/move/none.zip", "/srv/move/none.zip is there on alien and not empty"),
            ("plugin=/srv/move", "/srv/move is there on alien and not empty"),
            ("plugin_id=another", "the number of plugins another"),
            ("kept=/srv/none", "the files of backup110 are kept"),
        ],
    );
}

#[test]
fn a_restore_refuses_a_backup_that_is_not_whole() {
    refuses(
        "alien4cloud_restore",
        &[
            ("name=another", "/var/backups/alien4cloud/another/config/alien4cloud-config.yml is there"),
            ("repository=another", "there is a snapshot backup110 in state SUCCESS"),
            ("mount=/var/tmp", "/var/tmp is a mounted network file system on es1"),
        ],
    );
}

#[test]
fn the_labs_have_the_same_stand_ins() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    let first = root.join("alien4cloud_backup.lab/bin");
    for file in fs::read_dir(&first).expect("stand-ins").map(|entry| entry.expect("a file").file_name()) {
        for other in ["alien4cloud_migrate.lab/bin", "alien4cloud_restore.lab/bin"] {
            let (a, b) = (fs::read(first.join(&file)), fs::read(root.join(other).join(&file)));
            assert!(
                a.expect("a stand-in") == b.expect("its copy"),
                "{other}/{} is another one",
                file.to_string_lossy()
            );
        }
    }
}
