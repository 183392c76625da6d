//! Values that only a run can give: handed on freely, and never taken for yes or no.

use super::stage::Stage;
use super::{done, error};
use mig::contract::Stop;
use mig::run::Mode;
use mig::script::End;
use serde_json::json;

#[test]
fn lists_and_maps_are_compared_by_what_is_in_them() {
    let text = r#"const L = [1, "a", [2]];
        [L == [1, "a", [2]], L != [1, "a", [3]], [1] == [1, 2], #{ a: [1] } == #{ a: [1] }, #{ a: 1 } == #{ b: 1 },
         1 in L, 5 in L, [2] in L, L.contains("a"), L.index_of([2]), L.index_of(9), [()] == [()], ["1"] == [1],
         [host("source")] == [host("source")], host("dest") in [host("source")], [1] == [1.0], "b" in "abc", 'k' in #{ k: 1 },
         L.index_of(|x| x == "a"), "k" in #{ k: 1 }]"#;
    let wanted = json!([
        true, true, false, true, false, true, false, true, true, 2, -1, true, false, true, false, true, true, false, 1,
        true
    ]);
    assert_eq!(
        done(Stage::new(json!({})).run(Mode::Live, &text.replace("'k' in #{ k: 1 }", "\"z\" in #{ k: 1 }"))),
        wanted
    );
}

#[test]
fn lists_are_asked_with_true_or_false() {
    let text = r#"const L = [1, 2, 3];
        [L.filter(|x| x > 1), L.filter(|| this > 2), L.filter(|x, i| i == 0), L.find(|x| x > 1), L.find(|x| x > 5),
         L.all(|x| x > 0), L.all(|x| x > 1), L.some(|x| x > 2), L.some(|x| x > 3), [].all(|x| false), [].some(|x| true)]"#;
    let wanted = json!([[2, 3], [3], [1], 2, null, true, false, true, false, true, false]);
    assert_eq!(done(Stage::new(json!({})).run(Mode::Live, text)), wanted);
    let said = error(Stage::new(json!({})).run(Mode::Live, "[1].filter(|x| x)"));
    assert!(said.contains("filter: its closure must give true or false, it gave int 1"), "{said}");
}

#[test]
fn what_a_plan_cannot_know_stops_its_step_and_the_plan_goes_on() {
    let stage = Stage::new(json!({}));
    let text = r#"let h = host("source");
let made = step("One", || h.ssh("echo 5 > n", #{ undo: "rm n" }));
step("Two", || { if made.stdout == "5" { note("five"); } });
step("Three", || note("three"));
expect(made.stdout == "5", "checked in the run");
if made.stdout == "5" { note("five"); }"#;
    let end = stage.run(Mode::Plan, text);
    assert_eq!(stage.notes(), ["three"]);
    // The last line looks at it outside of any step: the plan ends there.
    match end {
        End::Stopped(Stop::OnlyARun(_)) => {}
        End::Done(v) => assert!(v.get("$unknown").is_some(), "{v}"),
        End::Failed { error, .. } => panic!("{error}"),
        End::Stopped(other) => panic!("{other:?}"),
    }
}

/// Every way to look at a value that only a run can give: each stops the step it stands in.
#[test]
fn every_look_at_an_unknown_value_stops() {
    let looks = [
        "u == 1",
        "1 == u",
        "u != \"a\"",
        "u < 1",
        "1 >= u",
        "u + 1",
        "\"a\" + u",
        "u + \"a\"",
        "[1] + u",
        "-u",
        "!u",
        "u.len()",
        "u.foo()",
        "foo(u)",
        "u.x",
        "u[0]",
        "#{ a: 1 }[u]",
        "[1][u]",
        "if u { }",
        "while u { }",
        "for x in u { }",
        "`${u}`",
        "u.to_string()",
        "u in [1]",
        "1 in [u]",
        "!(1 in [2, u])",
        "[u].contains(1)",
        "[1].index_of(u) == 0",
        "[u] == [1]",
        "[1] != [u]",
        "#{ a: u } == #{ a: 1 }",
        "[[u]] == [[1]]",
        "1 in u",
        "[1].contains(u)",
        "u && true",
        "true && u",
        "u || false",
        "#{ a: u }.to_json()",
        "u.lines()",
        "let s = \"\"; s += u;",
        "let n = 1; n -= u;",
        "0..u",
        "\"abc\".sub_string(u)",
        "note(u)",
        "print(u)",
        "h.capture(u)",
        "h.ssh(\"x\", #{ undo: u })",
        "step(u, || 1)",
        "on_each(u, |x| x)",
        "[1].map(|x| u + x)[0]",
        "[u, u].reduce(|a, x| a + x)",
        "[1].filter(|x| u)",
        "[1].filter(|| u)",
        "[1].filter(|x, i| u)",
        "[1].all(|x| u)",
        "[1].some(|x| u)",
        "[1].find(|x| u)",
        "u ** 2",
        "u % 2",
        "host(u)",
        "confirm(u)",
        "max(u, 1)",
        "parse_int(u)",
    ];
    let mut passed = vec![];
    for look in looks {
        let stage = Stage::new(json!({}));
        let is_statement = ["if ", "while ", "for ", "let ", "try "].iter().any(|s| look.starts_with(s));
        let look = if is_statement { look.to_string() } else { format!("let r = {look}; if r {{ }}") };
        let text = format!(
            "let h = host(\"source\");\nlet u = step(\"One\", || h.ssh(\"echo 5 > n\", #{{ undo: \"rm n\" }}));\nstep(\"Two\", || {{ {look};\n note(\"reached\"); }});\nnote(\"behind\");"
        );
        let end = stage.run(Mode::Plan, &text);
        if stage.notes() != ["behind"] {
            let why = if let End::Failed { error, .. } = end { error.to_string() } else { String::new() };
            passed.push((look, stage.notes(), why));
        }
    }
    assert!(passed.is_empty(), "{passed:?}");
}

#[test]
fn handing_an_unknown_value_on_is_free() {
    let stage = Stage::new(json!({}));
    let end = stage.run(
        Mode::Plan,
        r#"let h = host("source");
        let u = step("One", || h.ssh("echo 5 > n", #{ undo: "rm n" }));
        let list = [u]; list.push(u); let m = #{ a: u }; let v = u; v = m.a;
        expect(u, "checked in the run");
        expect_equal(u, 5, "checked in the run");
        wait_until("it is so", || u);
        note("all of it"); u = 1; u + 1"#,
    );
    assert_eq!(done(end), json!(2));
    assert_eq!(stage.notes(), ["all of it"]);
}
