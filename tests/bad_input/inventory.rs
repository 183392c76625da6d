//! Rows 11 to 19: what an inventory can get wrong, each with its line and column.

use super::Desk;

const PLAYBOOK: &str = "let p = params(#{ source: host(\"a host\") });\np.source.ssh(\"touch x\");\n";

/// Plans with this inventory; it is bad input at this place.
fn wrong(text: impl AsRef<[u8]>, place: &str, parts: &[&str]) {
    let desk = Desk::new();
    desk.write("p.rhai", PLAYBOOK);
    desk.write("inventory.yml", text);
    for verb in ["plan", "run"] {
        let said = desk.refuses(&[verb, "p.rhai"], 2, parts);
        said.has(&[&format!("error: inventory.yml:{place}: ")]);
    }
}
/// An inventory whose first host is written so, from line 2, column 13 on.
fn host(map: &str) -> String {
    format!("hosts:\n  source: {{ {map} }}\n")
}

#[test]
fn row_11_forms_that_are_no_inventory() {
    wrong("hosts:\n\told: {}\n", "2:1", &["a tab stands in the indentation", "indent with blanks"]);
    wrong(b"hosts:\n  old: { user: caf\xe9 }\n", "2:19", &["the byte 0xe9 is not UTF-8", "iconv"]);
    wrong("\u{feff}hosts: {}\n", "1:1", &["byte order mark"]);
    wrong(format!("a: {}{}", "[".repeat(40), "]".repeat(40)), "1:35", &["the limit of 32 levels"]);
    let desk = Desk::new();
    desk.write("p.rhai", PLAYBOOK);
    desk.write("inventory.yml", "#".repeat((1 << 20) + 1));
    desk.refuses(&["plan", "p.rhai"], 2, &["inventory.yml", "1048576"]);
    desk.refuses(&["plan", "p.rhai", "-i", "gone.yml"], 2, &["gone.yml: no such inventory", "-i FILE"]);
    desk.refuses(&["plan", "p.rhai", "-i", "home"], 2, &["home: is a folder, not a file"]);
}

#[test]
fn row_12_a_duplicate_key_shows_both_lines() {
    let text = "hosts:\n  old: { address: a }\n  new1: { address: b }\n  old: { address: c }\n";
    wrong(text, "4:3", &["the key \"old\" is written twice", "first at inventory.yml:2:3", "2 |   old", "4 |   old"]);
}

#[test]
fn row_13_an_unknown_key_is_named_with_the_known_ones() {
    wrong("\n\nhosst: 1\n", "3:1", &["unknown key \"hosst\"", "did you mean \"hosts\"?"]);
    wrong("a: 1\n", "1:1", &["known: hosts, groups, params, secrets, aws, production"]);
    wrong(host("address: a, usr: b"), "2:25", &["unknown key \"usr\"", "did you mean \"user\"?"]);
}

#[test]
fn row_14_anchors_merge_keys_and_tags() {
    let bomb = "params:\n  a: &a [x, x]\n  b: &b [*a, *a]\n";
    wrong(bomb, "2:6", &["anchors and aliases are not supported in inventories"]);
    let merged = "hosts:\n  a: { address: a }\n  b:\n    <<: { address: b }\n";
    wrong(merged, "4:5", &["merge keys (<<) are not supported"]);
    wrong(host("address: !!python/object/apply:os.system a"), "2:22", &["tags are not supported", "!!python/object"]);
}

#[test]
fn row_15_values_that_readers_disagree_about() {
    let no = "hosts.source.user must be text, found boolean (quote it: \"no\")";
    wrong(host("address: a, user: no"), "2:31", &[no]);
    wrong(host("address: a, port: 022"), "2:31", &["found 022 (octal", "write it without the leading zero: 22"]);
    wrong(host("address: 1.2"), "2:22", &["hosts.source.address must be text, found a number with a fraction"]);
    wrong(host("address: a, port: 22:30"), "2:31", &["from 1 to 65535", "base of 60"]);
    wrong("params: { a: yes }", "1:14", &["\"yes\" is a boolean to some readers", "write true, or quote it"]);
    wrong("params: { a: [b, no] }", "1:18", &["an item of params.a must be text, found boolean"]);
}

#[test]
fn row_16_an_address_that_is_more_than_an_address() {
    for (address, says) in [
        ("-oProxyCommand=id", "hosts.source.address: \"-oProxyCommand=id\" is not a host name or IP address"),
        ("a b", "it has a blank in it"),
        ("a;reboot", "';' cannot stand in it"),
        ("\"a\\nb\"", "it has a newline in it"),
        ("\"a\\0b\"", "it has a NUL character in it"),
        ("admin@192.0.2.1:22", "write { address: 192.0.2.1, user: admin, port: 22 }"),
        ("\"ssh://db.example.org\"", "it is a URL"),
    ] {
        wrong(host(&format!("address: {address}")), "2:22", &[says]);
    }
}

#[test]
fn row_17_forms_of_addresses() {
    for (address, says) in [
        ("2001:db8::1%eth0", "a zone belongs only to a link-local address"),
        ("[2001:db8::1]", "found a list"),
        ("bücher.example", "xn--"),
        ("none", "a meaning of its own"),
        ("db.example.org.", "leave the dot at its end away: db.example.org"),
        ("what?", "2001:db8::10"),
    ] {
        wrong(host(&format!("address: {address}")), "2:22", &[says]);
    }
    // These are good: what is wrong here is the parameter that nobody gives.
    for good in ["::1", "\"[2001:db8::1]\"", "fe80::1%eth0", "localhost", "DB.example.org"] {
        let desk = Desk::new();
        desk.write("p.rhai", "let p = params(#{ source: host(\"a host\"), n: int(\"missing\") });");
        desk.write("inventory.yml", host(&format!("address: {good}")));
        desk.refuses(&["plan", "p.rhai"], 2, &["n (int) is missing"]).lacks(&["inventory.yml"]);
    }
}

#[test]
fn row_18_users_that_are_none() {
    let long = "x".repeat(40);
    for user in ["root;rm", "$x", "'a\\'", "''", long.as_str()] {
        let says = ["is not a user name", "small letters, digits, _ . and -, at most 32"];
        wrong(host(&format!("address: a, user: {user}")), "2:31", &says);
    }
}

#[test]
fn row_19_ports_out_of_range() {
    for port in ["0", "70000", "-1", "ssh", "22.5", "99999999999999999999"] {
        let says = "hosts.source.port must be a whole number from 1 to 65535";
        wrong(host(&format!("address: a, port: {port}")), "2:31", &[says]);
    }
}
