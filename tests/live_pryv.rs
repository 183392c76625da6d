//! The register of a Pryv.io platform is moved between two machines with real Docker engines, nginx, TLS, redis, sshd
//! and rsync, by the shipped playbook, while somebody registers one user after another. It wants to be root.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[path = "live_pryv/client.rs"]
#[expect(dead_code, reason = "a core has more to it")]
mod client;
#[path = "common/docker.rs"]
mod docker;
#[path = "live_pryv/ground.rs"]
#[expect(dead_code, reason = "a core has more to it")]
mod ground;
#[path = "live_pryv/platform.rs"]
mod platform;
#[path = "live_pryv/release.rs"]
#[expect(dead_code, reason = "a core has more to it")]
mod release;
#[path = "live_pryv/runs.rs"]
mod runs;

use platform::{NAMES, Platform, snapshot};
use release::Release;

const RUN: &[&str] = &["run", "pryv_register", "--yes"];

#[test]
fn a_register_moves_and_no_registration_is_lost() {
    let mut p = Platform::new(Release::New);
    p.client_begins();
    let mut at = 0;
    let (code, said) = p.runs(RUN, |said| {
        if at == 0 && said.contains("Let the registry say for at most 300 seconds") {
            p.set_names("60 dns1.ns.example");
            at = 1;
        }
        if at == 1 && said.contains("make dns3.ns.example") {
            p.is_forwarded("through-the-old");
            p.more_are_registered(5);
            p.set_names("60 dns3.ns.example");
            at = 2;
        }
        false
    });
    assert_eq!((code, at), (Some(0), 2), "{said}\n{}", p.shown());
    p.more_are_registered(5);
    let gaps = p.client_ends();
    let reports: Vec<&str> =
        said.lines().map(str::trim).filter(|l| l.starts_with("outage") && l.contains(" in ")).collect();
    println!("nobody could register for {gaps:.1?} seconds; mig: {reports:?}");
    assert!(reports.len() == 2 && reports[0].contains("of 3m") && reports[1].contains("of 1m"), "{said}");
    p.nobody_is_lost(&p.ground.dest);
    for name in &NAMES {
        p.asks(ground::DEST, name, "at-the-new").unwrap();
    }
    let dest = &p.ground.dest;
    assert_eq!(dest.sh("docker ps -q | wc -l"), "8");
    assert_eq!(dest.sh("ss -Hltn | grep -c :6379 || :"), "0", "redis has no password");
    assert_eq!(p.ground.source.sh("docker ps -q"), "");
    assert_eq!(dest.sh("docker exec pryvio_redis redis-cli info replication | grep -c role:master"), "1");
    for machine in [dest, &p.ground.source] {
        assert_eq!(machine.sh("grep -c . /root/.ssh/authorized_keys"), "1", "no key stays");
    }
}

#[test]
fn a_register_is_taken_back_and_is_what_it_was() {
    let mut p = Platform::new(Release::Old);
    p.set_names("60 dns1.ns.example");
    let (source, dest) = (snapshot(&p.ground.source), snapshot(&p.ground.dest));
    p.client_begins();
    let mut is_forwarded = false;
    let (code, said) = p.runs(RUN, |said| {
        let is_time = said.contains("make dns3.ns.example");
        if is_time {
            p.is_forwarded("through-the-old");
            p.more_are_registered(5);
            is_forwarded = true;
        }
        is_time
    });
    assert!(is_forwarded && code != Some(0), "{code:?} {said}\n{}", p.shown());
    // Nobody has changed a name server yet, and somebody says so when asked to change it back.
    let (mut code, mut said) = p.runs(&["rollback", "--yes"], |_| false);
    for _ in 0..2 {
        if let (Some(5), Some(words)) = (code, said.lines().find(|l| l.contains("mig resolve") && l.contains("--done")))
        {
            let words: Vec<&str> = words.split_whitespace().skip(1).take(4).collect();
            assert_eq!(p.runs(&words, |_| false).0, Some(0), "{words:?}");
            (code, said) = p.runs(&["rollback", "--yes"], |_| false);
        }
    }
    assert_eq!(code, Some(0), "{said}\n{}", p.shown());
    p.more_are_registered(5);
    let gaps = p.client_ends();
    println!("nobody could register for {gaps:.1?} seconds, from the cutover's begin to the rollback's end");
    p.nobody_is_lost(&p.ground.source);
    for name in &NAMES {
        p.asks(ground::SOURCE, name, "taken-back").unwrap();
    }
    assert_eq!(snapshot(&p.ground.source), source);
    assert_eq!(snapshot(&p.ground.dest), dest);
    let redis = p.ground.source.sh("docker exec pryvio_redis redis-cli info replication");
    assert!(redis.contains("role:master") && redis.contains("connected_slaves:0"), "{redis}");
    assert_eq!(p.ground.source.sh("docker ps -q | wc -l"), "8");
    assert_eq!(p.ground.dest.sh("docker ps -q"), "");
    for machine in [&p.ground.dest, &p.ground.source] {
        assert_eq!(machine.sh("grep -c . /root/.ssh/authorized_keys"), "1", "no key stays");
    }
}
