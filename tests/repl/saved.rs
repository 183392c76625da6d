//! What is saved is a playbook that does the same.

use super::desk::Desk;
use super::typed;

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
