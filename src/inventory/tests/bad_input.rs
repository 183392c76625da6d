//! The rows of the bad-input table that an inventory can break; each test bears its row's number.

use super::{errors, host, one, parse, shown};
use crate::inventory::*;
use crate::secret::Secret;

#[test]
fn row_11_tab_indentation() {
    one("hosts:\n\told: {}\n", (2, 1), &["a tab stands in the indentation", "indent with blanks"]);
    one("hosts:\n  old:\n    \taddress: a\n", (3, 5), &["a tab stands in the indentation"]);
}

#[test]
fn row_11_not_utf_8() {
    one(b"hosts:\n  old: { user: caf\xe9 }\n", (2, 19), &["the byte 0xe9 is not UTF-8", "iconv"]);
    one(b"\xff\xfeh\0", (1, 1), &["UTF-16"]);
}

#[test]
fn row_11_a_byte_order_mark() {
    one("\u{feff}hosts: {}\n", (1, 1), &["byte order mark"]);
}

#[test]
fn row_11_over_1_mib_and_over_32_deep() {
    one("#".repeat((1 << 20) + 1), (1, 1), &["1048577 bytes", "the limit is 1048576"]);
    one(format!("a: {}{}", "[".repeat(40), "]".repeat(40)), (1, 35), &["the limit of 32 levels"]);
}

#[test]
fn row_12_a_duplicate_key_shows_both_lines() {
    let text = "hosts:\n  old: { address: a }\n  new1: { address: b }\n  old: { address: c }\n";
    one(text, (4, 3), &["the key \"old\" is written twice", "first at inventory.yml:2:3", "2 |   old", "4 |   old"]);
    one("hosts: {}\nhosts: {}\n", (2, 1), &["\"hosts\" is written twice"]);
    one(host("address: a, address: a"), (2, 22), &["\"address\" is written twice"]);
}

#[test]
fn row_13_an_unknown_key() {
    one("a: 1\n", (1, 1), &["unknown key \"a\"", "known: hosts, groups, params, secrets, aws, production"]);
    one("\n\nhosst: 1\n", (3, 1), &["unknown key \"hosst\"", "did you mean \"hosts\"?"]);
    one(host("address: a, usr: b"), (2, 22), &["unknown key \"usr\"", "did you mean \"user\"?"]);
    one("aws: { regoin: x }", (1, 8), &["did you mean \"region\"?"]);
}

#[test]
fn row_14_anchors_aliases_merge_keys_and_tags() {
    let bomb = "params:\n  a: &a [x, x]\n  b: &b [*a, *a]\n";
    let found = errors(bomb);
    assert_eq!(found.len(), 4, "{}", shown(&found));
    assert!(found.iter().all(|e| e.message == "anchors and aliases are not supported in inventories"));
    let merged = errors("hosts:\n  a: &x { address: a }\n  b:\n    <<: *x\n    address: b\n");
    assert!(shown(&merged).contains("inventory.yml:4:5: merge keys (<<) are not supported in inventories"));
    one(host("address: !!python/object/apply:os.system a"), (2, 19), &["tags are not supported", "!!python/object"]);
    one(host("address: *x"), (2, 19), &["an alias (*name) names no anchor"]);
    one("hosts: {}\n---\nhosts: {}\n", (2, 1), &["a second document begins here"]);
    one("? [a]\n: 1\n", (1, 3), &["a list or map stands where a key must be"]);
}

#[test]
fn row_15_user_no() {
    one(host("address: a, user: no"), (2, 28), &["hosts.old.user must be text, found boolean (quote it: \"no\")"]);
    parse(&host("address: a, user: \"no\""));
}

#[test]
fn row_15_port_022() {
    one(
        host("address: a, port: 022"),
        (2, 28),
        &["from 1 to 65535, found 022 (octal", "write it without the leading zero: 22"],
    );
}

#[test]
fn row_15_address_1_2() {
    one(
        host("address: 1.2"),
        (2, 19),
        &["hosts.old.address must be text, found a number with a fraction", "192.0.2.10"],
    );
    one(host("address: \"1.2\""), (2, 19), &["four numbers"]);
    one(host("address: 10"), (2, 19), &["must be text, found a whole number"]);
}

#[test]
fn row_15_sexagesimal() {
    one(host("address: a, port: 22:30"), (2, 28), &["from 1 to 65535", "base of 60"]);
    one("params:\n  at: 12:30\n", (2, 7), &["different numbers to different readers", "\"12:30\""]);
}

#[test]
fn row_15_parameters_that_readers_disagree_about() {
    one("params: { a: yes }", (1, 14), &["\"yes\" is a boolean to some readers", "write true, or quote it"]);
    one("params: { a: 1.20 }", (1, 14), &["found a number with a fraction", "quote it if it is text: \"1.20\""]);
    one("params: { a: 010 }", (1, 14), &["different numbers"]);
    one("params: { a: }", (1, 13), &["found nothing", "for an empty text"]);
    one("params: { a: [b, no] }", (1, 18), &["an item of params.a must be text, found boolean"]);
    one(
        "params: { a: { b: c } }",
        (1, 14),
        &["must be text, a whole number, true, false or a list of text, found a map"],
    );
    one(host("address: a, sudo: yes"), (2, 28), &["must be true or false, found \"yes\" (write true)"]);
    one("production: \"true\"", (1, 13), &["found text (write true without quotes)"]);
}

