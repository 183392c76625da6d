//! An instance stopped and started: done when it is seen to be so, status checks included.

use super::moto;
use super::stage::{RUN, Stage};
use std::time::Duration;

#[test]
fn an_instance_stops_and_a_rollback_waits_until_it_has_booted() {
    let id = moto::instance();
    let s = Stage::new(&format!(r#"aws_instance("{id}", "stopped");"#));
    s.shim.faults().lost = vec!["StopInstances"];
    s.runs();
    assert_eq!(moto::state(&id), "stopped");
    s.ends(&["plan", "p.rhai"], 0, &["already so"]);
    s.shim.faults().boots_for = Duration::from_secs(3);
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(moto::state(&id), "running");
    // A look now passes: the rollback was over only when both checks did.
    s.playbook(&format!(
        r#"let i = aws_instance_info("{id}"); expect_equal(i.checks, "2/2", "it has booted"); expect(i.ready, "it is ready");"#
    ));
    s.runs();
}

#[test]
fn a_started_instance_is_done_when_it_passes_its_checks_and_not_before() {
    let id = moto::instance();
    moto::ec2(&format!("Action=StopInstances&InstanceId.1={id}"));
    let s = Stage::new(&format!(r#"aws_instance("{id}", "running", #{{ timeout: "2s" }});"#));
    s.shim.faults().boots_for = Duration::from_secs(600);
    s.ends(RUN, 4, &["is not running within 2 s", "passes 0 of 2 status checks"]);
    s.shim.faults().boots_for = Duration::ZERO;
    s.ends(&["resume", "--yes"], 0, &[]);
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(moto::state(&id), "stopped");
}

#[test]
fn a_run_killed_while_an_instance_stops_goes_on_and_goes_back() {
    let id = moto::instance();
    let s = Stage::new(&format!(r#"aws_instance("{id}", "stopped");"#));
    s.killed_at("StopInstances", RUN);
    s.ends(&["resume", "--yes"], 0, &[]);
    assert_eq!(moto::state(&id), "stopped");
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(moto::state(&id), "running");
}

#[test]
fn a_terminated_instance_is_refused() {
    let id = moto::instance();
    moto::ec2(&format!("Action=TerminateInstances&InstanceId.1={id}"));
    let s = Stage::new(&format!(r#"aws_instance("{id}", "running");"#));
    s.ends(RUN, 3, &["is terminated, and is never started again", "aws_launch launches another"]);
    assert_eq!(s.shim.count("StartInstances"), 0);
}
