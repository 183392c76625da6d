//! A core of Pryv.io that must not be moved as it is, or not onto that machine, is refused before anything has changed:
//! one case for each. And it is moved, and taken back, with the scripts, the files and the settings of release 1.7.6.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "common/forked.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod forked;
#[path = "common/pryv.rs"]
mod pryv;

use forked::Forked;
use pryv::{
    BACK, no_key_is_kept, refuses_a_busy_port, refuses_a_foreign_address, refuses_too_little_disk, renames,
    scripts_of_1_7_6,
};

const SITE: &str = "var/pryv/pryv/nginx/conf/site-443.conf";
const LEADER: &str = "register/var/pryv/config-leader";

#[test]
fn a_destination_that_is_empty_or_of_another_release() {
    let place = Forked::new("pryv_core");
    place.edits("dest/var/pryv/stop-pryv", "down", "down --timeout 30");
    place.refuses(&[], "/var/pryv/stop-pryv of both machines, which tells the release");
    place.removes("dest/var");
    place.closes();
    place.refuses(&[], "/var/pryv/run-pryv of both machines, which tells the release");
}

#[test]
fn a_copy_that_went_one_folder_too_deep_and_a_machine_of_another_platform() {
    let place = Forked::new("pryv_core");
    place.write("source/var/pryv/pryv/core/data/data/users/x", "x");
    place.refuses(&[], "/var/pryv/pryv/core/data/data is no copy that went one folder too deep (move it away)");
    place.closes();
    place.write("dest/var/pryv/config-follower/config-follower/config-follower.yml", "x");
    place.refuses(
        &[],
        "dest belongs to no platform yet (where /var/pryv/config-follower/config-follower is there, move it away)",
    );
}

#[test]
fn a_wrong_address_of_either_machine() {
    let place = Forked::new("pryv_core");
    refuses_a_foreign_address(&place);
    place.edits(&format!("{LEADER}/conf/platform.yml"), "127.0.0.12", "127.0.0.98");
    place.refuses(&[], "source is co1, which platform.yml has at 127.0.0.98");
}

#[test]
fn a_core_without_its_site_configuration() {
    let place = Forked::new("pryv_core");
    for site in [format!("source/{SITE}"), format!("{LEADER}/data/core/nginx/conf/site-443.conf")] {
        renames(&place, &site, &site.replace("site-443.conf", "site.conf"));
    }
    place.refuses(&[], "site-443.conf is there, as on a core of a cluster");
}

#[test]
fn a_busy_port_443_and_too_little_disk() {
    let place = Forked::new("pryv_core");
    refuses_a_busy_port(&place);
    refuses_too_little_disk(&place, "/var of the old machine has room for the dumps");
}

#[test]
fn a_core_one_of_whose_services_is_away() {
    let place = Forked::new("pryv_core");
    place.edits(&format!("source/{SITE}"), "server hfs:3000 ", "server hfs:3009 ");
    place.refuses(&[], "what nginx of the old machine has no service for");
}

#[test]
fn a_dump_that_somebody_has_left() {
    let place = Forked::new("pryv_core");
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
      REGISTER_ADMIN_KEY:
        value: lab-only-admin-key
        description: >-
          Admin key of the register, see:
          https://register.example
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
fn as_in_1_7_6(place: &Forked) {
    scripts_of_1_7_6(place, &["source", "dest", "register", "slave"], 18);
    for compose in ["source/var/pryv/pryv/pryv.yml".into(), format!("{LEADER}/data/core/pryv.yml")] {
        place.edits(&compose, ":1.9.2\"", ":1.7.6\"");
        let conf = "hfs/conf/:/app/conf/:ro\n      - ${PRYV_CONF_ROOT}/pryv/";
        place.edits(&compose, &format!("{conf}core/data"), &format!("{conf}hfs/data"));
    }
    place.write("source/var/pryv/pryv/hfs/data/one", "of hfs\n");
    place.write(&format!("{LEADER}/conf/platform.yml"), SAVED);
    place.rewrites(".lab/lab.yml", " # rented until 2027$", "$");
    let more = "  - { host: dest, command: cat /var/pryv/pryv/hfs/data/one, prints: of hfs }\n\nafter_rollback:\n";
    place.rewrites(".lab/lab.yml", "\nafter_rollback:\n", more);
}

#[test]
fn release_1_7_6_is_moved_and_taken_back() {
    let place = Forked::new("pryv_core");
    as_in_1_7_6(&place);
    let mut said = place.runs(&[], true, &["lab: 10 of 10 checks hold"]);
    said.push_str(&place.says(BACK, true, &["is taken back", "lab: 7 of 7 checks hold"]));
    no_key_is_kept(&place, &said);
}

#[test]
fn a_dump_that_went_one_folder_too_deep_is_seen_although_mongorestore_exits_with_0() {
    let place = Forked::new("pryv_core");
    let copy = "for folder in dumps { source.rsync(folder, dest, #{ delete: true, checksum: true }); }";
    place.rewrites(".rhai", copy, &copy.replace("#{ delete", "#{ at: `${folder}/backup`, delete"));
    let silent = "0 document(s) restored successfully. 0 document(s) failed to restore.";
    place.runs(&[], false, &[silent, "expected: mongorestore restored every document, and says so"]);
    place.says(&["rollback", "--yes"], true, &["is taken back", "lab: 7 of 7 checks hold"]);
}
