//! Lines from a pipe: a run that is kept, undone, resumed and rolled back.

use super::desk::Desk;
use super::{state_of, typed, until};
use std::io::Write;
use std::process::Stdio;

#[test]
fn lines_from_a_pipe_are_a_run_that_is_kept_and_can_be_rolled_back() {
    let desk = Desk::here();
    let file = desk.path("conf").display().to_string();
    desk.write("conf", "a\n");
    let said = typed(
        &desk,
        &["repl"],
        &format!(
            "let before = here.read_file(\"{file}\");\nstep(\"Write\", || {{\n  here.write_file(\"{file}\", before + \"b\\n\");\n}});\n\
             // a comment (\nfn twice(n) {{ n * 2 }}\ntwice(21)\nhere.ssh(\"echo one-$((1+1)); echo odd >&2\", #{{ undo: false }})\n"
        ),
    );
    said.ends(0).has(&["▸ Write", "42", "here| one-2", "here| odd", "is kept", "mig rollback"]);
    assert_eq!(desk.read("conf"), "a\nb\n");
    let run = desk.run_ids().remove(0);
    desk.mig(&["show", &run]).ends(0).has(&["Write", ":2 step("]);
    desk.mig(&["rollback", &run, "--yes"]).ends(0);
    assert_eq!(desk.read("conf"), "a\n");
    assert_eq!(state_of(&desk, &run), "rolled back");
}

#[test]
fn in_a_pipe_the_first_line_that_fails_is_the_last_and_the_exit_code_tells() {
    let desk = Desk::here();
    let log = desk.path("log").display().to_string();
    let said = typed(
        &desk,
        &["repl"],
        &format!("here.ssh(\"echo a >> {log}\")\nhere.ssh(\"exit 3\")\nhere.ssh(\"echo b >> {log}\")\n"),
    );
    said.ends(4).has(&["error: line 2:1:6: exit code 3"]);
    assert_eq!(desk.read("log"), "a\n");
    // A mistake has the same page as `mig check`, and nothing was sent.
    for (line, parts) in [
        ("here.shs(\"x\")", &["line 1:1:6: unknown method shs", "did you mean ssh?"][..]),
        ("here.ssh(\"x\", #{ unod: \"y\" })", &["line 1:1:18:", "did you mean undo"]),
        ("let x = ;", &["line 1:1:9:", "1 | let x = ;\n  |         ^"]),
        ("hree.ssh(\"x\")", &["line 1:1:1: unknown variable hree", "did you mean here?"]),
        ("here.ssh(\"x\"", &["line 1:2:1: expecting"]),
        (":hepl", &[":hepl is no command", "did you mean :help?"]),
        ("import \"../x\";", &["line 1:1:1:", "the path leads out"]),
    ] {
        typed(&desk, &["repl"], &format!("{line}\nnote(\"not reached\")\n"))
            .ends(2)
            .has(parts)
            .has(&["Nothing was sent to any host."])
            .lacks(&["· not reached"]);
    }
    assert_eq!(desk.run_ids().len(), 1, "a mistake begins no run");
}

#[test]
fn undo_takes_one_change_after_the_other_back() {
    let desk = Desk::here();
    let file = |name: &str| desk.path(name).display().to_string();
    let said = typed(
        &desk,
        &["repl"],
        &format!(
            "here.write_file(\"{}\", \"1\\n\")\nhere.ssh(\"touch {}\", #{{ undo: \"rm {}\" }})\nlet x = here.read_file(\"{}\")\n\
             :undo\nhere.write_file(\"{}\", \"2\\n\")\n:undo\n:undo\n:history\n:undo\n",
            file("a"),
            file("b"),
            file("b"),
            file("a"),
            file("a")
        ),
    );
    said.ends(2).has(&["nothing that was typed here is left"]);
    let undone: Vec<&str> = said.out.lines().filter(|l| l.contains("  undone  ")).collect();
    assert_eq!(undone.len(), 3, "{}", said.out);
    assert!(!desk.path("a").exists() && !desk.path("b").exists());
    // What somebody changed since is not overwritten.
    let said = typed(
        &desk,
        &["repl"],
        &format!("here.write_file(\"{0}\", \"1\\n\")\nhere.capture(\"echo other > {0}\")\n:undo\n", file("a")),
    );
    assert_ne!(said.code, Some(0), "{}", said.out);
    assert_eq!(desk.read("a"), "other\n");
}

#[test]
fn machines_in_production_begin_dry() {
    let desk = Desk::here();
    let file = desk.path("f").display().to_string();
    desk.write("inventory.yml", "hosts:\n  here: { local: true }\nproduction: true\n");
    let said = typed(
        &desk,
        &["repl"],
        &format!(
            "here.write_file(\"{file}\", \"a\\n\")\nhere.read_file(\"{file}\") == \"a\\n\"\nlet r = here.ssh(\"exit 3\")\nif r.code == 3 {{ note(\"x\") }}\n"
        ),
    );
    said.ends(0).has(&["would here: create", "+a", "undo: here: remove", "true", "known only in the run"]);
    assert!(!desk.path("f").exists());
    assert!(desk.run_ids().is_empty(), "nothing was begun");
    let lines = format!(
        "here.write_file(\"{file}\", \"dry\\n\")\n:plan off\nhere.write_file(\"{file}\", \"b\\n\")\n:plan\nhere.remove_file(\"{file}\")\n:history\n"
    );
    let said = typed(&desk, &["repl"], &lines);
    said.ends(0).has(&["in earnest: lines are done, on machines marked `production`", "dry     here.remove_file"]);
    assert_eq!(desk.read("f"), "b\n");
}

#[test]
fn a_session_that_is_killed_is_brought_to_its_end_and_rolled_back() {
    let desk = Desk::here();
    let log = desk.path("log").display().to_string();
    let start = || {
        let mut command = desk.command(&["repl"]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("mig starts");
        let line = format!(
            "here.ssh(\"echo begun >> {log}; sleep 1; echo end >> {log}\", #{{ undo: \"rm {log}\" }})\nnote(\"x\")\n"
        );
        child.stdin.as_mut().expect("a pipe").write_all(line.as_bytes()).expect("it reads");
        until(|| desk.read("log").contains("begun"));
        child.kill().expect("it is killed");
        child.wait().expect("it ends");
        desk.run_ids().remove(0)
    };
    let run = start();
    assert_eq!(state_of(&desk, &run), "running");
    desk.mig(&["resume", &run]).ends(0).has(&["1 call(s) that were at hand", "is kept"]);
    assert_eq!(desk.read("log"), "begun\nend\n", "once, and whole");
    assert_eq!(state_of(&desk, &run), "done");
    desk.mig(&["rollback", &run, "--yes"]).ends(0);
    assert!(!desk.path("log").exists());
    let run = start();
    desk.mig(&["rollback", &run, "--yes"]).ends(0);
    assert!(!desk.path("log").exists());
    assert_eq!(state_of(&desk, &run), "rolled back");
}
