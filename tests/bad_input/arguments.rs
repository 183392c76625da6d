//! Rows 9, 28, 29, 30, 33, 34 and 54: parameters and arguments that cannot be.

use super::Desk;

const KINDS: &str = "let p = params(#{\n    source: host(\"the machine\"),\n    n: int(\"how many\"),\n    \
    mode: choice(\"how\", [\"fast\", \"slow\"]),\n    root: path(\"where\", \"/srv\"),\n    pause: duration(\"between\", \"5s\"),\n    \
    dry: bool(\"nothing\", false),\n});\np.source.ssh(\"touch x\");\n";

#[test]
fn row_9_a_parameter_without_value_unknown_missing_or_wrong() {
    let desk = Desk::trapped();
    desk.write("p.rhai", KINDS);
    let refuses = |sets: &[&str], parts: &[&str]| {
        let words: Vec<&str> = ["plan", "p.rhai"].into_iter().chain(sets.iter().flat_map(|s| ["--set", s])).collect();
        desk.refuses(&words, 2, parts);
    };
    refuses(
        &[],
        &["p.rhai:3:", "n (int) is missing: how many", "--set n=", "mode (choice) is missing", "--set mode=fast|slow"],
    );
    refuses(&["moed=fast", "n=1"], &["--set moed: the playbook has no parameter \"moed\"", "did you mean mode?"]);
    for (set, others, says) in [
        ("n=three", ["mode=fast", "dry=true"], "--set n: n (int): must be a whole number, found \"three\""),
        ("dry=yes", ["mode=fast", "n=1"], "must be true or false"),
        ("root=../x", ["mode=fast", "n=1"], "must be absolute"),
        ("pause=5", ["mode=fast", "n=1"], "the unit is missing"),
        ("mode=quick", ["dry=true", "n=1"], "must be one of fast, slow"),
    ] {
        refuses(&[others[0], set, others[1]], &[says, "is declared at p.rhai:"]);
    }
    refuses(&["n=1", "n=2", "mode=fast"], &["--set n", "twice"]);
    desk.refuses(&["plan", "p.rhai", "--set", "n"], 2, &["--set n=VALUE"]);
}

/// What is wrong stands in line 3.
fn wrong(text: &str, parts: &[&str]) {
    let head = "let p = params(#{ source: host(\"a host\") });\nlet source = p.source;\n";
    Desk::trapped().refuses_playbook(&format!("{head}{text}"), parts);
}

/// The same where only evaluating it shows what is wrong.
fn doubtful(text: &str, parts: &[&str]) {
    let desk = Desk::trapped();
    desk.write("p.rhai", format!("let p = params(#{{ source: host(\"a host\") }});\nlet source = p.source;\n{text}"));
    desk.refuses_while_planning(&["plan", "p.rhai"], parts);
}

#[test]
fn row_28_wrong_missing_and_unknown_arguments() {
    for (text, says) in [
        ("source.ssh();", "ssh takes 2 or 3 arguments, 1 given"),
        ("step(\"x\");", "step takes 2 arguments, 1 given"),
        ("source.ssh(\"a\", #{ chek: \"x\" });", "option \"chek\" is unknown; did you mean check"),
        ("source.ssh(\"a\", #{ idempotent: 3 });", "idempotent: must be bool, found int 3"),
        ("source.ssh(|| 1);", "command: must be text or list, found a closure"),
        ("wait_until(\"x\", #{ timout: \"5m\" }, || true);", "did you mean timeout"),
        ("source.systemd(\"nginx\", \"strated\");", "started"),
    ] {
        wrong(text, &["p.rhai:3:", says]);
    }
}

#[test]
fn row_29_a_host_that_is_not_in_the_inventory() {
    let desk = Desk::trapped();
    desk.write("p.rhai", "let p = params(#{ source: host(\"a host\") });\np.source.ssh(\"touch x\");\n");
    desk.refuses(
        &["plan", "p.rhai", "--set", "source=sorce"],
        2,
        &["--set source", "the inventory has no host \"sorce\"; did you mean source? (it has source)"],
    );
    desk.write("q.rhai", "let h = host(\"dest\");\nh.ssh(\"touch x\");\n");
    let says = ["q.rhai:1:9: ", "\"dest\" is not a host of the inventory", "hosts: source"];
    desk.refuses_while_planning(&["plan", "q.rhai"], &says);
}

#[test]
fn row_30_a_path_that_is_none() {
    let long = format!("/{}", "a".repeat(5000));
    for path in ["etc", "", "/", "~/x", "/a/../b", "/a ", "/a\\nb", "/a\\x00b", long.as_str()] {
        wrong(&format!("source.write_file(\"{path}\", \"text\");"), &["p.rhai:3:", "write_file: path: "]);
    }
    // One that only the run makes is refused before anything is sent too.
    let desk = Desk::trapped();
    desk.write(
        "p.rhai",
        "let p = params(#{ source: host(\"a host\"), at: text(\"where\") });\nremove_file(p.source, p.at);\n",
    );
    let says = ["p.rhai:2:", "path", "must be absolute"];
    desk.refuses_while_planning(&["plan", "p.rhai", "--set", "at=../etc"], &says);
}

