//! Names and web servers in a lab: what playbooks ask of machines, asked of rehearsed ones, and
//! what a person is shown when the answer is not the one.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;

use desk::Desk;
use mig::lab;
use std::path::Path;
use std::process::Command;

/// A desk whose labs are closed with it, also when a test fails.
struct Place(Desk);
impl Drop for Place {
    fn drop(&mut self) {
        for lab in lab::find(&self.0.path("state")) {
            let _ = lab.close();
        }
    }
}
impl Place {
    fn new() -> Place {
        let desk = Desk::new();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_names/.");
        assert!(Command::new("cp").arg("-a").arg(from).arg(desk.folder()).status().unwrap().success());
        Place(desk)
    }
}

#[test]
fn names_and_servers_of_a_lab_are_asked_as_real_ones() {
    let place = Place::new();
    let said = place.0.mig(&["run", "names.rhai", "--lab", "--yes"]);
    said.ends(0).has(&["others may keep it for 5 minutes", "every authority gives the new address"]);
}

#[test]
fn a_wait_and_an_expectation_say_what_was_answered() {
    let place = Place::new();
    let playbook = |call: &str| {
        let text = format!(
            "let p = params(#{{ source: host(\"old\"), dest: host(\"new\") }});\nlet source = p.source;\nlet dest = p.dest;\n{call}\n"
        );
        place.0.write("names.rhai", text);
        let said = place.0.mig(&["run", "names.rhai", "--lab", "--yes"]);
        place.0.mig(&["lab", "names.rhai", "--close"]);
        said
    };
    let said = playbook(
        "source.edit_line(\"/etc/lab/names\", #{ line: \"new.pryv.example A 192.0.2.11\" });\n\
         wait_until(\"both say so\", #{ timeout: \"1s\", every: \"200ms\" }, || \
         dig_all(\"new.pryv.example\", [source, dest], #{ wanted: \"192.0.2.11\", or_fail: true }).agree);",
    );
    said.ends(4).has(&["1 of 2 give 192.0.2.11; dest: NXDOMAIN"]);
    let said = playbook("expect(dig(\"sick.pryv.example\", #{ server: dest }).status == \"NOERROR\", \"it is well\");");
    said.ends(3).has(&["sick.pryv.example A: SERVFAIL (from 127.0.0."]);
    // What nobody answered is no empty list.
    let said = playbook("expect(dig(\"sick.pryv.example\", #{ server: dest }).answers.is_empty(), \"it is gone\");");
    assert_ne!(said.code, Some(0), "{}{}", said.out, said.err);
    said.has(&["is_empty"]);
}
