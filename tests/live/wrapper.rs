//! Rows 36 to 44: what happens to a command on its machine, to its record there, and to its output.
//!
//! Row 46 is not here: `KillUserProcesses=yes` needs a machine whose first process is systemd with
//! logind, which namespaces do not give. What it would do is end every process of the login, the
//! wrapper among them; that is the second test of row 36, where nothing is left and nobody guesses.

use crate::ground::{Ground, ground, sleep, wait_for};
use crate::host::{Host, processes};
use crate::running::Said;
use std::fs;
use std::time::{Duration, Instant};

/// The words with which a shell would start the command that runs there now as it was started: its script is a
/// function of the shell that stays open, and in no command line.
pub fn caught(host: &Host) -> Vec<String> {
    let mut command = None;
    wait_for("the process of the command", 10, || {
        command = processes().into_iter().find_map(|pid| {
            let said = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
            let words: Vec<String> = said.split(|b| *b == 0).map(|w| String::from_utf8_lossy(w).into_owned()).collect();
            let is_it = words.len() > 2 && words[..2] == ["/bin/sh", "-c"] && words[2].contains("/var/tmp/starts");
            is_it.then(|| words[2].clone())
        });
        command.is_some()
    });
    let said = |c: &str| host.must(c).trim().to_owned();
    let started = said("echo /var/lib/mig/*/*.started");
    let (folder, token) = started.trim_end_matches(".started").rsplit_once('/').unwrap();
    let sha = said(&format!("cut -d ' ' -f 1 {started}"));
    let marker = said(&format!("head -n 1 {folder}/marker"));
    let script = [include_str!("../../src/world/scripts/frame.sh"), include_str!("../../src/world/scripts/start.sh")];
    let words = ["sh", "-c", &script.concat(), "mig", "d0ub1e", folder, token, &sha, &marker, "/", "no", "text"];
    let words = words.into_iter().chain([command.as_deref().unwrap(), "", "whole"]);
    words.map(str::to_owned).collect()
}

fn step(command: &str, options: &str) -> String {
    format!(
        r#"step("Do it", || {{
            let a = dest.ssh(`echo x >>/var/tmp/starts; {command}`, #{{ undo: false, ok: [0, 7] {options} }});
            note("the script goes on");
        }});"#
    )
}

/// The `mig resolve RUN CALL` that is offered, without what one must say.
fn resolve(g: &Ground, said: &Said, answer: &[&str]) {
    let at = said.text.find("mig resolve ").unwrap_or_else(|| panic!("nothing is offered: {}", said.text));
    let words: Vec<&str> = said.text[at..].split_whitespace().skip(1).take(3).collect();
    let done = g.mig(&[&words[..], answer].concat()).wait(30);
    done.is(0);
}

/// Kills the shell that notes the end of the command.
const KILL_WRAPPER: &str = "kill -KILL $(cut -d ' ' -f 3 /var/lib/mig/*/*.started)";

#[test]
fn row_36_the_wrapper_killed_with_the_command_alive() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let body = step("echo printed; sleep 4; touch /var/tmp/ended; exit 7", "");
    let run = g.begin(&body.replace("\"the script goes on\"", "\"the script has \" + a.stdout"), &[]);
    wait_for("the start", 30, || dest.starts() == 1);
    dest.must(KILL_WRAPPER);
    sleep(1.5);
    assert!(!run.text().contains("outcome is unknown"), "it runs: {}", run.text());
    // It is waited for; then nobody knows how it ended.
    let said = run.wait(40);
    said.is(5).says(&["its outcome is unknown", "left no exit code"]);
    assert!(dest.has("/var/tmp/ended"));
    let again = g.mig(&["resume", &said.run(), "--yes"]).wait(40);
    again.is(5);
    resolve(&g, &again, &["--done"]);
    g.mig(&["resume", &said.run(), "--yes"]).wait(40).is(0).says(&["the script has printed"]);
    assert_eq!(dest.starts(), 1);
    g.nothing_is_left(&said);
}

#[test]
fn row_36_the_wrapper_killed_with_the_command() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let run = g.begin(&step("test -e /var/tmp/go || sleep 30; exit 7", ""), &[]);
    wait_for("the start", 30, || dest.starts() == 1);
    dest.must(&format!("s=$(cut -d ' ' -f 2 /var/lib/mig/*/*.started); {KILL_WRAPPER}; pkill -KILL -s $s || true"));
    let said = run.wait(40);
    said.is(5).says(&["its outcome is unknown", "left no exit code", "--not-done"]);
    assert_eq!(dest.starts(), 1, "never a second time on a guess");
    dest.write("/var/tmp/go", "");
    resolve(&g, &said, &["--not-done"]);
    g.mig(&["resume", &said.run(), "--yes"]).wait(40).is(0).says(&["the script goes on"]);
    assert_eq!(dest.starts(), 2, "the operator said so");
    g.nothing_is_left(&said);
}

