//! One lab with a state folder of its own, in which one case after the other is played.

use crate::cli::wrong::Wrong;
use crate::error::{Error, Result};
use crate::lab::{self, LabSource, OpenLab, Snapshot, differences};
use crate::world::files;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// How a command of mig ended.
pub struct Ended {
    /// `None`: killed by a signal.
    pub code: Option<i32>,
    pub text: String,
}

pub struct Stage {
    /// Removed with the stage.
    _folder: tempfile::TempDir,
    state: PathBuf,
    pub lab: OpenLab,
    /// Every host's files before anything was done. Each lab has keys and machine-ids of its own.
    pub start: BTreeMap<String, Snapshot>,
    playbook: String,
    program: PathBuf,
    log: PathBuf,
}

impl Stage {
    /// Opens a lab for it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(source: &LabSource, playbook: &str) -> std::result::Result<Self, Wrong> {
        let cannot = |e: std::io::Error| Box::new(Error::refused(format!("cannot make a folder for a rehearsal: {e}")));
        let folder = tempfile::Builder::new().prefix("mig-test-").tempdir().map_err(cannot)?;
        let state = folder.path().join("state");
        let lab = lab::open(source, &state)?;
        let program = std::env::current_exe().map_err(cannot)?;
        let start = snapshots(&lab)?;
        let log = folder.path().join("points");
        Ok(Stage { _folder: folder, state, lab, start, playbook: playbook.into(), program, log })
    }

    /// As at the start: no run, no file changed, nothing running.
    ///
    /// # Errors
    /// The lab does not answer.
    pub fn reset(&self) -> Result<()> {
        files::clear(&self.state, &["labs"])?;
        files::clear(&self.lab.folder().join("mig"), &[])?;
        self.lab.reset()
    }

    fn command(&self, words: &[&str], fail: &str) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .env("MIG_STATE", &self.state)
            .env("MIG_FAIL", fail)
            .env("MIG_FAIL_LOG", &self.log)
            .env_remove("MIG_INVENTORY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
    fn words<'a>(&'a self, what: &'a str) -> Vec<&'a str> {
        match what {
            "run" => vec!["run", &self.playbook, "--lab", "--yes"],
            // All of it is taken back, also what came behind a point of no return: a lab loses nothing by that.
            "rollback" => vec!["rollback", "--past-no-return", "--yes"],
            what => what.split(' ').chain(["--yes"]).collect(),
        }
    }

    /// Runs `run`, `resume`, `rollback` or another command to its end.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn mig(&self, what: &str, fail: &str) -> Result<Ended> {
        files::clear_file(&self.log)?;
        let output = self.command(&self.words(what), fail).output().map_err(unstarted)?;
        Ok(Ended::of(&output))
    }
    /// The same, killed with SIGKILL after so long.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn kill(&self, what: &str, after: Duration) -> Result<Ended> {
        let mut child = self.command(&self.words(what), "").spawn().map_err(unstarted)?;
        std::thread::sleep(after);
        let _ = child.kill();
        Ok(Ended::of(&child.wait_with_output().map_err(unstarted)?))
    }
    /// Two of the same at once.
    ///
    /// # Errors
    /// They cannot be started.
    pub fn twice(&self, what: &str) -> Result<[Ended; 2]> {
        let spawn = || self.command(&self.words(what), "").spawn().map_err(unstarted);
        let (one, two) = (spawn()?, spawn()?);
        let end = |child: std::process::Child| Ok(Ended::of(&child.wait_with_output().map_err(unstarted)?));
        let one: Result<Ended> = end(one);
        Ok([one?, end(two)?])
    }

    /// The points that the last command reached.
    pub fn log(&self) -> String {
        files::find_text(&self.log, 64 << 20).ok().flatten().unwrap_or_default()
    }

    /// Every host's files as they are now.
    ///
    /// # Errors
    /// The lab does not answer.
    pub fn snapshots(&self) -> Result<BTreeMap<String, Snapshot>> {
        snapshots(&self.lab)
    }

    /// What differs, as `host:path`, but for what may.
    pub fn compare(
        &self,
        was: &BTreeMap<String, Snapshot>,
        now: &BTreeMap<String, Snapshot>,
        may: &dyn Fn(&str, &str) -> bool,
    ) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for (host, was) in was {
            let Some(now) = now.get(host) else { continue };
            for (path, what) in differences(was, now) {
                if !may(host, &path) {
                    all.insert(format!("{host}:{path}"), what);
                }
            }
        }
        all
    }

    /// Whether lab.yml lets this path differ after a rollback.
    pub fn may_differ(&self, host: &str, path: &str) -> bool {
        self.lab.settings().differs_after_rollback.iter().any(|d| d.is_about(host, path))
    }

    /// Ends the lab.
    ///
    /// # Errors
    /// It does not go.
    pub fn close(self) -> Result<()> {
        self.lab.close()
    }
}

impl Ended {
    fn of(output: &Output) -> Self {
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ended { code: output.status.code(), text }
    }
    /// The last lines of what it printed.
    pub fn tail(&self) -> String {
        let lines: Vec<&str> = self.text.trim_end().lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

fn snapshots(lab: &OpenLab) -> Result<BTreeMap<String, Snapshot>> {
    let names = lab.settings().hosts.keys();
    names.map(|host| Ok((host.clone(), lab.snapshot(host)?))).collect()
}

fn unstarted(e: std::io::Error) -> Box<Error> {
    Box::new(Error::refused(format!("cannot start mig itself: {e}")))
}
