//! The same move by hand, in the order of the vendor's document, as fast as a script can. It is repaired only where it would
//! destroy data, or would not serve at the end: no copy lands one folder too deep, whatever writes is stopped before it is
//! copied, the database that the new core has made by then goes before the restore, and requests keep their path.

use super::core::{Core, key_for};
use super::ground::{DEST, Machine, wait_for};
use std::time::Instant;

/// Seconds of the outage.
#[derive(Debug, Default)]
pub struct Parts {
    pub files: f64,
    pub databases: f64,
}

const SITE: &str = "/var/pryv/pryv/nginx/conf/site-443.conf";

/// Copies a folder as the document does, but for the slash.
fn copies(source: &Machine, folder: &str) {
    source.sh(&format!(
        "rsync --archive --copy-links --compress --delete -e 'ssh -i /root/.ssh/migration -o StrictHostKeyChecking=no -o LogLevel=ERROR' \
         /var/pryv/{folder}/ root@{DEST}:/var/pryv/{folder}/"
    ));
}

fn all_run(machine: &Machine, count: usize) {
    wait_for("all containers", 120, || machine.sh("docker ps -q | wc -l") == count.to_string());
}

/// Moves the core, and says what the parts took.
pub fn moves(core: &Core) -> Parts {
    let (source, dest) = (&core.ground.source, &core.ground.dest);
    let mut parts = Parts::default();
    let timed = |part: &mut f64, does: &mut dyn FnMut()| {
        let began = Instant::now();
        does();
        *part += began.elapsed().as_secs_f64();
    };
    // Steps 1 to 4: keys, the configuration, a first start of the new machine.
    key_for(source, core.ground.folder.path());
    copies(source, "config-follower");
    dest.sh("cd /var/pryv && bash ./run-config-follower");
    dest.listens("config_follower");
    dest.sh("cd /var/pryv && bash ./run-pryv");
    all_run(dest, 9);
    dest.sh("cd /var/pryv && bash ./stop-pryv || test $? = 1");
    // Step 5, and what the document forgets to stop.
    source
        .sh("docker stop pryvio_nginx && docker stop pryvio_webhooks pryvio_mfa pryvio_preview pryvio_hfs pryvio_core");
    // Steps 6 to 9.
    timed(&mut parts.databases, &mut || {
        core.tool(source, "mongodb", "/app/bin/mongodb/bin/mongodump -d pryv-node -o /app/backup/");
        copies(source, "pryv/mongodb/backup");
        core.tool(source, "influxdb", "influxd backup -portable /pryv/backup/");
        copies(source, "pryv/influxdb/backup");
    });
    timed(&mut parts.files, &mut || copies(source, "pryv/core/data"));
    // Steps 10 to 12.
    dest.sh("cd /var/pryv && bash ./ensure-permissions-core && bash ./run-pryv");
    all_run(dest, 9);
    timed(&mut parts.databases, &mut || {
        core.tool(dest, "mongodb", "/app/bin/mongodb/bin/mongorestore /app/backup/");
        wait_for("InfluxDB, and what hfs makes there", 60, || {
            let names = dest.try_sh("docker exec pryvio_influxdb influx -execute 'show databases'");
            String::from_utf8_lossy(&names.stdout).contains("pryv")
        });
        // It may have asked twice for it.
        let restore = "docker exec pryvio_influxdb influx -execute 'drop database pryv' && docker exec pryvio_influxdb influxd restore -portable /pryv/backup/";
        wait_for("a restore of InfluxDB", 60, || dest.try_sh(restore).status.success());
    });
    // Steps 13 to 15.
    core.is_served_by(DEST, "by-hand");
    source.sh(&format!(
        "cp {SITE} /root/site-443.conf && sed -i -E -e 's,^  server (core|mfa|hfs|preview):(3000|7000|9000) .*,  server {DEST}:443;,' \
         -e '/^  server (core|hfs):300[1-5] /d' -e 's,^  server config-follower:6000 .*,  server {DEST}:443;,' \
         -e 's,http://([a-z]*_server)[^;]*;,https://\\1;,' {SITE} && cd /var/pryv && bash ./run-pryv"
    ));
    parts
}

/// Makes both machines what they were before, for another move of the same data.
pub fn takes_back(core: &Core) {
    let (source, dest) = (&core.ground.source, &core.ground.dest);
    source.sh(&format!(
        "docker stop pryvio_nginx && cp /root/site-443.conf {SITE} && docker start pryvio_nginx && rm /root/site-443.conf /root/.ssh/migration && \
         cd /var/pryv/pryv && rm -rf mongodb/backup/* influxdb/backup/*"
    ));
    dest.sh(
        "cd /var/pryv && { bash ./stop-pryv || :; bash ./stop-config-follower || :; } && rm -rf pryv config-follower",
    );
    core.is_served_by(super::ground::SOURCE, "again");
}
