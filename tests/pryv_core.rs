//! A core of Pryv.io that must not be moved as it is, or not onto that machine, is refused before anything has changed:
//! one case for each. And it is moved, and taken back, with the scripts, the files and the settings of release 1.7.6.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;

use desk::Desk;
use mig::lab;
use std::path::PathBuf;

/// A desk with a fork of the playbook, whose lab is closed with it, also when a test fails.
struct Place(Desk);

impl Place {
    fn new() -> Place {
        let place = Place(Desk::new());
        place.0.mig(&["fork", "pryv_core"]).ends(0);
        place
    }
    fn path(&self, file: &str) -> PathBuf {
        self.0.path(&format!("pryv_core.lab/hosts/{file}"))
    }
    fn write(&self, file: &str, text: &str) {
        self.0.write(&format!("pryv_core.lab/hosts/{file}"), text);
    }
    fn removes(&self, file: &str) {
        let path = self.path(file);
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.expect("it is removed");
    }
    /// Replaces a text in a file of the lab, which has it.
    fn edits(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(file)).expect("a file of the lab");
        assert!(text.contains(from), "{file} has {from:?}");
        self.write(file, &text.replace(from, to));
    }
    /// The next lab is another one, of the files as they are then.
    fn closes(&self) {
        for lab in lab::find(&self.0.path("state")) {
            lab.close().expect("it is closed");
        }
    }
    /// It ends well, or does not, and says all this. It may take longer than a desk waits: there are four machines.
    fn says(&self, words: &[&str], well: bool, parts: &[&str]) {
        let out = self.0.command(words).output().expect("mig starts");
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert_eq!(out.status.success(), well, "{said}");
        for part in parts {
            assert!(said.contains(part), "expected {part:?} in:\n{said}");
        }
    }
    /// The plan ends with a refusal that says this, and nothing was changed.
    fn refuses(&self, more: &[&str], why: &str) {
        let words = [&["plan", "./pryv_core.rhai", "--lab"], more].concat();
        self.says(&words, false, &[why, "Nothing was changed on any host."]);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for lab in lab::find(&self.0.path("state")) {
            let _ = lab.close();
        }
    }
}

const RUN: &[&str] = &["run", "./pryv_core.rhai", "--lab", "--yes"];
const SITE: &str = "var/pryv/pryv/nginx/conf/site-443.conf";
const LEADER: &str = "register/var/pryv/config-leader";

#[test]
fn a_destination_that_is_empty_or_of_another_release() {
    let place = Place::new();
    place.edits("dest/var/pryv/stop-pryv", "down", "down --timeout 30");
    place.refuses(&[], "/var/pryv/stop-pryv of both machines, which tells the release");
    place.removes("dest/var");
    place.closes();
    place.refuses(&[], "/var/pryv/run-pryv of both machines, which tells the release");
}

#[test]
fn a_copy_that_went_one_folder_too_deep_and_a_machine_of_another_platform() {
    let place = Place::new();
    place.write("source/var/pryv/pryv/core/data/data/users/x", "x");
    place.refuses(&[], "/var/pryv/pryv/core/data/data is no copy that went one folder too deep (move it away)");
    place.closes();
    place.write("dest/var/pryv/config-follower/config-follower/config-follower.yml", "x");
    place.refuses(&[], "dest belongs to no platform yet (where /var/pryv/config-follower is there, move it away)");
}

#[test]
fn a_wrong_address_of_either_machine() {
    let place = Place::new();
    place.refuses(
        &["--set", "address=127.0.0.99"],
        "an interface of dest has 127.0.0.99 (else say which in \"interface\")",
    );
    place.closes();
    place.edits(&format!("{LEADER}/conf/platform.yml"), "127.0.0.12", "127.0.0.98");
    place.refuses(&[], "source is co1, which platform.yml has at 127.0.0.98");
}

#[test]
fn a_core_without_its_site_configuration() {
    let place = Place::new();
    for site in [format!("source/{SITE}"), format!("{LEADER}/data/core/nginx/conf/site-443.conf")] {
        let text = std::fs::read_to_string(place.path(&site)).expect("it is there");
        place.write(&site.replace("site-443.conf", "site.conf"), &text);
        place.removes(&site);
    }
    place.refuses(&[], "site-443.conf is there, as on a core of a cluster");
}