#[test]
fn row_53_names_that_cannot_be_asked_for() {
    let long = "a.".repeat(150);
    for (name, says) in [
        ("-f/etc/passwd", "begins with a dash"),
        ("@192.0.2.1", "#{ server: \"192.0.2.1\" }"),
        (long.as_str(), "at most 253"),
        ("a..b", "a part between two dots is empty"),
        ("*.example.org", "a wildcard cannot be asked for"),
    ] {
        wrong(&format!("dig(\"{name}\");"), &["p.rhai:3:", "dig: name: ", says]);
    }
    // What only evaluating shows is refused before anybody is asked.
    let desk = Desk::trapped();
    for (call, says) in [
        ("dig(\"a.example\", #{ type: \"ANY\" });", "ANY"),
        ("dig(\"a.example\", #{ server: \"192.0.2.1:5353\" });", "server"),
        ("dig_all(\"a.example\", []);", "name the servers to compare"),
        ("http_get(\"a.example\");", "write https://host/path"),
        ("http_get(\"https://u:p@a.example\");", "login: #{ user:"),
    ] {
        desk.write("p.rhai", format!("{call}\n"));
        let said = desk.mig(&["plan", "p.rhai"]);
        assert!(matches!(said.code, Some(2 | 3)), "{call}: {}{}", said.out, said.err);
        said.has(&["p.rhai:1:", says]);
    }
}

#[test]
fn row_33_a_command_with_an_open_quote() {
    wrong("source.ssh(\"echo it's\");", &["p.rhai:3:", "a quote that is never closed", "use a list of arguments"]);
    // One that only the run makes: the host's own shell is asked whether it can read it.
    let desk = Desk::here();
    desk.write(
        "p.rhai",
        "let p = params(#{ here: host(\"a host\"), word: text(\"a word\") });\np.here.ssh(`echo ${p.word}`);\n",
    );
    let says = ["p.rhai:2:", "quote", "list of arguments"];
    desk.refuses_while_planning(&["plan", "p.rhai", "--set", "word=it's"], &says);
}

#[test]
fn row_34_lengths_of_time_without_unit_or_out_of_range() {
    for (option, says) in [
        ("every: \"5\"", "the unit is missing"),
        ("timeout: 600", "must be a length of time as text, \"5m\", found int 600"),
        ("hold: \"-1s\"", "negative"),
        ("timeout: \"1000000000000s\"", "is out of range: from 0s to 366d is possible"),
    ] {
        wrong(&format!("wait_until(\"x\", #{{ {option} }}, || true);"), &["p.rhai:3:", says]);
    }
    for (call, says) in [
        ("wait_until(\"x\", #{ every: \"0s\" }, || true);", "every: \"0s\" is out of range: from 1ms to 366d"),
        ("wait_until(\"x\", #{ every: \"10m\", timeout: \"1m\" }, || true);", "every"),
        ("source.ssh(\"true\", #{ timeout: \"0s\" });", "timeout: "),
    ] {
        doubtful(call, &["p.rhai:3:", says]);
    }
    let desk = Desk::trapped();
    desk.write("p.rhai", KINDS);
    desk.refuses(&["plan", "p.rhai", "--reconnect-for", "5"], 2, &["--reconnect-for", "unit"]);
}

#[test]
fn row_54_names_of_units_and_what_is_wrong_with_them() {
    for unit in ["a/b", "-x", "a b", "", "getty@"] {
        doubtful(&format!("source.systemd(\"{unit}\", \"started\");"), &["p.rhai:3:", "unit: "]);
    }
    // A program of the host's says what it knows of a unit; this one is a stand-in for it.
    let desk = Desk::here();
    let stand_in = "#!/bin/sh\nfor w; do case $w in\n  gone*) printf 'LoadState=not-found\\nActiveState=inactive\\nSubState=dead\\nUnitFileState=\\n'; exit 0 ;;\n  \
        hidden*) printf 'LoadState=masked\\nActiveState=inactive\\nSubState=dead\\nUnitFileState=masked\\n'; exit 0 ;;\nesac; done\nexit 1\n";
    desk.write("bin/systemctl", stand_in);
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(desk.path("bin/systemctl"), std::fs::Permissions::from_mode(0o755)).unwrap();
    for (unit, says) in [("gone", "there is no unit gone on here"), ("hidden", "masked")] {
        desk.write(
            "p.rhai",
            format!("let p = params(#{{ here: host(\"a host\") }});\np.here.systemd(\"{unit}\", \"started\");\n"),
        );
        let mut command = desk.command(&["plan", "p.rhai"]);
        command.env("PATH", format!("{}:/usr/bin:/bin", desk.path("bin").display()));
        desk.said(command).ends(3).has(&["p.rhai:2:", unit, says, "Nothing was changed on any host."]);
    }
}
