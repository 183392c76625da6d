//! An Elastic IP: moved, taken back, and never taken from a third.

use super::moto;
use super::shim::Faults;
use super::stage::{RUN, Stage};
use std::time::Duration;

fn transfer(ip: &str, from: &str, to: &str) -> String {
    format!(r#"aws_transfer_eip("{ip}", #{{ from: "{from}", to: "{to}" }});"#)
}

/// Two machines, and an address at the first.
struct Two {
    old: String,
    new: String,
    ip: String,
    allocation: String,
}

fn two() -> (Two, Stage) {
    let (old, new) = (moto::instance(), moto::instance());
    let (ip, allocation) = moto::address_at(Some(&old));
    let stage = Stage::new(&transfer(&ip, &old, &new));
    (Two { old, new, ip, allocation }, stage)
}

#[test]
fn an_address_moves_and_comes_back_and_so_does_the_one_that_was_in_its_way() {
    let (t, s) = two();
    let (_, own) = moto::address_at(Some(&t.new));
    let said = s.ends(RUN, 0, &["requests to AWS go to http://127.0.0.1:", "not to Amazon"]);
    assert!(said.contains(&format!("move {} from {} to {}", t.ip, t.old, t.new)), "{said}");
    assert_eq!((moto::holder(&t.allocation), moto::holder(&own)), (t.new.clone(), String::new()));
    s.ends(&["plan", "p.rhai"], 0, &["already so"]);
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!((moto::holder(&t.allocation), moto::holder(&own)), (t.old, t.new));
    s.playbook(&format!(r#"let a = aws_eip("{}"); note(`at ${{a.instance}} as ${{a.address}}`);"#, t.allocation));
    s.ends(RUN, 0, &[&format!("at {} as {}", moto::holder(&t.allocation), t.ip)]);
}

#[test]
fn row_69_lost_replies_500s_throttling_and_stale_reads_are_waited_out() {
    let (t, s) = two();
    {
        let mut f = s.shim.faults();
        f.stale_for = Duration::from_secs(3);
        f.lost = vec!["DisassociateAddress", "AssociateAddress"];
        f.refused = vec![
            ("DescribeAddresses", 503, "RequestLimitExceeded"),
            ("DescribeAddresses", 503, "RequestLimitExceeded"),
            ("DisassociateAddress", 500, "InternalError"),
            ("AssociateAddress", 500, "InternalError"),
        ];
    }
    s.runs();
    assert_eq!(moto::holder(&t.allocation), t.new);
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(moto::holder(&t.allocation), t.old);
}

#[test]
fn row_69_a_second_mover_keeps_what_it_has() {
    for at in ["DisassociateAddress", "AssociateAddress"] {
        let (t, s) = two();
        let third = moto::instance();
        let (allocation, to) = (t.allocation.clone(), third.clone());
        s.shim.faults().before.push((at, Box::new(move |_| moto::give(&allocation, &to))));
        s.ends(RUN, 4, &[&format!("belongs to {third}"), "somebody else has moved it"]);
        assert_eq!(moto::holder(&t.allocation), third, "{at}");
        // Nor does taking the run back take it from them.
        s.ends(&["rollback", "--yes"], 0, &["left as it is", "somebody else has moved it"]);
        assert_eq!(moto::holder(&t.allocation), third, "{at}");
    }
}

#[test]
fn row_69_a_third_owner_is_refused_before_anything_is_sent() {
    let (t, s) = two();
    let third = moto::instance();
    moto::give(&t.allocation, &third);
    s.ends(RUN, 3, &[&format!("belongs to {third}"), "not taken from somebody else", "Nothing was changed"]);
    s.playbook(&format!(r#"aws_transfer_eip("{}", #{{ to: "{}" }});"#, t.ip, t.new));
    s.ends(RUN, 3, &["no `from` says that it may be taken from there"]);
    assert_eq!((s.shim.count("DisassociateAddress"), s.shim.count("AssociateAddress")), (0, 0));
}

#[test]
fn row_69_an_instance_that_ends_meanwhile_gets_nothing_and_the_old_one_has_it_again() {
    let (t, s) = two();
    let gone = t.new.clone();
    let end = move |_: &mut Faults| drop(moto::ec2(&format!("Action=TerminateInstances&InstanceId.1={gone}")));
    s.shim.faults().before.push(("AssociateAddress", Box::new(end)));
    s.ends(RUN, 4, &["IncorrectInstanceState", &format!("{} has got it back", t.old)]);
    assert_eq!(moto::holder(&t.allocation), t.old);
    s.ends(RUN, 3, &[&format!("{} is terminated, and can be given nothing", t.new)]);
}

#[test]
fn row_69_a_kill_before_the_reply_is_settled_by_looking() {
    let (t, s) = two();
    s.killed_at("AssociateAddress", RUN);
    assert_eq!(moto::holder(&t.allocation), t.new);
    s.ends(&["resume", "--yes"], 0, &[]);
    assert_eq!((moto::holder(&t.allocation), s.shim.count("AssociateAddress")), (t.new.clone(), 1));
    // A rollback that is killed when it has taken the address away gives it back when it goes on.
    s.killed_at("DisassociateAddress", &["rollback", "--yes"]);
    assert_eq!(moto::holder(&t.allocation), "");
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(moto::holder(&t.allocation), t.old);
}

#[test]
fn row_69_a_run_killed_with_the_address_at_nobody_can_be_taken_back() {
    let (t, s) = two();
    s.killed_at("DisassociateAddress", RUN);
    assert_eq!(moto::holder(&t.allocation), "");
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(moto::holder(&t.allocation), t.old);
}

#[test]
fn row_69_a_third_owner_after_a_kill_is_asked_about() {
    let (t, s) = two();
    s.killed_at("DisassociateAddress", RUN);
    let third = moto::instance();
    moto::give(&t.allocation, &third);
    s.ends(&["resume", "--yes"], 5, &[&format!("belongs to {third}"), "mig resolve"]);
    assert_eq!(moto::holder(&t.allocation), third);
}

#[test]
fn row_49_what_cannot_be_moved_is_told_apart() {
    let (t, s) = two();
    let refused = |playbook: &str, parts: &[&str]| {
        s.playbook(playbook);
        s.ends(RUN, 3, parts);
    };
    let there = "eipalloc-0123456789abcdef0";
    refused(
        &transfer(there, &t.old, &t.new),
        &["is no Elastic IP of this account in eu-west-1 (InvalidAllocationID.NotFound)", "another region or account"],
    );
    refused(
        &transfer(&t.ip, &t.old, "i-0123456789abcdef0"),
        &["is no instance of this account in eu-west-1 (InvalidInstanceID.NotFound)", "an instance is given by its id"],
    );
    let subnet = moto::ec2(&format!("Action=DescribeInstances&InstanceId.1={}", t.new));
    let subnet = moto::element(&subnet, "subnetId").unwrap();
    let second = moto::ec2(&format!("Action=CreateNetworkInterface&SubnetId={subnet}"));
    let second = moto::element(&second, "networkInterfaceId").unwrap().to_owned();
    moto::ec2(&format!("Action=AttachNetworkInterface&NetworkInterfaceId={second}&InstanceId={}&DeviceIndex=1", t.new));
    refused(
        &transfer(&t.ip, &t.old, &t.new),
        &["has several network interfaces", "name the one that gets it", &second],
    );
    let managed = "<serviceManaged>alb</serviceManaged><publicIp>".to_owned();
    s.shim.faults().edited = vec![("DescribeAddresses", "<publicIp>".into(), managed)];
    refused(&transfer(&t.ip, &t.old, &t.new), &["belongs to a service of AWS (alb), which alone can move it"]);
    assert_eq!(moto::holder(&t.allocation), t.old);
}

#[test]
fn row_51_an_answer_that_makes_no_sense_is_told_and_nothing_is_assumed() {
    let (t, s) = two();
    for body in [
        "<DescribeAddressesResponse><addressesSet><item>",
        "<DescribeAddressesResponse><requestId>q-7</requestId><addressesSet/></DescribeAddressesResponse>",
        "<Response><Errors><Error><Code>Odd</Code><Message>words</Message></Error></Errors></Response>",
        "{}",
    ] {
        s.shim.faults().replaced = vec![("DescribeAddresses", body.into())];
        let said = s.ends(RUN, 3, &["unexpected answer from EC2", "nothing assumed"]);
        assert!(!said.contains("already so"), "{body}: {said}");
    }
    // A state that nobody knows is not taken for one that is known.
    s.playbook(&format!(r#"aws_instance("{}", "stopped");"#, t.new));
    s.shim.faults().edited = vec![("DescribeInstances", "<name>running</name>".into(), "<name>dreaming</name>".into())];
    s.ends(RUN, 3, &["unexpected state \"dreaming\"", "nothing assumed"]);
    assert_eq!(moto::holder(&t.allocation), t.old);
}
