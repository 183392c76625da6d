//! Worlds of a lab in which something is wrong, and runs that must be refused there before anything is changed.

use super::tree::copy;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What is wrong in the world of a lab before a run, and what the run is refused for.
#[derive(Clone, Copy)]
pub struct Spoiled {
    /// In the lab's `hosts`; it need not be there.
    pub file: &'static str,
    /// What is to be replaced in it; empty: the text is added at the end.
    pub was: &'static str,
    pub becomes: &'static str,
    pub why: &'static str,
}

/// Runs a playbook once in each of the spoiled worlds, in a copy of its lab.
pub fn refuses_in(playbook: &str, worlds: &[Spoiled]) {
    refuses_with(playbook, &[], worlds);
}

/// The same, with more words for `mig run`.
pub fn refuses_with(playbook: &str, more: &[&str], worlds: &[Spoiled]) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("playbooks");
    for world in worlds {
        let folder = tempfile::tempdir().expect("a folder");
        let (own, state) = (folder.path().join("playbooks"), folder.path().join("state"));
        copy(&shipped.join(format!("{playbook}.lab")), &own.join(format!("{playbook}.lab")));
        let script = format!("{playbook}.rhai");
        fs::copy(shipped.join(&script), own.join(&script)).expect("a copy");
        let file = own.join(format!("{playbook}.lab/hosts")).join(world.file);
        let text = fs::read_to_string(&file).unwrap_or_default();
        assert!(text.contains(world.was), "{} has {:?}", world.file, world.was);
        let text = if world.was.is_empty() { text + world.becomes } else { text.replace(world.was, world.becomes) };
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, text).expect("a file");
        let run = |words: &[&str]| {
            let mut mig = Command::new(env!("CARGO_BIN_EXE_mig"));
            mig.args(words).env("MIG_STATE", &state).current_dir(folder.path()).output().expect("mig runs")
        };
        let out = run(&[&["run", playbook, "--lab", "--yes"], more].concat());
        run(&["lab", playbook, "--close"]);
        let said = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        assert!(!out.status.success() && said.contains(world.why), "refused because of \"{}\":\n{said}", world.why);
        assert!(said.contains("Nothing was changed on any host."), "{said}");
    }
}
