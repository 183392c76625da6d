//! Lines that are typed: through a pipe and at a real terminal, as runs that are undone, saved,
//! resumed and rolled back.

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;

use desk::{Desk, Said};
use rexpect::session::{PtySession, spawn_command};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const LONGEST_MS: u64 = 30_000;

/// Pipes these lines into a session.
fn typed(desk: &Desk, words: &[&str], lines: &str) -> Said {
    let mut command = desk.command(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("mig starts");
    child.stdin.take().expect("a pipe").write_all(lines.as_bytes()).expect("it reads");
    let out = child.wait_with_output().expect("it ends");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    Said { code: out.status.code(), out: text(&out.stdout), err: text(&out.stderr) }
}

fn at_terminal(command: Command) -> PtySession {
    let mut command = command;
    command.env("TERM", "xterm").env("NO_COLOR", "1");
    spawn_command(command, Some(LONGEST_MS)).expect("a terminal")
}
/// A session at a terminal that has said hello.
fn session(desk: &Desk, words: &[&str]) -> PtySession {
    let mut s = at_terminal(desk.command(words));
    s.exp_string(":help says what can be typed").expect("it greets");
    prompted(&mut s);
    s
}
/// It waits for keys: what is sent before may be read by the question before.
fn prompted(s: &mut PtySession) {
    s.exp_string("mig> ").expect("a prompt");
}
/// The exit code. How it ended has a type that is not ours to name: `Exited(Pid(7), 130)`.
fn code(session: &PtySession) -> i32 {
    let ended = format!("{:?}", session.process().wait().expect("it ends"));
    let code = ended.strip_prefix("Exited(").and_then(|rest| rest.trim_end_matches(')').rsplit(' ').next());
    code.and_then(|c| c.parse().ok()).unwrap_or_else(|| panic!("{ended}"))
}
fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_millis(LONGEST_MS), "it does not come to that");
        std::thread::sleep(Duration::from_millis(10));
    }
}
fn state_of(desk: &Desk, run: &str) -> String {
    let said = desk.mig(&["runs", "--json"]);
    let line = said.out.lines().find(|l| l.contains(run)).expect("the run is listed");
    let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
    row["state"].as_str().expect("a state").to_owned()
}

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
fn a_secret_is_neither_done_nor_kept_when_it_is_typed() {
    let desk = Desk::here();
    desk.write(
        "inventory.yml",
        "hosts:\n  here: { local: true }\nsecrets:\n  pw: { file: pw.txt }\n  asked: { prompt: true }\n",
    );
    desk.write("pw.txt", "s3cret-value\n");
    let mut s = session(&desk, &["repl"]);
    s.send_line("here.ssh(\"echo s3cret-value\")").unwrap();
    s.exp_string("holds the value of the secret \"pw\"").unwrap();
    s.send_line("here.ssh(\"wc -c\", #{ stdin: \"x\" + secret(\"asked\"), undo: false })").unwrap();
    s.exp_string("asked:").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    s.send_line("typed-hidden").unwrap();
    s.exp_string("here| 13").unwrap();
    prompted(&mut s);
    s.send_line("let kept = `typed-${\"hidden\"}`").unwrap();
    s.send_line("note(\"typed-hidden\")").unwrap();
    s.exp_string("holds the value of the secret \"asked\"").unwrap();
    s.send_line(" note(\"begins with a blank\")").unwrap();
    s.send_line("note(\"after\" + \" that\")").unwrap();
    s.exp_string("· after that").unwrap();
    s.send_line(":quit").unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 0);
    let entries = std::fs::read_dir(desk.path("state")).unwrap().map(|e| e.unwrap().path());
    let history = entries.into_iter().find(|p| p.extension().is_some_and(|x| x == "history")).expect("a history");
    let text = std::fs::read_to_string(&history).unwrap();
    assert!(
        text.contains("let kept") && text.contains("secret(\\\"asked\\\")") | text.contains("secret(\"asked\")"),
        "{text}"
    );
    assert!(!text.contains("s3cret-value") && !text.contains("typed-hidden") && !text.contains("blank"), "{text}");
    assert_eq!(history.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let journal = std::fs::read(desk.path("state/journal.db")).unwrap();
    let wal = std::fs::read(desk.path("state/journal.db-wal")).unwrap_or_default();
    for bytes in [journal, wal] {
        for value in ["s3cret-value", "typed-hidden"] {
            assert!(!bytes.windows(value.len()).any(|w| w == value.as_bytes()), "{value} is in the journal");
        }
    }
    // The next session of this inventory has the lines of this one.
    let mut s = session(&desk, &["repl"]);
    s.send("\x1b[A\x1b[A").unwrap();
    s.flush().unwrap();
    s.exp_string("note(\"after\" + \" that\")").unwrap();
    s.send_control('c').unwrap();
    prompted(&mut s);
    s.send_line(":quit").unwrap();
    s.exp_eof().unwrap();
}

