//! A core of a Pryv.io platform is moved between two machines, by the shipped playbook and by hand, while somebody writes to
//! it: real Docker engines, nginx, TLS, redis, InfluxDB, sshd and rsync, and a stand-in of MongoDB that keeps, dumps and
//! restores real BSON. It wants to be root.
//!
//! By itself the users have 20 MB in 2,000 files, and what was copied inside the cutover is held to a tenth. With
//! `MIG_LIVE_FULL=1` in the environment it is 1 GB in 20,000 files, with 3 GB of memory used for it, over a link of
//! `MIG_LIVE_MBIT` (100): as between two providers. The time of the files is held to a tenth too then. Over a faster link a
//! busy machine misses that: looks at both sides cost what they cost there, however little there is to copy.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[path = "live_pryv/by_hand.rs"]
mod by_hand;
#[path = "live_pryv/client.rs"]
mod client;
#[path = "live_pryv/core.rs"]
mod core;
#[path = "common/docker.rs"]
mod docker;
#[path = "live_pryv/ground.rs"]
mod ground;
#[path = "live_pryv/release.rs"]
mod release;
#[path = "live_pryv/runs.rs"]
mod runs;

use self::core::{Call, Core, Size, snapshot};
use ground::{DEST, Machine, SOURCE};
use release::Release;

const RUN: &[&str] = &["run", "pryv_core", "--yes"];
const SMALL: Size = Size { files: 2_000, bytes: 10_000, documents: 3_000, points: 3_000 };
const FULL: Size = Size { files: 20_000, bytes: 50_000, documents: 20_000, points: 20_000 };

/// Whether all of it is wanted.
fn size() -> (bool, Size) {
    let is_full = std::env::var_os("MIG_LIVE_FULL").is_some();
    (is_full, if is_full { FULL } else { SMALL })
}

#[test]
fn a_core_moves_and_nothing_that_was_stored_is_lost() {
    let (is_full, size) = size();
    let core = Core::new(Release::New, size);
    let (source, dest) = (&core.ground.source, &core.ground.dest);
    if is_full {
        let mbit = std::env::var("MIG_LIVE_MBIT").unwrap_or_else(|_| "100".into());
        source.sh(&format!("tc qdisc add dev eth0 root tbf rate {mbit}mbit burst 256kb latency 100ms"));
    }

    let mut client = core.writes("0");
    let by_hand = by_hand::moves(&core);
    client.more_is_done(5);
    client.ends();
    core.is_forwarded("by-hand-forwarded");
    core.nothing_is_lost(dest, &client.acknowledged());
    let hands_outage = client.gaps()[0].1;
    by_hand::takes_back(&core);

    let mut client = core.writes("500000");
    // What changes between the first copy and the cutover; mig is stopped meanwhile, so that no load decides when.
    let (code, said) = core.runs(RUN, |said| said.contains("ensure-permissions-core"));
    assert_eq!((code, said.contains("begin    Move the data")), (Some(130), false), "{said}\n{}", core.ground.shown());
    core.changes_a_hundredth();
    let mut is_forwarded = false;
    let (code, said) = core.runs(&["resume", "--yes"], |said| {
        if !is_forwarded && said.contains("Let the register send users to the new machine") {
            is_forwarded = true;
            core.is_forwarded("through-the-old");
        }
        false
    });
    assert_eq!(code, Some(0), "{said}\n{}", core.ground.shown());
    client.more_is_done(5);
    client.ends();
    core.nothing_is_lost(dest, &client.acknowledged());
    assert_eq!(Core::files(dest), Core::files(source));
    core.is_served_by(DEST, "at-the-new");
    assert_eq!((dest.sh("docker ps -q | wc -l"), source.sh("docker ps -q")), ("9".into(), String::new()));
    let outage = client.gaps()[0].1;
    let calls = core.calls();
    let began = calls.iter().find(|c| stops_nginx(c)).unwrap().began;
    let inside = |names: &[&str], with: &[&str]| -> Vec<&Call> {
        let fits = |c: &&Call| names.contains(&c.name.as_str()) && with.iter().any(|w| c.arguments.contains(w));
        calls.iter().filter(|c| c.began > began).filter(fits).collect()
    };
    let seconds = |calls: &[&Call]| -> f64 { calls.iter().map(|c| c.ended - c.began).sum() };
    let files = inside(&["rsync"], &["/core/data\""]);
    let databases = [
        inside(&["docker_exec"], &["/bin/mongodump", "/bin/mongorestore", "\"influxd\""]),
        inside(&["rsync"], &["/backup\""]),
    ]
    .concat();
    println!(
        "seconds, of {size:?}:\n  nobody could write: by hand {hands_outage:.1}, mig {outage:.1}\n  \
         the files: by hand {:.2}, mig {:.2}\n  the databases: by hand {:.2}, mig {:.2}",
        by_hand.files,
        seconds(&files),
        by_hand.databases,
        seconds(&databases)
    );
    assert_eq!((files.len(), databases.len()), (1, 6));
    let copied = |what: &str| usize::try_from(files[0].answer[what].as_u64().unwrap()).unwrap();
    let all = size.files * size.bytes;
    // The client's own come to the hundredth.
    println!("  {} files, {} of {all} bytes were copied inside the cutover", copied("files"), copied("bytes"));
    assert!(copied("bytes") > 0 && copied("bytes") <= all / 10, "{} of {all}", copied("bytes"));
    assert!(copied("files") <= size.files / 10 + client.acknowledged().len(), "{} files", copied("files"));
    if is_full {
        assert!(seconds(&files) <= by_hand.files / 10.0);
    }
}

fn stops_nginx(call: &Call) -> bool {
    call.name == "docker" && call.arguments.contains("pryvio_nginx") && call.arguments.contains("stopped")
}

#[test]
fn a_core_is_taken_back_and_is_what_it_was() {
    let core = Core::new(Release::Old, SMALL);
    let machines: Vec<&Machine> = core.ground.machines().collect();
    let before: Vec<String> = machines.iter().map(|m| snapshot(m)).collect();
    let mut client = core.writes("0");
    client.more_is_done(30);
    let mut is_forwarded = false;
    let (code, said) = core.runs(&[RUN, &["--set", "soak=3m"]].concat(), |said| {
        let is_time = said.contains("ok       Let the register send users to the new machine");
        if is_time && !is_forwarded {
            core.is_forwarded("through-the-old");
            client.more_is_done(5);
            is_forwarded = true;
        }
        is_time
    });
    assert_eq!((code, is_forwarded), (Some(130), true), "{said}\n{}", core.ground.shown());
    let (code, said) = core.runs(&["rollback", "--yes"], |_| false);
    assert_eq!(code, Some(0), "{said}\n{}", core.ground.shown());
    client.more_is_done(5);
    client.ends();
    println!("nobody could write, from second, for seconds: {:.1?}", client.gaps());
    core.is_served_by(SOURCE, "taken-back");
    let began = core.calls().iter().find(|c| stops_nginx(c)).unwrap().began;
    core.nothing_is_lost(&core.ground.source, &client.acknowledged_before(began));
    for (machine, before) in machines.iter().zip(&before) {
        assert_eq!(&snapshot(machine), before);
    }
    let running: Vec<String> = machines.iter().map(|m| m.sh("docker ps -q | wc -l")).collect();
    assert_eq!(running, ["9", "0", "8"]);
    let restarts = "docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' pryvio_core pryvio_hfs | sort -u";
    assert_eq!(core.ground.source.sh(restarts), "always");
    for machine in &machines {
        assert_eq!(machine.sh("grep -c . /root/.ssh/authorized_keys"), "1", "no key stays");
    }
}
