//! Somebody who asks for one thing after another through a whole move, and the log of it.

use super::ground::{Ground, PYTHON, run, wait_for};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

pub struct Client {
    child: Child,
    log: PathBuf,
}

/// One try.
pub struct Try {
    pub what: String,
    pub is_done: bool,
    pub ended: f64,
}

impl Client {
    /// Starts a program of this folder with these words, and the name of its log at `%`.
    pub fn begins(ground: &Ground, program: &str, words: &[String]) -> Client {
        let log = ground.at("client.log");
        let _ = fs::remove_file(&log);
        let mut client = ground.around(PYTHON);
        client.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_pryv").join(program));
        client.args(words.iter().map(|w| if w == "%" { log.display().to_string() } else { w.clone() }));
        client.env("PYTHONDONTWRITEBYTECODE", "1").stdout(Stdio::null());
        let client = Client { child: client.spawn().unwrap(), log };
        client.more_is_done(5);
        client
    }
    pub fn tries(&self) -> Vec<Try> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let parse = |line: &str| {
            let words: Vec<&str> = line.splitn(5, ' ').collect();
            Try { what: words[0].into(), is_done: words[1] == "yes", ended: words[3].parse().unwrap() }
        };
        whole.lines().map(parse).collect()
    }
    /// What it was told to be done.
    pub fn acknowledged(&self) -> BTreeSet<String> {
        self.tries().into_iter().filter(|t| t.is_done).map(|t| t.what).collect()
    }
    /// The same, before this second.
    pub fn acknowledged_before(&self, second: f64) -> BTreeSet<String> {
        self.tries().into_iter().filter(|t| t.is_done && t.ended < second).map(|t| t.what).collect()
    }
    pub fn more_is_done(&self, count: usize) {
        let before = self.acknowledged().len();
        wait_for("another thing that is done", 60, || self.acknowledged().len() >= before + count);
    }
    pub fn ends(&mut self) {
        run("kill", &["-TERM", &self.child.id().to_string()]);
        self.child.wait().unwrap();
    }
    /// When nothing was done for longer than a second, and how long, longest first.
    pub fn gaps(&self) -> Vec<(f64, f64)> {
        let done: Vec<f64> = self.tries().iter().filter(|t| t.is_done).map(|t| t.ended).collect();
        let mut gaps: Vec<(f64, f64)> =
            done.windows(2).map(|w| (w[0], w[1] - w[0])).filter(|(_, long)| *long > 1.0).collect();
        gaps.sort_by(|a, b| b.1.total_cmp(&a.1));
        gaps
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
