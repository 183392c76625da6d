//! A shipped playbook of one's own: copied, rehearsed, compared with what it came from and with what
//! is shipped today.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;

use desk::Desk;
use mig::lab;
use serde_json::Value;
use std::os::unix::fs::{PermissionsExt, symlink};

/// A desk whose labs are closed with it, also when a test fails.
struct Place(Desk);
impl Drop for Place {
    fn drop(&mut self) {
        for lab in lab::find(&self.0.path("state")) {
            let _ = lab.close();
        }
    }
}

fn shipped(path: &str) -> String {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(file).expect("it is shipped")
}

#[test]
fn a_fork_is_checked_and_rehearsed_in_its_own_lab() {
    let place = Place(Desk::new());
    let desk = &place.0;
    desk.mig(&["fork", "conductor"]).ends(0).has(&[
        "conductor is forked from mig",
        "./conductor.lab",
        "./stdlib/std/ssr.rhai",
        "./conductor.fork.json",
        "mig check ./conductor.rhai",
        "mig run ./conductor.rhai --lab --yes",
        "mig test ./conductor.rhai",
    ]);
    assert_eq!(desk.read("conductor.rhai"), shipped("playbooks/conductor.rhai"));
    assert_eq!(desk.read("stdlib/std/ssr.rhai"), shipped("stdlib/std/ssr.rhai"));
    let mode = |name: &str| desk.path(name).metadata().expect("a file").permissions().mode() & 0o111;
    assert_ne!(mode("conductor.lab/bin/pcli"), 0, "a stand-in can be run by hand");
    assert_eq!(mode("conductor.rhai") | mode("conductor.lab/lab.yml"), 0);

    // A lab that takes its programs from another one has them itself in a fork.
    desk.mig(&["fork", "aviatrix_restore"]).ends(0);
    assert_eq!(
        desk.read("aviatrix_restore.lab/bin/aviatrix-cloud"),
        shipped("playbooks/aviatrix_migrate.lab/bin/aviatrix-cloud")
    );
    desk.mig(&["fork", "--diff", "aviatrix_restore"]).ends(0);

    desk.mig(&["check", "./conductor.rhai"]).ends(0);
    // What is run is the fork, with the module and the lab that lie beside it.
    desk.write("stdlib/std/ssr.rhai", desk.read("stdlib/std/ssr.rhai") + "\nfn mine() { \"of the fork\" }\n");
    desk.write(
        "conductor.rhai",
        desk.read("conductor.rhai").replacen("import \"std/ssr\";", "import \"std/ssr\" as ssr;", 1),
    );
    desk.write("conductor.rhai", desk.read("conductor.rhai") + "\nnote(ssr::mine());\n");
    desk.write("conductor.lab/lab.yml", desk.read("conductor.lab/lab.yml") + "# mine\n");
    desk.mig(&["run", "./conductor.rhai", "--lab", "--yes"]).ends(0).has(&["of the fork", "checks hold"]);
    desk.mig(&["rollback", "--yes"]).ends(0);
    desk.mig(&["fork", "--diff", "conductor"]).ends(0).has(&[
        "+import \"std/ssr\" as ssr;",
        "+note(ssr::mine());",
        "+# mine",
        "+fn mine()",
        "has changed since then:\n  nothing",
    ]);
}