#[test]
fn row_16_an_address_with_a_leading_dash() {
    one(
        host("address: -oProxyCommand=id"),
        (2, 19),
        &["hosts.old.address: \"-oProxyCommand=id\" is not a host name or IP address", "for an option"],
    );
}

#[test]
fn row_16_an_address_with_blank_semicolon_or_newline() {
    one(host("address: a b"), (2, 19), &["it has a blank in it"]);
    one(host("address: a;reboot"), (2, 19), &["';' cannot stand in it"]);
    one(host("address: \"a\\nb\""), (2, 19), &["it has a newline in it"]);
    one(host("address: \"a\\0b\""), (2, 19), &["it has a NUL character in it"]);
    one(b"hosts: { old: { address: a\0 } }", (1, 27), &["a NUL character stands in the file"]);
}

#[test]
fn row_16_an_address_with_user_port_or_scheme() {
    one(host("address: admin@192.0.2.1:22"), (2, 19), &["write { address: 192.0.2.1, user: admin, port: 22 }"]);
    one(host("address: db:22"), (2, 19), &["write { address: db, port: 22 }"]);
    one(host("address: \"ssh://db.example.org\""), (2, 19), &["it is a URL", "db.example.org"]);
}

#[test]
fn row_17_forms_of_addresses() {
    for good in ["::1", "2001:db8::1", "\"[2001:db8::1]\"", "fe80::1%eth0", "localhost", "DB.example.org"] {
        parse(&host(&format!("address: {good}")));
    }
    one(host("address: 2001:db8::1%eth0"), (2, 19), &["a zone belongs only to a link-local address"]);
    one(host("address: [2001:db8::1]"), (2, 19), &["found a list", "or quote it"]);
    one(host("address: bücher.example"), (2, 19), &["xn--"]);
    one(host("address: none"), (2, 19), &["a meaning of its own"]);
    one(host("address: db.example.org."), (2, 19), &["leave the dot at its end away: db.example.org"]);
    one(host("address: what?"), (2, 19), &["'?' cannot stand in it", "192.0.2.10", "2001:db8::10", "db.example.org"]);
}

#[test]
fn row_18_users_that_are_none() {
    let long = "x".repeat(40);
    for (user, place) in [("root;rm", 28), ("$x", 28), ("'a\\'", 28), ("''", 28), (long.as_str(), 28)] {
        one(
            host(&format!("address: a, user: {user}")),
            (2, place),
            &["is not a user name", "small letters, digits, _ . and -, at most 32"],
        );
    }
    one(host("address: a, user:"), (2, 27), &["must be text, found nothing"]);
}

#[test]
fn row_19_ports_out_of_range() {
    for port in ["0", "70000", "-1", "ssh", "22.5", "[22]", "", "99999999999999999999"] {
        let column = if port.is_empty() { 27 } else { 28 };
        one(
            host(&format!("address: a, port: {port}")),
            (2, column),
            &["hosts.old.port must be a whole number from 1 to 65535"],
        );
    }
    one(host("address: a, port: '22'"), (2, 28), &["found text (write 22 without quotes)"]);
}

#[test]
fn row_20_two_names_for_one_machine() {
    let both = |a: &str, b: &str| format!("hosts:\n  old: {{ {a} }}\n  dest: {{ {b} }}\n");
    let same = "\"old\" and \"dest\" are the same machine";
    one(
        both("address: 192.0.2.1", "address: 192.0.2.1, port: 22"),
        (3, 3),
        &[same, "192.0.2.1:22", "moves_to", "2 |   old"],
    );
    one(both("address: \"[::1]\"", "address: 0:0::1"), (3, 3), &[same]);
    one(both("ssh: r1", "ssh: r1"), (3, 3), &[same, "ssh alias r1"]);
    one(both("local: true", "local: true"), (3, 3), &[same, "this one"]);
    parse(&both("address: 192.0.2.1", "address: 192.0.2.1, moves_to: 192.0.2.1"));
    parse(&both("address: 192.0.2.1", "address: 192.0.2.1, port: 2222"));
    parse(&both("address: 192.0.2.1, user: a", "address: 192.0.2.1, user: b"));
}

