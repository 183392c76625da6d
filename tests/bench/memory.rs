//! What a run of many hosts takes of the memory: mig itself, and beside it its ssh masters.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[derive(Default)]
pub struct Memory {
    /// The most that mig had, in KiB.
    pub mig: u64,
    /// The most that all masters had together, what they share divided among them, in KiB.
    pub masters: u64,
    pub most_masters: usize,
}

/// Runs it, and looks at it while it runs.
pub fn of_run(mut command: Command, folder: &Path) -> Memory {
    let mut child =
        command.stdout(Stdio::null()).stderr(fs::File::create(folder.join("said")).unwrap()).spawn().unwrap();
    let mut seen = Memory::default();
    let mut looks = 0;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{}", fs::read_to_string(folder.join("said")).unwrap_or_default());
            return seen;
        }
        seen.mig = seen.mig.max(kib(&format!("/proc/{}/status", child.id()), "VmHWM:"));
        looks += 1;
        // Counting the masters takes a while; their number grows and then stays.
        if looks % 20 == 0 {
            count(&mut seen);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn count(seen: &mut Memory) {
    let (mut all, mut sum) = (0, 0);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        // A master is known by its socket, before and after it has gone into the background.
        if name.parse::<u32>().is_ok() && words.starts_with("ssh") && words.contains("/.ssh-connection") {
            all += 1;
            sum += kib(&format!("/proc/{name}/smaps_rollup"), "Pss:");
        }
    }
    if all >= seen.most_masters {
        seen.most_masters = all;
        seen.masters = seen.masters.max(sum);
    }
}

fn kib(file: &str, line: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let found = text.lines().find_map(|l| l.strip_prefix(line)?.split_whitespace().next()?.parse().ok());
    found.unwrap_or(0)
}
