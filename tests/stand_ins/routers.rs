//! The stand-ins of the routers' lab: what the PCLI says, and how a router goes from one conductor to another.

use super::*;
use std::process::{Child, Stdio};

fn of(name: &str) -> Machine {
    Machine::of("conductor_routers", name)
}

impl Machine {
    /// What the PCLI answers to one line on its standard input, as the playbook asks it.
    fn pcli(&self, line: &str) -> String {
        let mut pcli = self.command("pcli", &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut pcli.stdin.take().unwrap(), format!("{line}\n").as_bytes()).unwrap();
        let said = pcli.wait_with_output().unwrap();
        assert!(said.status.success(), "{line}");
        String::from_utf8(said.stdout).unwrap().trim().into()
    }
    fn conductors(&self) -> Vec<String> {
        let running = fs::read_to_string(self.path("var/lib/lab128t/running")).unwrap();
        let lines = running.lines().filter_map(|l| l.strip_prefix("config authority conductor-address "));
        lines.map(String::from).collect()
    }
    /// The states of the assets that a conductor tells of.
    fn states(&self) -> Vec<String> {
        let said = self.says("curl", &["--silent", "http://127.0.0.1:31516/api/v1/graphql"], 0);
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let assets = said["data"]["allAuthorities"]["edges"][0]["node"]["assets"].as_array().unwrap().clone();
        assets.iter().map(|a| a["status"].as_str().unwrap().to_owned()).collect()
    }
}

/// What a conductor reaches a router by.
struct Wire(Child);

