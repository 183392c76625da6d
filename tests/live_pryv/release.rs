//! What lies in /var/pryv of a machine: the scripts of a release, and on the one in service the configuration of its
//! leader and its follower. The vendor's own files where the folder with fixtures is there, else others of their shape.

use super::ground::{DEST, DOMAIN, read, run};
use std::fs;
use std::path::{Path, PathBuf};

/// Scripts of 1.7.6 look in the current folder, and some have no shebang; those of 1.9.2 name their folder.
#[derive(Clone, Copy, PartialEq)]
pub enum Release {
    Old,
    New,
}

fn config(release: Release) -> PathBuf {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let name = "shared/fixtures/pryv/release-1.9.2-cluster/pryv.io-1.9.2-reg-master/reg-master";
    let vendors: Vec<PathBuf> = home.ancestors().skip(1).take(2).map(|a| a.join(name)).collect();
    match vendors.into_iter().find(|v| v.is_dir()) {
        Some(vendors) if release == Release::New => vendors,
        _ => home.join("tests/live_pryv/own"),
    }
}

/// The scripts alone: a machine on which the release was unpacked, and nothing was started.
pub fn scripts(at: &Path, release: Release) {
    fs::create_dir_all(at).unwrap();
    let (shebang, root) = match release {
        Release::Old => ("", ""),
        Release::New => ("#!/bin/bash\n", "${PRYV_CONF_ROOT}/"),
    };
    let export = "export PRYV_CONF_ROOT=\"/var/pryv\"\n";
    let script = |name: &str, text: String| {
        fs::write(at.join(name), text).unwrap();
        run("chmod", &["755", &at.join(name).display().to_string()]);
    };
    for (what, file) in [
        ("pryv", "pryv/pryv.yml"),
        ("config-leader", "config-leader/config-leader.yml"),
        ("config-follower", "config-follower/config-follower.yml"),
    ] {
        let file = format!("{root}{file}");
        let there = format!("if [ ! -f {file} ]; then\n  echo \"The file {file} was not found.\" >&2\n  exit 1\nfi\n");
        script(&format!("run-{what}"), format!("#!/bin/bash\n{export}{there}docker-compose -f {file} up -d\n"));
        script(&format!("stop-{what}"), format!("{shebang}{export}docker-compose -f {file} down\n"));
    }
    let running = "if [ \"${1-}\" != --ignore-redis ] && docker ps | grep redis; then\n  echo 'Redis is running' >&2\n  exit 1\nfi\n";
    let owners = "mkdir -p ./pryv/redis/data ./pryv/redis/log ./pryv/register/log ./pryv/dns/log ./pryv/nginx/log ./pryv/mail/log\n\
                  chown -R 9999:9999 ./pryv/redis/data ./pryv/redis/log ./pryv/register/log ./pryv/dns/log ./pryv/mail/log\n";
    script("ensure-permissions-reg-master", format!(" #!/bin/bash\n{running}{owners}"));
    let owners = "mkdir -p ./pryv/core/data ./pryv/core/log ./pryv/mongodb/data ./pryv/mongodb/backup ./pryv/influxdb/data \
                  ./pryv/influxdb/backup ./pryv/nginx/log\n\
                  chown -R 9999:9999 ./pryv/core/data ./pryv/core/log ./pryv/mongodb ./pryv/influxdb\n";
    script("ensure-permissions-core", format!(" #!/bin/bash\n{owners}"));
}

/// The configuration of a platform with its master register and a core at these addresses.
pub fn platform(at: &Path, release: Release, secrets: &Path, register: &str, core: &str) {
    let from = config(release);
    for part in ["config-leader", "config-follower"] {
        run(
            "cp",
            &["-r", "--no-preserve=mode", "--", &from.join(part).display().to_string(), &at.display().to_string()],
        );
    }
    let leader = at.join("config-leader");
    let mut text = read(&leader.join("conf/template-platform.yml"));
    let mut set = |place: &str, value: &str| {
        assert!(text.contains(place), "{place}");
        text = text.replacen(place, &place.replace("REPLACE_ME", value), 1);
    };
    set("      DOMAIN:\n        value: REPLACE_ME", DOMAIN);
    set("      REG_MASTER_IP_ADDRESS:\n        value: REPLACE_ME", register);
    set("      REG_MASTER_VPN_IP_ADDRESS:\n        value: REPLACE_ME", register);
    set("co1:\n              ip: REPLACE_ME", core);
    text = text.replace("REPLACE_ME-dns1.REPLACE_ME", "dns1.ns.example").replace("REPLACE_ME-dns2", "dns2");
    assert!(!text.contains(DEST));
    fs::write(leader.join("conf/platform.yml"), text).unwrap();
    for (folder, name) in [("config-leader", "config-leader.json"), ("config-follower", "config-follower.json")] {
        let conf = at.join(folder).join("conf");
        fs::copy(conf.join(format!("template-{name}")), conf.join(name)).unwrap();
    }
    for role in ["reg-master", "core"] {
        let secret = leader.join("data").join(role).join("nginx/conf/secret");
        fs::create_dir_all(&secret).unwrap();
        for (name, to) in [
            ("bundle.crt", format!("{DOMAIN}-bundle.crt")),
            ("key.pem", format!("{DOMAIN}-key.pem")),
            ("dhsecure.pem", "dhsecure.pem".to_owned()),
        ] {
            fs::copy(secrets.join(name), secret.join(to)).unwrap();
        }
    }
    // That is a device of this machine, which its containers would make a folder.
    let compose = leader.join("data/core/pryv.yml");
    let all = read(&compose);
    let without: Vec<&str> = all.lines().filter(|l| !l.contains("/dev/log:")).collect();
    fs::write(compose, without.join("\n") + "\n").unwrap();
    fs::create_dir_all(leader.join("database")).unwrap();
    fs::write(leader.join("database/config-user-management.db"), "the users of the admin panel").unwrap();
}

/// What the follower of core `co1` has, which asks the leader by its name.
pub fn core(at: &Path, leader: &Path) {
    let known = read(&leader.join("config-leader/conf/config-leader.json"));
    let before = known.split("\"role\": \"core\"").next().unwrap().rsplit_once(": {").unwrap().0;
    let key = before.rsplit('"').nth(1).unwrap();
    let from = leader.join("config-follower/config-follower.yml");
    fs::create_dir_all(at.join("config-follower/conf")).unwrap();
    fs::copy(from, at.join("config-follower/config-follower.yml")).unwrap();
    let text = format!("{{ \"leader\": {{ \"url\": \"https://lead.{DOMAIN}\", \"auth\": \"{key}\" }} }}\n");
    fs::write(at.join("config-follower/conf/config-follower.json"), text).unwrap();
}
