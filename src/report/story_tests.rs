//! The pages at the end of a run.

use super::*;
use crate::name::HostName;

fn path(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|p| (*p).to_owned()).collect()
}
fn told(events: &[Event]) -> Story {
    let story = Story::default();
    events.iter().for_each(|e| story.hear(e));
    story
}
fn begins() -> Event {
    Event::RunBegins { run: "7f3a".into(), playbook: "conductor".into(), mode: "run".into() }
}
fn step(parts: &[&str]) -> Event {
    Event::StepBegins { path: path(parts), is_cutover: false, budget_ms: None }
}
fn ends(parts: &[&str], ok: bool) -> Event {
    Event::StepEnds { path: path(parts), ok, took_ms: 1234, replayed: false }
}

#[test]
fn a_failure_page_says_what_failed_and_what_can_follow() {
    let failure = Failure { code: 3, ..Failure::new("the command failed") }
        .output("Job failed\n\x1b[31msee journalctl")
        .hint("systemctl status 128T on dest says more");
    let p = path(&["Move", "Start"]);
    let story = told(&[
        begins(),
        step(&["Check"]),
        ends(&["Check"], true),
        step(&["Move"]),
        step(&["Move", "Start"]),
        Event::CallBegins { path: p.clone(), call: "ssh dest systemctl start 128T".into(), id: 4 },
        Event::DeedBegins {
            path: p.clone(),
            deed: "dest: systemctl start 128T".into(),
            host: HostName::parse("dest").ok(),
        },
        Event::CallEnds {
            path: p,
            call: "ssh dest systemctl start 128T".into(),
            id: 4,
            how: "failed".into(),
            took_ms: 3,
            failure: Some(failure.clone()),
        },
        ends(&["Move", "Start"], false),
        ends(&["Move"], false),
    ]);
    let page = story.failure("7f3a", &Halt::from(failure)).render(Paint::PLAIN);
    insta::assert_snapshot!(page, @r"
    ✗ conductor 7f3a stopped in Move / Start

      call     ssh dest systemctl start 128T
      deed     dest: systemctl start 128T
      reason   the command failed (exit code 3)
      output   Job failed
               ^[[31msee journalctl
      hint     systemctl status 128T on dest says more

    What had succeeded:
      ✓ Check  1.2s

    What can follow:
      mig resume 7f3a    go on, once the cause is put right
      mig rollback 7f3a  take back what was done, newest first
      mig show 7f3a      every step, deed and difference
    ");
}

#[test]
fn a_question_shows_the_words_that_answer_it() {
    let story = told(&[begins(), step(&["Move"])]);
    let halt = Halt::Stop(Stop::Ask { call: 12, text: "did `rm x` on dest happen?".into() });
    insta::assert_snapshot!(story.failure("7f3a", &halt).render(Paint::PLAIN), @r"
    ✗ conductor 7f3a stopped in Move

      call     number 12
      reason   did `rm x` on dest happen?

    What can follow:
      mig resolve 7f3a 12 --done         it happened; then: mig resume
      mig resolve 7f3a 12 --not-done     it did not happen; resume does it
      mig resolve 7f3a 12 --failed CODE  it ended with this exit code
      mig resolve 7f3a 12 --undo         take it back, whatever happened
      mig show 7f3a                      every step, deed and difference
    ");
}

#[test]
fn every_end_names_a_command_that_can_follow() {
    let text = || "x".to_owned();
    let stops = [
        Stop::Drift(text()),
        Stop::Ask { call: 1, text: text() },
        Stop::OnlyARun(text()),
        Stop::Refused(text()),
        Stop::NoAnswer(text()),
        Stop::Held(text()),
        Stop::Interrupted,
        Stop::RollBack(text()),
        Stop::Fault(text()),
    ];
    for stop in stops {
        let next = next_commands("7f3a", &Halt::Stop(stop.clone()));
        assert!(next.iter().all(|(c, _)| c.starts_with("mig ") && c.contains("7f3a")), "{stop:?}");
        assert!(next.iter().any(|(c, _)| c == "mig show 7f3a"), "{stop:?}");
    }
}

#[test]
fn a_summary_says_the_measured_outage() {
    let tally = Tally { calls: 9, deeds: 6, already: 1, replayed: 2, took_ms: 192_000, outage_ms: Some(400_000) };
    let story = told(&[
        begins(),
        Event::CutoverEnds { path: path(&["Move"]), took_ms: 130_000, budget_ms: 300_000 },
        Event::CutoverEnds { path: path(&["Names"]), took_ms: 400_000, budget_ms: 300_000 },
        Event::RunEnds { run: "7f3a".into(), state: "done".into(), tally },
    ]);
    insta::assert_snapshot!(story.summary("7f3a", "run", &[], Paint::PLAIN), @r"
    ✓ conductor 7f3a is done  3m12s
      6 deeds, 1 call already so, 2 calls done before
      outage 2m10s of 5m in Move
      outage 6m40s of 5m, OVER BUDGET in Names
      mig rollback 7f3a takes it back, until mig finish 7f3a ends it for good
    ");
    let event = Event::Undo { deed: "dest: x".into(), how: "left".into(), why: Some("somebody changed it".into()) };
    let left = ["dest: x (somebody changed it)".to_owned()];
    let back = told(&[begins(), event]).summary("7f3a", "rollback", &left, Paint::PLAIN);
    assert!(back.contains("is taken back") && back.contains("dest: x (somebody changed it)"), "{back}");
    assert_eq!(back.matches("somebody changed it").count(), 1, "said once: {back}");
}
