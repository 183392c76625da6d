//! Rows 19 to 24: what happens to the network between mig and a machine.
//!
//! A connection counts as lost after 10 to 15 s of silence (`ServerAliveInterval` 5,
//! `ServerAliveCountMax` 2), so a fault that must be noticed lasts 18 s.

use crate::ground::{Ground, ground, sleep, wait_for};
use crate::relay::Relay;
use crate::running::Said;
use crate::together::row;

/// What mostly waits.
pub const WAITING: &[(&str, fn())] = &[
    ("row_19", row_19),
    ("row_20", row_20),
    ("row_21", row_21),
    ("row_22", row_22),
    ("row_23", row_23),
    ("row_24", row_24),
];

/// Long enough that ssh gives the connection up.
const NOTICED: f64 = 18.0;

/// Ends the story of one command that was started once and ended with 7 after printing so many lines.
fn happened_once(g: &Ground, said: &Said, lines: usize) {
    said.is(0).says(&["got 7"]).never_says("none");
    if lines > 0 {
        said.says(&[&format!("last line {lines} of {lines}")]);
        let told: Vec<&str> = said.text.lines().filter(|l| l.contains("dest: line ")).collect();
        assert_eq!(told.len(), lines, "each line once: {}", said.text);
    }
    assert_eq!(g.host("dest").starts(), 1);
    g.nothing_is_left(said);
}

/// A command that notes its start, does something for a while, and ends with 7.
fn step(command: &str) -> String {
    format!(
        r#"step("Do it", || {{
            let a = dest.ssh(`echo x >>/var/tmp/starts; {command}; exit 7`, #{{ undo: false, ok: [7] }});
            let l = a.stdout.split("\n");
            note(`got ${{a.code}}, last ${{if l.len() > 0 {{ l[l.len() - 1] }} else {{ "" }}}} of ${{l.len()}}`);
        }});"#
    )
}
const CHATTY: &str = "for i in $(seq 100); do echo line $i; sleep 0.2; done";

#[test]
fn row_19_link_down_before_the_start_is_sent() {
    row("row_19", row_19);
}
fn row_19() {
    let Some(g) = ground(&["dest"], "") else { return };
    let body =
        format!("step(\"Before\", || {{ dest.ssh(\"true\", #{{ undo: false }}); {} }});{}", g.gate(), step("true"));
    let run = g.begin(&body, &[]);
    g.wait_at_gate();
    g.host("dest").link_down();
    g.open_gate();
    sleep(NOTICED);
    assert_eq!(g.host("dest").starts(), 0);
    g.host("dest").link_up();
    let said = run.wait(60);
    happened_once(&g, &said, 0);
}

#[test]
fn row_20_link_down_mid_command_silent() {
    row("row_20", row_20);
}
fn row_20() {
    let Some(g) = ground(&["dest"], "") else { return };
    let run = g.begin(&step("sleep 20"), &[]);
    wait_for("the start", 30, || g.host("dest").starts() == 1);
    g.host("dest").link_down();
    sleep(NOTICED);
    g.host("dest").link_up();
    let said = run.wait(60);
    happened_once(&g, said.says(&["connected again"]), 0);
}

#[test]
fn row_21_link_down_mid_command_chatty() {
    row("row_21", row_21);
}
fn row_21() {
    let Some(g) = ground(&["dest"], "") else { return };
    let mut run = g.begin(&step(CHATTY), &[]);
    run.wait_until_it_says("line 3", 30);
    g.host("dest").link_down();
    sleep(NOTICED);
    g.host("dest").link_up();
    let said = run.wait(60);
    happened_once(&g, said.says(&["connected again"]), 100);
}

#[test]
fn row_22_half_open_is_an_error_in_time_and_never_a_hang() {
    row("row_22", row_22);
}
fn row_22() {
    let Some(g) = ground(&["dest"], "") else { return };
    let mut run = g.begin(&step(CHATTY), &["--reconnect-for", "3s"]);
    run.wait_until_it_says("line 3", 30);
    g.host("dest").drop_packets();
    // Noticed after at most 15 s, then tried again for 3 s, of which a try takes up to 10.
    let said = run.wait(45);
    said.is(4).says(&["the connection to dest is lost", "mig resume"]);
    g.host("dest").pass_packets();
    let resumed = g.mig(&["resume", &said.run(), "--yes"]).wait(60);
    resumed.is(0).says(&["got 7, last line 100 of 100"]);
    assert_eq!(g.host("dest").starts(), 1);
    g.nothing_is_left(&said);
}

#[test]
fn row_23_reply_lost_after_completion() {
    row("row_23", row_23);
}
fn row_23() {
    let Some(g) = ground(&["dest"], "") else { return };
    let dest = g.host("dest");
    // What it printed and its exit code are lost with the connection, and found on the machine.
    let run = g.begin(&step("echo line 1; until test -e /var/tmp/go; do sleep 0.05; done"), &[]);
    wait_for("the start", 30, || dest.starts() == 1);
    dest.drop_packets();
    dest.write("/var/tmp/go", "");
    wait_for("its exit code on the machine", 10, || dest.sh("cat /var/lib/mig/*/*.status").stdout.starts_with(b"7"));
    g.lose_connections();
    dest.pass_packets();
    let said = run.wait(60);
    happened_once(&g, &said, 1);
}

#[test]
fn row_24_loss_and_delay_make_it_slower_and_nothing_else() {
    row("row_24", row_24);
}
fn row_24() {
    // Kernels without the netem queue are common in containers, so a relay of the test's own
    // delays every piece and stalls three in ten as a retransmission would; what TCP itself makes of
    // reordered packets is not tried.
    let Some(g) = ground(&["dest"], "") else { return };
    let relay = Relay::start(g.net(), "192.0.2.10:22");
    g.write(
        "inventory.yml",
        &format!(
            "hosts: {{ dest: {{ address: 127.0.0.1, port: {}, user: root, identity: {} }} }}",
            relay.port,
            g.path("key").display()
        ),
    );
    let said = g.begin(&step("for i in $(seq 20); do echo line $i; sleep 0.1; done"), &[]).wait(150);
    assert!(relay.stalled() > 10, "the relay had nothing to stall");
    relay.calm();
    happened_once(&g, &said, 20);
}
