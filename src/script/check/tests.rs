//! What `mig check` says, case by case; rows are those of the table of bad inputs.

use super::{Finding, check};
use crate::script::Playbook;
use crate::script::calls::tests::TABLE;

fn findings(text: &str) -> Vec<Finding> {
    with(text, &[])
}
fn with(text: &str, modules: &[(&str, &str)]) -> Vec<Finding> {
    let find =
        |path: &str| modules.iter().find(|(p, _)| *p == path).map(|(p, text)| (format!("{p}.rhai"), text.to_string()));
    match Playbook::load("p", "p.rhai", text, &find) {
        Ok(playbook) => check(&playbook, TABLE),
        Err(errors) => panic!("{errors:?}"),
    }
}
fn said(text: &str) -> String {
    findings(text).iter().map(|f| f.to_error().to_string()).collect::<Vec<_>>().join("\n")
}

const GOOD: &str = r#"//! Moves a thing.
import "std/pryv";
import "lib/more" as more;
const DIRS = ["a", "b"];
let p = params(#{
    source: host("the old one"), dest: host("the new one"),
    root: path("root", "/var/x"), domain: text("domain"), users: list("users", ["a"]),
});
let source = p.source; let dest = p.dest; let root = p.root;
fn greet(name) { `hello ${name}` }
step("Stop the source", || source.pryv_stop(root));
let copied = step("Copy", || {
    let n = 0;
    for dir in DIRS {
        source.rsync(`${root}/${dir}`, dest, #{ exclude: ["*.tmp"], checksum: true });
        n += 1;
    }
    [1, 2].for_each(|| n += this);
    try { dest.ssh(["ls", root]); } catch (e) { note(e.message); }
    n
});
cutover("Switch over", #{ budget: "5m", on_failure: "ask" }, || {
    on_each([source, dest], #{ at_once: 2, first: 1 }, |h| {
        let mine = h.ssh("echo 'x'", #{ undo: "true" });
        mine = h.name;
        mine
    });
});
wait_until("it is there", #{ every: "5s", timeout: "10m" }, || dest.ssh("true").code == 0 && more::ready(copied));
manual(greet("you"), #{ done_when: || copied > 1, undo: "put it back" });
expect_equal(p.domain.len(), 3, "three letters");
for user in p.users { note("user: " + user); }
expect(copied == 2 && !("x" in p.users), "two were copied");
"#;
const PRYV: &str =
    "/// Stops it.\nfn Host.pryv_stop(root) {\n let me = this;\n step(\"Stop it\", || me.ssh(root));\n}\n";
const MORE: &str = "fn ready(n) { n > 0 }\nconst X = 1;";

#[test]
fn a_good_playbook_has_no_findings() {
    let found = with(GOOD, &[("std/pryv", PRYV), ("lib/more", MORE)]);
    assert_eq!(found.iter().map(|f| f.to_error().to_string()).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn row_24_a_typo_of_a_primitive_is_named_with_the_nearest() {
    let text = said("let h = host(\"a\");\nh.rsnyc(\"/x\", h);\nrsnyc(h, \"/x\", h);");
    assert!(text.contains("p.rhai:2:3: unknown method rsnyc"), "{text}");
    assert!(text.contains("2 | h.rsnyc(\"/x\", h);\n  |   ^^^^^\n  did you mean rsync?"), "{text}");
    assert!(text.contains("p.rhai:3:1: unknown function rsnyc"), "{text}");
    assert!(said("frobnicate(1);").contains("unknown function frobnicate"));
    assert!(said("stpe(\"x\", || 1);").contains("did you mean step?"));
    assert!(said("[1].pusch(2);").contains("did you mean push?"));
}

#[test]
fn row_24_every_misspelt_variable_is_found() {
    let text = said("let source = 1;\nnote(sorce);\nnote(other);\nlet f = || surce + 1;");
    assert!(text.contains("p.rhai:2:6: unknown variable sorce"), "{text}");
    assert!(text.contains("did you mean source?"), "{text}");
    assert!(text.contains("p.rhai:3:6: unknown variable other"), "{text}");
    assert!(text.contains("p.rhai:4:12: unknown variable surce"), "{text}");
}

#[test]
fn row_28_argument_counts_types_and_options_are_checked() {
    for (text, wanted) in [
        ("let h = host(\"a\"); h.ssh();", "ssh takes 2 or 3 arguments, 1 given"),
        ("let h = host(\"a\"); h.ssh();", "it is called so: ssh(host, command, #{ options })"),
        ("step(\"x\");", "step takes 2 arguments, 1 given"),
        (
            "let h = host(\"a\"); h.rsync(\"/x\", h, #{ excludes: [] });",
            "option \"excludes\" is unknown; did you mean exclude (list of text)?",
        ),
        (
            "let h = host(\"a\"); h.rsync(\"/x\", h, #{ exclude: 3 });",
            "rsync: exclude: must be list of text, found int 3",
        ),
        (
            "let h = host(\"a\"); h.rsync(\"/x\", h, #{ max_delete: \"3\" });",
            "rsync: max_delete: must be int, found text \"3\"",
        ),
        ("let h = host(\"a\"); h.rsync(5, h);", "rsync: path: must be path, found int 5"),
        ("let h = host(\"a\"); h.rsync(\"/x\", h, || 1);", "options must be a map"),
        ("let h = host(\"a\"); h.rsync(\"/x\", h, #{ path: \"/y\" });", "path is given by position"),
        ("let h = host(\"a\"); h.ssh(|| 1);", "command: must be text or list, found a closure"),
        ("wait_until(\"x\", #{ timout: \"5m\" }, || true);", "did you mean timeout"),
        ("fn f(a) { a }\nf(1, 2);", "f takes 1 argument, 2 given"),
        ("[1].push();", "push takes"),
        ("step(\"x\", |h| h);", "the closure of step takes no arguments, as || ..., this one takes 1"),
        ("let a = 1; on_each([1], || a);", "the closure of on_each takes one argument, as |h| ..., this one takes 0"),
        ("let a = 1; manual(\"x\", #{ done_when: |h| h == a });", "the closure of manual takes no arguments"),
    ] {
        let text_said = said(text);
        assert!(text_said.contains(wanted), "{text}\n--- {wanted}\n{text_said}");
    }
}

#[test]
fn row_30_a_path_that_is_none_is_found_before_a_run() {
    for path in ["etc", "", "/", "~/x", "/a/../b", "/a "] {
        let text = said(&format!("let h = host(\"a\"); h.rsync(\"{path}\", h);"));
        assert!(text.contains("rsync: path: "), "{path}: {text}");
    }
}

#[test]
fn row_33_a_command_with_an_open_quote_is_found() {
    let text = said("let h = host(\"a\"); h.ssh(\"echo it's\");");
    assert!(text.contains("a quote that is never closed") && text.contains("use a list of arguments"), "{text}");
}

#[test]
fn row_34_lengths_of_time_are_checked() {
    for (option, wanted) in [
        ("every: \"5\"", "the unit is missing"),
        ("timeout: 600", "must be a length of time as text, \"5m\", found int 600"),
        ("hold: \"-1s\"", "negative"),
    ] {
        let text = said(&format!("wait_until(\"x\", #{{ {option} }}, || true);"));
        assert!(text.contains(wanted), "{option}: {text}");
    }
    assert!(said("on_each([1], #{ at_once: 0 }, |h| h);").contains("0 is too few"));
    assert!(
        said("cutover(\"x\", #{ on_failure: \"panic\" }, || 1);").contains("must be \"ask\", \"rollback\" or \"stop\"")
    );
}

#[test]
fn row_35_two_sibling_steps_of_one_title_are_shown_both() {
    let text = said("step(\"Copy\", || 1);\nlet x = step(\"Copy\", || 2);");
    assert!(text.contains("p.rhai:2:14: two steps beside each other are called \"Copy\""), "{text}");
    assert!(text.contains("the first is at p.rhai:1:6"), "{text}");
    // Not beside each other: in different branches, or in a loop.
    assert_eq!(said("if host(\"a\").name == \"a\" { step(\"x\", || 1); } else { step(\"x\", || 2); }"), "");
    assert_eq!(said("for n in 1..3 { step(\"x\", || n); }"), "");
}

#[test]
fn an_assignment_to_an_outer_variable_is_refused_in_what_a_verb_runs() {
    for text in [
        "let n = 0;\nstep(\"x\", || n += 1);",
        "let n = 0;\nstep(\"x\", || { n = 1; });",
        "let n = #{ a: 1 };\non_each([1], |h| { n.a = h; });",
        "let n = [1];\nstep(\"x\", || { n[0] = 2; });",
        "let n = 0;\nstep(\"x\", || [1].for_each(|| n += 1));",
        "let n = 0;\nstep(\"x\", || step(\"y\", || { n = 1; }));",
        "let n = 0;\nwait_until(\"x\", || { n += 1; n > 3 });",
        "let n = 0;\nmanual(\"x\", #{ done_when: || { n += 1; n > 3 } });",
    ] {
        let text_said = said(text);
        assert!(text_said.contains("n is assigned inside a step or a branch"), "{text}: {text_said}");
    }
    for text in [
        "step(\"x\", || { let n = 0; n += 1; [1].for_each(|| n += 1); n });",
        "let n = 0;\n[1].for_each(|| n += 1);",
        "let n = 0;\nstep(\"x\", || { let n = 5; n = 2; });",
        "on_each([1], |h| { h = 2; h });",
    ] {
        assert_eq!(said(text), "", "{text}");
    }
}

#[test]
fn this_is_refused_in_a_closure_of_a_step() {
    let text = said("fn Host.f() {\n  step(\"x\", || this.ssh(\"true\"));\n}");
    assert!(text.contains("p.rhai:2:16: this means nothing inside the closure of a step"), "{text}");
    assert_eq!(said("fn Host.f() {\n  this.ssh(\"true\");\n  [1].map(|| this + 1)\n}"), "");
}

#[test]
fn params_stands_once_first_and_outside() {
    for (text, wanted) in [
        ("note(\"x\");\nlet p = params(#{ });", "p.rhai:1:1: note stands before params"),
        ("let p = params(#{ });\nlet q = params(#{ });", "p.rhai:2:9: params is called a second time"),
        ("step(\"x\", || params(#{ }));", "params stands outside of if, step and fn"),
        ("let p = params(#{ \"new\": text(\"x\") });", "\"new\" is a reserved word"),
        ("let p = params(#{ source: host(\"x\") });\nnote(p.sorce);", "p.rhai:2:8: there is no parameter sorce"),
    ] {
        let text_said = said(text);
        assert!(text_said.contains(wanted), "{text}\n--- {wanted}\n{text_said}");
    }
}

#[test]
fn every_reserved_word_is_refused_as_a_name() {
    // These two parse as names; a later version of the language may take them back.
    let parsing = ["function", "global"];
    let mut passed = vec![];
    for word in crate::name::RESERVED {
        let quoted = said(&format!("let p = params(#{{ \"{word}\": text(\"x\") }});"));
        let parses = Playbook::load("p", "p.rhai", &format!("let {word} = 1;"), &|_| None).is_ok();
        if !quoted.contains("is a reserved word") || parses != parsing.contains(word) {
            passed.push(*word);
        }
    }
    assert_eq!(passed, Vec::<&str>::new());
}

#[test]
fn modules_are_checked_in_their_own_file() {
    let found = with(
        "import \"m\" as m;\nm::redy(1);\nm::ready();",
        &[("m", "fn ready(n) {\n  noet(n)\n}\nlet p = params(#{});")],
    );
    let text = found.iter().map(|f| f.to_error().to_string()).collect::<Vec<_>>().join("\n");
    for wanted in [
        "m.rhai:2:3: unknown function noet",
        "a module has no parameters of its own",
        "p.rhai:2:4: module m has no function redy",
        "did you mean m::ready?",
        "ready takes 1 argument, 0 given",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
}

#[test]
fn columns_are_characters_also_after_tabs_and_umlauts() {
    let found = findings("\tlet e = \"ü\"; noet(e);");
    assert_eq!((found[0].place.line, found[0].place.column, found[0].len), (1, 15, 4));
    let excerpt = found[0].excerpt.as_deref().unwrap_or_default();
    assert!(excerpt.contains("1 |     let e = \"ü\"; noet(e);\n  |                  ^^^^"), "{excerpt}");
}

#[test]
fn a_check_is_quick() {
    let steps: String = (0..100).map(|n| format!("step(\"s{n}\", || note(\"x{n}\"));\n")).collect();
    let long = format!("{GOOD}{steps}");
    // Once for what is made once in a process.
    let _ = with(GOOD, &[("std/pryv", PRYV), ("lib/more", MORE)]);
    let began = std::time::Instant::now();
    let _ = with(&long, &[("std/pryv", PRYV), ("lib/more", MORE)]);
    // Debug build, busy machine: the budget of a release build is 50 ms.
    assert!(began.elapsed().as_millis() < 1500, "{:?}", began.elapsed());
}