#[test]
fn tab_completes_brackets_wait_and_the_signature_is_told() {
    let desk = Desk::here();
    desk.write("file-of-mine.txt", "x");
    let mut s = session(&desk, &["repl"]);
    for (begun, wanted) in [
        ("her\t", "here"),
        ("here.system\t", "here.systemd("),
        ("expect_\t", "expect_equal("),
        ("host(\"h\t", "host(\"here\""),
        ("here.ssh(\"x\", #{ idem\t", "idempotent: "),
        ("here.ssh(\"x\", #{ undo: \"./file-o\t", "./file-of-mine.txt"),
        ("here.systemd(", "systemd(unit, state"),
        (":hist\t", ":history"),
        (":help expect_e\t", ":help expect_equal"),
    ] {
        s.send(begun).unwrap();
        s.flush().unwrap();
        s.exp_string(wanted).unwrap_or_else(|e| panic!("{begun:?}: {e}"));
        s.send_control('c').unwrap();
        prompted(&mut s);
    }
    s.send_line("let sum = [").unwrap();
    s.send_line("  40,").unwrap();
    s.send_line("  2,").unwrap();
    s.send_line("].reduce(|sum, n| if sum == () { n } else { sum + n }); `sum ${sum}`").unwrap();
    s.exp_string("sum 42").unwrap();
    s.send_line(":help systemd").unwrap();
    s.exp_string("systemd (change)").unwrap();
    s.send_control('d').unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 0);
}

#[test]
fn ctrl_c_stops_the_command_and_not_the_session() {
    let desk = Desk::here();
    let log = desk.path("log").display().to_string();
    let mut s = session(&desk, &["repl"]);
    for command in [
        format!("here.ssh(\"echo begun >> {log}; sleep 60; echo not >> {log}\", #{{ undo: \"rm {log}\" }})"),
        format!("here.capture(\"echo begun >> {log}; sleep 60; echo not >> {log}\")"),
        format!("here.capture(\"echo begun >> {log}\"); wait_until(\"never\", || here.file_info(\"{log}.no\").exists)"),
        format!("here.capture(\"echo begun >> {log}\"); loop {{ }}"),
    ] {
        let before = desk.read("log").lines().count();
        let began = Instant::now();
        s.send_line(&command).unwrap();
        until(|| desk.read("log").lines().count() > before);
        s.send_control('c').unwrap();
        s.exp_string("stopped; :undo takes back").unwrap_or_else(|e| panic!("{command}: {e}"));
        assert!(began.elapsed() < Duration::from_secs(20), "{command}");
    }
    s.send_line("here.capture(\"echo still-$((1+1))\")").unwrap();
    s.exp_string("still-2").unwrap();
    assert!(!desk.read("log").contains("not"));
    s.send_line(":quit").unwrap();
    s.exp_string("[keep/roll back/stay]").unwrap();
    s.send_line("stay").unwrap();
    prompted(&mut s);
    s.send_line(":undo").unwrap();
    // The command had failed: whether its undo is wanted is asked.
    s.exp_string("Do it? [Y/n]").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("is taken back").unwrap();
    assert!(!desk.path("log").exists());
    s.send_line(":quit").unwrap();
    s.exp_eof().unwrap();
    assert_eq!(code(&s), 0);
}