#[test]
fn a_fork_has_its_modules_from_wherever_it_is_run_and_alone() {
    let desk = Desk::here();
    desk.mig(&["fork", "conductor", "forks"]).ends(0).has(&["goes on to mean the shipped one"]);
    desk.write("forks/stdlib/std/ssr.rhai", "fn broken( {");
    desk.mig(&["check", "forks/conductor.rhai"]).ends(2).has(&["forks/stdlib/std/ssr.rhai"]);
    desk.mig(&["check", "conductor"]).ends(0);
    let said = desk.mig(&["fork", "conductor", "playbooks"]);
    said.ends(0).lacks(&["goes on to mean"]);
    // By its name too, the fork is taken from now on.
    desk.write("playbooks/conductor.rhai", "let a = ;");
    desk.mig(&["check", "conductor"]).ends(2).has(&["playbooks/conductor.rhai"]);
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_half_made() {
    let desk = Desk::here();
    desk.write("conductor.lab/lab.yml", "mine");
    desk.refuses(&["fork", "conductor"], 2, &["conductor.lab is there already, and not overwritten", "another folder"]);
    assert!(!desk.path("conductor.rhai").exists() && !desk.path("stdlib").exists());
    assert_eq!(desk.read("conductor.lab/lab.yml"), "mine");
    // A link that leads nowhere is something too.
    symlink(desk.path("elsewhere"), desk.path("forks")).expect("a link");
    desk.refuses(&["fork", "conductor", "forks"], 2, &["forks"]);
    assert!(!desk.path("elsewhere").exists());
    // A module of one's own stays, and is pointed out.
    desk.write("own/stdlib/std/ssr.rhai", "// mine\n");
    desk.mig(&["fork", "conductor", "own"]).ends(0).has(&["was there, and differs from mig's: it is left as it is"]);
    assert_eq!(desk.read("own/stdlib/std/ssr.rhai"), "// mine\n");
    desk.refuses(
        &["fork", "conductor", "own"],
        2,
        &["conductor.rhai, conductor.lab and conductor.fork.json are there"],
    );
    // Half-way something is in the way: what was made until then is gone again.
    desk.write("half/stdlib", "a file, not a folder");
    desk.refuses(&["fork", "conductor", "half"], 2, &["half/stdlib"]);
    assert!(!desk.path("half/conductor.lab").exists() && !desk.path("half/conductor.rhai").exists());
    for (words, parts) in [
        (&["fork", "conducter"][..], "did you mean: conductor"),
        (&["fork", "./conductor.rhai"], "is yours to change"),
        (&["fork"], "NAME"),
        (&["fork", "--diff", "conductor"], "there is no fork conductor here"),
        (&["fork", "--diff", "./none.rhai"], "is no fork"),
    ] {
        desk.refuses(words, 2, &[parts]);
    }
}

#[test]
fn both_sides_of_a_difference_are_told_apart() {
    let desk = Desk::here();
    desk.mig(&["fork", "--list"]).ends(0).has(&[
        "Shipped with mig",
        "  conductor ",
        "Another machine",
        "No forks here",
    ]);
    desk.mig(&["fork", "--diff"]).ends(0).has(&["There is no fork here"]);
    desk.mig(&["fork", "conductor"]).ends(0);
    desk.mig(&["fork", "--list"]).ends(0).has(&["./conductor.rhai  of conductor", "changes nothing yet"]);
    desk.mig(&["fork", "--diff"]).ends(0).has(&["since it was forked from conductor of mig", "  nothing"]);

    // As if it had been forked from an older mig, whose budget was another and whose lab had one file more.
    let mut origin: Value = serde_json::from_str(&desk.read("conductor.fork.json")).expect("JSON");
    let old = shipped("playbooks/conductor.rhai").replace("\"1h\"", "\"2h\"");
    origin["files"]["conductor.rhai"] = old.clone().into();
    origin["files"]["conductor.lab/bin/gone"] = "#!/bin/sh\n".into();
    origin["mig"] = "0.0.9".into();
    desk.write("conductor.fork.json", origin.to_string());
    desk.write("conductor.lab/bin/gone", "#!/bin/sh\n");
    desk.write("conductor.rhai", old.replace("\"30m\"", "\"45m\""));
    desk.write("conductor.lab/bin/added", "#!/bin/sh\nexit 0\n");
    let said = desk.mig(&["fork", "--diff", "./conductor.rhai"]);
    said.ends(0);
    let (mine, theirs) = said.out.split_once("What mig ").expect("two halves");
    for part in ["conductor of mig 0.0.9", "45m", "conductor.lab/bin/added: added"] {
        assert!(mine.contains(part), "{part:?} in {mine}");
    }
    assert!(!mine.contains("+    budget") && !mine.contains("gone"), "{mine}");
    for part in
        ["-    budget", "+    budget", "conductor.lab/bin/gone: removed", "Changed on both sides: conductor.rhai"]
    {
        assert!(theirs.contains(part), "{part:?} in {theirs}");
    }
    desk.mig(&["fork", "--list"])
        .ends(0)
        .has(&["of conductor 0.0.9", "changes 2 files; mig has changed 2 files since"]);
    let json = desk.mig(&["fork", "--diff", "--json"]);
    let json: Value = serde_json::from_str(json.out.trim()).expect("one object");
    assert!(json["changed"]["conductor.lab/bin/added"].is_string() && json["upstream"]["conductor.rhai"].is_string());

    // What it came from is read by whoever gets the folder: it names nothing outside.
    origin["files"]["../outside"] = "x".into();
    desk.write("conductor.fork.json", origin.to_string());
    desk.refuses(&["fork", "--diff"], 2, &["names a file outside of its folder"]);
    desk.write("conductor.fork.json", "{}");
    desk.refuses(&["fork", "--list"], 2, &["is not what `mig fork` wrote"]);
}
