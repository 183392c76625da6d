//! The Aviatrix playbooks against a real moto server behind the strict proxy, and controllers that
//! speak the vendor's API over HTTPS: sessions end after a few requests, connections are dropped,
//! and an initialisation ends both. Killed on the way, gone on with, refused, taken back.
//! It listens on port 443 of addresses in 127.0.0.0/8, so it wants to be root.

#![cfg(feature = "aws")]
#![expect(clippy::unwrap_used, reason = "a test's own helpers may fail as loudly as the test")]

#[path = "live_aviatrix/cloud.rs"]
mod cloud;
#[path = "live_aviatrix/controllers.rs"]
mod controllers;
#[path = "live_aws/moto.rs"]
#[allow(dead_code, reason = "each test crate uses a part of it")]
mod moto;
#[path = "live_aws/shim.rs"]
#[allow(dead_code, reason = "each test crate uses a part of it")]
mod shim;
#[path = "live_aws/stage.rs"]
#[allow(dead_code, reason = "each test crate uses a part of it")]
mod stage;

use cloud::Cloud;

#[test]
fn a_controller_is_migrated_although_it_is_killed_and_goes_back_by_the_other_playbook() {
    let cloud = Cloud::new();
    let migrate = cloud.words("aviatrix_migrate", &[&format!("image={}", moto::IMAGE), "account=123456789012"]);
    let words: Vec<&str> = migrate.iter().map(String::as_str).collect();
    // What would hurt is refused before anything is changed.
    cloud.refused(&words);
    assert_eq!(cloud.controllers.did(), Vec::<String>::new());

    cloud.stage.killed_at("RunInstances", &words);
    cloud.stage.killed_at("AssociateAddress", &["resume", "--yes"]);
    // The address is given, and `mig` does not know it.
    cloud.stage.ends(&["resume", "--yes"], 0, &["is done"]);
    let new = moto::holder(&cloud.allocation);
    assert_ne!(new, cloud.old);
    assert_eq!((moto::state(&cloud.old), moto::state(&new)), ("stopped".to_owned(), "running".to_owned()));
    assert_eq!(cloud.stage.shim.count("RunInstances"), 1);
    assert_eq!(cloud.controllers.version_of(&new), "UserConnect-6.9.161");
    assert_eq!(cloud.controllers.gateways_of(&new), ["spoke-1", "transit-1"]);
    assert!(cloud.controllers.both() == 0, "{:?}", cloud.controllers.did());

    // The way back, and that one taken back: at no time do both run.
    let before = cloud.stage.shim.faults().log.len();
    let restore = cloud.words("aviatrix_restore", &[&format!("successor={new}")]);
    let words: Vec<&str> = restore.iter().map(String::as_str).collect();
    let said = cloud.stage.ends(&words, 0, &["is done", "2 gateways", "is lost to"]);
    let run = said.rsplit_once("mig rollback ").unwrap().1.split(' ').next().unwrap();
    assert_eq!(moto::holder(&cloud.allocation), cloud.old);
    assert_eq!((moto::state(&cloud.old), moto::state(&new)), ("running".to_owned(), "stopped".to_owned()));
    cloud.stage.ends(&["rollback", run, "--yes"], 0, &["is taken back"]);
    assert_eq!(moto::holder(&cloud.allocation), new);
    assert_eq!((moto::state(&cloud.old), moto::state(&new)), ("stopped".to_owned(), "running".to_owned()));
    let power: Vec<String> = cloud.stage.shim.faults().log[before..]
        .iter()
        .filter(|a| matches!(a.as_str(), "StopInstances" | "StartInstances" | "AssociateAddress"))
        .cloned()
        .collect();
    let wanted =
        ["StopInstances", "StartInstances", "AssociateAddress", "AssociateAddress", "StopInstances", "StartInstances"];
    assert_eq!(power, wanted);
}

#[test]
fn the_vendors_button_is_not_pressed_where_it_would_fail_or_lose_the_old_controller() {
    let cloud = Cloud::new();
    let words = cloud.words("aviatrix_migrate", &["by=button"]);
    cloud.refused_by_button(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(cloud.controllers.did(), Vec::<String>::new());
}

#[test]
fn a_migration_is_taken_back_without_two_controllers_at_one_time() {
    let cloud = Cloud::new();
    let words = cloud.words("aviatrix_migrate", &[&format!("image={}", moto::IMAGE), "account=123456789012"]);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    cloud.stage.shim.faults().lost = vec!["AssociateAddress", "StopInstances"];
    let text = cloud.stage.ends(&words, 0, &["is done"]);
    for secret in [cloud::PASSWORD, "token-of-"] {
        assert!(!text.contains(secret), "{text}");
    }
    let new = moto::holder(&cloud.allocation);
    let before = cloud.stage.shim.faults().log.len();
    cloud.stage.ends(&["rollback", "--yes"], 0, &["is taken back"]);
    assert_eq!(moto::holder(&cloud.allocation), cloud.old);
    assert_eq!((moto::state(&cloud.old), moto::state(&new)), ("running".to_owned(), "terminated".to_owned()));
    let log = cloud.stage.shim.faults().log[before..].to_vec();
    let at = |action: &str| log.iter().position(|a| a == action).unwrap();
    assert!(at("StopInstances") < at("StartInstances") && at("StartInstances") < at("AssociateAddress"), "{log:?}");
}
