//! Playbooks evaluated against a real gate, journal and primitives, on hosts that are folders.

#[path = "gate/folders.rs"]
mod folders;
#[path = "script/stage.rs"]
mod stage;
#[path = "script/unknown.rs"]
mod unknown;

use mig::contract::Stop;
use mig::run::Mode;
use mig::script::End;
use serde_json::{Value, json};
use stage::Stage;

fn done(end: End) -> Value {
    match end {
        End::Done(v) => v,
        End::Failed { error, .. } => panic!("failed: {error}"),
        End::Stopped(stop) => panic!("stopped: {stop:?}"),
    }
}
fn error(end: End) -> String {
    match end {
        End::Failed { error, .. } => error.to_string(),
        End::Done(v) => panic!("done: {v}"),
        End::Stopped(stop) => panic!("stopped: {stop:?}"),
    }
}
fn stop(end: End) -> Stop {
    match end {
        End::Stopped(stop) => stop,
        End::Done(v) => panic!("done: {v}"),
        End::Failed { error, .. } => panic!("failed: {error}"),
    }
}

#[test]
fn a_playbook_runs_from_its_parameters_to_its_value() {
    let stage = Stage::new(json!({ "source": "source", "n": 3, "all": ["source", "dest"] }));
    let end = stage.run(
        Mode::Live,
        r#"let p = params(#{ source: host("the old one"), n: int("a number"), all: hosts("all"), late: text("x", "y") });
        let made = step("Look", || p.source.capture("cat conf").stdout);
        step("Write", || {
            step("Again", || p.source.ssh("echo a >> log", #{ undo: "rm log" }));
            step("Again", || ssh(p.source, ["sh", "-c", "echo b >> log"], #{ undo: "rm log" }));
        });
        note(`made ${made}`);
        print(p.all);
        debug("x");
        expect(p.source.capture("cat log").lines() == ["a", "b"], "both lines are there");
        expect_equal(p.n, 3, "three");
        #{ made: made, names: p.all.map(|h| h.name), address: p.source.address, late: p.late }"#,
    );
    assert_eq!(
        done(end),
        json!({ "made": "port 1", "names": ["source", "dest"], "address": "192.0.2.10", "late": "y" })
    );
    assert_eq!(stage.notes(), ["made port 1", "[host source, host dest]", "\"x\""]);
}

#[test]
fn a_host_is_asked_for_its_folder_once() {
    let stage = Stage::new(json!({ "dest": "dest" }));
    let end = stage.run(
        Mode::Live,
        r#"let p = params(#{ dest: host("d") }); let d = p.dest;
           step("a", || { for i in 0..5 { d.ssh(`true ${i}`, #{ undo: false }); } });
           step("b", || d.write_file("/new", "text"));"#,
    );
    done(end);
    assert_eq!(stage.prepared(), ["dest"]);
}

#[test]
fn branches_have_copies_and_give_back_values() {
    let stage = Stage::new(json!({}));
    for _ in 0..5 {
        let end = stage.run(
            Mode::Plan,
            r#"let h = host("source"); let m = #{ n: 0 };
            on_each(["source", "dest", "source"], #{ at_once: 3, first: 1 }, |name| {
                let own = m; own.n += 1;
                `${h.capture("cat conf").stdout} ${name} ${own.n} ${m.n}`
            })"#,
        );
        assert_eq!(done(end), json!(["port 1 source 1 0", "port 1 dest 1 0", "port 1 source 1 0"]));
    }
    let many = r#"let h = host("source");
        let names = []; for n in 0..24 { names.push("r" + n); }
        on_each(names, #{ at_once: 8 }, |name| { for i in 0..20 { h.name; } h.capture("echo " + name).stdout }).len()"#;
    assert_eq!(done(stage.run(Mode::Live, many)), json!(24));
}

#[test]
fn branches_that_fail_are_summed_up_and_the_canary_holds_the_others_back() {
    let stage = Stage::new(json!({}));
    let text = |options: &str| {
        format!(
            r#"on_each(["source", "dest"], #{{ {options} }}, |name| {{
                host(name).capture("test " + name + " = dest"); host(name).capture("echo " + name).stdout
            }})"#
        )
    };
    let said = error(stage.run(Mode::Live, &text("first: 1")));
    assert!(said.contains("source: ") && said.contains("not begun after that: 1"), "{said}");
    assert!(said.starts_with("p.rhai:1:1: "), "{said}");
    assert_eq!(done(Stage::new(json!({})).run(Mode::Live, &text("max_failures: 1"))), json!([null, "dest"]));
}

#[test]
fn a_failure_can_be_caught_and_says_where_it_was() {
    let stage = Stage::new(json!({}));
    let end = stage.run(
        Mode::Live,
        "let caught = \"\";\nlet h = host(\"source\");\ntry {\n  step(\"x\", || h.ssh(\"exit 7\", #{ undo: false }));\n} catch (e) { caught = `${e.code} ${e.place}`; }\ncaught",
    );
    assert_eq!(done(end), json!("7 p.rhai:4:18"));
    let end = Stage::new(json!({}))
        .run(Mode::Live, "let h = host(\"source\");\nstep(\"x\", || {\n  h.ssh(\"exit 7\", #{ undo: false });\n});");
    let End::Failed { error, failure } = end else { panic!("no failure") };
    assert_eq!(failure.code, 7);
    let place = error.place.clone().expect("a place");
    assert_eq!((place.line, place.column), (3, 5), "{error}");
    assert!(error.to_string().contains("3 |   h.ssh(\"exit 7\""), "{error}");
}

#[test]
fn row_28_wrong_arguments_are_said_in_words_and_with_their_place() {
    for (text, wanted) in [
        ("let h = host(\"source\");\nh.ssh(42);", "p.rhai:2:3: "),
        ("let h = host(\"source\"); h.ssh(\"x\", #{ undoo: 1 });", "did you mean undo"),
        ("let h = host(\"source\"); h.ssh(\"x\", 5);", "options must be a map"),
        ("let h = host(\"source\"); h.ssh();", "ssh does not take these arguments"),
        ("let h = host(\"source\"); h.shs(\"x\");", "did you mean ssh?"),
        ("5.capture(\"x\");", "5"),
        ("step(5, || 1);", "step: the title must be text, found int 5"),
        ("step(\"x\", 5);", "step: the body must be a closure"),
        ("step(\"x\");", "step does not take these arguments"),
        ("expect(3, \"x\");", "expect needs true or false, found int 3"),
        ("wait_until(\"x\", #{ every: \"1h\", timeout: \"1m\" }, || true);", "every is longer than timeout"),
        ("cutover(\"x\", #{ on_failure: \"no\" }, || 1);", "on_failure is \"ask\", \"rollback\" or \"stop\""),
        ("text(\"x\");", "only params(#{ ... }) can do"),
        ("secret(\"nope\");", "no secret \"nope\""),
        ("expect_equal(secret(\"pw\"), \"x\", \"same\");", "a secret cannot be compared"),
        ("let h = host(\"source\"); h.ssh(`echo ${secret(\"pw\")}`);", "gives its name, not its value"),
    ] {
        let said = error(Stage::new(json!({})).run(Mode::Live, text));
        assert!(said.contains(wanted), "{text}\n--- {wanted}\n{said}");
        for rust in ["i64", "ImmutableString", "rhai::", "Dynamic", "FnPtr", "mig::"] {
            assert!(!said.contains(rust), "{text}: {said}");
        }
    }
}

#[test]
fn row_29_a_host_that_is_not_there_is_named_with_those_that_are() {
    let said = error(Stage::new(json!({})).run(Mode::Plan, "let h = host(\"sorce\");"));
    assert!(said.contains("p.rhai:1:9: \"sorce\" is not a host of the inventory"), "{said}");
    assert!(said.contains("did you mean source?") && said.contains("hosts: dest, source"), "{said}");
}

#[test]
fn row_27_steps_cannot_run_while_a_module_is_loaded() {
    let stage = Stage::new(json!({})).with("m", "step(\"x\", || 1);").with("n", "host(\"source\").ssh(\"ls\");");
    for (path, line) in [("m", "m.rhai:1:1"), ("n", "n.rhai:1:1")] {
        let said = error(stage.run(Mode::Live, &format!("import \"{path}\";")));
        assert!(said.contains("steps cannot run while a module is loaded") && said.contains(line), "{said}");
    }
}

#[test]
fn methods_of_modules_are_steps_of_the_playbook() {
    let stage = Stage::new(json!({}))
        .with("std/x", "fn Host.twice(what) {\n  let me = this;\n  step(\"Once\", || me.capture(`echo ${what}`).stdout)\n}")
        .with("lib/y", "import \"std/x\";\nconst N = 2;\nfn ready(h) { h.twice(\"b\") + global::N }\nfn bad(h) {\n  h.capture(\"exit 1\")\n}");
    let end = stage.run(
        Mode::Live,
        "import \"std/x\"; import \"lib/y\" as y; let h = host(\"source\"); [h.twice(\"a\"), y::ready(h)]",
    );
    assert_eq!(done(end), json!(["a", "b2"]));
    let said = error(stage.run(Mode::Live, "import \"lib/y\" as y;\ny::bad(host(\"source\"));"));
    assert!(said.starts_with("lib/y.rhai:5:5: "), "{said}");
}

#[test]
fn a_session_keeps_variables_functions_and_closures() {
    let said = Stage::new(json!({})).lines(&[
        "let h = host(\"source\"); fn twice(n) { n * 2 }",
        "let f = |x| twice(x) + 1;",
        "f.call(h.capture(\"cat conf\").stdout.len())",
        "h.captrue(\"x\")",
        "nope + 1",
        "h",
    ]);
    assert_eq!(said[0], Ok(String::new()));
    assert_eq!(said[2], Ok("13".into()));
    assert!(
        said[3].as_ref().is_err_and(|e| e.starts_with("<repl>:1:3: ") && e.contains("did you mean capture?")),
        "{said:?}"
    );
    assert!(said[4].as_ref().is_err_and(|e| e.contains("unknown variable nope")), "{said:?}");
    assert_eq!(said[5], Ok("source".into()));
}

/// What was done is answered by the journal, in branches and in caught failures too; what failed
/// is tried again once the world is mended.
#[test]
fn a_run_that_stopped_goes_on_where_it_was() {
    let text = |end: &str| {
        format!(
            r#"let h = host("source"); let n = 0;
            let first = step("First", || h.ssh("echo a >> log; echo x", #{{ undo: false }}).stdout);
            try {{ step("Odd", || h.ssh("exit 3", #{{ undo: false, idempotent: true }})); }} catch (e) {{ n += e.code; }}
            let all = on_each(["source", "dest"], #{{ at_once: 2, first: 1 }}, |name| {{
                step("In a branch", || host(name).ssh("echo b >> log; echo " + name, #{{ undo: false }}).stdout)
            }});
            for i in 1..=2 {{ step("Again", || h.ssh(`echo ${{i}} >> log`, #{{ undo: false }})); }}
            expect(h.capture("test -e ready; echo $?").stdout == "0", "it is ready");
            step("Last", || h.ssh("echo end >> log", #{{ undo: false }}));
            {end}"#
        )
    };
    let stage = Stage::new(json!({}));
    let whole = text("#{ first: first, n: n, all: all, log: h.capture(\"cat log\").lines() }");
    assert!(error(stage.run(Mode::Live, &whole)).contains("it is ready"));
    assert!(matches!(stage.resume(&whole), (End::Stopped(Stop::Edge), End::Failed { .. })));
    let mend = |stage: &Stage| std::fs::write(stage.host("source").join("ready"), "").unwrap();
    let stage = Stage::new(json!({}));
    assert!(error(stage.run(Mode::Live, &whole)).contains("it is ready"));
    mend(&stage);
    let (verified, end) = stage.resume(&whole);
    assert!(matches!(verified, End::Stopped(Stop::Edge)));
    assert_eq!(
        done(end),
        json!({ "first": "x", "n": 3, "all": ["source", "dest"], "log": ["a", "b", "1", "2", "end"] })
    );
    // Another playbook is drift, and nothing of it can be caught.
    let other = whole
        .replace("echo a >> log", "echo c >> log")
        .replace("let first = step", "let first = 0; try { step")
        .replace(".stdout);\n            try", ".stdout); } catch { }\n            try");
    let (verified, _) = stage.resume(&other);
    assert!(matches!(verified, End::Stopped(Stop::Drift(_))));
}

/// A script cannot swallow a stop, whatever it wraps around it.
#[test]
fn no_wrap_swallows_a_stop() {
    let wraps = [
        "STOP;",
        "try { STOP; } catch { }",
        "[1].map(|x| STOP);",
        "[1].filter(|x| { STOP; true });",
        "[1].reduce(|a, x| { STOP; a });",
        "[1].for_each(|| STOP);",
        "[1, 2].sort(|a, b| { STOP; 0 });",
        "try { step(\"s\", || STOP); } catch { }",
        "on_each([1], |x| STOP);",
        "on_each([1, 2], #{ at_once: 2, max_failures: 2 }, |x| STOP);",
        "try { on_each([1], |x| [1].map(|y| STOP)); } catch { }",
        "let f = || STOP; f.call();",
        "for x in [1].map(|x| STOP) { }",
        "[1].some(|x| { STOP; true });",
        "try { throw STOP; } catch (e) { }",
        "wait_until(\"x\", || { STOP; true });",
    ];
    let mut swallowed = vec![];
    for wrap in wraps {
        let stage = Stage::new(json!({}));
        // A step whose title is two lines is refused by the gate: a stop like any other.
        let text = wrap.replace("STOP", "step(\"a\\nb\", || 1)") + "\nnote(\"went on\");\n5";
        let end = stage.run(Mode::Live, &text);
        if !matches!(end, End::Stopped(Stop::Refused(_))) || !stage.notes().is_empty() {
            swallowed.push(wrap);
        }
    }
    assert_eq!(swallowed, Vec::<&str>::new());
}

#[test]
fn a_wait_polls_readings_and_refuses_what_will_never_be_true() {
    let stage = Stage::new(json!({}));
    let text = "let h = host(\"source\");\nlet n = #{ n: 0 };\nwait_until(\"it is there\", #{ every: \"5ms\", timeout: \"5s\" }, || h.capture(\"echo x >> tries; test $(wc -l < tries) -ge 3\", #{ ok: [0, 1] }).code == 0);\nh.capture(\"wc -l < tries\").stdout";
    assert_eq!(done(stage.run(Mode::Live, text)), json!("3"));
    for (closure, wanted) in [
        ("|| 5", "its closure must give true or false, it gave int 5"),
        ("|| h.captrue(\"x\")", "did you mean capture?"),
        ("|| h.ssh(\"true\").code == 0", "ssh cannot stand inside wait_until"),
    ] {
        let text =
            format!("let h = host(\"source\");\nwait_until(\"x\", #{{ every: \"5ms\", timeout: \"2s\" }}, {closure});");
        let stopped = format!("{:?}", stop(Stage::new(json!({})).run(Mode::Live, &text)));
        let wanted = wanted.trim_end_matches('?').replace("did you mean capture", "captrue");
        assert!(stopped.contains(&wanted), "{closure}: {stopped}");
    }
    let vain = "let h = host(\"source\");\nwait_until(\"it is there\", #{ every: \"5ms\", timeout: \"40ms\" }, || h.capture(\"exit 3\").code == 0);";
    let said = error(Stage::new(json!({})).run(Mode::Live, vain));
    assert!(said.contains("it is there: not so after") && said.starts_with("p.rhai:2:1: "), "{said}");
}

#[test]
fn row_25_an_endless_loop_in_a_run_ends_and_is_no_bug() {
    let said = error(Stage::new(json!({})).run(Mode::Live, "let n = 0;\nstep(\"x\", || {\n  loop { n += 1; }\n});"));
    assert!(said.contains("operations: a loop that does not end?"), "{said}");
    let said = error(Stage::new(json!({})).run(Mode::Live, "fn f(n) {\n  step(\"x\", || f(n + 1))\n}\nf(0)"));
    assert!(said.contains("nested more than 64 deep"), "{said}");
}

#[test]
fn shipped_playbooks_pass_the_check_within_its_budget() {
    let mut wrong = vec![];
    for (name, playbook) in stage::shipped() {
        // Once for what a process makes once.
        let _ = mig::script::check(&playbook, mig::primitives::ALL);
        let began = std::time::Instant::now();
        for finding in mig::script::check(&playbook, mig::primitives::ALL) {
            wrong.push(finding.to_error().to_string());
        }
        if let Err(e) = mig::script::declared(&playbook) {
            wrong.push(e.to_string());
        }
        println!("{name}: checked in {:?}", began.elapsed());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