#[test]
fn row_37_the_command_out_of_memory() {
    let Some(g) = ground(&["dest"], "") else { return };
    // A memory group of its own where the kernel gives one, of either version; else the same end by hand.
    let group = r"c=/sys/fs/cgroup/memory/mig-live; m=memory.limit_in_bytes; test -d /sys/fs/cgroup/memory || { c=/sys/fs/cgroup/mig-live; m=memory.max; }; mkdir $c && echo 20000000 >$c/$m && echo $$ >$c/cgroup.procs || kill -KILL $$; head -c 300000000 /dev/zero | tail";
    // In a rhai text of backticks only `${` would mean something.
    let said = g.begin(&step(group, ""), &[]).wait(60);
    let _ = fs::remove_dir("/sys/fs/cgroup/memory/mig-live").or_else(|_| fs::remove_dir("/sys/fs/cgroup/mig-live"));
    said.is(4).says(&["137", "killed; out of memory?"]);
    assert_eq!(g.host("dest").starts(), 1);
    g.mig(&["rollback", &said.run(), "--yes"]).wait(40);
    g.nobody_is_left();
}

#[test]
fn row_38_the_machine_rebooted_mid_step() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let run = g.begin(&step("sleep 60", ""), &[]);
    wait_for("the start", 30, || dest.starts() == 1);
    dest.reboot();
    let said = run.wait(60);
    said.is(5).says(&["its outcome is unknown", "the machine has rebooted since"]);
    assert_eq!(dest.starts(), 1);
    resolve(&g, &said, &["--done"]);
    g.mig(&["resume", &said.run(), "--yes"]).wait(40).is(0);
    assert_eq!(dest.starts(), 1);
    g.finish(&said.run());
    // A reboot that was asked for is the success of its step.
    let body = "step(\"Reboot\", || { dest.reboot(#{ command: \"echo x >>/var/tmp/starts\", settle: \"1s\", timeout: \"1m\" }); note(\"it is back\"); });";
    let mut run = g.begin(body, &[]);
    run.wait_until_it_says("do       Reboot", 30);
    wait_for("the command of the reboot", 30, || dest.starts() == 2);
    dest.reboot();
    let said = run.wait(60);
    said.is(0).says(&["it is back"]);
    assert_eq!(dest.starts(), 2);
    g.nothing_is_left(&said);
}

#[test]
fn row_39_full_disk_before_the_start() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    dest.must("mkdir -p -m 700 /var/lib/mig && mount -t tmpfs -o size=64k,mode=700 none /var/lib/mig");
    dest.sh("head -c 1M /dev/zero >/var/lib/mig/fill");
    // Before the run's own folder, and before the record of a command: nothing ran.
    let said = g.begin(&step("true", ""), &[]).wait(40);
    said.is(4).says(&["is the disk full"]);
    assert_eq!(dest.starts(), 0);
    dest.must("rm -rf /var/lib/mig/*");
    let wait = format!("step(\"Wait\", || {{ dest.ssh(\"true\", #{{ undo: false }}); {} }});", g.gate());
    let body = [wait, step("true", "")].concat();
    let run = g.begin(&body, &[]);
    g.wait_at_gate();
    dest.sh("head -c 1M /dev/zero >/var/lib/mig/fill");
    g.open_gate();
    let said = run.wait(40);
    said.is(4).says(&["nothing was started", "/var/lib/mig/", "is the disk full"]);
    assert_eq!(dest.starts(), 0);
    dest.must("rm /var/lib/mig/fill");
    g.mig(&["resume", &said.run(), "--retry", "--yes"]).wait(40).is(0).says(&["the script goes on"]);
    assert_eq!(dest.starts(), 1);
    g.nothing_is_left(&said);
}

#[test]
fn row_39_full_disk_before_the_end() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    dest.must("mkdir -p -m 700 /var/lib/mig && mount -t tmpfs -o size=64k,mode=700 none /var/lib/mig");
    // Somebody who listens still hears the exit code.
    let fill = "until test -e /var/tmp/go; do sleep 0.05; done; head -c 1000000 /dev/zero >/var/lib/mig/fill 2>/dev/null; exit 7";
    dest.write("/var/tmp/go", "");
    let said = g.begin(&step(fill, ""), &[]).wait(40);
    said.is(0).says(&["the script goes on"]);
    assert_eq!(dest.starts(), 1);
    dest.must("rm /var/lib/mig/fill /var/tmp/go");
    g.finish(&said.run());
    // With the connection gone it is lost, and the reason is told.
    let run = g.begin(&step(fill, ""), &[]);
    wait_for("the start", 30, || dest.starts() == 2);
    dest.drop_packets();
    dest.write("/var/tmp/go", "");
    sleep(1.0);
    g.lose_connections();
    dest.pass_packets();
    let said = run.wait(40);
    said.is(5).says(&["its outcome is unknown", "left no exit code", "is full"]);
    assert_eq!(dest.starts(), 2);
    dest.must("rm /var/lib/mig/fill");
    resolve(&g, &said, &["--done"]);
    g.mig(&["resume", &said.run(), "--yes"]).wait(40).is(0);
    assert_eq!(dest.starts(), 2);
    g.nothing_is_left(&said);
}

