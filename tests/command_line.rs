//! What a user sees of the command line itself: help, versions, and rows 1 and 2 of the bad inputs.

use assert_cmd::Command;
use std::os::unix::fs::PermissionsExt;

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// mig in a folder of its own, without anything of the user's.
fn mig_in(folder: &std::path::Path, words: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_mig"))
        .args(words)
        .current_dir(folder)
        .env_remove("MIG_INVENTORY")
        .env("MIG_STATE", folder.join("state"))
        .timeout(std::time::Duration::from_secs(20))
        .output()
        .expect("mig starts");
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
fn mig(words: &[&str]) -> Said {
    mig_in(tempfile::tempdir().expect("a folder").path(), words)
}

#[test]
fn the_version_is_one_line() {
    let said = mig(&["--version"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), concat!("mig ", env!("CARGO_PKG_VERSION"), "\n")));
}

#[test]
fn the_help_lists_every_command_in_groups() {
    let said = mig(&["--help"]);
    assert_eq!(said.code, Some(0));
    for part in ["Move something:\n  run ", "When a run stopped:\n  resume ", "Examples:", "Exit codes:", "--inventory"]
    {
        assert!(said.out.contains(part), "{part} is missing in:\n{}", said.out);
    }
    assert!(!said.out.contains("--state"), "{}", said.out);
    // An empty command line is a question for help, and an error.
    assert_eq!(mig(&[]).code, Some(2));
}

#[test]
fn every_command_has_help_without_a_host() {
    for name in [
        "run",
        "plan",
        "resume",
        "rollback",
        "resolve",
        "finish",
        "runs",
        "show",
        "unlock",
        "journal",
        "check",
        "test",
        "lab",
        "doc",
        "completions",
        "man",
    ] {
        let said = mig(&[name, "--help"]);
        assert_eq!(said.code, Some(0), "{name}: {}", said.err);
        assert!(said.out.contains("Usage: mig"), "{name}: {}", said.out);
        assert_eq!(mig(&["man", name]).code, Some(0), "{name}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(mig(&["completions", shell]).out.contains("MIG_COMPLETE"), "{shell}");
    }
}

#[test]
fn row_1_a_playbook_that_is_no_playbook() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in ["playbooks/mine.rhai", "closed.rhai", "latin1.rhai"] {
        let path = at.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, if name.starts_with("latin1") { &b"// caf\xe9"[..] } else { b"" }).unwrap();
    }
    std::fs::create_dir(at.join("folder.rhai")).unwrap();
    let mut cases = vec![
        ("gone.rhai", "gone.rhai: no such playbook (looked in gone.rhai)"),
        ("gone", "gone: no such playbook (looked in ./playbooks/gone.rhai, the shipped playbooks, ./gone)"),
        ("mnie", "did you mean: mine"),
        ("playbooks/mien.rhai", "did you mean: playbooks/mine.rhai"),
        ("playbooks", "playbooks: is a folder, not a file"),
        ("playbooks", "type for example: playbooks/mine.rhai"),
        ("folder.rhai", "folder.rhai: is a folder, not a file"),
        ("latin1.rhai", "latin1.rhai: is not UTF-8 (line 1, byte 6)"),
        ("/dev/zero/", "/dev/zero/: no such playbook"),
        ("/dev/zero", "/dev/zero: is larger than 1048576 bytes"),
        ("", "the name of the playbook is empty"),
    ];
    std::fs::set_permissions(at.join("closed.rhai"), std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything.
    if std::fs::read(at.join("closed.rhai")).is_err() {
        cases.push(("closed.rhai", "closed.rhai: cannot be read: permission denied"));
    }
    for (given, expected) in cases {
        for verb in ["run", "plan"] {
            let said = mig_in(at, &[verb, given]);
            assert_eq!(said.code, Some(2), "{given}: {}", said.err);
            assert!(said.err.contains(expected), "{given}: expected {expected:?} in:\n{}", said.err);
            assert!(said.err.contains("Nothing was sent to any host."), "{}", said.err);
        }
    }
}

#[test]
fn row_2_an_unknown_option_is_named_with_the_nearest_one() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["run", "x", "--invntory", "f"], &["--invntory", "--inventory"]),
        (&["run", "x", "--acept-new-host-keys"], &["--accept-new-host-keys"]),
        (&["resume", "--rety"], &["--retry"]),
        (&["rolback"], &["rolback", "rollback"]),
        (&["check", "x", "--format", "jsn"], &["jsn", "json"]),
        (&["run", "x", "--set", "domain"], &["--set domain=VALUE"]),
        (&["run", "x", "--set", "=1"], &["is not the name of a parameter"]),
        (&["run"], &["PLAYBOOK"]),
        (&["resolve", "7f3a", "12"], &["--done", "--not-done", "--failed", "--undo"]),
        (&["resolve", "7f3a", "12", "--done", "--undo"], &["cannot be used with"]),
        (&["resolve", "7f3a", "twelve", "--done"], &["twelve"]),
        (&["unlock"], &["--lock-id"]),
        (&["--color", "pink", "runs"], &["pink", "always"]),
    ];
    for (words, expected) in cases {
        let said = mig(words);
        assert_eq!(said.code, Some(2), "{words:?}: {}{}", said.out, said.err);
        for part in *expected {
            assert!(said.err.contains(part), "{words:?}: expected {part:?} in:\n{}", said.err);
        }
    }
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let said = std::process::Command::new("sh")
        .args(["-c", "\"$0\" completions bash | true; \"$0\" --help | true; \"$0\" man >&-", env!("CARGO_BIN_EXE_mig")])
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&said.stderr);
    assert!(!err.contains("panicked") && !err.contains("bug"), "{err}");
}
