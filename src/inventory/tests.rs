//! Inventories that are right, what is told of wrong ones, and how they may be damaged.

mod bad_input;

use super::*;
use crate::error::Error;
use crate::name::{Address, HostName};
use proptest::prelude::*;

fn parse(text: &str) -> Inventory {
    Inventory::parse("inventory.yml", text.as_bytes()).unwrap_or_else(|errors| panic!("{text}\n{}", shown(&errors)))
}

fn errors(bytes: impl AsRef<[u8]>) -> Vec<Error> {
    let bytes = bytes.as_ref();
    Inventory::parse("inventory.yml", bytes).expect_err(&String::from_utf8_lossy(bytes))
}

fn shown(errors: &[Error]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// One host, with these keys beside what it needs, and nothing else wrong.
fn host(keys: &str) -> String {
    format!("hosts:\n  old: {{ {keys} }}\n")
}

/// There is exactly one error, at this place, whose text has this in it.
#[track_caller]
fn one(text: impl AsRef<[u8]>, place: (usize, usize), says: &[&str]) {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{}", shown(&errors));
    let whole = errors[0].to_string();
    let at = errors[0].place.as_ref().map(|p| (p.line, p.column));
    assert_eq!(at, Some(place), "{whole}");
    assert_eq!(errors[0].kind.exit_code(), 2);
    assert!(whole.starts_with(&format!("inventory.yml:{}:{}: ", place.0, place.1)), "{whole}");
    for part in says {
        assert!(whole.contains(part), "no {part:?} in:\n{whole}");
    }
}

const WHOLE: &str = "
# The move of 2026.
production: true
groups:
  routers: [r2, r1]
hosts:
  source: { address: 192.0.2.10, user: admin, sudo: true }
  dest:   { address: 192.0.2.11, port: 2222, identity: ~/.ssh/id_ed25519, moves_to: 192.0.2.10 }
  r1:     { ssh: router-1 }
  r2:     { address: \"[2001:DB8::1]\", sudo: false }
  here:   { local: true, sudo: true }
params:
  domain: pryv.me
  count: 3
  strict: true
  names: [a, 'b c']
  version: \"1.20\"
secrets:
  conductor_password: { env: CONDUCTOR_PASSWORD }
  a: { file: ~/.secret }
  b: { command: pass show b }
  c: { prompt: true }
aws: { region: eu-west-1, profile: ops, endpoint: \"http://127.0.0.1:5000\" }
";

#[test]
fn a_whole_inventory_is_read() {
    let inventory = parse(WHOLE);
    let host = |name: &str| &inventory.hosts[&HostName::parse(name).unwrap()];
    let address = |text: &str| Address::parse(text).unwrap();
    assert!(inventory.production);
    assert_eq!(
        inventory.order.iter().map(AsRef::as_ref).collect::<Vec<&str>>(),
        ["source", "dest", "r1", "r2", "here"]
    );
    assert_eq!(inventory.groups["routers"].iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["r2", "r1"]);
    assert!(host("source").sudo);
    assert_eq!(
        host("dest").reach,
        Reach::Ssh {
            address: address("192.0.2.11"),
            port: 2222,
            user: None,
            identity: Some("~/.ssh/id_ed25519".into())
        }
    );
    assert_eq!(host("dest").moves_to, Some(address("192.0.2.10")));
    assert_eq!(host("r1").reach.clone(), Reach::Alias(crate::name::SshAlias::parse("router-1").unwrap()));
    assert_eq!(host("r1").place.to_string(), "inventory.yml:9:3");
    assert!(matches!(&host("r2").reach, Reach::Ssh { address, port: 22, .. } if address.as_ref() == "2001:db8::1"));
    assert_eq!((&host("here").reach, host("here").sudo), (&Reach::Local, true));
    let params = serde_json::json!({
        "domain": "pryv.me", "count": 3, "strict": true, "names": ["a", "b c"], "version": "1.20"
    });
    assert_eq!(serde_json::Value::Object(inventory.params.clone()), params);
    assert_eq!(inventory.param_places["count"].to_string(), "inventory.yml:14:10");
    assert_eq!(inventory.secrets["conductor_password"], SecretSource::Env("CONDUCTOR_PASSWORD".into()));
    assert_eq!(inventory.secrets["a"], SecretSource::File("~/.secret".into()));
    assert_eq!(inventory.secrets["b"], SecretSource::Command("pass show b".into()));
    assert_eq!(inventory.secrets["c"], SecretSource::Prompt);
    let aws = inventory.aws.clone().unwrap();
    assert_eq!(aws.region.as_deref(), Some("eu-west-1"));
    assert_eq!(aws.endpoint.as_deref(), Some("http://127.0.0.1:5000"));
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_order() {
    let errors =
        errors("hosst: 1\nhosts:\n  a: { address: -x, port: 0, user: no }\n  b: { adress: x }\naws: { region: 5 }\n");
    let places: Vec<String> = errors.iter().map(|e| e.place.as_ref().unwrap().to_string()).collect();
    let at = ["1:1", "3:17", "3:27", "3:36", "4:8", "5:16"].map(|p| format!("inventory.yml:{p}"));
    assert_eq!(places, at, "{}", shown(&errors));
}

#[test]
fn a_finding_shows_its_line() {
    let errors = errors("hosst: {}\n");
    assert_eq!(
        errors[0].to_string(),
        "inventory.yml:1:1: unknown key \"hosst\"\n  |\n1 | hosst: {}\n  | ^^^^^\n  did you mean \"hosts\"?\n  known: hosts, groups, params, secrets, aws, production"
    );
}

#[test]
fn very_many_findings_are_counted() {
    let text: String = (0..2000).map(|n| format!("key{n}: 1\n")).collect();
    let errors = errors(text);
    assert_eq!(errors.len(), 50);
    assert!(errors[49].to_string().ends_with("and 1950 more findings"));
}

#[test]
fn reserved_words_are_no_names() {
    one("hosts:\n  new: { address: a }\n", (2, 3), &["\"new\" is a reserved word of the playbook language"]);
    one("groups:\n  match: []\n", (2, 3), &["\"match\" is a reserved word"]);
    one("params:\n  default: x\n", (2, 3), &["\"default\" is a reserved word"]);
    one("secrets:\n  use: { env: A }\n", (2, 3), &["\"use\" is a reserved word"]);
    one("hosts:\n  'a b': { address: a }\n", (2, 3), &["is not a host name of an inventory"]);
}

#[test]
fn groups_name_hosts() {
    let with = |groups: &str| format!("hosts:\n  r1: {{ ssh: a }}\n  r2: {{ ssh: b }}\ngroups:\n{groups}");
    one(with("  routers: [r1, r22]\n"), (5, 17), &["\"routers\" names \"r22\", which is no host", "did you mean"]);
    one(with("  r1: [r2]\n"), (5, 3), &["\"r1\" is the name of a host too", "inventory.yml:2:3"]);
    one(with("  a: [r1]\n  b: [a]\n"), (6, 7), &["it is a group; a group lists hosts"]);
    one(with("  a: [r1, r1]\n"), (5, 11), &["names \"r1\" twice"]);
    one(with("  a: r1\n"), (5, 6), &["must be a list of hosts, found text"]);
}

#[test]
fn ways_to_a_host_exclude_each_other() {
    one(host("ssh: r, port: 22"), (2, 18), &["port and ssh cannot stand together"]);
    one(host("local: true, address: a"), (2, 23), &["address and local cannot stand together"]);
    one(host("local: true, ssh: a"), (2, 23), &["ssh and local cannot stand together"]);
    one(host("sudo: true"), (2, 3), &["hosts.old does not say how it is reached"]);
    one("hosts:\n  old: 192.0.2.1\n", (2, 8), &["hosts.old must be a map, found text", "address: 192.0.2.10"]);
    one("hosts:\n  old:\n", (2, 7), &["must be a map, found nothing"]);
    one("", (1, 1), &["the inventory is empty"]);
    one("- a\n", (1, 1), &["an inventory must be a map, found a list"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = Inventory::parse("x", &bytes);
    }

    #[test]
    fn a_damaged_inventory_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
            "", ":", " ", "\n", "\t", "[", "{", "}", "]", ",", "&a ", "*a", "!t ", "'", "\"", "é", "- ", "no", "0", "#", "|", "\0", "<<: ",
        ])), 1..8)
    ) {
        let mut text = WHOLE.to_string();
        for (index, piece) in &changes {
            let at = index.index(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                text.replace_range(at..=at, piece);
            }
        }
        if let Err(errors) = Inventory::parse("x", text.as_bytes()) {
            prop_assert!(!errors.is_empty());
            prop_assert!(errors.iter().all(|e| e.place.as_ref().is_some_and(|p| p.line > 0 && p.column > 0)));
        }
    }
}
