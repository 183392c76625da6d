//! What the Alien4Cloud playbooks refuse before anything is changed, each in its lab over real SSH and HTTP.

#[path = "common/tree.rs"]
mod tree;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use tree::copy;

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

/// What is wrong in the world of a lab before a run, and what the run is refused for.
struct Spoiled {
    /// In the lab's `hosts`; it need not be there.
    file: &'static str,
    /// What is to be replaced in it; empty: the text is added at the end.
    was: &'static str,
    becomes: &'static str,
    why: &'static str,
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

/// Runs a playbook once in each of the spoiled worlds, in a copy of its lab.
fn refuses_in(playbook: &str, worlds: &[Spoiled]) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    for world in worlds {
        let folder = tempfile::tempdir().expect("a folder");
        let (own, state) = (folder.path().join("playbooks"), folder.path().join("state"));
        copy(&shipped.join(format!("{playbook}.lab")), &own.join(format!("{playbook}.lab")));
        let script = format!("{playbook}.rhai");
        fs::copy(shipped.join(&script), own.join(&script)).expect("a copy");
        let file = own.join(format!("{playbook}.lab/hosts")).join(world.file);
        let text = fs::read_to_string(&file).unwrap_or_default();
        assert!(text.contains(world.was), "{} has {:?}", world.file, world.was);
        let text = if world.was.is_empty() { text + world.becomes } else { text.replace(world.was, world.becomes) };
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, text).expect("a file");
        let run = |words: &[&str]| {
            let mut mig = Command::new(env!("CARGO_BIN_EXE_mig"));
            mig.args(words).env("MIG_STATE", &state).current_dir(folder.path()).output().expect("mig runs")
        };
        let out = run(&["run", playbook, "--lab", "--yes"]);
        run(&["lab", playbook, "--close"]);
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(!out.status.success() && said.contains(world.why), "refused because of \"{}\":\n{said}", world.why);
        assert!(said.contains("Nothing was changed on any host."), "{said}");
    }
}

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
