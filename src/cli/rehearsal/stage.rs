//! One lab with a state folder of its own, in which one case after the other is played.

use crate::cli::wrong::Wrong;
use crate::error::{Error, Kind, Result};
use crate::lab::{self, LabSource, OpenLab, Snapshot, differences};
use crate::world::files;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// No command of a rehearsal takes this long. One that does hangs.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How a command of mig ended.
pub struct Ended {
    /// `None`: killed by a signal.
    pub code: Option<i32>,
    pub text: String,
}

pub struct Stage {
    /// Removed with the stage.
    folder: tempfile::TempDir,
    state: PathBuf,
    pub lab: OpenLab,
    /// Every host's files before anything was done. Each lab has keys and machine-ids of its own.
    pub start: BTreeMap<String, Snapshot>,
    playbook: String,
    program: PathBuf,
    log: PathBuf,
    /// The rehearsal is to end now.
    stop: Arc<AtomicBool>,
}

impl Stage {
    /// Opens a lab for it. Once `stop` is true, what runs in it is killed, and nothing more is begun.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(source: &LabSource, playbook: &str, stop: &Arc<AtomicBool>) -> std::result::Result<Self, Wrong> {
        stopped(stop)?;
        let cannot = |e: std::io::Error| Box::new(Error::refused(format!("cannot make a folder for a rehearsal: {e}")));
        let folder = tempfile::Builder::new().prefix("mig-test-").tempdir().map_err(cannot)?;
        let state = folder.path().join("state");
        let lab = lab::open(source, &state)?;
        let program = std::env::current_exe().map_err(cannot)?;
        let start = snapshots(&lab)?;
        let log = folder.path().join("points");
        Ok(Stage { folder, state, lab, start, playbook: playbook.into(), program, log, stop: stop.clone() })
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
            .stdin(Stdio::null());
        command
    }
    fn begin(&self, what: &str, fail: &str) -> Result<Played> {
        stopped(&self.stop)?;
        let said = tempfile::NamedTempFile::new_in(self.folder.path()).map_err(unstarted)?.into_temp_path();
        let mut command = self.command(&self.words(what), fail);
        command.stdout(files::sink(&said)?).stderr(files::sink(&said)?);
        Ok(Played { child: command.spawn().map_err(unstarted)?, said })
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
        self.begin(what, fail)?.end(&self.stop, LONGEST)
    }
    /// The same, killed with SIGKILL after so long.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn kill(&self, what: &str, after: Duration) -> Result<Ended> {
        self.begin(what, "")?.end(&self.stop, after)
    }
    /// Two of the same at once.
    ///
    /// # Errors
    /// They cannot be started.
    pub fn twice(&self, what: &str) -> Result<[Ended; 2]> {
        let (one, two) = (self.begin(what, "")?, self.begin(what, ""));
        let one = one.end(&self.stop, LONGEST);
        let two = two.and_then(|two| two.end(&self.stop, LONGEST));
        Ok([one?, two?])
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

/// A command of mig that runs.
struct Played {
    child: Child,
    said: tempfile::TempPath,
}

impl Played {
    /// Waits for it, and kills it after so long, or when the rehearsal is to end.
    fn end(mut self, stop: &AtomicBool, after: Duration) -> Result<Ended> {
        let began = Instant::now();
        let (mut pause, mut killed) = (Duration::from_millis(1), "");
        let status = loop {
            if let Some(status) = self.child.try_wait().map_err(unstarted)? {
                break status;
            }
            let is_over = stop.load(Ordering::SeqCst);
            if is_over || began.elapsed() >= after {
                let _ = self.child.kill();
                let status = self.child.wait().map_err(unstarted)?;
                stopped(stop)?;
                killed = "it did not end, and was killed";
                break status;
            }
            std::thread::sleep(pause.min(after.saturating_sub(began.elapsed())));
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let said = files::find_bytes(&self.said, 64 << 20)?.unwrap_or_default();
        Ok(Ended { code: status.code(), text: String::from_utf8_lossy(&said).into_owned() + killed })
    }
}

/// # Errors
/// The rehearsal is to end.
fn stopped(stop: &AtomicBool) -> Result<()> {
    match stop.load(Ordering::SeqCst) {
        true => Error::new(Kind::Stopped, "the rehearsal was stopped; its labs are closed").err(),
        false => Ok(()),
    }
}

impl Ended {
    /// The last lines of what it printed, but for what always follows an error.
    pub fn tail(&self) -> String {
        let why = self.text.split("\nWhat had succeeded:").next().unwrap_or_default();
        let lines: Vec<&str> = why.trim_end().lines().collect();
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
