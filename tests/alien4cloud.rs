//! What the Alien4Cloud playbooks refuse before anything is changed, each in its lab over real SSH and HTTP.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "common/forked.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod forked;
#[path = "common/spoiled.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod spoiled;

use forked::Forked;
use spoiled::{Spoiled, refuses_in};
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

const EMBEDDED: Spoiled = Spoiled {
    file: "alien/opt/alien4cloud-1.1.0/config/alien4cloud-config.yml",
    was: "client: true",
    becomes: "client: false",
    why: "Elasticsearch runs outside of Alien",
};
/// Snapshots of the second node would go to its own disk.
const NOT_MOUNTED: Spoiled = Spoiled {
    file: "es2/etc/lab/mounts",
    was: "fuse.sshfs",
    becomes: "ext4",
    why: "/home/elasticsearch/backups is a mounted network file system on es2",
};

#[test]
fn a_backup_refuses_a_cluster_that_cannot_keep_one() {
    refuses_in(
        "alien4cloud_backup",
        &[
            EMBEDDED,
            NOT_MOUNTED,
            Spoiled {
                file: "es2/etc/lab/mounts",
                was: "backup@files",
                becomes: "backup@other",
                why: "what is mounted at /home/elasticsearch/backups on es2",
            },
        ],
    );
}

#[test]
fn a_backup_refuses_what_belongs_to_others_or_does_not_answer() {
    refuses_in(
        "alien4cloud_backup",
        &[
            Spoiled {
                file: "es2/etc/elasticsearch/elasticsearch.yml",
                was: "",
                becomes: "path.repo: [\"/srv/theirs\"]\n",
                why: "path.repo in /etc/elasticsearch/elasticsearch.yml of es2 names /home/elasticsearch/backups",
            },
            Spoiled {
                file: "es2/etc/lab/boot",
                was: "systemctl start",
                becomes: ": systemctl start",
                why: "es1 sees the cluster green or yellow, with 2 nodes",
            },
            Spoiled {
                file: "alien/etc/lab/password",
                was: "made-up",
                becomes: "another",
                why: "Alien does not let admin in: see the secret alien_password",
            },
            Spoiled {
                file: "alien/var/backups/alien4cloud/backup110/config/alien4cloud-config.yml",
                was: "",
                becomes: "kept: already\n",
                why: "a backup is never written over another one",
            },
        ],
    );
}

#[test]
fn a_migration_refuses_a_plugin_whose_folder_is_not_the_one_that_is_meant() {
    refuses_in(
        "alien4cloud_migrate",
        &[
            // An empty name would make the folder of all plugins the plugin's own.
            Spoiled {
                file: "es1/etc/lab/boot",
                was: "systemctl start",
                becomes: "sed -i s/0a1b2c3d-0000-4000-8000-000000000023// /var/lib/lab4c/index.json\nsystemctl start",
                why: "the plugin's folder is called by 36 digits, a to f and hyphens",
            },
            Spoiled {
                file: "alien/etc/lab/boot",
                was: "systemctl start",
                becomes: "echo 'id: another' >/opt/alien4cloud/data/work/plugins/content/0a1b2c3d-0000-4000-8000-000000000023/META-INF/plugin.yml\nsystemctl start",
                why: "the plugin in /opt/alien4cloud/data/work/plugins/content/0a1b2c3d-0000-4000-8000-000000000023",
            },
            Spoiled {
                file: "alien/opt/alien4cloud-1.2.0/config/alien4cloud-config.yml",
                was: "/opt/alien4cloud/data",
                becomes: "/srv/elsewhere",
                why: "directories.alien of both versions",
            },
        ],
    );
}

#[test]
fn a_migration_refuses_a_backup_that_is_unfinished_old_or_used_already() {
    let spoiled = |becomes, why| Spoiled { file: "es1/etc/lab/boot", was: "systemctl start", becomes, why };
    refuses_in(
        "alien4cloud_migrate",
        &[
            // The stand-in's snapshot is done when its file has been there for a moment.
            spoiled(
                "touch -d '1 hour' /home/elasticsearch/backups/backup110.snapshot\nsystemctl start",
                "there is a snapshot backup110 in state SUCCESS",
            ),
            spoiled(
                "touch -d '2 days ago' /home/elasticsearch/backups/backup110.snapshot\nsystemctl start",
                "the snapshot backup110 is not older than 1440 minutes",
            ),
            spoiled(
                "cp /home/elasticsearch/backups/backup110.snapshot /home/elasticsearch/backups/backup110-last.snapshot\nsystemctl start",
                "the data is migrated once only",
            ),
        ],
    );
}

#[test]
fn a_restore_refuses_a_world_that_is_not_the_backups() {
    refuses_in(
        "alien4cloud_restore",
        &[
            EMBEDDED,
            NOT_MOUNTED,
            Spoiled {
                file: "es1/etc/lab/boot",
                was: "systemctl start",
                becomes: "cp /home/elasticsearch/backups/backup110.snapshot /home/elasticsearch/backups/backup110-before-restore.snapshot\nsystemctl start",
                why: "there is no snapshot backup110-before-restore yet",
            },
        ],
    );
}

/// A fork of the restore in whose lab this went wrong after the backup, on Alien and in the index.
fn damaged(alien: &str, index: &str) -> Forked {
    let forked = Forked::new("alien4cloud_restore");
    forked.write("alien/etc/lab/damage", alien);
    forked.write("es1/etc/lab/damage", index);
    if index == "mild" {
        // Neither plugin nor index was lost, so all are there after a rollback, too.
        forked.rewrites(".lab/lab.yml", r#"prints: "3\nbackup110.snapshot""#, r#"prints: "25\nbackup110.snapshot""#);
        forked.rewrites(".lab/lab.yml", r#"prints: "0", exits: 1"#, r#"prints: "1""#);
    }
    forked
}

const HOT: &[&str] = &["--set", "hot=true"];
const BACK: &[&str] = &["rollback", "--yes"];

#[test]
fn a_hot_restore_leaves_alien_running_and_can_be_taken_back() {
    let world = damaged("mild", "mild");
    let said = world.runs(HOT, true, &["is done", "See that Alien4Cloud goes on", "checks hold"]);
    assert!(!said.contains("systemd") && !said.contains("systemctl start"), "Alien was left alone:\n{said}");
    world.says(BACK, true, &["is taken back", "checks hold"]);
}

#[test]
fn a_hot_restore_that_would_change_what_alien_has_read_is_refused_or_taken_back() {
    // A plugin was removed since the backup: seen in its folder, before anything is changed.
    let world = damaged("lost", "lost");
    world.runs(
        HOT,
        false,
        &["/opt/alien4cloud/data/work/plugins is what it was in the backup", "Nothing was changed on any host."],
    );
    drop(world);
    // In the index alone: only seen when Alien is asked again.
    let world = damaged("mild", "lost");
    world.runs(HOT, false, &["its plugins and orchestrators", "restore with Alien stopped"]);
    world.says(BACK, true, &["is taken back"]);
}
