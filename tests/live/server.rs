//! Rows 25 to 32: what happens to the SSH server, and to the ssh that holds a connection.

use crate::ground::{Ground, ground, sleep, wait_for};
use crate::running::{Said, is_alive, signal};
use crate::together::row;
use std::fs;
use std::time::{Duration, Instant};

/// What mostly waits.
pub const WAITING: &[(&str, fn())] = &[("row_25", row_25), ("row_27", row_27), ("row_30", row_30), ("row_32", row_32)];

/// A command of some seconds that prints, notes its start and ends with 7.
const LONG: &str = r#"step("Do it", || {
    let a = dest.ssh("echo x >>/var/tmp/starts; for i in $(seq 30); do echo line $i; sleep 0.2; done; exit 7", #{ undo: false, ok: [7] });
    let l = a.stdout.split("\n");
    note(`got ${a.code}, ${l.len()} lines, last ${l[l.len() - 1]}`);
});
step("And then", || note(dest.capture("echo the next connect works").stdout));"#;

fn once(g: &Ground, said: &Said) {
    said.is(0).says(&["got 7, 30 lines, last line 30", "the next connect works"]).never_says("none");
    assert_eq!(g.host("dest").starts(), 1);
    g.nothing_is_left(said);
}

#[test]
fn row_25_sshd_listener_restarted_and_killed() {
    row("row_25", row_25);
}
fn row_25() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let mut run = g.begin(LONG, &[]);
    run.wait_until_it_says("line 3", 30);
    // A restart leaves the connections alone.
    dest.must("kill $(cat /run/sshd.pid); while test -e /run/sshd.pid; do sleep 0.05; done");
    dest.start_sshd();
    run.wait_until_it_says("line 8", 30);
    assert!(!run.text().contains("lost"), "{}", run.text());
    // Killed with all connections, it is away for a while: connecting is tried again.
    dest.must(&format!("kill -KILL $(cat /run/sshd.pid) {}", dest.sessions()));
    sleep(3.0);
    dest.start_sshd();
    let said = run.wait(60);
    once(&g, said.says(&["Connection refused", "connected again"]));
}

#[test]
fn row_26_per_session_sshd_killed() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let mut run = g.begin(LONG, &[]);
    for line in ["line 3", "line 9", "line 15"] {
        run.wait_until_it_says(line, 30);
        // One that serves a connection ends with the one that watches it, perhaps before its turn.
        dest.sh(&format!("kill -KILL {}", dest.sessions()));
    }
    let said = run.wait(60);
    once(&g, said.says(&["connecting again"]));
    let told = said.text.lines().filter(|l| l.contains("dest: line ")).count();
    assert_eq!(told, 30, "each line once: {}", said.text);
}

#[test]
fn row_27_sshd_stopped_is_a_time_out_and_a_clear_error() {
    row("row_27", row_27);
}
fn row_27() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    let mut run = g.begin(LONG, &["--reconnect-for", "3s"]);
    run.wait_until_it_says("line 3", 30);
    let all = format!("$(cat /run/sshd.pid) {}", dest.sessions());
    dest.must(&format!("kill -STOP {all}"));
    let began = Instant::now();
    // Silence is noticed after 15 s; a connect waits 10 s for the banner.
    let said = run.wait(60);
    assert!(began.elapsed() < Duration::from_secs(45), "{:?}", began.elapsed());
    said.is(4).says(&["the connection to dest is lost", "timed out", "mig resume"]);
    dest.must(&format!("kill -CONT {all}"));
    let resumed = g.mig(&["resume", &said.run(), "--yes"]).wait(60);
    resumed.is(0).says(&["got 7, 30 lines, last line 30", "the next connect works"]);
    assert_eq!(dest.starts(), 1);
    g.nothing_is_left(&said);
}

#[test]
fn row_28_master_killed_with_a_stale_socket() {
    let Some(g) = ground(&["dest"], "") else { return };
    let mut run = g.begin(LONG, &[]);
    for line in ["line 3", "line 9"] {
        run.wait_until_it_says(line, 30);
        for (pid, _) in g.masters() {
            signal("-KILL", pid);
        }
    }
    let said = run.wait(60);
    once(&g, &said);
}

/// Twelve branches with three commands each, on one machine.
fn in_parallel(sessions: &str) {
    let Some(g) = ground(&["dest"], sessions) else { return };
    let body = r#"step("All at once", || {
        let all = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        let got = on_each(all, #{ at_once: 12, first: 0 }, |n| {
            let a = dest.ssh(`echo x >>/var/tmp/starts; sleep 0.5; echo ${n}`, #{ undo: false });
            let b = dest.capture(`sleep 0.2; echo ${n}`);
            let c = dest.ssh(`echo x >>/var/tmp/starts; echo ${n}`, #{ undo: false });
            `${a.stdout}${b.stdout}${c.stdout}`
        });
        note(`got ${got}`);
    });"#;
    let said = g.begin(body, &[]).wait(120);
    let got: Vec<String> = (1..=12).map(|n| format!("\"{n}{n}{n}\"")).collect();
    said.is(0).says(&[&format!("got [{}]", got.join(", "))]);
    assert_eq!(g.host("dest").starts(), 24);
    g.nothing_is_left(&said);
}
#[test]
fn row_29_one_session_a_connection_with_parallel_steps() {
    in_parallel("MaxSessions 1");
}
#[test]
fn row_29_three_sessions_a_connection_with_parallel_steps() {
    in_parallel("MaxSessions 3");
}