#[test]
fn row_40_state_folder_that_cannot_be_ours() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let refused = |part: &str| {
        let said = g.begin(&step("true", ""), &[]).wait(40);
        assert!(matches!(said.code, Some(3 | 4)), "{}", said.text);
        said.says(&["the folder for the run's records cannot be used", part]);
        assert_eq!(dest.starts(), 0);
    };
    dest.must("mkdir -p -m 700 /var/lib/mig && mount --bind /var/lib/mig /var/lib/mig && mount -o remount,bind,ro /var/lib/mig");
    refused("read-only");
    dest.must("umount /var/lib/mig && chown 1000 /var/lib/mig");
    refused("belongs to");
    dest.must("rmdir /var/lib/mig && mkdir /var/tmp/else && ln -s /var/tmp/else /var/lib/mig");
    refused("symbolic link");
    g.nobody_is_left();
}

#[test]
fn row_42_a_delayed_duplicate_start() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let run = g.begin(&step("until test -e /var/tmp/go; do sleep 0.05; done; exit 7", ""), &[]);
    wait_for("the start", 30, || dest.starts() == 1);
    let mut words = caught(dest);
    let again = |words: &[String], copies: usize| {
        let line: Vec<String> = words.iter().map(|w| mig::contract::quote(w)).collect();
        dest.must(&format!("for i in $(seq {copies}); do {} & done; wait", line.join(" ")))
    };
    assert!(again(&words, 5).contains(">again"), "while it runs");
    let killed = run.kill();
    dest.write("/var/tmp/go", "");
    g.mig(&["resume", &killed.run(), "--yes"]).wait(40).is(0).says(&["the script goes on"]);
    assert!(again(&words, 5).contains(">again"), "after the resume");
    assert_eq!(dest.starts(), 1);
    // Twenty at once, none of which is the first: one of them is.
    words[6] = "99.0.1".into();
    let answers = again(&words, 20);
    assert_eq!(answers.matches(">done 7").count(), 1, "{answers}");
    assert_eq!(dest.starts(), 2);
    // And when the run has been finished.
    g.finish(&killed.run());
    assert!(again(&words, 1).contains(">wiped"));
    assert_eq!(dest.starts(), 2);
    g.nobody_is_left();
}

#[test]
fn row_43_a_command_that_leaves_a_daemon() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let began = Instant::now();
    // It keeps the command's output open, which is a file and not the session.
    let said = g.begin(&step("sleep 4711 & exit 7", ""), &[]).wait(30);
    assert!(began.elapsed() < Duration::from_secs(15));
    said.is(0).says(&["the script goes on"]);
    assert_eq!(dest.starts(), 1);
    dest.must("kill $(pgrep -x -f 'sleep 4711')");
    g.nothing_is_left(&said);
}

#[test]
fn row_44_output_of_every_kind() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    dest.write(
        "/opt/loud",
        "#!/bin/sh\necho x >>/var/tmp/starts\nprintf '\\033]0;title\\007\\033[31mred'\necho first\nhead -c 300000 /dev/urandom\n\
         printf '\\377\\376'\nhead -c 1000000 /dev/zero | tr '\\0' l; echo\nyes 'a line of a log that nobody reads' | head -c 200000000\n\
         head -c 5000000 /dev/zero | tr '\\0' e >&2\nprintf 'and no newline'\nexit 7\n",
    );
    let body = "step(\"Do it\", || { let a = dest.ssh(\"sh /opt/loud\", #{ undo: false, ok: [7] }); note(`got ${a.code}, ${a.stdout.len() < 20000000}`); });";
    let mut run = g.begin(body, &[]);
    let (mut peak, began) = (0, Instant::now());
    while run.is_running() && began.elapsed() < Duration::from_secs(100) {
        peak = peak.max(run.peak_memory());
        sleep(0.05);
    }
    let said = run.wait(1);
    said.is(0).says(&["got 7, true"]).never_says("\u{1b}");
    assert!(peak < 200, "{peak} MiB for an output of 200 MB");
    assert!(said.text.len() < 60_000_000, "{} bytes shown", said.text.len());
    assert_eq!(dest.starts(), 1);
    g.nothing_is_left(&said);
}
