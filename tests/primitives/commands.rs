//! Commands: what is refused, and what a check and an undo come to.

use super::*;

#[test]
fn row_28_a_wrong_argument_is_named_with_what_was_expected() {
    let world = Fake::default();
    let says = |args: Value, wanted: &[&str]| {
        let said = why(plan(&world, "ssh", args.clone()));
        for w in wanted {
            assert!(said.contains(w), "{args}: {said}");
        }
    };
    says(json!({ "host": "dest" }), &["ssh: ", "missing field `command`"]);
    says(json!({ "host": "dest", "command": 5 }), &["ssh: command: expected a command: a text for sh, or a list"]);
    says(json!({ "host": "new", "command": "x" }), &["ssh: host: \"new\" is a reserved word"]);
    says(json!({ "host": "dest", "command": "x", "stdin": [] }), &["ssh: stdin: expected a text, or a secret"]);
    says(json!({ "host": "dest", "command": "x", "ok": "0" }), &["ssh: ok: invalid type: string"]);
    says(json!({ "host": "dest", "command": "x", "ok": [] }), &["ssh: ok: it is empty"]);
    says(json!({ "host": "dest", "command": "x", "undo": true }), &["ssh: undo: true says nothing"]);
    says(json!({ "host": "dest", "command": "x", "undo": 1 }), &["ssh: undo: expected a command", "or false"]);
    says(json!({ "host": "dest", "command": "x", "undo_check": "y" }), &["undo_check: there is no undo"]);
    says(json!({ "host": "dest", "command": " " }), &["ssh: command: it is empty"]);
    says(json!({ "host": "dest", "command": [] }), &["ssh: command: it is empty"]);
    says(json!({ "host": "dest", "command": "x", "cwd": "srv" }), &["ssh: cwd: \"srv\" is not a path", "absolute"]);
}

