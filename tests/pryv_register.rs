//! A register of Pryv.io that must not be moved as it is, or not onto that machine, is refused before anything has
//! changed: one case for each. It is moved, and taken back, with the files of release 1.7.6, and with a reg-slave.

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

const SITE: &str = "source/var/pryv/pryv/nginx/conf";
const LEADER: &str = "source/var/pryv/config-leader";
const REDIS: &str = "source/var/pryv/pryv/redis";

#[test]
fn a_register_without_users_and_one_that_is_a_replica() {
    let place = Forked::new("pryv_register");
    place.removes(&format!("{REDIS}/data/appendonly.aof"));
    place.refuses(&[], "the old redis has users");
    place.closes();
    for conf in [format!("{REDIS}/conf/redis.conf"), format!("{LEADER}/data/reg-master/redis/conf/redis.conf")] {
        place.edits(&conf, "# replicaof <masterip> <masterport>", "replicaof 127.0.0.99 6379");
    }
    place.refuses(&[], "the role of the old redis");
}

#[test]
fn a_copy_that_went_one_folder_too_deep_and_a_machine_of_another_platform() {
    let place = Forked::new("pryv_register");
    place.write("source/var/pryv/pryv/redis/data/data/redis_dump.rdb", "x");
    place.refuses(&[], "/var/pryv/pryv/redis/data/data is no copy that went one folder too deep (move it away)");
    place.closes();
    place.write("dest/var/pryv/config-leader/config-leader/conf/platform.yml", "x");
    let why = "dest belongs to no platform yet (where /var/pryv/config-leader/config-leader is there, move it away)";
    place.refuses(&[], why);
    place.closes();
    place.write("dest/var/pryv/config-leader/conf/platform.yml", "x");
    let why =
        "dest belongs to no platform yet (where /var/pryv/config-leader/conf/platform.yml is there, move it away)";
    place.refuses(&[], why);
}

#[test]
fn a_wrong_address_of_either_machine() {
    let place = Forked::new("pryv_register");
    refuses_a_foreign_address(&place);
    // The DNS of the machine goes on with the address that it was made with.
    place.edits(&format!("{LEADER}/conf/platform.yml"), "\"127.0.0.12\"", "\"127.0.0.98\"");
    let fixed =
        |file: &str| place.edits(&format!("{LEADER}/data/reg-master/{file}"), "REG_MASTER_IP_ADDRESS", "127.0.0.12");
    fixed("dns/conf/dns.json");
    place.edits(&format!("{LEADER}/data/reg-master/pryv.yml"), "REG_MASTER_PUBLIC_INTERFACE_IP_ADDRESS", "127.0.0.12");
    place.refuses(&[], "source is the master register, which platform.yml has at 127.0.0.98");
}

#[test]
fn a_register_without_its_site_configuration() {
    let place = Forked::new("pryv_register");
    for folder in [SITE.to_string(), format!("{LEADER}/data/reg-master/nginx/conf")] {
        renames(&place, &format!("{folder}/site.conf"), &format!("{folder}/site-443.conf"));
        place.edits(&format!("{folder}/nginx.conf"), "/app/conf/site.conf", "/app/conf/site-443.conf");
    }
    place.refuses(&[], "site.conf is there, as on the master register of a cluster (a single node has site-443.conf");
}

