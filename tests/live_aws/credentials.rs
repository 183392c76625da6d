//! Credentials: missing, refused, over.

use super::moto;
use super::stage::{RUN, Stage};
use std::io::Write as _;
use std::time::Duration;

fn moves() -> (String, String, String, Stage) {
    let (old, new) = (moto::instance(), moto::instance());
    let (ip, allocation) = moto::address_at(Some(&old));
    let s = Stage::new(&format!(r#"aws_transfer_eip("{ip}", #{{ from: "{old}", to: "{new}" }});"#));
    (old, new, allocation, s)
}

/// The keys are over when the address has been taken away and not yet given.
fn over_in_between(s: &Stage) {
    let mut faults = s.shim.faults();
    faults.refused = vec![("AssociateAddress", 400, "RequestExpired")];
    faults.expired.insert("SECOND".into());
}

#[test]
fn row_70_without_a_terminal_expired_credentials_stop_the_run_and_a_resume_does_the_same_step() {
    let (_, new, allocation, s) = moves();
    over_in_between(&s);
    s.ends(RUN, 5, &["RequestExpired", "renew the AWS credentials", "mig resume"]);
    s.key("SECOND");
    s.ends(&["resume", "--yes"], 5, &["renew the AWS credentials"]);
    s.key("THIRD");
    s.ends(&["resume", "--yes"], 0, &[]);
    assert_eq!(moto::holder(&allocation), new);
}

#[test]
fn row_70_at_a_terminal_it_pauses_until_they_are_renewed() {
    let (_, new, allocation, s) = moves();
    over_in_between(&s);
    let mut command = s.command(RUN);
    command.stdin(std::process::Stdio::inherit());
    let mut mig = rexpect::session::spawn_command(command, Some(90_000)).unwrap();
    mig.exp_string("Are they renewed?").unwrap();
    assert_eq!(moto::holder(&allocation), "");
    // Not yet: it asks again, and goes on with the same step.
    s.key("SECOND");
    mig.send_line("y").unwrap();
    mig.exp_string("Are they renewed?").unwrap();
    s.key("THIRD");
    mig.send_line("y").unwrap();
    let rest = mig.exp_eof().unwrap();
    assert_eq!(moto::holder(&allocation), new, "{rest}");
}

#[test]
fn row_50_no_credentials_and_too_few_rights_are_told_apart() {
    let (old, _, allocation, s) = moves();
    s.shim.faults().refused = vec![("DisassociateAddress", 403, "UnauthorizedOperation")];
    s.ends(RUN, 4, &["UnauthorizedOperation", "the credentials lack the permission ec2:DisassociateAddress"]);
    // The plan knows it before anything is changed.
    for action in ["DisassociateAddress", "AssociateAddress"] {
        s.shim.faults().denied = [action].into();
        s.ends(RUN, 3, &["UnauthorizedOperation", &format!("lack the permission ec2:{action}")]);
    }
    s.shim.faults().denied.clear();
    s.shim.faults().refused = vec![("DescribeAddresses", 401, "AuthFailure")];
    s.ends(RUN, 3, &["AuthFailure", "the access key is not one that AWS knows"]);
    std::fs::File::create(s.at("home/.aws/credentials")).unwrap().write_all(b"").unwrap();
    s.ends(RUN, 3, &["no AWS credentials were found", "AWS_ACCESS_KEY_ID"]);
    let inventory = std::fs::read_to_string(s.at("inventory.yml")).unwrap().replace("region: eu-west-1, ", "");
    std::fs::write(s.at("inventory.yml"), inventory).unwrap();
    s.ends(RUN, 3, &["no AWS region is given", "aws: { region: eu-west-1 }"]);
    assert_eq!(moto::holder(&allocation), old);
}

#[test]
fn a_profile_of_the_inventory_is_used() {
    let (_, new, allocation, s) = moves();
    let inventory = std::fs::read_to_string(s.at("inventory.yml")).unwrap().replace("region:", "profile: ops, region:");
    std::fs::write(s.at("inventory.yml"), inventory).unwrap();
    s.shim.faults().expired.insert("FIRST".into());
    s.ends(RUN, 3, &["no AWS credentials were found for the profile ops"]);
    let both = "[default]\naws_access_key_id = FIRST\naws_secret_access_key = x\n\n[ops]\naws_access_key_id = OPS\naws_secret_access_key = y\n";
    std::fs::write(s.at("home/.aws/credentials"), both).unwrap();
    s.shim.faults().boots_for = Duration::ZERO;
    s.runs();
    assert_eq!(moto::holder(&allocation), new);
}
