//! Rows 23 to 27, 35 and 36: what a playbook can get wrong as a script.

use super::Desk;

const HEAD: &str = "let p = params(#{ source: host(\"a host\") });\nlet source = p.source;\n";

/// With two lines before it, so what is wrong stands from line 3 on.
fn wrong(text: &str, parts: &[&str]) {
    Desk::trapped().refuses_playbook(&format!("{HEAD}{text}"), parts);
}

#[test]
fn row_23_a_syntax_error_has_its_place_its_line_and_a_caret() {
    wrong("let b = ;\n", &["error: p.rhai:3:9: ", "3 | let b = ;\n  |         ^"]);
    wrong("step(\"x\", || {\n", &["error: p.rhai:"]);
    let desk = Desk::trapped();
    desk.write("lib/m.rhai", "fn f() {\n  1 +\n}\n");
    desk.refuses_playbook("import \"lib/m\" as m;\nm::f();\n", &["lib/m.rhai:3:1: "]);
}

#[test]
fn row_24_a_typo_is_named_with_the_nearest_name() {
    wrong("source.rsnyc(\"/x\", source);", &["p.rhai:3:8: unknown method rsnyc", "3 | source.rsnyc", "^^^^^"]);
    wrong("source.shs(\"true\");", &["unknown method shs", "did you mean ssh?"]);
    wrong("note(sorce);", &["p.rhai:3:6: unknown variable sorce", "did you mean source?"]);
    // Everything is found at once, and nothing is sent for what is right before it.
    wrong("source.ssh(\"touch x\");\nnote(a1);\nnote(b1);", &["p.rhai:4:6", "p.rhai:5:6"]);
}

#[test]
fn row_25_limits_end_a_playbook_with_their_line() {
    let desk = Desk::trapped();
    let bounded = [
        ("fn f(n) { f(n + 1) }\nf(0);", "nested more than 64 deep"),
        ("let s = \"x\";\nfor i in 0..40 { s += s; }", "longer than 16 MiB"),
        ("let a = [0];\nfor i in 0..40 { a += a; }", "more than 1000000 items"),
        ("try { let a = [0];\nfor i in 0..40 { a += a; } } catch { }", "more than 1000000 items"),
    ];
    for (text, says) in bounded {
        desk.write("p.rhai", text);
        let said = desk.mig(&["plan", "p.rhai"]);
        assert!(matches!(said.code, Some(2 | 3)), "{text}\n{}", said.err);
        said.has(&[says, "p.rhai:", "othing was"]).lacks(&["bug"]);
        desk.nobody_knocked();
    }
    let nested = format!("let x = {}1{};", "(".repeat(5000), ")".repeat(5000));
    desk.refuses_playbook(&nested, &["nested too deep", "p.rhai:1:"]);
    desk.refuses_playbook(&"//".repeat(1 << 20), &["p.rhai", "is larger than 1048576 bytes"]);
}

#[test]
fn row_26_imports_stay_inside_and_nothing_is_evaluated() {
    for path in ["../x", "/etc/x", "a/../../x", "~/x"] {
        wrong(&format!("import \"{path}\" as x;"), &["p.rhai:3:", "imports must stay inside the playbook directory"]);
    }
    wrong("eval(\"1\");", &["p.rhai:3:1", "cannot be used in a playbook"]);
    wrong("import \"nope\" as x;", &["no module \"nope\""]);
    let desk = Desk::trapped();
    desk.write("a.rhai", "import \"b\" as b;");
    desk.write("b.rhai", "import \"a\" as a;");
    desk.refuses_playbook("import \"a\" as a;", &["a -> b -> a"]);
    // A link that leads out of the folder is no way out either.
    std::fs::write(desk.path("home/out.rhai"), "fn f() { 1 }").unwrap();
    std::fs::create_dir(desk.path("play")).unwrap();
    std::os::unix::fs::symlink(desk.path("home/out.rhai"), desk.path("play/link.rhai")).unwrap();
    desk.write("play/p.rhai", "import \"link\" as l;\nl::f();\n");
    desk.refuses(&["plan", "play/p.rhai"], 2, &["link"]);
}

#[test]
fn row_27_steps_cannot_run_while_a_module_is_loaded() {
    let desk = Desk::trapped();
    desk.write("m.rhai", "step(\"x\", || 1);\nfn f() { 1 }\n");
    desk.refuses_playbook("import \"m\" as m;\nm::f();\n", &["m.rhai:1:1", "while a module is loaded"]);
}

#[test]
fn row_35_two_steps_of_one_title_are_shown_both() {
    wrong(
        "step(\"Copy\", || 1);\nstep(\"Copy\", || 2);",
        &["p.rhai:4:6: two steps beside each other are called \"Copy\"", "the first is at p.rhai:3:6"],
    );
}

#[test]
fn row_36_an_undo_that_is_a_closure_is_refused() {
    wrong("source.ssh(\"touch x\", #{ undo: || 1 });", &["p.rhai:3:", "undo", "found a closure"]);
}
