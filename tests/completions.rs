//! What Tab offers in a real bash, zsh and fish: commands, options, and the names that only mig knows.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const MIG: &str = env!("CARGO_BIN_EXE_mig");

/// A folder with a playbook, an inventory and a journal with one run that failed.
fn desk() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir(at.join("playbooks")).unwrap();
    std::fs::write(at.join("playbooks/hello_there.rhai"), "note(\"hello\");\n").unwrap();
    let fails = "let p = params(#{ here: host(\"this machine\") });\nstep(\"Fail\", || p.here.ssh(\"exit 3\", #{ undo: false }));\n";
    std::fs::write(at.join("fails.rhai"), fails).unwrap();
    std::fs::write(at.join("other.txt"), "").unwrap();
    std::fs::write(at.join("inventory.yml"), "hosts:\n  here: { local: true }\n  zebra: { address: 192.0.2.1 }\n")
        .unwrap();
    let ran = command(at, MIG).args(["run", "fails.rhai", "--yes"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(4), "{}", String::from_utf8_lossy(&ran.stderr));
    let runs = command(at, MIG).args(["runs", "--json"]).output().unwrap();
    let line: serde_json::Value = serde_json::from_slice(&runs.stdout).unwrap();
    let id = line["run"].as_str().unwrap().to_owned();
    (folder, id)
}

fn command(at: &Path, program: &str) -> Command {
    let folder = Path::new(MIG).parent().unwrap().display();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command.current_dir(at).env("PATH", format!("{folder}:{path}")).env("MIG_STATE", at.join("state"));
    command.env("HOME", at).env_remove("MIG_INVENTORY").env_remove("XDG_CONFIG_HOME").env("TERM", "xterm");
    command
}

/// What a shell says when it is asked by a script of its own.
fn said(at: &Path, program: &str, words: &[&str]) -> Vec<String> {
    let out = command(at, program).args(words).output();
    let out = out.unwrap_or_else(|e| panic!("{program}: {e}: tests/setup.sh installs it"));
    let err = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{program} {words:?}: {err}");
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
}

