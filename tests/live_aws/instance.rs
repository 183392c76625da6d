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

#[test]
fn a_protected_instance_is_refused_before_it_is_to_be_stopped() {
    let id = moto::instance();
    let s = Stage::new(&format!(r#"aws_instance("{id}", "stopped");"#));
    moto::protect(&id, "DisableApiStop", true);
    s.ends(RUN, 3, &["is protected from being stopped", "--no-disable-api-stop", "Nothing was changed on any host"]);
    assert_eq!(s.shim.count("StopInstances"), 0);
    moto::protect(&id, "DisableApiStop", false);
    // Put on again after it was looked at: AWS itself refuses, and says how to go on.
    let of = id.clone();
    s.shim.faults().before = vec![("StopInstances", Box::new(move |f| f.unstoppable.extend([of])))];
    s.ends(RUN, 4, &["may not be stopped", "--no-disable-api-stop"]);
    assert_eq!(moto::state(&id), "running");
    s.shim.faults().unstoppable.clear();
    s.ends(&["resume", "--retry", "--yes"], 0, &[]);
    assert_eq!(moto::state(&id), "stopped");
}

#[test]
fn what_an_instance_is_protected_from_is_told_or_that_it_may_not_be_read() {
    let id = moto::instance();
    moto::protect(&id, "DisableApiTermination", true);
    let look = |wanted: &str| {
        format!(
            r#"let i = aws_instance_info("{id}");
               expect_equal(`${{[i.stop_protection, i.termination_protection, i.shutdown]}}`, `{wanted}`, "its protection");"#
        )
    };
    let s = Stage::new(&look(r#"[false, true, "stop"]"#));
    s.runs();
    // By the plan, and by the run.
    s.shim.faults().refused = vec![("DescribeInstanceAttribute", 403, "UnauthorizedOperation"); 2];
    s.playbook(&look("[(), (), ()]"));
    s.runs();
    // A terminated one is described without it.
    moto::protect(&id, "DisableApiTermination", false);
    moto::ec2(&format!("Action=TerminateInstances&InstanceId.1={id}"));
    let before = s.shim.count("DescribeInstanceAttribute");
    s.runs();
    assert_eq!(s.shim.count("DescribeInstanceAttribute"), before);
}

#[test]
fn the_quota_of_addresses_is_told_as_used_and_left_and_never_guessed() {
    let s = Stage::new(
        r#"let q = aws_quota().addresses;
           expect_equal(`${q.allowed} ${q.left}`, `5 ${if q.used > 5 { 0 } else { 5 - q.used }}`, "the quota");
           expect(q.used > 0, "an address is counted");"#,
    );
    moto::address_at(None);
    s.runs();
    s.shim.faults().edited = vec![("DescribeAccountAttributes", "vpc-max-elastic-ips".into(), "something-else".into())];
    s.ends(RUN, 3, &["does not say how many Elastic IPs may be had", "nothing assumed"]);
    s.shim.faults().edited.clear();
    s.shim.faults().refused = vec![("DescribeAccountAttributes", 403, "UnauthorizedOperation")];
    s.ends(RUN, 3, &["the credentials lack the permission ec2:DescribeAccountAttributes"]);
}
