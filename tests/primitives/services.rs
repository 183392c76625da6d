//! Units, reboots and ports.

use super::*;

#[test]
fn row_54_what_is_wrong_with_a_unit_is_told_apart() {
    let world = Fake::default();
    for (unit, wanted) in [
        ("", "it is empty"),
        ("-x", "begins with a dash"),
        ("a/b", "a slash"),
        ("a b", "a blank"),
        ("getty@", "a template without an instance"),
    ] {
        let said = why(plan(&world, "systemd", json!({ "host": "dest", "unit": unit, "state": "started" })));
        assert!(said.starts_with("systemd: unit: ") && said.contains(wanted), "{said}");
    }
    for (shown, state, wanted) in [
        ("LoadState=not-found\nActiveState=inactive\n", "started", "there is no unit app on dest"),
        ("LoadState=not-found\nActiveState=inactive\n", "stopped", "there is no unit app on dest"),
        ("LoadState=masked\nActiveState=inactive\nUnitFileState=masked\n", "started", "app on dest is masked"),
        ("LoadState=bad-setting\nActiveState=inactive\n", "started", "its file is wrong (bad-setting)"),
        ("LoadState=loaded\nActiveState=active\nUnitFileState=static\n", "enabled", "app on dest is static"),
        ("LoadState=loaded\nActiveState=active\nUnitFileState=generated\n", "disabled", "no unit file of its own"),
        ("LoadState=loaded\nActiveState=active\nUnitFileState=indirect\n", "enabled", "is indirect: another unit"),
        ("", "started", "is systemd running?"),
    ] {
        let mut world = Fake::default();
        world.says(SHOW, 0, shown);
        let said = why(plan(&world, "systemd", unit(state)));
        assert!(said.contains(wanted), "{shown}: {said}");
    }
    let said = why(plan(&world, "systemd", json!({ "host": "dest", "unit": "app", "state": "start" })));
    assert!(said.contains("unknown variant `start`, expected one of `started`, `stopped`"), "{said}");
}

const SHOW: &str = "dest: systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts,FragmentPath -- app";

fn unit(state: &str) -> Value {
    json!({ "host": "dest", "unit": "app", "state": state })
}
fn shows(states: &[(&str, &str, u32)]) -> Fake {
    let mut world = Fake::default();
    for (active, sub, restarts) in states {
        let text = format!(
            "LoadState=loaded\nActiveState={active}\nSubState={sub}\nUnitFileState=enabled\nNRestarts={restarts}\n"
        );
        world.says(SHOW, 0, &text);
    }
    world.says("dest: sleep 3", 0, "");
    world
}

#[test]
fn a_unit_that_starts_again_and_again_is_not_started() {
    let seen = |states: &[(&str, &str, u32)]| observe(&shows(states), "systemd", unit("started"), &[]);
    assert_eq!(seen(&[("active", "running", 0), ("active", "running", 0)]), Ok(Plan::Already));
    let Ok(Plan::Wait(said)) = seen(&[("active", "running", 1), ("active", "running", 4)]) else { panic!() };
    assert!(said.starts_with("app does not stay up: systemd has restarted it 4 times"), "{said}");
    let Ok(Plan::Wait(said)) = seen(&[("active", "running", 0), ("activating", "auto-restart", 1)]) else { panic!() };
    assert!(said.starts_with("app on dest is activating (auto-restart)"), "{said}");
    assert!(why(seen(&[("failed", "failed", 5)])).contains("see: journalctl -u app -n 50"));
}

