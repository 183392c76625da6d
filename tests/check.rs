//! `mig check` on playbooks that are wrong: `tests/check/NAME.rhai` names in its first lines what is
//! found in it, `//~ LEVEL LINE:COLUMN TEXT`, and nothing else may be found. What is shipped and what
//! the pages show is clean.

use mig::primitives::ALL;
use mig::script::{Level, Playbook, capability_area, check};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn mig(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mig"));
    command.args(words).current_dir(folder).env("MIG_STATE", folder.join("state")).env_remove("MIG_INVENTORY");
    command.output().expect("mig starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn wrong_playbooks() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(top().join("tests/check")).expect("the folder of wrong playbooks");
    let mut all: Vec<PathBuf> = folder.map(|e| e.unwrap().path()).collect();
    all.retain(|p| p.extension().is_some_and(|e| e == "rhai"));
    all.sort();
    all
}

/// Level, line, column, and a part of the message.
type Expected = (String, u64, u64, String);

fn expected(file: &Path) -> Vec<Expected> {
    let text = std::fs::read_to_string(file).unwrap();
    let line = |l: &str| {
        let mut words = l.strip_prefix("//~ ")?.splitn(3, ' ');
        let (level, place, message) = (words.next()?, words.next()?, words.next()?);
        let (line, column) = place.split_once(':')?;
        Some((level.to_owned(), line.parse().ok()?, column.parse().ok()?, message.to_owned()))
    };
    text.lines().map_while(line).collect()
}

fn found(json: &str) -> Vec<Value> {
    json.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

#[test]
fn every_wrong_playbook_has_its_findings_at_their_places_and_no_others() {
    let all = wrong_playbooks();
    assert!(all.len() >= 40, "{}", all.len());
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = vec![];
    for file in &all {
        let (name, expected) = (file.display().to_string(), expected(file));
        assert!(!expected.is_empty(), "{name} says nothing of what is wrong with it");
        let out = mig(folder.path(), &["check", &name, "--format", "json"]);
        let found = found(&text(&out.stdout));
        let fits = |(e, f): (&Expected, &Value)| {
            let says = f["message"].as_str().unwrap_or_default();
            f["severity"] == *e.0 && f["line"] == e.1 && f["column"] == e.2 && says.contains(&e.3) && f["file"] == *name
        };
        let is_refused = expected.iter().any(|e| e.0 == "error");
        if expected.len() != found.len()
            || !expected.iter().zip(&found).all(fits)
            || out.status.code() != Some(if is_refused { 2 } else { 0 })
        {
            let found: Vec<String> = found.iter().map(|f| f.to_string()).collect();
            wrong.push(format!(
                "{name}: {:?}\n  expected {expected:?}\n  found {}",
                out.status,
                found.join("\n        ")
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_finding_is_shown_with_its_line_and_a_caret_under_its_column() {
    let folder = tempfile::tempdir().unwrap();
    for file in wrong_playbooks() {
        let name = file.display().to_string();
        let out = mig(folder.path(), &["check", &name]);
        let page = text(&out.stderr);
        let source: Vec<String> = std::fs::read_to_string(&file).unwrap().lines().map(String::from).collect();
        for (level, line, column, _) in expected(&file) {
            let head = format!("{level}: {name}:{line}:{column}: ");
            let at = page.lines().position(|l| l.starts_with(&head));
            let at = at.unwrap_or_else(|| panic!("{head} is missing in:\n{page}"));
            let shown: Vec<&str> = page.lines().skip(at + 2).take(2).collect();
            let index = usize::try_from(line).unwrap() - 1;
            // Behind the end of the last line there is nothing to show.
            let Some(text) = source.get(index) else { continue };
            let word: String = text.chars().skip(usize::try_from(column).unwrap() - 1).take(1).collect();
            assert!(shown[0].starts_with(&format!("{line} | ")), "{head}\n{page}");
            let under = columns(shown[1].split('^').next().unwrap_or_default());
            let mut seen = 0;
            let above: String = shown[0]
                .chars()
                .skip_while(|c| {
                    let before = seen < under;
                    seen += columns(&c.to_string());
                    before
                })
                .take(1)
                .collect();
            assert_eq!(above, word, "{head}\n{page}");
        }
    }
}

/// Columns of a terminal, as far as the playbooks here need it.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if ('\u{2e80}'..'\u{a4cf}').contains(&c) { 2 } else { 1 }).sum()
}

#[test]
fn what_is_shipped_is_clean() {
    let folder = tempfile::tempdir().unwrap();
    let names = mig::cli::playbook_names();
    assert!(names.contains(&"conductor".to_owned()));
    for name in &names {
        let out = mig(folder.path(), &["check", name, "--format", "json"]);
        let worse: Vec<Value> = found(&text(&out.stdout)).into_iter().filter(|f| f["severity"] != "note").collect();
        assert!(worse.is_empty() && out.status.success(), "{name}: {worse:?} {}", text(&out.stderr));
    }
}

#[test]
fn every_example_of_a_primitive_is_clean() {
    const AROUND: &str = "let p = params(#{ source: host(\"old\"), dest: host(\"new\"), r1: host(\"a router\") });\n\
        let source = p.source; let dest = p.dest; let r1 = p.r1;\n\
        let tunnel = dest.ssh_tunnel(#{ to: source, local: 6380, remote: 6379 });\n";
    for spec in ALL {
        for example in spec.examples {
            let playbook = Playbook::load("example", spec.name, &format!("{AROUND}{};", example.script), &|_| None);
            let found = check(&playbook.unwrap_or_else(|e| panic!("{}: {e:?}", spec.name)), ALL);
            let worse: Vec<_> = found.iter().filter(|f| f.level != Level::Note).collect();
            assert!(worse.is_empty(), "{}: {worse:?}", example.script);
        }
    }
}

#[test]
fn strict_takes_notes_for_errors_and_a_run_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let noted = top().join("tests/check/command_that_cannot_be_taken_back.rhai").display().to_string();
    assert_eq!(mig(folder.path(), &["check", &noted]).status.code(), Some(0));
    assert_eq!(mig(folder.path(), &["check", &noted, "--strict"]).status.code(), Some(2));
    assert_eq!(mig(folder.path(), &["check", "conductor", "--strict"]).status.code(), Some(0));
    let out = mig(folder.path(), &["run", &noted, "--yes"]);
    assert!(!text(&out.stderr).contains("neither undo nor check"), "{}", text(&out.stderr));
    let said = mig(folder.path(), &["check", &noted]);
    assert_eq!(text(&said.stdout), format!("{noted}: 2 notes\n"));
}

#[test]
fn online_says_which_hosts_cannot_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    // A port that is nobody's while this listener holds it and never answers: bound, not listening.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let inventory = format!("hosts:\n  here: {{ local: true }}\n  gone: {{ address: 127.0.0.1, port: {free} }}\n");
    std::fs::write(folder.path().join("inventory.yml"), inventory).unwrap();
    let out = mig(folder.path(), &["check", "conductor", "--online", "--format", "json"]);
    let found = found(&text(&out.stdout));
    assert_eq!(out.status.code(), Some(3), "{found:?} {}", text(&out.stderr));
    assert_eq!(found.len(), 1, "{found:?}");
    let said = found[0]["message"].as_str().unwrap_or_default();
    assert!(said.contains("gone cannot be reached") && said.contains("refused"), "{said}");
    assert_eq!(
        (&found[0]["file"], &found[0]["line"], &found[0]["column"]),
        (&"inventory.yml".into(), &3.into(), &3.into())
    );
    // Without hosts there is nothing to contact, and that is said.
    std::fs::write(folder.path().join("inventory.yml"), "hosts: {}\n").unwrap();
    assert_eq!(mig(folder.path(), &["check", "conductor", "--online"]).status.code(), Some(2));
}

#[test]
fn capabilities_are_what_can_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let playbook = r#"const ROOT = "/srv/app";
let p = params(#{ source: host("the old one"), dest: host("the new one") });
let source = p.source; let dest = p.dest;
fn never(h) { h.ssh("rm -rf /"); }
fn stop(h) { h.systemd("app", "stopped"); }
step("Move", || {
    stop(source);
    source.rsync(`${ROOT}/data`, dest);
    dest.write_file("/etc/app/password", secret("app_password"));
    dest.ssh(["app-ctl", "init", dest.name], #{ undo: false });
    http_get("https://example.org/health");
    aws_instance_info("i-0123456789abcdef0");
});
"#;
    std::fs::write(folder.path().join("move.rhai"), playbook).unwrap();
    let out = mig(folder.path(), &["check", "move.rhai", "--capabilities", "--format", "json"]);
    let said = found(&text(&out.stdout));
    assert_eq!(out.status.code(), Some(0), "{said:?} {}", text(&out.stderr));
    let has = |area: &str, call: &str, what: &str, line: u64, changes: bool| {
        let fits = |c: &&Value| {
            c["area"] == area && c["call"] == call && c["place"]["line"] == line && c["changes"] == changes
        };
        let one = said.iter().find(fits).unwrap_or_else(|| panic!("{area} {call}: {said:?}"));
        assert!(one["what"].as_str().unwrap_or_default().contains(what), "{what}: {one}");
    };
    has("hosts", "host", "source, a parameter: the old one", 2, false);
    has("services", "systemd", "app", 5, true);
    has("files", "rsync", "/srv/app/data", 8, true);
    has("files", "write_file", "/etc/app/password", 9, true);
    has("secrets", "secret", "app_password", 9, false);
    has("commands", "ssh", "app-ctl init {dest.name}", 10, true);
    has("network", "http_get", "https://example.org/health", 11, false);
    has("cloud", "aws_instance_info", "i-0123456789abcdef0", 12, false);
    assert!(!said.iter().any(|c| c["place"]["line"] == 4), "a function that nobody calls: {said:?}");
    let page = text(&mig(folder.path(), &["check", "move.rhai", "--capabilities"]).stdout);
    assert!(page.contains("What move can be seen to touch") && page.contains("+ {h}: systemd app"), "{page}");
    for spec in ALL {
        assert_ne!(capability_area(spec.name), "other", "{} belongs to an area", spec.name);
    }
}