#[test]
fn row_33_a_command_whose_quotes_do_not_close_says_to_use_a_list() {
    let mut world = Fake::default();
    world.says(r#"dest: sh -n -c 'touch it'\''s'"#, 2, "sh: 1: Syntax error: Unterminated quoted string");
    let said = why(plan(&world, "ssh", json!({ "host": "dest", "command": "touch it's" })));
    assert!(said.starts_with("ssh: command: sh cannot read it: its quotes do not close, in \"touch it's\""), "{said}");
    assert!(said.contains("use a list of arguments"), "{said}");
    let said = why(plan(&world, "ssh", json!({ "host": "dest", "command": "true", "undo": "touch it's" })));
    assert!(said.starts_with("ssh: undo: "), "{said}");
    let said = why(read(&world, "capture", json!({ "host": "dest", "command": "touch it's" })));
    assert!(said.starts_with("capture: command: "), "{said}");
}

#[test]
fn row_33_a_suspicious_text_that_sh_can_read_is_run() {
    let mut world = Fake::default();
    let text = "cat <<E\nit's\nE";
    world.says("dest: sh -n -c 'cat <<E\nit'\\''s\nE'", 0, "");
    assert_eq!(steps(plan(&world, "ssh", json!({ "host": "dest", "command": text }))).len(), 1);
    // A list is never looked at by a shell, so it is not asked.
    steps(plan(&Fake::default(), "ssh", json!({ "host": "dest", "command": ["touch", "it's"] })));
}

#[test]
fn row_34_a_duration_is_told_its_unit_and_range() {
    let world = Fake::default();
    for (wrong, wanted) in [
        (json!(0), "expected a text with a unit"),
        (json!(-1), "from 1ms to 30d"),
        (json!("0s"), "the shortest is 1ms"),
        (json!("-1s"), "write a whole number and a unit"),
        (json!("5"), "it has no unit"),
        (json!("1000000000000s"), "the longest is 30d"),
        (json!(1_000_000_000_000_i64), "from 1ms to 30d"),
    ] {
        let said = why(plan(&world, "ssh", json!({ "host": "dest", "command": "x", "timeout": wrong })));
        assert!(said.starts_with("ssh: timeout: ") && said.contains(wanted), "{said}");
    }
    let said = why(plan(&world, "reboot", json!({ "host": "dest", "settle": "5m", "timeout": "1m" })));
    assert!(said.contains("settle 5m is not shorter than timeout 1m"), "{said}");
}

#[test]
fn a_check_decides_before_and_after() {
    let args = json!({ "host": "dest", "command": "make", "check": "test -e x", "cwd": "/srv/a b", "undo": "rm x" });
    let check = "dest: cd -- '/srv/a b' && { test -e x\n}";
    let mut world = Fake::default();
    world.says(check, 1, "no");
    let steps = steps(plan(&world, "ssh", args.clone()));
    assert_eq!(run(&steps).cwd.as_ref().unwrap().as_ref(), "/srv/a b");
    assert_eq!(observe(&world, "ssh", args.clone(), &steps), Ok(Plan::Wait("its check exits 1: no".into())));
    let Undo::By(undo) = &steps[0].undo else { panic!() };
    let [Deed::Run(undo)] = undo.as_slice() else { panic!() };
    let negated = "( cd -- '/srv/a b' && { test -e x\n}\n); c=$?; [ \"$c\" -ne 0 ] && [ \"$c\" -lt 126 ]";
    assert_eq!(undo.check.as_ref().unwrap().to_string(), negated);
    let mut world = Fake::default();
    world.says(check, 0, "");
    assert_eq!(plan(&world, "ssh", args), Ok(Plan::Already));
}

#[test]
fn a_command_without_undo_says_that_it_has_none() {
    let undo = |undo: Value| {
        steps(plan(&Fake::default(), "ssh", json!({ "host": "dest", "command": "x", "undo": undo })))[0].undo.clone()
    };
    assert_eq!(undo(json!(null)), Undo::Impossible("the playbook gives no undo".into()));
    assert_eq!(undo(json!(false)), Undo::NotNeeded);
    assert!(matches!(undo(json!(["rm", "x"])), Undo::By(_)));
}

#[test]
fn capture_tells_the_code_and_the_last_lines() {
    let mut world = Fake::default();
    world.says("dest: ./x", 3, "one\ntwo\n");
    let Err(Halt::Failed(f)) = read(&world, "capture", json!({ "host": "dest", "command": "./x" })) else { panic!() };
    assert_eq!((f.message.as_str(), f.code), ("dest: `./x` exited 3", 3));
    assert_eq!(f.output.as_deref(), Some("one\ntwo"));
    let answer = read(&world, "capture", json!({ "host": "dest", "command": "./x", "ok": [3] })).unwrap();
    assert_eq!(answer["code"], 3);
}

/// What a real `sh` makes of a text, as an exit code.
fn sh(text: &str) -> i32 {
    let status = std::process::Command::new("sh").args(["-c", text]).stderr(std::process::Stdio::null()).status();
    status.expect("there is a sh").code().expect("it is not killed")
}

#[test]
fn the_texts_for_a_shell_mean_what_they_say() {
    // The check of an undo: yes when the check says no, and no when the check could not be made.
    for (check, wanted) in [("true", 1), ("false # no", 0), ("exit 3", 0), ("/no/such/program", 1), ("exit 126", 1)] {
        let args = json!({ "host": "dest", "command": "x", "undo": "y", "check": check, "cwd": "/tmp" });
        let mut world = Fake::default();
        world.says(&format!("dest: cd -- /tmp && {{ {check}\n}}"), 1, "");
        let steps = steps(plan(&world, "ssh", args));
        let Undo::By(undo) = &steps[0].undo else { panic!() };
        let [Deed::Run(undo)] = undo.as_slice() else { panic!() };
        let text = undo.check.as_ref().unwrap().to_string();
        assert_eq!(sh(&text) != 0, wanted != 0, "{check}: {text}");
    }
    // The wait for a machine that is ready.
    for (ready, wanted) in [("true # yes", 0), ("exit 4", 1), ("[ -d /tmp ]", 0)] {
        let args = json!({ "host": "dest", "ready": ready, "settle": "1050ms" });
        let mut world = Fake::default();
        world.boots("dest", &["boot-2"]);
        assert!(matches!(observe(&world, "reboot", args, &[]), Ok(Plan::Wait(_))));
        let asked = world.asked.borrow();
        let text = asked[0].strip_prefix("dest: ").unwrap();
        assert_eq!(sh(text) != 0, wanted != 0, "{text}");
    }
}
