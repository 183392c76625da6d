//! Rows 38 and 74 to 79: taking back, a machine that restarted, and a script that hides a stop.

use super::machine::Machine;
use std::fs;

#[test]
fn row_38_a_host_that_restarted_meanwhile_is_asked_about_not_run_again() {
    let m = Machine::with(
        r#"
step("One", || { h.ssh("echo one >>DIR/log; touch DIR/begun; sleep 60", #{ undo: "echo undone >>DIR/log" }); });
step("Two", || { h.ssh("echo two >>DIR/log", #{ undo: false }); });
"#,
    );
    m.killed_when("ann", &["run", "./p.rhai", "--yes"], "begun");
    // What a restart does, as far as the host can tell: its processes are gone, and the boot is another.
    m.sh("f=$(ls /var/lib/mig/*/*.started); read -r sha session rest <$f; kill -9 -$session").ends(0);
    let boot = m.at("boot_id");
    fs::write(&boot, "11111111-2222-3333-4444-555555555555\n").unwrap();
    m.sh(&format!("mount --bind {} /proc/sys/kernel/random/boot_id", boot.display())).ends(0);
    let said = m.says("ann", &["resume"]).ends(5).says(&["its outcome is unknown", "rebooted since", "mig resolve"]);
    assert_eq!(m.log(), ["one"], "{}", said.text);
    let id = m.id("ann");
    let call = said.text.split("mig resolve ").nth(1).and_then(|t| t.split_whitespace().nth(1)).unwrap().to_owned();
    // Taken back, it counts as not done; the next resume does it again, under a new name.
    m.says("ann", &["resolve", &id, &call, "--undo"]).ends(0).says(&["is taken back", "mig resume"]);
    assert_eq!(m.log(), ["one", "undone"]);
    m.says("ann", &["resolve", &id, &call, "--done"]).ends(2);
}

#[test]
fn row_74_an_undo_that_fails_is_told_and_only_the_rest_is_tried_again() {
    let m = Machine::with(
        r#"
for n in 1..=9 {
    step("Step " + n, || { h.ssh("echo do " + n + " >>DIR/log", #{ undo: if n == 3 { "test -e DIR/cured && echo undo 3 >>DIR/log" } else { "echo undo " + n + " >>DIR/log" } }); });
}
"#,
    );
    m.run("ann").ends(0);
    m.says("ann", &["rollback"]).ends(4).says(&["cannot take back", "echo do 3", "mig rollback"]);
    let undone = |m: &Machine| m.log().into_iter().filter(|l| l.starts_with("undo")).collect::<Vec<_>>();
    let newest = ["undo 9", "undo 8", "undo 7", "undo 6", "undo 5", "undo 4"];
    assert_eq!(undone(&m), newest);
    m.says("ann", &["show"]).ends(0).says(&["would take back 3 deeds"]);
    assert!(!m.lock().is_empty(), "half taken back, it keeps the machine");
    m.run("bob").ends(6);
    fs::write(m.at("cured"), "").unwrap();
    m.says("ann", &["rollback"]).ends(0);
    assert_eq!(undone(&m), [&newest[..], &["undo 3", "undo 2", "undo 1"]].concat());
    assert!(m.lock().is_empty());
    // Taken back, it can be run again.
    m.run("ann").ends(0);
}

#[test]
fn row_75_a_rollback_behind_the_point_of_no_return_needs_a_word_of_its_own() {
    let m = Machine::with(
        r#"
step("Before", || { h.ssh("echo one >>DIR/log", #{ undo: "echo undo one >>DIR/log" }); });
step("Over", || { point_of_no_return("users write to the new machine"); });
step("After", || { h.ssh("echo two >>DIR/log", #{ undo: "echo undo two >>DIR/log" }); });
"#,
    );
    m.run("ann").ends(0);
    m.says("ann", &["rollback"]).ends(3).says(&["users write to the new machine", "--past-no-return"]);
    assert_eq!(m.log(), ["one", "two"]);
    m.says("ann", &["rollback", "--to", "After"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "undo two"]);
    m.says("ann", &["rollback", "--past-no-return"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "undo two", "undo one"]);
}

#[test]
fn row_76_undo_material_that_is_gone_or_altered_is_not_put_back() {
    for harm in ["rm -f /var/lib/mig/*/kept/*", "for f in /var/lib/mig/*/kept/*; do echo other >$f; done"] {
        let m = Machine::with(
            r#"
step("Other", || { h.ssh("echo one >>DIR/log", #{ undo: "echo undo one >>DIR/log" }); });
step("Remove", || { h.remove_file("DIR/big"); });
"#,
        );
        let big = "x".repeat(5 << 20);
        fs::write(m.at("big"), &big).unwrap();
        m.run("ann").ends(0);
        assert!(!m.at("big").exists());
        let kept = m.sh("ls /var/lib/mig/*/kept | wc -l").text;
        assert_ne!(kept.trim(), "0", "it was kept aside");
        m.says("ann", &["runs"]).ends(0).says(&["MB"]);
        m.sh(&format!("mkdir {0}/aside; cp -a /var/lib/mig/*/kept {0}/aside/; {harm}", m.folder.path().display()));
        m.says("ann", &["rollback"]).ends(4).says(&["cannot take back", "big"]);
        assert!(!m.at("big").exists(), "nothing false is put in its place: {harm}");
        m.sh(&format!("cp -a {}/aside/kept/. /var/lib/mig/*/kept/", m.folder.path().display())).ends(0);
        m.says("ann", &["rollback"]).ends(0);
        assert_eq!(fs::read_to_string(m.at("big")).unwrap().len(), big.len());
        assert_eq!(m.log(), ["one", "undo one"]);
    }
}

#[test]
fn row_77_a_rollback_that_was_killed_is_taken_up() {
    let m = Machine::with(
        r#"
step("One", || { h.ssh("echo one >>DIR/log", #{ undo: "echo undo one >>DIR/log" }); });
step("Two", || { h.ssh("echo two >>DIR/log", #{ undo: "echo undo two >>DIR/log; touch DIR/begun; sleep 1" }); });
"#,
    );
    m.run("ann").ends(0);
    m.killed_when("ann", &["rollback"], "begun");
    m.says("ann", &["resume"]).ends(2).says(&["rolling back"]);
    assert!(!m.lock().is_empty());
    m.says("ann", &["rollback"]).ends(0);
    assert_eq!(m.log(), ["one", "two", "undo two", "undo one"], "the undo at hand was attached to, not repeated");
    assert!(m.lock().is_empty());
}

#[test]
fn row_79_a_script_cannot_hide_a_stop() {
    let m = Machine::with(
        r#"
step("One", || { h.ssh("echo one >>DIR/log; test -e DIR/cured", #{ idempotent: true, undo: false }); });
step("Two", || {
    try { [1].map(|n| manual("plug it in")); } catch { }
    h.ssh("echo two >>DIR/log", #{ undo: false });
});
"#,
    );
    m.run("ann").ends(4);
    fs::write(m.at("cured"), "").unwrap();
    // Nobody is there to answer: the run must not go on, whatever the script makes of it.
    for _ in 0..2 {
        m.says("ann", &["resume"]).ends(5).says(&["plug it in"]);
        assert_eq!(m.log(), ["one", "one"]);
    }
}
