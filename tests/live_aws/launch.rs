//! An instance launched: once, whatever happens, and gone after a rollback.

use super::moto;
use super::shim::Faults;
use super::stage::{RUN, Stage};
use std::time::Duration;

fn launch(name: &str, more: &str) -> String {
    format!(
        r#"let i = aws_launch(#{{ name: "{name}", image: "{}", type: "t3.large", tags: #{{ use: "test" }}{more} }}); note(`launched ${{i.id}}`);"#,
        moto::IMAGE
    )
    .replace("use:", "purpose:")
}

/// The instances of this name, with their states.
fn named(name: &str) -> Vec<(String, String)> {
    let xml = moto::ec2(&format!("Action=DescribeInstances&Filter.1.Name=tag:Name&Filter.1.Value.1={name}"));
    let ids = xml.split("<instanceId>").skip(1).filter_map(|x| x.split('<').next());
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| (id.to_owned(), moto::state(id))).collect()
}

#[test]
fn an_instance_is_launched_once_although_the_reply_was_lost_and_it_boots_slowly() {
    let s = Stage::new(&launch("lost", ""));
    {
        let mut f = s.shim.faults();
        f.lost = vec!["RunInstances"];
        f.refused = vec![("RunInstances", 503, "RequestLimitExceeded")];
        // What was just made is not shown at once.
        let unseen = |f: &mut Faults| f.refused.push(("DescribeInstances", 400, "InvalidInstanceID.NotFound"));
        f.before = vec![("RunInstances", Box::new(unseen))];
        f.boots_for = Duration::from_secs(2);
    }
    let said = s.ends(RUN, 0, &["launched i-"]);
    let all = named("lost");
    assert_eq!(all.len(), 1, "{all:?}\n{said}");
    assert!(said.contains(&format!("launched {}", all[0].0)), "{said}");
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(named("lost")[0].1, "terminated");
}

#[test]
fn a_run_killed_while_it_launches_finds_its_instance_again_or_takes_it_away() {
    for (name, then) in [("killed-1", "resume"), ("killed-2", "rollback")] {
        let s = Stage::new(&launch(name, ""));
        s.killed_at("RunInstances", RUN);
        s.ends(&[then, "--yes"], 0, &[]);
        let all = named(name);
        assert_eq!(all.len(), 1, "{all:?}");
        assert_eq!(all[0].1, if then == "resume" { "running" } else { "terminated" });
    }
}

#[test]
fn a_launch_that_did_not_boot_in_time_is_found_again_by_the_next_try() {
    let s = Stage::new(&launch("slow", r#", timeout: "2s""#));
    s.shim.faults().boots_for = Duration::from_secs(600);
    s.ends(RUN, 4, &["not seen to be so", "passes 0 of 2 status checks"]);
    s.shim.faults().boots_for = Duration::ZERO;
    s.ends(&["resume", "--yes"], 0, &[&format!("launched {}", named("slow")[0].0)]);
    assert_eq!(named("slow").len(), 1);
}

#[test]
fn an_instance_protected_from_termination_is_told_and_taken_away_when_it_may_be() {
    let s = Stage::new(&launch("kept", ", protect: true"));
    s.runs();
    let id = named("kept")[0].0.clone();
    s.ends(&["rollback", "--yes"], 4, &["is protected from termination", "--no-disable-api-termination", &id]);
    assert_eq!(moto::state(&id), "running");
    s.shim.faults().protected.remove(&id);
    s.ends(&["rollback", "--yes"], 0, &[]);
    assert_eq!(moto::state(&id), "terminated");
}

#[test]
fn what_aws_would_not_launch_is_refused_by_the_plan() {
    let s = Stage::new(r#"aws_launch(#{ name: "none" });"#);
    s.ends(RUN, 3, &["template, image: one of them must be given"]);
    s.playbook(r#"aws_launch(#{ name: "none", image: "controller", type: "t3.large" });"#);
    s.ends(RUN, 3, &["image: \"controller\" is not an id that begins with ami-"]);
    assert_eq!(s.shim.count("RunInstances"), 0);
    s.playbook(&launch("none", r#", role: "nobody""#));
    s.ends(RUN, 3, &["none is not launched", "nobody"]);
    assert!(named("none").is_empty());
}
