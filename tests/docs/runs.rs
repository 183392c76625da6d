//! Blocks that are run, and the output that the README shows.

use super::page::{Block, Page, top};
use std::path::Path;
use std::process::{Command, Output};

pub const MIG: &str = env!("CARGO_BIN_EXE_mig");

/// A folder in which blocks run one after the other, with a state of its own. What they leave open
/// is closed with it.
pub struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub fn new() -> Desk {
        Desk { folder: tempfile::tempdir().unwrap() }
    }
    fn path(&self) -> &Path {
        self.folder.path()
    }
    /// A command that finds this build as `mig`, and nothing of the user's.
    fn command(&self, program: &str) -> Command {
        let here = Path::new(MIG).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("timeout");
        command.args(["120", program]);
        command
            .current_dir(self.path())
            .env("PATH", format!("{}:{path}", here.display()))
            .env("MIG_SOURCE", top())
            .env("MIG_STATE", self.path().join("state"))
            .env_remove("MIG_INVENTORY")
            .stdin(std::process::Stdio::null());
        command
    }
    pub fn sh(&self, text: &str) -> Output {
        self.command("sh").args(["-eu", "-c", text]).output().unwrap()
    }
    /// Writes the block where its mark says.
    fn write(&self, block: &Block, file: &str) {
        let path = self.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &block.text).unwrap();
    }
    /// What a terminal shows of a command when it has ended; tmux is the terminal.
    pub fn on_a_terminal(&self, command: &str) -> String {
        let tmux = |args: &[&str]| {
            let mut c = self.command("tmux");
            c.arg("-S").arg(self.path().join("tmux")).args(args).env("TERM", "xterm");
            let out = c.output().expect("tmux is there: tests/setup.sh installs it");
            String::from_utf8_lossy(&out.stdout).into_owned()
        };
        let text = format!("{command}; echo ENDED $?; sleep 100");
        tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "200", "-y", "300", &text]);
        let began = std::time::Instant::now();
        let mut shown = String::new();
        while !shown.contains("ENDED") && began.elapsed().as_secs() < 120 {
            std::thread::sleep(std::time::Duration::from_millis(300));
            shown = tmux(&["capture-pane", "-pJ"]);
        }
        tmux(&["kill-server"]);
        shown
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        for name in ["conductor", "playbooks/hello.rhai", "prepare.rhai"] {
            let _ = self.command(MIG).args(["lab", name, "--close"]).output();
        }
    }
}

/// Does what a reader of the page would do: makes its files, types its commands, compares what comes.
pub fn follow(page: &Page) -> Vec<String> {
    let desk = Desk::new();
    let mut came = String::new();
    for block in &page.blocks {
        if let Some(file) = block.file() {
            desk.write(block, file);
        }
        if block.has("run") {
            let out = desk.sh(&block.text);
            came = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
            if !out.status.success() {
                return vec![format!("{}: {}\n{came}", block.place, out.status)];
            }
        }
        if block.has("output")
            && let Some(what) = first_that_differs(&block.text, &normalised(&came))
        {
            return vec![format!("{}:\n{what}\nall that came:\n{came}", block.place)];
        }
    }
    // A tree stands in front of what makes its files.
    let trees = page.blocks.iter().filter(|b| b.has("tree")).flat_map(|b| files(b).into_iter().map(|f| (&b.place, f)));
    trees.filter(|(_, f)| !desk.path().join(f).exists()).map(|(place, f)| format!("{place}: there is no {f}")).collect()
}

/// The paths of a drawn tree: the folder it begins with, then what is indented below it.
fn files(tree: &Block) -> Vec<String> {
    let names = tree.text.lines().filter_map(|l| Some((l.starts_with(' '), l.split_whitespace().next()?)));
    let (mut folder, mut all) = ("", vec![]);
    for (is_inside, name) in names {
        match is_inside {
            true => all.push(format!("{folder}{name}")),
            false => folder = name,
        }
    }
    all
}

/// Without what differs from run to run: ids, times, keys, and what is told of connections.
pub fn normalised(text: &str) -> Vec<String> {
    let id = regex::Regex::new(r"\b[0-9a-f]{12}\b").unwrap();
    let time = regex::Regex::new(r"\b([0-9]+m)?[0-9]+(\.[0-9]+)?s\b|\b[0-9]+ s\b").unwrap();
    let key = regex::Regex::new(r"SHA256:[A-Za-z0-9+/]+").unwrap();
    text.lines()
        .map(|line| {
            let line = id.replace_all(line.trim_end(), "ID");
            let line = time.replace_all(&line, "TIME");
            key.replace_all(&line, "KEY").into_owned()
        })
        // How often a machine that restarts is found away depends on the load of this one.
        .filter(|l| !l.is_empty() && !l.trim_start().starts_with("~ "))
        .collect()
}

/// The first line that is shown and does not come, in the order in which lines are shown. Behind
/// `...` any number of lines may be left out; elsewhere the next line must be the next one.
pub fn first_that_differs(shown: &str, real: &[String]) -> Option<String> {
    let mut at = 0;
    let mut may_skip = true;
    for line in normalised(shown) {
        if line == "..." {
            may_skip = true;
            continue;
        }
        let found = match may_skip {
            true => real[at..].iter().position(|l| *l == line).map(|n| at + n),
            false => (real.get(at) == Some(&line)).then_some(at),
        };
        match found {
            Some(n) => at = n + 1,
            None => return Some(format!("shown: {line}\n real: {}", real.get(at).map_or("", String::as_str))),
        }
        may_skip = false;
    }
    None
}