#[test]
fn row_30_max_startups_drops_connects_and_they_are_tried_again() {
    row("row_30", row_30);
}
fn row_30() {
    let Some(g) = ground(&["dest"], "MaxStartups 1:100:1\nLoginGraceTime 30") else { return };
    // Somebody holds the one place without logging in, for a while.
    let mut holder = std::process::Command::new("nsenter")
        .arg(format!("--net=/proc/{}/ns/net", g.net()))
        .args(["timeout", "6", "bash", "-c", "exec 3<>/dev/tcp/192.0.2.10/22; read -r x <&3; sleep 6"])
        .stdin(std::process::Stdio::null())
        .spawn()
        .unwrap();
    sleep(0.5);
    let said = g.begin(LONG, &[]).wait(60);
    holder.wait().unwrap();
    assert!(
        g.host("dest").read("/var/log/sshd").contains("drop connection"),
        "{}",
        g.host("dest").read("/var/log/sshd")
    );
    once(&g, &said);
}

#[test]
fn row_31_control_path_too_long_is_said_before_any_connect() {
    let Some(g) = ground(&["dest"], "") else { return };
    let deep = g.path("tmp").join("x".repeat(80));
    fs::create_dir(&deep).unwrap();
    g.write("book.rhai", &g.book(LONG));
    let words = ["run", "./book.rhai", "--accept-new-host-keys", "--yes"];
    let with = |mut command: std::process::Command| {
        command.env("TMPDIR", &deep).env("XDG_RUNTIME_DIR", &deep);
        command
    };
    // Without a short folder at all: /tmp is hidden behind one that cannot be written.
    let mut inside = std::process::Command::new("unshare");
    let hide = "mount -t tmpfs none /mnt && mount --bind \"$1\" /mnt && cd /mnt && sed \"s#$1#/mnt#g\" inventory.yml >hidden.yml && mount -t tmpfs -o ro none /tmp && shift && exec \"$@\"";
    inside.args(["--mount", "--propagation", "private", "sh", "-c", hide, "sh"]).arg(g.folder.path());
    inside.arg("nsenter").arg(format!("--net=/proc/{}/ns/net", g.net())).arg(env!("CARGO_BIN_EXE_mig")).args(words);
    inside.env("MIG_STATE", "/mnt/state").env("MIG_INVENTORY", "/mnt/hidden.yml");
    let said = crate::running::Running::start(with(inside)).wait(30);
    let long = format!("would make {} bytes", deep.as_os_str().len() + "/mig--XXXXXX".len() + 8);
    said.is(2).says(&["at most 61 bytes", &long, "set TMPDIR or XDG_RUNTIME_DIR", "Nothing was sent to any host"]);
    assert!(!g.host("dest").read("/var/log/sshd").contains("Connection from"), "it connected");
    // With /tmp there, a short folder is found.
    let said = crate::running::Running::start(with(g.command(&words))).wait(60);
    fs::remove_dir_all(&deep).unwrap();
    once(&g, &said);
}

#[test]
fn row_32_leaked_masters_idle_out_and_other_runs_are_untouched() {
    row("row_32", row_32);
}
fn row_32() {
    let Some(g) = ground(&["dest", "other"], "") else { return };
    let dest = g.host("dest");
    // A machine is held by one run at a time, so the other run is about another one.
    let body = |host: &str, file: &str| {
        format!(
            r#"step("Do it", || {{
                let a = {host}.ssh("echo x >>/var/tmp/starts; touch /var/tmp/{file}; until test -e /var/tmp/{file}.go; do sleep 0.1; done; exit 7", #{{ undo: false, ok: [7] }});
                note(`got ${{a.code}}`);
            }});"#
        )
    };
    let mut other = g.begin(&body("other", "two"), &[]);
    wait_for("the other run", 30, || g.host("other").has("/var/tmp/two"));
    let of_other = g.masters();
    let killed = g.begin(&body("dest", "one"), &[]);
    wait_for("the run that is killed", 30, || dest.has("/var/tmp/one"));
    let leaked: Vec<u32> = g.masters().into_iter().filter(|m| !of_other.contains(m)).map(|m| m.0).collect();
    assert_eq!((of_other.len(), leaked.len()), (1, 1));
    let killed = killed.kill();
    dest.write("/var/tmp/one.go", "");
    // Its session has ended; a minute later the master goes by itself. (The next mig ends it sooner.)
    let began = Instant::now();
    wait_for("the leaked master's end", 90, || !is_alive(leaked[0]));
    assert!(began.elapsed() > Duration::from_secs(20), "it went as if it had been killed: {:?}", began.elapsed());
    assert!(other.is_running(), "{}", other.text());
    assert_eq!(g.masters(), of_other);
    g.host("other").write("/var/tmp/two.go", "");
    let other = other.wait(60);
    other.is(0).says(&["got 7"]).never_says("lost");
    let resumed = g.mig(&["resume", &killed.run(), "--yes"]).wait(60);
    resumed.is(0).says(&["got 7"]);
    assert_eq!((dest.starts(), g.host("other").starts()), (1, 1));
    g.finish(&other.run());
    g.finish(&killed.run());
    // What the killed process left beside the state, the next one removed.
    g.nobody_is_left();
}