/// What is offered for a line, by each shell's own machinery.
fn bash(at: &Path, line: &str) -> Vec<String> {
    let script = format!(
        "eval \"$(mig completions bash)\"
         COMP_LINE={line:?}; COMP_POINT=${{#COMP_LINE}}; COMP_TYPE=9
         read -ra COMP_WORDS <<<\"$COMP_LINE\"
         [[ $COMP_LINE == *' ' ]] && COMP_WORDS+=('')
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
         handler=$(complete -p mig | sed -E 's/.* -F ([^ ]+) mig/\\1/')
         \"$handler\" mig \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\" 2>/dev/null
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    said(at, "bash", &["--norc", "-c", &script])
}

fn fish(at: &Path, line: &str) -> Vec<String> {
    let script = format!("mig completions fish | source; complete -C {line:?}");
    let all = said(at, "fish", &["--no-config", "-c", &script]);
    all.iter().map(|l| l.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// zsh completes only at a prompt: Tab is pressed in a terminal, which tmux is.
fn zsh(at: &Path, line: &str, expected: &str) -> String {
    // A server of its own for each line: one that was told to end may not be gone yet.
    let socket = tempfile::tempdir_in(at).unwrap().keep().join("tmux");
    let tmux = |words: &[&str]| {
        let out = command(at, "tmux").arg("-S").arg(&socket).args(["-f", "/dev/null"]).args(words).output();
        String::from_utf8_lossy(&out.expect("tmux is there: tests/setup.sh installs it").stdout).into_owned()
    };
    let wait_for = |what: &str| {
        let began = Instant::now();
        loop {
            let shown = tmux(&["capture-pane", "-p"]);
            if shown.contains(what) || began.elapsed() > Duration::from_secs(90) {
                return shown;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let begin =
        "PS1='READY> '; unsetopt beep; autoload -Uz compinit; compinit -u -D; source <(mig completions zsh); clear";
    std::fs::write(at.join(".zshrc"), format!("{begin}\n")).unwrap();
    tmux(&["new-session", "-d", "-x", "160", "-y", "50", "zsh -i"]);
    wait_for("READY>");
    tmux(&["send-keys", "-l", line]);
    tmux(&["send-keys", "Tab"]);
    let shown = wait_for(expected);
    tmux(&["kill-server"]);
    shown
}

#[test]
fn bash_offers_names_of_playbooks_runs_and_hosts() {
    let (desk, run) = desk();
    let offers = |line: &str| bash(desk.path(), line);
    let has = |line: &str, wanted: &str| {
        let all = offers(line);
        assert!(all.iter().any(|w| w.trim_end() == wanted), "{line}: {wanted}: {all:?}");
    };
    has("mig ro", "rollback");
    has("mig run --acc", "--accept-new-host-keys");
    has("mig run ", "conductor");
    has("mig run hel", "hello_there");
    has("mig run fa", "fails.rhai");
    has("mig check playbooks/", "playbooks/hello_there.rhai");
    has("mig resume ", &run);
    has(&format!("mig show {}", &run[..4]), &run);
    has("mig unlock ", "zebra");
    has("mig fork con", "conductor");
    has("mig repl --lab cond", "conductor");
    has("mig lab pry", "pryv_register");
    has(&format!("mig rollback {run} --to "), "Fail");
    has("mig run fails.rhai --set ", "here=");
    has("mig doc write_", "write_file");
    has("mig man rol", "rollback");
    assert!(!offers("mig run ").iter().any(|w| w.contains("other.txt")), "a file that is no playbook");
    assert!(!offers("mig fork ").iter().any(|w| w.contains("hello_there")), "what is one's own already");
    // A fork is named where forks are compared.
    let forked = command(desk.path(), MIG).args(["fork", "conductor", "playbooks"]).output().unwrap();
    assert!(forked.status.success(), "{}", String::from_utf8_lossy(&forked.stderr));
    has("mig fork --diff ", "conductor");
    assert!(!offers("mig fork --diff ").iter().any(|w| w.contains("aviatrix")), "what is no fork");
    // Another inventory, and one that is not there: no page, no offer.
    std::fs::write(desk.path().join("site.yml"), "hosts:\n  lion: { address: 192.0.2.1 }\n").unwrap();
    has("mig -i site.yml unlock ", "lion");
    assert!(!offers("mig -i gone.yml unlock ").iter().any(|w| w.contains("zebra")));
}

#[test]
fn fish_offers_the_same() {
    let (desk, run) = desk();
    for (line, wanted) in [
        ("mig run hel", "hello_there"),
        ("mig rollback ", run.as_str()),
        ("mig unlock z", "zebra"),
        ("mig fork pryv_r", "pryv_register"),
        ("mig repl --lab cond", "conductor_routers"),
        ("mig run fails.rhai --set here=z", "here=zebra"),
        ("mig run conductor --set reboots=", "reboots=false"),
    ] {
        let all = fish(desk.path(), line);
        assert!(all.iter().any(|w| w == wanted), "{line}: {wanted}: {all:?}");
    }
}

#[test]
fn zsh_offers_the_same() {
    let (desk, run) = desk();
    for (line, wanted) in [
        ("mig run hel", "hello_there"),
        ("mig rollback ", run.as_str()),
        ("mig unlock z", "zebra"),
        ("mig fork pryv_r", "pryv_register"),
    ] {
        let shown = zsh(desk.path(), line, wanted);
        assert!(shown.contains(wanted), "{line}: {wanted}:\n{shown}");
    }
}

#[test]
fn nothing_is_made_by_pressing_tab() {
    let folder = tempfile::tempdir().unwrap();
    assert!(bash(folder.path(), "mig resume ").iter().all(|w| !w.contains("run")));
    assert!(!folder.path().join("state").exists(), "a journal was made");
}

#[test]
fn the_manual_has_a_page_for_each_command_with_all_its_options() {
    let folder = tempfile::tempdir().unwrap();
    for c in mig::cli::command().get_subcommands() {
        let page = said(folder.path(), MIG, &["man", c.get_name()]).join("\n").replace("\\-", "-");
        for a in c.get_arguments().filter(|a| !a.is_hide_set()) {
            if let Some(long) = a.get_long() {
                assert!(page.contains(&format!("--{long}")), "mig man {}: --{long}", c.get_name());
            }
        }
    }
}
