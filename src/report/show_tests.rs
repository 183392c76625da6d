//! One run from the journal.

use super::*;
use crate::contract::Deed;
use crate::contract::{Bytes, Command, Failure, FileState, Put, Run, Step};
use crate::journal::{Key, RunState};
use crate::name::{HostName, RemotePath};
use crate::secret::{Piece, Text};

fn host() -> HostName {
    HostName::parse("dest").unwrap()
}
fn put(from: &str, to: &str) -> Step {
    let put = Put {
        host: host(),
        path: RemotePath::parse("/etc/x").unwrap(),
        from: Some(FileState::of(from.as_bytes(), "0:0", 0o644)),
        to: Some(FileState::of(to.as_bytes(), "0:0", 0o644)),
        source: Source::Bytes(Bytes(to.into())),
        keep: None,
    };
    let undo = Undo::By(vec![Deed::Put(put.reversed(Some(Bytes(from.into()))))]);
    Step { deed: Deed::Put(put), undo }
}
fn run(command: &str, undo: Undo) -> Step {
    Step { deed: Deed::Run(Run::new(&host(), Command::Shell(command.into()))), undo }
}
fn call(seq: i64, path: &[&str], name: &str, state: CallState, steps: Vec<Step>) -> Call {
    let deed = |(n, step): (usize, Step)| DeedRow {
        n,
        step,
        state: if state == CallState::Failed { DeedState::Failed } else { DeedState::Done },
        attempt: 1,
        at: seq * 10 + i64::try_from(n).unwrap(),
        undo: String::new(),
        undo_attempt: 0,
        boot: String::new(),
        undo_boot: String::new(),
        began_ms: 1000,
        ended_ms: 3500,
    };
    Call {
        seq,
        lane: "[]".into(),
        key: Key {
            path: path.iter().map(|p| (*p).to_owned()).collect(),
            number: 1,
            name: name.into(),
            args: serde_json::json!({ "host": "dest" }),
        },
        state,
        answer: match state {
            CallState::Failed => serde_json::to_value(Failure::new("exit code 3\x1b[2J")).unwrap(),
            _ => Value::Null,
        },
        past: false,
        began_ms: 1000,
        ended_ms: 3500,
        deeds: steps.into_iter().enumerate().map(deed).collect(),
    }
}
fn row(state: RunState) -> RunRow {
    RunRow {
        id: "7f3a".into(),
        playbook: "conductor".into(),
        file: "shipped conductor.rhai".into(),
        state,
        why: "a step failed".into(),
        params: serde_json::json!({ "source": "source", "tries": 3 }),
        inventory: String::new(),
        inventory_file: String::new(),
        lab: String::new(),
        version: "0.1.0".into(),
        began_ms: 1000,
        ended_ms: Some(81_000),
    }
}

#[test]
fn a_run_is_shown_step_by_step() {
    let row = row(RunState::Stopped);
    let steps = [
        StepRow {
            path: vec!["Check".into()],
            is_cutover: false,
            budget_ms: None,
            began_ms: 1000,
            ended_ms: Some(2200),
            state: "done".into(),
        },
        StepRow {
            path: vec!["Move".into()],
            is_cutover: true,
            budget_ms: Some(60_000),
            began_ms: 2200,
            ended_ms: Some(81_000),
            state: "failed".into(),
        },
    ];
    let calls = [
        call(1, &["Check"], "machine", CallState::Done, vec![]),
        call(2, &["Move"], "write_file", CallState::Done, vec![put("a\nb\n", "a\nc\n")]),
        call(3, &["Move"], "point_of_no_return", CallState::Done, vec![]),
        call(4, &["Move"], "ssh", CallState::Done, vec![run("erase", Undo::Impossible("it is gone".into()))]),
        call(5, &["Move"], "ssh", CallState::Failed, vec![run("start", Undo::NotNeeded)]),
    ];
    let shown = ShownRun { run: &row, steps: &steps, calls: &calls, hosts: &[], moments: &[], now_ms: 201_000 };
    insta::assert_snapshot!(shown.render(Paint::PLAIN), @r"
    conductor 7f3a  stopped
      began 3m20s ago, took 1m20s, from shipped conductor.rhai
      a step failed
      source = source
      tries = 3

    Check  1.2s, 0.0s after the start
      ✓ machine dest  1
    Move  1m18s, 1.2s after the start
      ✓ write_file dest  2  2.5s
        dest: write /etc/x (4 -> 4 bytes)
          --- /etc/x
          +++ /etc/x
          @@ -1,2 +1,2 @@
           a
          -b
          +c
      ✓ point_of_no_return dest  3
      ✓ ssh dest  4  2.5s
        dest: erase
          CANNOT BE UNDONE: it is gone
      ✗ ssh dest  5  2.5s
        exit code 3^[[2J
        dest: start  failed

    on dest: 3 deeds, 7.5s

    outage 1m18s of 1m, OVER BUDGET in Move

    A rollback now would take back 1 deed, in about 5s:
      stays dest: erase: it is gone
      ──── point of no return: further only with --past-no-return ────
      dest: write /etc/x (4 -> 4 bytes)
    ");
}

#[test]
fn a_secret_is_not_shown() {
    let row = row(RunState::Done);
    let mut step = put("old\n", "hunter22\n");
    if let Deed::Put(p) = &mut step.deed {
        let pieces = vec![Piece::Plain("password = ".into()), Piece::Secret { name: "password".into() }];
        p.source = Source::Secret(Text::Mixed { pieces });
    }
    let calls = [call(1, &[], "write_file", CallState::Done, vec![step])];
    let page =
        ShownRun { run: &row, steps: &[], calls: &calls, hosts: &[], moments: &[], now_ms: 0 }.render(Paint::COLOURS);
    assert!(page.contains("holds a secret: not shown") && !page.contains("hunter22"), "{page}");
}