#[test]
fn a_busy_port_443_and_too_little_disk() {
    let place = Forked::new("pryv_register");
    refuses_a_busy_port(&place);
    refuses_too_little_disk(&place, "/var of the new machine has room for the users");
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
        value: 127.0.0.12
        description: >-
          IP address of the machine that has the master register, see:
          https://register.example
      REG_MASTER_VPN_IP_ADDRESS:
        value: 127.0.0.12
        description: IP address of master register on a secure line
      REG_SLAVE_IP_ADDRESS:
        value: REPLACE_ME
        description: IP address of register slave machine
      REGISTER_ADMIN_KEY:
        value: lab-only-admin-key
        description: >-
          Admin Key for register machine, see:
          https://register.example
      HOSTINGS_AND_CORES:
        description: Defines the distribution of cores among the hostings providers
        value:
          hosting1:
            co1:
              ip: 192.0.2.21
      REG_MASTER_PUBLIC_INTERFACE_IP_ADDRESS:
        value: REG_MASTER_IP_ADDRESS
        description: >-
          IP address of network interface bound to public network. Change if
          different to its public address at REG_MASTER_IP_ADDRESS.
  DNS_SETTINGS:
    name: DNS settings
    settings:
      NAME_SERVER_ENTRIES:
        description: Name servers of the platform
        value:
          - name: dns1.lab-ns.example
            ip: REG_MASTER_IP_ADDRESS
";

/// Makes the lab's files those of release 1.7.6: scripts that look in the current folder, some without a first line,
/// settings as the admin panel has saved them.
fn as_in_1_7_6(place: &Forked) {
    scripts_of_1_7_6(place, &["source", "dest"], 12);
    place.write(&format!("{LEADER}/conf/platform.yml"), SAVED);
    let of = "' /var/pryv/config-leader/conf/platform.yml\", prints: ";
    let quoted = format!("value: \\\"127.0.0.11\\\"{of}\"2\"");
    place.rewrites(".lab/lab.yml", &quoted, &format!("value: 127.0.0.11{of}\"3\""));
}

#[test]
fn release_1_7_6_is_moved_and_taken_back_and_no_key_is_kept() {
    let place = Forked::new("pryv_register");
    as_in_1_7_6(&place);
    let mut said = place.runs(&[], true, &["of 5m in Move the users", "of 1m in Make redis of the new machine anew"]);
    said.push_str(&place.says(BACK, true, &["is taken back", "lab: 6 of 6 checks hold"]));
    no_key_is_kept(&place, &said);
}

#[test]
fn users_that_were_copied_one_folder_too_deep_are_missed_before_the_old_redis_follows() {
    let place = Forked::new("pryv_register");
    let copy = "source.rsync(data, dest, #{ delete: true, checksum: true });";
    place.rewrites(".rhai", copy, &copy.replace("#{ delete", "#{ at: `${data}/data`, delete"));
    let before = "source.rsync(data, dest, #{ allow_vanished";
    place.rewrites(".rhai", before, &before.replace("#{ allow", "#{ at: `${data}/data`, allow"));
    place.runs(&["--set", "start_time=20s"], false, &["the new redis has 10 keys"]);
    place.says(BACK, true, &["is taken back", "lab: 6 of 6 checks hold"]);
}

/// What a machine of the register has to start and stop a project, by the name that the scripts have.
fn scripts(place: &Forked, host: &str, what: &str, folder: &str) {
    let compose = format!("export PRYV_CONF_ROOT=/var/pryv\ndocker-compose -f ./{folder}/{what}.yml");
    place.write(&format!("{host}/var/pryv/run-{what}"), &format!("{compose} up -d\n"));
    place.write(&format!("{host}/var/pryv/stop-{what}"), &format!("{compose} down\n"));
    let both = format!("bash ./stop-{what}\nbash ./run-{what}\n");
    place.write(&format!("{host}/var/pryv/restart-{what}"), &both);
}

/// A third machine, the reg-slave: its own DNS, which asks its own redis, which follows that of the master on the line
/// between them. What its follower writes names the master by the leader's settings.
fn with_a_reg_slave(place: &Forked) {
    let compose = "services:
  dns:
    image: \"registry.lab.example/pryvio/dns:1.9.2\"
    container_name: pryvio_dns
    ports:
      - \"REG_SLAVE_IP_ADDRESS:53:5353/udp\"
    restart: always
  redis:
    image: \"registry.lab.example/pryvio/redis:1.9.0\"
    container_name: pryvio_redis
    restart: always
";
    let template = format!("{LEADER}/data/reg-slave");
    place.write(&format!("{template}/pryv.yml"), compose);
    for file in ["dns/conf/dns.json", "redis/conf/redis.conf"] {
        let master =
            std::fs::read_to_string(place.path(&format!("{LEADER}/data/reg-master/{file}"))).expect("it is there");
        let follows = "replicaof REG_MASTER_VPN_IP_ADDRESS 6379";
        place.write(&format!("{template}/{file}"), &master.replace("# replicaof <masterip> <masterport>", follows));
    }
    for compose in ["source/var/pryv/pryv/pryv.yml".to_string(), format!("{LEADER}/data/reg-master/pryv.yml")] {
        place.edits(&compose, "#ports:  # used if reg-slave is defined\n    #  -", "ports:\n      -");
    }
    let slave = "      REG_SLAVE_IP_ADDRESS:\n        value: 127.0.0.14\n";
    place.edits(
        &format!("{LEADER}/conf/platform.yml"),
        "      REGISTER_ADMIN_KEY:",
        &format!("{slave}      REGISTER_ADMIN_KEY:"),
    );
    let keys = "{ \"followers\": { \"lab-only-key-of-reg2\": { \"url\": \"https://reg2.lab.example\", \"role\": \"reg-slave\" },";
    place.edits(&format!("{LEADER}/conf/config-leader.json"), "{ \"followers\": {", keys);

    let follower = std::fs::read_to_string(place.path("source/var/pryv/config-follower/config-follower.yml"))
        .expect("it is there");
    place.write("slave/var/pryv/config-follower/config-follower.yml", &follower);
    let leader = "{ \"leader\": { \"url\": \"https://lead.lab.example\", \"auth\": \"lab-only-key-of-reg2\" } }\n";
    place.write("slave/var/pryv/config-follower/conf/config-follower.json", leader);
    place.write("slave/etc/hosts", "127.0.0.14 localhost slave\n127.0.0.12 source lead.lab.example\n127.0.0.11 dest\n");
    scripts(place, "slave", "config-follower", "config-follower");
    scripts(place, "slave", "pryv", "pryv");
    let start = "#!/bin/sh
rm -rf /run/lab-docker
cd /var/pryv && bash ./run-config-follower && until test -e pryv/pryv.yml; do sleep 0.1; done && bash ./run-pryv
";
    place.write("slave/etc/lab/boot", start);

    let again = "run: { host: slave, command: cd /var/pryv && bash ./restart-config-follower && bash ./restart-pryv }";
    let hand = |says: &str| format!("  - says: {says}\n    {again}\n");
    let ready = "  - says: Have the reg-slave\n    run: { host: slave, command: \"true\" }\n";
    let hands =
        ["that it follows the new register", "that it follows the old register again"].map(hand).concat() + ready;
    // Redis needs a moment to find a primary again that was made anew.
    let follows = |address: &str| {
        let now = "docker exec pryvio_redis redis-cli info replication";
        let is_so = format!("grep -c '^master_host:{address}\\\\|^master_link_status:up'");
        let soon =
            format!("for n in $(seq 50); do test $({now} | {is_so}) = 2 && break; sleep 0.2; done; {now} | {is_so}");
        format!("  - {{ host: slave, command: \"{soon}\", prints: \"2\" }}\n")
    };
    place.rewrites(".lab/lab.yml", "\nby_hand:\n", &format!("\nby_hand:\n{hands}"));
    place.rewrites(".lab/lab.yml", "\nafter_run:\n", &format!("\nafter_run:\n{}", follows("127.0.0.11")));
    place.rewrites(".lab/lab.yml", "\nafter_rollback:\n", &format!("\nafter_rollback:\n{}", follows("127.0.0.12")));
    let links = "  \"slave:/app/conf\": /var/pryv/pryv/redis/conf\n  \"slave:/app/data\": /var/pryv/pryv/redis/data\n";
    place.rewrites(".lab/lab.yml", "\nlinks:\n", &format!("\nlinks:\n{links}"));
    place.rewrites(".lab/lab.yml", "\nneeds:", "\n  slave: { address: 127.0.0.14 }\nneeds:");
    // Redis is published for the slave, and stays so.
    place.rewrites(".lab/lab.yml", "grep -c '^    #ports:'", "grep -c '127.0.0.11:6379:6379'");
}

#[test]
fn a_reg_slave_is_found_and_follows_the_new_register_and_after_a_rollback_the_old_one() {
    let place = Forked::new("pryv_register");
    with_a_reg_slave(&place);
    place.runs(&[], true, &["There is a reg-slave, 127.0.0.14", "lab: 7 of 7 checks hold"]);
    place.says(BACK, true, &["is taken back", "lab: 7 of 7 checks hold"]);
}
