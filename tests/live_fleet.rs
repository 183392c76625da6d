//! `on_each` over many machines, each behind a real sshd with a key of its own: 250 of which one is
//! dead for a while, and the routers' part of `conductor_routers` with 50.

#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[path = "live_fleet/fleet.rs"]
mod fleet;

use fleet::Fleet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The last lines.
fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

#[test]
fn of_250_machines_a_dead_one_stops_new_ones_and_a_resume_does_only_what_is_left() {
    let fleet = Fleet::start((0..250).map(|n| format!("h{n}")).collect());
    let playbook = "//! Each machine notes that it was there.\nlet p = params(#{ machines: hosts(\"all of them\") });\n\
                    step(\"Note it\", || on_each(p.machines, #{ at_once: 40 }, |h| {\n    \
                    h.ssh(\"echo x >>/var/lib/starts\", #{ undo: false }); h.name }));\n";
    fs::write(fleet.path("note.rhai"), playbook).unwrap();
    fleet.power_off(99);
    let words = ["run", "./note.rhai", "--yes", "--accept-new-host-keys", "--reconnect-for", "1s"];
    let ran = fleet.mig("machines", 0, &words);
    let said = text(&ran);
    assert_eq!(ran.status.code(), Some(4), "{}", tail(&said));
    assert!(said.contains("h99: ") && said.contains("not begun after that: "), "{}", tail(&said));
    let pinned = said.lines().filter(|l| l.contains("unknown host key ssh-ed25519 SHA256:") && l.contains("is pinned"));
    assert_eq!(pinned.count(), 249, "each is said");
    let starts = || (0..250).map(|n| fleet.read(n, "var/lib/starts").lines().count()).collect::<Vec<_>>();
    let before = starts();
    assert!(before[0] == 1 && before[99] == 0 && before.iter().sum::<usize>() > 50, "{before:?}");

    fleet.power_on(99);
    let resumed = fleet.mig("machines", 0, &["resume", "--yes", "--accept-new-host-keys"]);
    assert_eq!(resumed.status.code(), Some(0), "{}", tail(&text(&resumed)));
    assert!(starts().iter().all(|n| *n == 1), "{:?}", starts());
}

/// The new conductor's GraphQL interface: it looks at the machines of the routers themselves.
const CURL: &str = r#"#!/bin/sh
awk '
    FILENAME ~ /trees$/ { tree[$1] = $2; next }
    $3 == "router" && $5 == "node" && $7 == "asset-id" { n++; id[n] = $8; router[n] = $4; node[n] = $6 }
    END {
        printf "{\"data\":{\"allAuthorities\":{\"edges\":[{\"node\":{\"assets\":["
        for (i = 1; i <= n; i++) {
            status = "Disconnected"
            while ((getline line < (tree[router[i]] "/var/lib/lab128t/running")) > 0)
                if (line ~ /conductor-address OWN$/) status = "RUNNING"
            printf "%s{\"assetId\":\"%s\",\"routerName\":\"%s\",\"nodeName\":\"%s\",\"status\":\"%s\"}", (i > 1 ? "," : ""), id[i], router[i], node[i], status
        }
        print "]}}]}}}"
    }' /var/lib/lab128t/trees /var/lib/lab128t/running
"#;

#[test]
fn fifty_routers_go_over_to_a_conductor_and_a_report_names_each() {
    const OLD: &str = "config authority conductor-address 192.0.2.10\n";
    let names: Vec<String> = std::iter::once("dest".into()).chain((1..=50).map(|n| format!("r{n}"))).collect();
    let fleet = Fleet::start(names);
    let own = fleet.address(0).to_string();
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks/conductor_routers.lab/bin");
    for program in ["lab128t", "pcli", "systemctl"] {
        fs::copy(lab.join(program), fleet.path("bin").join(program)).unwrap();
    }
    fs::write(fleet.path("bin/curl"), CURL.replace("OWN", &own.replace('.', "[.]"))).unwrap();
    for program in ["lab128t", "pcli", "systemctl", "curl"] {
        fs::set_permissions(fleet.path("bin").join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut trees = String::new();
    for n in 1..=50 {
        let _ = writeln!(trees, "SITE{n} {}", fleet.tree(n).display());
        fleet.write(n, "etc/128technology/global.init", &format!("{{\"init\":{{\"routerName\":\"SITE{n}\"}}}}"));
        let line = format!("config authority router SITE{n} node SITE{n}A asset-id LR{n}\n");
        fleet.write(n, "var/lib/lab128t/running", &format!("{OLD}{line}"));
    }
    let init = format!("{{\"init\":{{\"conductor\":{{\"node1\":{{\"host\":\"{own}\"}}}}}}}}");
    fleet.write(0, "etc/128technology/global.init", &init);
    fleet.write(0, "var/lib/lab128t/own", &format!("{own}\n"));
    fleet.write(0, "var/lib/lab128t/trees", &trees);
    for which in ["running", "candidate"] {
        fleet.write(0, &format!("var/lib/lab128t/{which}"), "config authority name Live\n");
    }
    fleet.answers_at(0, &[930, 4505, 4506]);

    let words = ["--yes", "--accept-new-host-keys", "--set", "source=", "--set", "at_once=25", "--set", "settle=0s"];
    let ran = fleet.mig("routers", 1, &[&["run", "conductor_routers"], &words[..]].concat());
    let said = text(&ran);
    let tail = tail(&said);
    assert_eq!(ran.status.code(), Some(0), "{tail}");
    for n in 1..=50 {
        let running = fleet.read(n, "var/lib/lab128t/running");
        assert!(running.starts_with(&format!("config authority conductor-address {own}\n")), "r{n}: {running}");
        assert!(
            said.contains(&format!("r{n} (SITE{n}): Running on [\"{own}\"], before on [\"192.0.2.10\"]")),
            "{tail}"
        );
    }
    assert_eq!(fleet.read(0, "var/lib/lab128t/running").matches("asset-id").count(), 50);
}
