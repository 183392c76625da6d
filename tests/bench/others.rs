//! Other programs of the kind, with the same commands on the same hosts: only with
//! `MIG_BENCH_OTHERS=1` (or the names of some, as `fabric,pyinfra`), and only those that pip can install into a venv of this run.

use super::fleet::Fleet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;
/// What takes longer than this is measured once: a middle of several would not say more.
const LONG: Duration = Duration::from_secs(15);

/// The venv, where it is wanted and could be made: beside the folder of a fleet, and gone with it.
fn venv(beside: &Path) -> Option<&'static Path> {
    static VENV: OnceLock<Option<PathBuf>> = OnceLock::new();
    let made = VENV.get_or_init(|| {
        std::env::var_os("MIG_BENCH_OTHERS")?;
        let at = beside.parent()?.join("venv");
        let quietly = |c: &mut Command| c.stdout(Stdio::null()).status().is_ok_and(|s| s.success());
        let done = quietly(Command::new("python3").args(["-m", "venv"]).arg(&at))
            && quietly(Command::new(at.join("bin/pip")).args(["-q", "install", "fabric", "pyinfra", "ansible-core"]));
        if !done {
            println!("fabric, pyinfra and Ansible cannot be installed with pip: they are not measured");
        }
        done.then_some(at)
    });
    made.as_deref()
}

/// Each with its time: the middle one of a few.
pub fn measure(fleet: &Fleet, commands: usize) -> Vec<(&'static str, Duration)> {
    let Some(venv) = venv(&fleet.folder) else { return vec![] };
    let (hosts, n) = (fleet.len().to_string(), commands.to_string());
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/others");
    let at = &fleet.folder;
    let names: String = (0..fleet.len()).map(|n| format!("h{n}\n")).collect();
    fs::write(at.join("hosts.ini"), names).unwrap();
    fs::write(at.join("hosts.py"), format!("import os\nhosts = [(f'h{{n}}', {{'ssh_config_file': os.environ['SSH_CONFIG'], 'ssh_strict_host_key_checking': 'off'}}) for n in range({hosts})]\n")).unwrap();
    fs::write(
        at.join("ansible.cfg"),
        format!(
            "[defaults]\nforks={hosts}\ngathering=explicit\nhost_key_checking=False\n\
             [ssh_connection]\nssh_args=-F {0}/ssh_config -o ControlMaster=auto -o ControlPersist=60s\n\
             control_path_dir={0}/cp\npipelining=True\nusetty=False\n",
            at.display()
        ),
    )
    .unwrap();
    let ansible = |module: &str| {
        let tasks: String = (0..commands).map(|i| format!("    - {module}: /bin/true {i}\n")).collect();
        let file = format!("{module}{commands}.yml");
        fs::write(at.join(&file), format!("- hosts: all\n  gather_facts: no\n  tasks:\n{tasks}")).unwrap();
        vec!["ansible-playbook".into(), "-i".into(), "hosts.ini".into(), file]
    };
    let script = |name: &str| here.join(name).display().to_string();
    let all: [(&'static str, Vec<String>); 4] = [
        ("fabric", vec!["python".into(), script("with_fabric.py"), hosts.clone(), n.clone()]),
        (
            "pyinfra",
            vec![
                "pyinfra".into(),
                "-y".into(),
                "--parallel".into(),
                hosts.clone(),
                "hosts.py".into(),
                script("with_pyinfra.py"),
            ],
        ),
        ("Ansible raw", ansible("raw")),
        ("Ansible command", ansible("command")),
    ];
    let asked = std::env::var("MIG_BENCH_OTHERS").unwrap_or_default();
    all.into_iter()
        .filter(|(name, _)| asked == "1" || asked.split(',').any(|a| a == *name))
        .filter_map(|(name, words)| {
            let mut times: Vec<Duration> = vec![];
            while times.len() < ROUNDS
                && times.iter().all(|took| *took < LONG)
                && let Some(took) = one(venv, at, &words, &n)
            {
                times.push(took);
            }
            times.sort_unstable();
            if times.is_empty() {
                println!("{name} does not run here: it is not measured");
            }
            Some((name, *times.get(times.len() / 2)?))
        })
        .collect()
}

fn one(venv: &Path, at: &Path, words: &[String], commands: &str) -> Option<Duration> {
    let began = Instant::now();
    let out = Command::new(venv.join("bin").join(&words[0]))
        .args(&words[1..])
        .current_dir(at)
        .env("ANSIBLE_CONFIG", at.join("ansible.cfg"))
        .env("ANSIBLE_LOCAL_TEMP", at.join("ansible"))
        .env("COMMANDS", commands)
        .env("SSH_CONFIG", at.join("ssh_config"))
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let took = began.elapsed();
    if !out.status.success() {
        let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        println!("{}: {}", words[0], text.lines().rev().take(3).collect::<Vec<_>>().join(" / "));
        return None;
    }
    Some(took)
}
