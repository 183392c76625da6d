//! A prompt after a run of a playbook has failed: what is typed belongs to that run.

use super::desk::Desk;
use super::{at_terminal, code, state_of, until};
use std::process::Command;

/// A playbook whose second step fails until somebody helps.
fn failing(desk: &Desk) -> String {
    let log = desk.path("log").display().to_string();
    desk.write(
        "p.rhai",
        format!(
            "let p = params(#{{ here: host(\"a host\"), log: path(\"the log\", \"{log}\") }});\nlet here = p.here; let log = p.log;\n\
             let word = step(\"First\", || {{ here.ssh(`echo first >> ${{log}}`, #{{ undo: `rm ${{log}}` }}); \"the-word\" }});\n\
             step(\"Second\", || {{\n    expect(here.file_info(`${{log}}.ok`).exists, \"somebody helped\");\n    here.ssh(`echo second >> ${{log}}`, #{{ undo: false }});\n}});\n"
        ),
    );
    log
}

/// Runs it, and takes the prompt that is offered.
fn prompt_after_failure(desk: &Desk) -> rexpect::session::PtySession {
    let mut s = at_terminal(desk.command(&["run", "p.rhai"]));
    s.exp_string("Run it on here?").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("somebody helped").unwrap();
    s.exp_string("Open a prompt here").unwrap();
    s.send_line("y").unwrap();
    s.exp_string(":resume lets the run go on").unwrap();
    s
}

#[test]
fn a_failed_run_offers_a_prompt_with_its_variables_and_goes_on_from_there() {
    let desk = Desk::here();
    failing(&desk);
    let mut s = prompt_after_failure(&desk);
    s.send_line("`${word}-${p.here}`").unwrap();
    s.exp_string("the-word-here").unwrap();
    s.send_line("here.write_file(`${log}.ok`, \"ok\\n\")").unwrap();
    until(|| desk.path("log.ok").exists());
    s.send_line("here.write_file(`${log}.more`, \"more\\n\")").unwrap();
    until(|| desk.path("log.more").exists());
    s.send_line(":undo").unwrap();
    s.exp_string("is taken back").unwrap();
    assert!(!desk.path("log.more").exists());
    s.send_line(":undo").unwrap();
    s.exp_string("is taken back").unwrap();
    assert!(!desk.path("log.ok").exists());
    // What the playbook did is not the session's to take back.
    s.send_line(":undo").unwrap();
    s.exp_string("mig rollback").unwrap();
    s.send_line("here.write_file(`${log}.ok`, \"again\\n\")").unwrap();
    until(|| desk.path("log.ok").exists());
    s.send_line(":resume").unwrap();
    s.exp_string("is done").unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 0);
    assert_eq!(desk.read("log"), "first\nsecond\n");
    let run = desk.run_ids().remove(0);
    desk.mig(&["show", &run]).ends(0).has(&["here.write_file", "First", "Second"]);
    // Taken back as one, against the clock: what was typed in between as well.
    desk.mig(&["rollback", &run, "--yes"]).ends(0);
    assert!(!desk.path("log.ok").exists() && !desk.path("log").exists());
}

#[test]
fn what_was_typed_into_a_run_is_no_drift_for_a_later_resume() {
    let desk = Desk::here();
    failing(&desk);
    let mut s = prompt_after_failure(&desk);
    s.send_line("step(\"Help\", || { on_each([here], |h| h.ssh(`touch ${log}.ok`, #{ undo: `rm ${log}.ok` })) })")
        .unwrap();
    until(|| desk.path("log.ok").exists());
    s.send_line(":quit").unwrap();
    s.exp_string("stays as it is").unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 4);
    let run = desk.run_ids().remove(0);
    assert_eq!(state_of(&desk, &run), "stopped");
    desk.mig(&["resume", &run]).ends(0);
    assert_eq!(desk.read("log"), "first\nsecond\n");
    desk.mig(&["rollback", &run, "--yes"]).ends(0);
    assert!(!desk.path("log.ok").exists() && !desk.path("log").exists());
}

#[test]
fn a_line_that_was_cut_off_in_a_failed_run_is_settled_before_the_run_goes_on() {
    let desk = Desk::here();
    let log = failing(&desk);
    let mut s = prompt_after_failure(&desk);
    s.send_line("here.ssh(`echo typed >> ${log}; sleep 1; touch ${log}.ok`, #{ undo: `rm ${log}.ok` })").unwrap();
    until(|| desk.read("log").contains("typed"));
    let held = desk.read(&format!("state/runs/{}/lock", desk.run_ids().remove(0)));
    let pid = held.split_whitespace().nth(2).expect("who holds the run").to_owned();
    assert!(Command::new("kill").args(["-KILL", &pid]).status().expect("kill is there").success());
    s.exp_eof().unwrap();
    let run = desk.run_ids().remove(0);
    // The playbook's second step needs what the typed line was about to do.
    desk.mig(&["resume", &run]).ends(0).has(&["was cut off"]);
    assert_eq!(desk.read("log"), "first\ntyped\nsecond\n");
    drop(log);
}

#[test]
fn no_step_may_look_like_a_typed_line() {
    let desk = Desk::here();
    desk.runs("step(\":1 x\", || note(\"y\"));\n").ends(3).has(&["\":1 x\" is no title of a step"]);
}

#[test]
fn the_prompt_has_the_variables_of_the_step_that_failed() {
    let desk = Desk::here();
    desk.write(
        "p.rhai",
        "fn Host.stop_it(unit) {\n    let me = this; let wanted = `stopped ${unit}`;\n    \
         step(\"Stop it\", || { let found = me.capture(\"echo running\").stdout; expect(found == wanted, \"it is stopped\"); });\n}\n\
         let p = params(#{ here: host(\"a host\") });\nlet here = p.here; let outside = \"kept\";\n\
         step(\"First\", || { let gone = \"true\"; here.ssh(gone, #{ undo: false }); });\n\
         on_each([\"r1\", \"r2\", \"r3\"], #{ max_failures: 0, at_once: 1 }, |name| {\n    let number = here.capture(`echo ${name}`).stdout;\n    \
         try { expect(number == \"caught\", \"no\"); } catch { note(\"caught\"); }\n    \
         if name == \"r2\" { let outside = \"shadowed\"; here.stop_it(outside); }\n});\n",
    );
    let mut s = at_terminal(desk.command(&["run", "p.rhai"]));
    s.exp_string("Run it on here?").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("it is stopped").unwrap();
    s.exp_string("Open a prompt here").unwrap();
    s.send_line("y").unwrap();
    s.exp_string(":resume lets the run go on").unwrap();
    // What it read in the step, the function that the step stands in, the branch, and around all.
    for (line, wanted) in [
        ("`<${found}|${wanted}>`", "<running|stopped shadowed>"),
        ("`<${unit}|${name}|${number}>`", "<shadowed|r2|r2>"),
        ("`<${outside}|${p.here}|${me}>`", "<shadowed|here|here>"),
        ("found = found + \"!\"; `<${found}>`", "<running!>"),
        ("note(gone)", "unknown variable gone"),
        ("me.capture(\"echo it-is-$((40 + 2))\")", "it-is-42"),
    ] {
        s.send_line(line).unwrap();
        s.exp_string(wanted).unwrap_or_else(|e| panic!("{line}: {wanted}: {e}"));
    }
    s.send_line(":quit").unwrap();
    s.exp_string("stays as it is").unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 4);
}
