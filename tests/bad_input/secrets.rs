//! Row 58: secrets that are missing, or that could not be kept out of reports.

use super::Desk;

const PLAYBOOK: &str = "let p = params(#{ here: host(\"a host\"), pw: secret(\"the password\") });\np.here.ssh(\"cat >/dev/null\", #{ stdin: p.pw, undo: false });\n";

fn desk(secret: &str) -> Desk {
    let desk = Desk::new();
    desk.write("p.rhai", PLAYBOOK);
    desk.write("inventory.yml", format!("hosts:\n  here: {{ local: true }}\nsecrets:\n  pw: {secret}\n"));
    desk
}

#[test]
fn row_58_a_source_that_is_none() {
    for (secret, says) in [
        ("{ env: 1x }", "must be the name of an environment variable"),
        ("{ env: A, file: b }", "secrets.pw has 2 sources; one is expected"),
        ("{ promt: true }", "did you mean \"prompt\"?"),
        ("hunter2hunter2", "secrets.pw holds a value"),
    ] {
        let said = desk(secret).refuses(&["run", "p.rhai", "--yes"], 2, &["inventory.yml:4:", says]);
        said.lacks(&["hunter2"]);
    }
    let unknown = Desk::here();
    unknown.write("p.rhai", PLAYBOOK);
    unknown.refuses(&["run", "p.rhai", "--yes"], 2, &["pw", "secret"]);
}

#[test]
fn row_58_a_value_that_is_missing_or_cannot_be_kept_secret() {
    let run = |secret: &str, value: &str, says: &str| {
        let desk = desk(secret);
        desk.write("value", value);
        let mut command = desk.command(&["run", "p.rhai", "--yes"]);
        command.env("THE_PW", value).env_remove("NO_PW");
        let said = desk.said(command);
        said.ends(3).has(&["\"pw\"", says, "Nothing was changed on any host."]).lacks(&["hunter2", "p4ss"]);
        assert!(desk.run_ids().is_empty(), "no run is begun");
    };
    run("{ env: NO_PW }", "", "the environment has no NO_PW");
    run("{ env: THE_PW }", "", "is empty");
    run("{ env: THE_PW }", "hunter2", "fewer than 8 characters");
    run("{ file: value }", "{\n \"password\": \"p4ssw0rd\"\n}", "JSON of several lines");
    run("{ file: gone }", "", "gone");
    run("{ command: exit 7 }", "", "7");
    run("{ command: \"echo hunter2\" }", "", "fewer than 8 characters");
}