impl Wire {
    /// Conductors reach the router at this address from now on.
    fn lay(router: &Machine, address: &str, conductors: &[&Machine]) -> Wire {
        fs::create_dir_all(router.path("run/lab128t")).unwrap();
        let answer = router.bin.join("lab128t-answer");
        let wire = router.command("lab128t-wire", &[address, "9128", answer.to_str().unwrap()]).spawn().unwrap();
        for conductor in conductors {
            fs::write(conductor.path("var/lib/lab128t/wires"), format!("SITE0001P1 {address}\n")).unwrap();
        }
        let until = Instant::now() + Duration::from_secs(30);
        while std::net::TcpStream::connect((address, 9128)).is_err() {
            assert!(Instant::now() < until, "nobody answers at {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Wire(wire)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_pcli_changes_nothing_before_a_commit_and_asks_for_a_terminal() {
    let dest = of("dest");
    let running = || fs::read_to_string(dest.path("var/lib/lab128t/running")).unwrap();
    let before = running();
    let compare = "compare config candidate running";
    assert_eq!(dest.pcli(compare), "# No differences");
    let export = "Successfully exported configuration: /etc/128technology/config-exports/before.gz";
    assert_eq!(dest.pcli("export config running before"), export);
    let file = dest.path("more.txt");
    fs::write(&file, "config authority name Lab\nconfig authority router R node A asset-id LR9\n").unwrap();
    assert_eq!(dest.pcli(&format!("< {}", file.display())), "");
    assert_eq!(dest.pcli(compare), "+ config authority router R node A asset-id LR9");
    assert_eq!(dest.pcli("validate"), "Validation successful");
    for line in ["commit", "import config before", "migrate conductor 192.0.2.1 router R"] {
        assert!(dest.pcli(line).ends_with("the confirmation needs a terminal"), "{line}");
    }
    assert_eq!(running(), before);
    assert_eq!(dest.pcli("commit force"), "Configuration committed");
    assert_eq!(running(), format!("{before}config authority router R node A asset-id LR9\n"));
    assert_eq!(dest.pcli(compare), "# No differences");
    // And back, as a rollback does it.
    assert_eq!(dest.pcli("import config force before"), "");
    assert_eq!(dest.pcli("commit force"), "Configuration committed");
    assert_eq!(running(), before);
    assert_eq!(dest.pcli("import config force other"), "% Error: no such export: other");
    assert!(dest.pcli("make coffee").starts_with("% Error: "));
}

#[test]
fn a_configuration_that_cannot_be_is_refused() {
    let dest = of("dest");
    let file = dest.path("wrong.txt");
    for (line, why) in [
        ("config authority conductor-address 192.0.2.3", "conductor-address: at most two are possible"),
        ("authority name Lab", "unknown command: authority name Lab"),
    ] {
        fs::write(&file, format!("{line}\n")).unwrap();
        dest.pcli(&format!("< {}", file.display()));
        for verb in ["validate", "commit force"] {
            assert_eq!(dest.pcli(verb), format!("% Error: {why}"));
        }
        dest.pcli("restore config running");
        assert_eq!(dest.pcli("compare config candidate running"), "# No differences");
    }
}

#[test]
fn a_router_goes_over_is_connected_and_then_running() {
    let (source, dest, router) = (of("source"), of("dest"), of("r1"));
    let _wire = Wire::lay(&router, "127.99.8.1", &[&source, &dest]);
    let there = "migrate force conductor 127.0.0.11 127.0.0.12 router SITE0001P1";
    assert_eq!(source.pcli("migrate force conductor 127.0.0.11"), "% Error: migrate: router is required");
    assert!(source.pcli("migrate force conductor 127.0.0.11 router SITE9").ends_with("SITE9 is not connected"));
    // Conductors are told apart by address: with its own one nothing happens.
    assert_eq!(source.pcli("migrate force conductor 127.0.0.13 router SITE0001P1"), "");
    assert!(dest.pcli(there).ends_with("SITE0001P1 is not connected"), "it is another conductor's");
    assert_eq!(router.conductors(), ["127.0.0.13"]);
    assert_eq!(source.states()[..2], ["RUNNING", "RUNNING"]);

    let file = dest.path("router.txt");
    let line = "config authority router SITE0001P1 node SITE0001P1A asset-id LR000000000001";
    fs::write(&file, format!("{line}\n")).unwrap();
    dest.pcli(&format!("< {}", file.display()));
    dest.pcli("commit force");
    assert_eq!(dest.states(), ["DISCONNECTED"]);
    assert_eq!(source.pcli(there), "Migration started");
    assert_eq!(router.conductors(), ["127.0.0.11", "127.0.0.12"]);
    assert_eq!(source.states()[..2], ["DISCONNECTED", "DISCONNECTED"]);
    let until = Instant::now() + Duration::from_secs(30);
    while dest.states() != ["RUNNING"] {
        assert_eq!(dest.states().len(), 1);
        assert!(Instant::now() < until, "it is never Running");
        std::thread::sleep(Duration::from_millis(100));
    }
    // A configuration with the old conductor's address would send it back there.
    fs::write(&file, "config authority conductor-address 127.0.0.13\n").unwrap();
    dest.pcli("restore config running");
    let candidate = fs::read_to_string(dest.path("var/lib/lab128t/candidate")).unwrap();
    let without =
        candidate.lines().filter(|l| !l.ends_with("127.0.0.12")).map(|l| format!("{l}\n")).collect::<String>();
    fs::write(dest.path("var/lib/lab128t/candidate"), without).unwrap();
    dest.pcli(&format!("< {}", file.display()));
    dest.pcli("commit force");
    // Both conductors of `own` are its own here, so only the other one is handed on.
    assert_eq!(router.conductors(), ["127.0.0.13"]);
}

#[test]
fn a_router_whose_conductor_is_gone_is_told_by_itself() {
    let router = of("r1");
    assert_eq!(router.pcli("migrate force conductor 127.0.0.11 router SITE0001P1"), "Migration started");
    assert_eq!(router.conductors(), ["127.0.0.11"]);
    assert!(
        router.pcli("migrate force conductor a b c router SITE0001P1").ends_with("one or two conductors are needed")
    );
    assert!(router.pcli("show config running flat").contains("asset-id LR000000000001"));
    // Only a conductor has the interface that is asked.
    assert_eq!(router.run("curl", &["http://127.0.0.1:31516/api/v1/graphql"]).status.code(), Some(7));
    assert_eq!(router.run("curl", &["http://198.51.100.1/"]).status.code(), Some(6));
    assert_eq!(router.says("systemctl", &["is-active", "128T"], 0), "active");
}