#[test]
fn a_unit_goes_back_to_what_it_was() {
    let planned = |active: &str, state: &str| {
        let steps = steps(plan(&shows(&[(active, "x", 0)]), "systemd", unit(state)));
        let undo = match &steps[0].undo {
            Undo::By(deeds) => deeds.iter().map(ToString::to_string).collect(),
            _ => vec![],
        };
        (steps[0].deed.to_string(), undo)
    };
    let start = vec!["dest: systemctl start -- app".to_string()];
    let stop = vec!["dest: systemctl stop -- app".to_string()];
    assert_eq!(planned("active", "stopped"), (stop[0].clone(), start.clone()));
    assert_eq!(planned("failed", "started"), (start[0].clone(), stop.clone()));
    assert_eq!(planned("active", "restarted"), ("dest: systemctl restart -- app".into(), vec![]));
    assert_eq!(planned("inactive", "restarted"), ("dest: systemctl restart -- app".into(), stop));
    assert_eq!(plan(&shows(&[("inactive", "dead", 0)]), "systemd", unit("stopped")), Ok(Plan::Already));
    assert!(matches!(plan(&shows(&[("activating", "start", 0)]), "systemd", unit("started")), Ok(Plan::Wait(_))));
}

#[test]
fn a_lost_start_can_be_looked_for_and_a_lost_restart_be_repeated() {
    let start = steps(plan(&shows(&[("inactive", "dead", 0)]), "systemd", unit("started")));
    assert_eq!(run(&start).check.as_ref().unwrap().to_string(), "systemctl is-active --quiet -- app");
    let restart = steps(plan(&shows(&[("active", "running", 0)]), "systemd", unit("restarted")));
    assert!(run(&restart).check.is_none() && run(&restart).idempotent);
}

fn hold(seconds: u32) -> String {
    format!(
        "dest: ready() {{ ( true\n); }}; n={seconds}; while [ \"$n\" -gt 0 ]; do ready || exit 1; sleep 1; n=$((n-1)); done; ready"
    )
}

#[test]
fn a_reboot_is_done_when_another_boot_has_held() {
    let args = json!({ "host": "dest" });
    let done = steps(plan(&Fake::default(), "reboot", args.clone()));
    let seen = |boots: &[&str], ready: i64| {
        let mut world = Fake::default();
        world.boots("dest", boots);
        world.says(&hold(10), ready, "");
        observe(&world, "reboot", args.clone(), &done)
    };
    let wait = |text: &str| Ok(Plan::Wait(text.into()));
    assert_eq!(seen(&["boot-1-of-dest"], 0), wait("dest has not rebooted yet"));
    assert_eq!(seen(&["away"], 0), wait("dest does not answer"));
    assert_eq!(seen(&["boot-2"], 1), wait("dest is back, but `true` does not hold yet"));
    assert_eq!(seen(&["boot-2", "boot-3"], 0), wait("dest rebooted again"));
    assert_eq!(seen(&["boot-2", "boot-2"], 0), Ok(Plan::Already));
}

#[test]
fn a_stop_is_never_taken_for_a_machine_that_is_away() {
    let mut world = Fake::default();
    world.boots("dest", &["interrupted"]);
    let seen = observe(&world, "reboot", json!({ "host": "dest" }), &[]);
    assert_eq!(seen, Err(Halt::Stop(Stop::Interrupted)));
}

#[test]
fn a_port_that_is_not_open_is_false_and_a_name_that_is_none_is_a_failure() {
    use mig::contract::PortState::{NoSuchHost, Refused, Unreachable};
    let world = Fake::of(&[
        Given::Port("here a:1", Refused),
        Given::Port("here b:1", Unreachable),
        Given::Port("here c:1", NoSuchHost),
    ]);
    let open = |address: &str, port: i64| read(&world, "port_open", json!({ "address": address, "port": port }));
    assert_eq!((open("a", 1), open("b", 1)), (Ok(json!(false)), Ok(json!(false))));
    assert!(why(open("c", 1)).contains("c does not resolve, seen from the operator's machine"));
    for port in [0, 70_000, -1] {
        assert!(why(open("a", port)).contains("is not a port: 1 to 65535"));
    }
    assert!(why(open("-oProxy", 1)).contains("is not an address"));
}