#[test]
fn quit_keeps_or_rolls_back() {
    let desk = Desk::here();
    let file = desk.path("f").display().to_string();
    for (answer, there) in [("roll back", false), ("keep", true)] {
        let mut s = session(&desk, &["repl"]);
        s.send_line(&format!("here.write_file(\"{file}\", \"x\")")).unwrap();
        until(|| desk.path("f").exists());
        s.send_line(":quit").unwrap();
        s.exp_string("[keep/roll back/stay]").unwrap();
        s.send_line(answer).unwrap();
        s.exp_eof().unwrap();
        assert_eq!(code(&s), 0);
        assert_eq!(desk.path("f").exists(), there, "{answer}");
    }
    let states: Vec<String> = desk.run_ids().iter().map(|r| state_of(&desk, r)).collect();
    assert_eq!(states, ["done", "rolled back"]);
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

#[test]
fn a_failed_run_offers_a_prompt_with_its_variables_and_goes_on_from_there() {
    let desk = Desk::here();
    failing(&desk);
    let mut s = at_terminal(desk.command(&["run", "p.rhai"]));
    s.exp_string("Run it on here?").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("somebody helped").unwrap();
    s.exp_string("Open a prompt here").unwrap();
    s.send_line("y").unwrap();
    s.exp_string(":resume lets the run go on").unwrap();
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
    let mut s = at_terminal(desk.command(&["run", "p.rhai"]));
    s.exp_string("Run it on here?").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("Open a prompt here").unwrap();
    s.send_line("y").unwrap();
    s.exp_string(":resume lets the run go on").unwrap();
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
    let mut s = at_terminal(desk.command(&["run", "p.rhai"]));
    s.exp_string("Run it on here?").unwrap();
    s.send_line("y").unwrap();
    s.exp_string("Open a prompt here").unwrap();
    s.send_line("y").unwrap();
    s.exp_string(":resume lets the run go on").unwrap();
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
fn what_is_saved_passes_the_check_and_does_the_same_in_the_lab() {
    let desk = Desk::new();
    desk.write("typed.rhai", "let p = params(#{ source: host(\"a\"), dest: host(\"b\") });\n");
    desk.write(
        "typed.lab/lab.yml",
        "hosts: { source: {}, dest: {} }\nparams: { greeting: hello }\nmodes: { 'dest:/etc/app/': '0755' }\n",
    );
    desk.write("typed.lab/hosts/source/etc/app/app.conf", "port = 80\nname = old\n");
    let lines = r#"
import "std/ssr" as ssr
let conf = source.read_file("/etc/app/app.conf")
fn renamed(text, name) {
    text.replace("old", name);
    text
}
const NAME = "new";
dest.write_file("/etc/app/app.conf", renamed(conf, NAME))
dest.ssh("exit 7", #{ undo: false })
"#;
    let fixed = lines.replace("dest.ssh(\"exit 7\", #{ undo: false })\n", "");
    let rest = r#"
dest.ssh(`echo ${greeting} > /etc/app/word`, #{ undo: "rm /etc/app/word" })
dest.write_file("/etc/app/oops", "x")
:undo
let n = 0;
for host in [source, dest] { n += host.capture("cat /etc/app/app.conf").lines().len(); }
expect_equal(n, 4, "lines in both")
let text = `first
    second ${greeting}
third`;
dest.write_file("/etc/app/text", text)
let info = dest.file_info("/etc/app/text")
on_each([source, dest], |h| h.capture("hostname"))
:save saved
"#;
    let said = typed(&desk, &["repl", "--lab", "typed.rhai"], lines);
    said.ends(4);
    desk.mig(&["lab", "typed.rhai", "--close"]).ends(0);
    let said = typed(&desk, &["repl", "--lab", "typed.rhai"], &format!("{fixed}{rest}"));
    said.ends(0).has(&["saved.rhai: ", "try it: mig check saved.rhai"]);
    let saved = desk.read("saved.rhai");
    desk.mig(&["check", "saved.rhai"]).ends(0);
    for part in [
        "import \"std/ssr\" as ssr;",
        "dest: host(\"the host dest\")",
        "greeting: text(\"greeting\", \"hello\")",
        "let conf = step(",
        "fn renamed(text, name) {",
        "#{ undo: \"rm /etc/app/word\" }",
    ] {
        assert!(saved.contains(part), "{part}\n{saved}");
    }
    assert!(!saved.contains("oops"), "what was undone is not saved\n{saved}");
    let there = ["/etc/app/app.conf", "/etc/app/word", "/etc/app/text"];
    let of = |name: &str| -> Vec<String> {
        let lab = mig::lab::find(&desk.path("state")).into_iter().find(|l| l.name() == name).expect("its lab is open");
        let read = |file: &&str| lab.command("dest", &format!("cat {file}")).expect("it answers").stdout;
        there.iter().map(read).collect()
    };
    let by_hand = of("typed");
    assert_eq!(by_hand[0], "port = 80\nname = new\n");
    assert_eq!(by_hand[2], "first\n    second hello\nthird");
    desk.mig(&["lab", "typed.rhai", "--close"]).ends(0);
    // The same machines anew, and the playbook on them.
    for (from, to) in [
        ("typed.lab/lab.yml", "saved.lab/lab.yml"),
        ("typed.lab/hosts/source/etc/app/app.conf", "saved.lab/hosts/source/etc/app/app.conf"),
    ] {
        desk.write(to, desk.read(from));
    }
    desk.mig(&["run", "saved.rhai", "--lab", "--yes"]).ends(0);
    assert_eq!(of("saved"), by_hand);
    let run = desk.run_ids().remove(0);
    desk.mig(&["rollback", &run, "--yes"]).ends(0);
    desk.mig(&["lab", "saved.rhai", "--close"]).ends(0);
}