#[test]
fn a_busy_port_443_and_too_little_disk() {
    let place = Place::new();
    let listens = "#!/bin/sh\nsetsid python3 -c 'import socket, time; s = socket.create_server((\"127.0.0.11\", 443)); time.sleep(600)' >/dev/null 2>&1 </dev/null &\nsleep 1\n";
    place.write("dest/etc/lab/boot", listens);
    place.refuses(&[], "port 443 of dest is free");
    place.closes();
    place.write("source.bin/du", "#!/bin/sh\nprintf '900000000000\\t%s\\n' \"$4\"\n");
    place.refuses(&[], "/var of the old machine has room for the dumps");
}

#[test]
fn a_dump_that_somebody_has_left() {
    let place = Place::new();
    place.write("source/var/pryv/pryv/mongodb/backup/pryv-node/users.bson", "old");
    place.refuses(&[], "what is in /var/pryv/pryv/mongodb/backup (move an old dump away)");
}

/// platform.yml as the admin panel saves it.
const SAVED: &str = "vars:
  MACHINES_AND_PLATFORM_SETTINGS:
    name: Machines and platform settings
    settings:
      DOMAIN:
        value: lab.example
        description: Domain and name of the platform
      REG_MASTER_IP_ADDRESS:
        value: 127.0.0.13
        description: >-
          IP address of the machine that has the master register, see:
          https://register.example
      REG_SLAVE_IP_ADDRESS:
        value: 127.0.0.14
        description: IP address of register slave machine
      HOSTINGS_AND_CORES:
        description: Defines the distribution of cores among the hostings providers
        value:
          hosting1:
            co1:
              ip: 127.0.0.12
          hosting2:
            co2:
              ip: 192.0.2.22
";

/// Makes the lab's files those of release 1.7.6: scripts that look in the current folder, some without a first line,
/// data of hfs in a folder of its own, settings as the admin panel has saved them.
fn as_in_1_7_6(place: &Place) {
    for host in ["source", "dest", "register", "slave"] {
        for what in ["pryv", "config-follower", "config-leader"] {
            for verb in ["run", "stop"] {
                let script = format!("{host}/var/pryv/{verb}-{what}");
                if !place.path(&script).exists() {
                    continue;
                }
                place.edits(&script, "docker-compose -f ${PRYV_CONF_ROOT}/", "docker-compose -f ");
                if verb == "stop" {
                    place.edits(&script, "#!/bin/bash\n", "");
                }
            }
        }
    }
    for compose in ["source/var/pryv/pryv/pryv.yml".into(), format!("{LEADER}/data/core/pryv.yml")] {
        place.edits(&compose, ":1.9.2\"", ":1.7.6\"");
        let conf = "hfs/conf/:/app/conf/:ro\n      - ${PRYV_CONF_ROOT}/pryv/";
        place.edits(&compose, &format!("{conf}core/data"), &format!("{conf}hfs/data"));
    }
    place.write("source/var/pryv/pryv/hfs/data/one", "of hfs\n");
    place.write(&format!("{LEADER}/conf/platform.yml"), SAVED);
    place.0.write(
        "pryv_core.lab/lab.yml",
        place.0.read("pryv_core.lab/lab.yml").replace(" # rented until 2027$", "$").replace(
            "\nafter_rollback:\n",
            "  - { host: dest, command: cat /var/pryv/pryv/hfs/data/one, prints: of hfs }\n\nafter_rollback:\n",
        ),
    );
}

#[test]
fn release_1_7_6_is_moved_and_taken_back() {
    let place = Place::new();
    as_in_1_7_6(&place);
    place.says(RUN, true, &["lab: 10 of 10 checks hold"]);
    place.says(&["rollback", "--past-no-return", "--yes"], true, &["is taken back", "lab: 7 of 7 checks hold"]);
}

#[test]
fn a_dump_that_went_one_folder_too_deep_is_seen_although_mongorestore_exits_with_0() {
    let place = Place::new();
    let playbook = place.0.read("pryv_core.rhai");
    let copy = "for folder in dumps { source.rsync(folder, dest, #{ delete: true, checksum: true }); }";
    assert!(playbook.contains(copy));
    let nested = copy.replace("#{ delete", "#{ at: `${folder}/backup`, delete");
    place.0.write("pryv_core.rhai", playbook.replace(copy, &nested));
    let silent = "0 document(s) restored successfully. 0 document(s) failed to restore.";
    place.says(RUN, false, &[silent, "expected: mongorestore restored every document, and says so"]);
    place.says(&["rollback", "--yes"], true, &["is taken back", "lab: 7 of 7 checks hold"]);
}
