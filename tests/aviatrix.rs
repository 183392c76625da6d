//! What the Aviatrix playbooks refuse before anything is changed, each in its lab over real HTTPS and EC2's own requests.

#![cfg(feature = "aws")]

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod desk;
#[path = "common/forked.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod forked;
#[path = "common/spoiled.rs"]
mod spoiled;

use forked::Forked;
use spoiled::{Spoiled, refuses_in, refuses_with};

const OLD: &str = "aws/var/lib/aviatrix/instances/i-0aaaaaaaaaaaaaaa0";
const NEW: &str = "aws/var/lib/aviatrix/instances/i-0bbbbbbbbbbbbbbb1";

/// An attribute of an instance is what it should not be.
fn attribute(file: &'static str, becomes: &'static str, why: &'static str) -> Spoiled {
    Spoiled { file, was: "{\n \"image\"", becomes, why }
}

#[test]
fn a_migration_refuses_an_old_controller_that_it_could_not_stop() {
    refuses_in(
        "aviatrix_migrate",
        &[
            attribute(
                OLD,
                "{\n \"disableApiStop\": true,\n \"image\"",
                "aws ec2 modify-instance-attribute --instance-id i-0aaaaaaaaaaaaaaa0 --no-disable-api-stop",
            ),
            Spoiled {
                file: OLD,
                was: "\"Name\": \"controller\"",
                becomes: "\"Name\": \"controller\", \"aws:autoscaling:groupName\": \"controller\"",
                why: "i-0aaaaaaaaaaaaaaa0 belongs to no auto-scaling group (HA is off)",
            },
            // Made in 2023, as the boot says.
            Spoiled {
                file: "aws/etc/lab/boot",
                was: "aviatrix-cloud 127",
                becomes: "touch -d 2023-01-01 /var/lib/aviatrix/bucket/*\naviatrix-cloud 127",
                why: "CloudN_127.0.0.21_save_cloudx_config.enc is not older than 86400 s",
            },
        ],
    );
}

#[test]
fn the_vendors_button_is_not_pressed_where_it_would_fail_or_lose_the_old_controller() {
    refuses_with(
        "aviatrix_migrate",
        &["--set", "by=button"],
        &[
            Spoiled {
                file: "aws/var/lib/aviatrix/addresses",
                was: "",
                becomes: "1\n",
                why: "one more Elastic IP may be allocated in this region",
            },
            attribute(
                OLD,
                "{\n \"instanceInitiatedShutdownBehavior\": \"terminate\",\n \"image\"",
                "what becomes of i-0aaaaaaaaaaaaaaa0 when it shuts itself down",
            ),
        ],
    );
}

#[test]
fn a_restore_refuses_controllers_of_which_it_or_its_rollback_could_not_stop_one() {
    let is_protected = "{\n \"disableApiStop\": true,\n \"image\"";
    refuses_in(
        "aviatrix_restore",
        &[
            attribute(OLD, is_protected, "i-0aaaaaaaaaaaaaaa0 may be stopped through the API"),
            attribute(NEW, is_protected, "i-0bbbbbbbbbbbbbbb1 may be stopped through the API"),
        ],
    );
}

#[test]
fn a_restore_whose_answer_is_lost_is_known_by_the_password_that_holds_from_then_on() {
    let place = Forked::new("aviatrix_migrate");
    let restored = "return {\"return\": True, \"results\": \"restored\"}";
    place.edits("../bin/aviatrix-cloud", restored, "return None");
    place.runs(&[], true, &["is done", "checks hold"]);
    let log = place.happened("aws", "/var/lib/aviatrix", "log");
    assert_eq!(log.matches(" restored").count(), 1, "{log}");
}