#[test]
fn row_21_identities_that_cannot_be_used() {
    let check = |found, agent| {
        let place = parse(&host("address: a")).hosts.values().next().map(|h| h.place.clone());
        check_identity(&IdentityFacts { path: "~/.ssh/id".into(), place, found, agent }).map(|e| e.to_string())
    };
    let file = |mode, form| IdentityFound::File { mode, form };
    let key = |encrypted| KeyForm::Private { encrypted };
    for (found, says) in [
        (IdentityFound::Missing, "there is no such file"),
        (IdentityFound::Folder, "it is a folder"),
        (IdentityFound::Unreadable("Permission denied".into()), "Permission denied"),
        (file(0o600, KeyForm::Public), "it is a public key"),
        (file(0o600, KeyForm::Putty), "puttygen"),
        (file(0o600, KeyForm::Other), "not a private key"),
        (file(0o100_644, key(false)), "others may read it (mode 0644)"),
        (file(0o600, key(true)), "ssh-add ~/.ssh/id"),
    ] {
        let error = check(found, false).expect(says);
        assert!(error.contains(says), "{error}");
        assert!(error.starts_with("inventory.yml:2:3: the identity \"~/.ssh/id\" cannot be used"), "{error}");
    }
    assert_eq!(check(file(0o100_600, key(false)), false), None);
    assert_eq!(check(file(0o400, key(true)), true), None, "the agent may hold it");
    one(host("address: a, identity: ~/.ssh/id.pub"), (2, 32), &["the public half of a key", "without .pub"]);
    one(host("address: a, identity: \"\""), (2, 32), &["it is empty"]);
    one(host("address: a, identity: ~me/key"), (2, 32), &["only ~/ is expanded"]);
}

#[test]
fn row_21_forms_of_keys() {
    let openssh = |cipher: &[u8]| {
        use base64::Engine as _;
        let length = u32::try_from(cipher.len()).unwrap().to_be_bytes();
        let body = [&b"openssh-key-v1\0"[..], &length, cipher, b"and more"].concat();
        let body = base64::engine::general_purpose::STANDARD.encode(body);
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n")
    };
    let form = |text: &str| KeyForm::of(text.as_bytes());
    assert_eq!(form(&openssh(b"none")), KeyForm::Private { encrypted: false });
    assert_eq!(form(&openssh(b"aes256-ctr")), KeyForm::Private { encrypted: true });
    assert_eq!(form("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"), KeyForm::Private { encrypted: true });
    assert_eq!(form("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), KeyForm::Private { encrypted: true });
    assert_eq!(form("-----BEGIN EC PRIVATE KEY-----\nx"), KeyForm::Private { encrypted: false });
    assert_eq!(form("ssh-ed25519 AAAA me@here"), KeyForm::Public);
    assert_eq!(form("PuTTY-User-Key-File-3: x"), KeyForm::Putty);
    assert_eq!(form(""), KeyForm::Other);
}

#[test]
fn row_58_kinds_of_secret_sources() {
    let secret = |text: &str| format!("secrets:\n  pw: {text}\n");
    one(secret("{ env: 1x }"), (2, 14), &["must be the name of an environment variable"]);
    one(secret("{ env: A, file: b }"), (2, 3), &["secrets.pw has 2 sources; one is expected"]);
    one(secret("{}"), (2, 3), &["does not say where its value comes from", "{ env: NAME }"]);
    one(secret("{ promt: true }"), (2, 9), &["did you mean \"prompt\"?"]);
    one(secret("{ prompt: false }"), (2, 17), &["false says nothing"]);
    one(secret("[a]"), (2, 7), &["must be a map, found a list"]);
    one(secret("{ command: \"\" }"), (2, 18), &["must be a command, found an empty text"]);
}

#[test]
fn row_58_a_value_in_the_inventory_is_never_shown() {
    for text in [
        "secrets:\n  pw: hunter2!\n",
        "secrets:\n  pw: { value: hunter2! }\n",
        "secrets:\n  pw: { env: hunter2! }\n",
        "secrets:\n  pw: { file: [hunter2!] }\n",
        "secrets:\n  pw: { env: hunter2!, file: hunter2! }\n",
        "secrets: { pw: hunter2! }\n",
        "secrets:\n  - hunter2!\n",
        "secrets:\n  pw: hunter2!\n  pw: hunter2!\n",
        "secrets:\n  pw: &a hunter2!\n",
        "secrets:\n  pw: { env: hunter2!\nhosts: {}\n",
        "secrets:\n  pw: \"hunter2!\n",
        "Secrets:\n  pw: hunter2!\n",
        "secret:\n  pw: hunter2!\n",
        "{ secrets: { pw: hunter2! } }",
    ] {
        let found = shown(&errors(text));
        assert!(!found.contains("hunter2"), "{text}{found}");
    }
    one("secrets:\n  pw: hunter2!\n", (2, 7), &["secrets.pw holds a value", "if it was a real value, change it"]);
    let other = shown(&errors("secrets:\n  pw: { env: PW }\nhosst: 1\n"));
    assert!(other.contains("3 | hosst"), "other sections are shown: {other}");
}

#[test]
fn row_58_values_that_cannot_be_kept_out_of_reports() {
    let check = |value: &str| check_secret_value("pw", &Secret::new(value.into()), None).map(|e| e.to_string());
    assert_eq!(check("hunter2hunter2"), None);
    assert_eq!(check("-----BEGIN KEY-----\nabcdefghi\n"), None);
    for (value, says) in [
        ("", "the secret \"pw\" is empty"),
        (" \n", "is empty"),
        ("hunter2", "fewer than 8 characters"),
        ("{\n \"password\": \"hunter2\"\n}", "JSON of several lines"),
        ("hunter2\0hunter2", "NUL"),
    ] {
        let error = check(value).expect(says);
        assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
    }
}
