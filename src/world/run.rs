//! A command as a deed: started at most once for its token, however often it is sent.
//!
//! One exec request, one channel: the wrapper (`scripts/start.sh`) makes the guard, runs the
//! command with its output in files, notes the exit code, and answers. What breaks on the way is
//! asked for afterwards by the token.

use super::answer::{Ended, outcome, whole};
use super::ask::{Job, Progress, Window};
use super::attach::Attached;
use super::call::{Call, Sink, Trouble};
use super::capped::LIMIT;
use super::channel::LONGEST_REQUEST;
use super::folder::Tries;
use super::link::{Fleet, Link};
use super::live::Live;
use super::look::seconds;
use super::script;
use crate::contract::{Failure, Halt, Listener, Outcome, Run, Stop, Token, quote};
use crate::fault;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A command that answers sooner is not asked for its output while it runs.
const QUIET: Duration = Duration::from_millis(300);
/// Between two looks at the output of a command that runs.
pub const EVERY: Duration = Duration::from_millis(400);
/// After TERM and KILL, the wrapper has this long to answer.
const LAST_WORD: Duration = Duration::from_secs(15);
/// What one look at the output brings.
pub const CHUNK: u64 = 256 << 10;
/// The head of an output that the first answer brings (`head -c` in the wrapper).
const HEAD: u64 = (LIMIT / 2) as u64;
/// What one sending came to.
enum Sent {
    Ended {
        code: i64,
        timed_out: bool,
        out: Vec<u8>,
        err: Vec<u8>,
    },
    /// It had been sent before.
    Again,
}

/// What the wrapper is told in a rehearsal: to count, or to die where its end is lost.
pub(super) fn rehearsal(token: &str) -> String {
    if !fault::is_armed() {
        return String::new();
    }
    let call = token.split('.').next().and_then(|c| c.parse().ok()).unwrap_or_default();
    match (fault::point("host.started", call), fault::point("host.ended", call)) {
        (Err(_), _) => "started",
        (_, Err(_)) => "ended",
        _ => "counts",
    }
    .into()
}

impl Fleet {
    /// What a token stands for on its host. A run whose folder there is gone stops.
    pub fn job(&self, token: &Token, run: &Run) -> Outcome<(Job, bool)> {
        let prepared = self.prepared(&run.host)?;
        let job = Job {
            folder: prepared.record.folder,
            marker: prepared.record.marker,
            token: token.as_ref().into(),
            boot: token.boot().map(str::to_owned),
            sha: digest(run),
        };
        Ok((job, prepared.is_wiped))
    }

    /// Does the deed: starts it, or attaches to what was started under this token.
    pub async fn act_run(&self, token: &Token, run: &Run) -> Outcome<Value> {
        self.act_run_to(token, run, self.settings.listener.as_ref()).await
    }

    /// The same, with its output told to somebody else.
    pub async fn act_run_to(&self, token: &Token, run: &Run, listener: &dyn Listener) -> Outcome<Value> {
        let link = self.link(&run.host)?;
        let (job, is_wiped) = self.job(token, run)?;
        if is_wiped {
            return Err(Stop::Refused(wiped(run, &job)).into());
        }
        self.may_start(&run.host, token)?;
        let mut live = Live::new(&run.host, listener, &self.redactor);
        let mut tries = Tries::default();
        self.bring_inputs(link, &job, run).await?;
        loop {
            self.note_sent(link, &job);
            match self.send(link, &job, run, &mut live).await {
                Ok(Sent::Ended { code, timed_out, out, err }) => {
                    let ended = self
                        .collect(link, &job, (code, timed_out), Some((out, err)), &mut live)
                        .await
                        .map_err(not_known_yet)?;
                    return outcome(run, ended);
                }
                Ok(Sent::Again) => {}
                // Nothing has gone out.
                Err(Trouble::Halt(halt)) => return Err(halt),
                Err(trouble) => tries.again(self, &run.host, trouble).await.map_err(not_known_yet)?,
            }
            match self.attach(link, &job, run, &mut live).await.map_err(not_known_yet)? {
                Attached::Ended { code, timed_out } => {
                    let ended =
                        self.collect(link, &job, (code, timed_out), None, &mut live).await.map_err(not_known_yet)?;
                    return outcome(run, ended);
                }
                // It never arrived, and nothing can have been forgotten: the guard makes it safe.
                Attached::Nothing { boot } if boot == self.sent_in(link, &job) => {}
                Attached::Nothing { .. } => {
                    return Err(self.ask_operator(token, self.untraceable(run)));
                }
                Attached::Lost { rebooted, when } => {
                    return match self.after_loss(link, &job, run, rebooted, &when).await {
                        super::settle::Loss::Done(value) => Ok(value),
                        super::settle::Loss::NotDone(text) | super::settle::Loss::Unknown(text) => {
                            Err(self.ask_operator(token, text))
                        }
                    };
                }
                Attached::Mismatch => return Err(Stop::Refused(mismatch(run, &job)).into()),
                Attached::Wiped => return Err(self.ask_operator(token, wiped(run, &job))),
            }
        }
    }

    fn ask_operator(&self, token: &Token, text: String) -> Halt {
        let call = token.as_ref().split('.').next().and_then(|c| c.parse().ok()).unwrap_or_default();
        Halt::Stop(Stop::Ask { call, text })
    }

    /// Notes in which boot a token was sent: after another one, nothing there says nothing.
    fn note_sent(&self, link: &Link, job: &Job) {
        let boot = link.boot.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let key = (link.config.name.clone(), job.token.clone());
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(boot);
    }
    /// The boot in which a token was sent; for one of an earlier process, that of the marker.
    pub fn sent_in(&self, link: &Link, job: &Job) -> String {
        if let Some(boot) = &job.boot {
            return boot.clone();
        }
        let key = (link.config.name.clone(), job.token.clone());
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        sent.or_else(|| self.prepared(&link.config.name).ok().map(|p| p.record.boot_id)).unwrap_or_default()
    }

    /// Brings stdin and a command that is too long for a request, before it is started.
    async fn bring_inputs(&self, link: &Link, job: &Job, run: &Run) -> Outcome<()> {
        if let Some(stdin) = &run.stdin {
            let text = self.fill(stdin)?;
            self.upload(link, &format!("{}/{}.in", job.folder, job.token), text.as_bytes()).await?;
        }
        if is_long(run) {
            self.upload(link, &format!("{}/{}.cmd", job.folder, job.token), run.command.to_sh().as_bytes()).await?;
        }
        Ok(())
    }

    /// One sending. Its output is told while it comes.
    async fn send(&self, link: &Link, job: &Job, run: &Run, live: &mut Live<'_>) -> Result<Sent, Trouble> {
        let yes = |b: bool| if b { "yes" } else { "no" }.to_owned();
        let text = run.command.to_sh();
        let kind = match () {
            () if is_long(run) => "file",
            () if super::words::are_plain(&text) => "words",
            () => "text",
        };
        let args = [
            job.folder.clone(),
            job.token.clone(),
            job.sha.clone(),
            job.marker.clone(),
            run.cwd.as_ref().map_or("/", |c| c.as_ref()).to_owned(),
            yes(run.stdin.is_some()),
            kind.into(),
            if kind == "file" { String::new() } else { text },
            rehearsal(&job.token),
            "whole".into(),
        ];
        let (mut out, mut err) = (vec![], vec![]);
        let (mut keep_out, mut keep_err) = (|b: &[u8]| out.extend_from_slice(b), |b: &[u8]| err.extend_from_slice(b));
        let mut call = Call::new(script::START, args).out(Sink::To(&mut keep_out)).err(Sink::To(&mut keep_err));
        let (head, is_hunted) = (call.head.clone(), call.is_hunted.clone());
        let reply = tokio::select! {
            reply = self.call(link, &mut call, None) => reply?,
            trouble = self.watch(link, job, run, live, (&head, &is_hunted)) => return Err(trouble),
        };
        let words: Vec<&str> = reply.said.split_whitespace().collect();
        let nothing =
            |why: &str| Err(Trouble::Halt(Failure::new(format!("{}: nothing was started: {why}", run.host)).into()));
        match words[..] {
            ["done" | "unsaved", code, ..] => {
                let code = code.parse().unwrap_or(255);
                Ok(Sent::Ended { code, timed_out: words.contains(&"timeout"), out, err })
            }
            ["again"] => Ok(Sent::Again),
            ["mismatch"] => Err(Trouble::Halt(Stop::Refused(mismatch(run, job)).into())),
            ["wiped"] => Err(Trouble::Halt(Stop::Refused(wiped(run, job)).into())),
            ["nofolder"] => {
                nothing(&format!("the folder {} is not there", run.cwd.as_ref().map_or("/", |c| c.as_ref())))
            }
            ["noinput"] => nothing("its input is not there any more"),
            ["full"] => nothing(&format!("nothing can be written in {}; is the disk full, or read-only?", job.folder)),
            _ => Err(Trouble::Lost(format!("an answer that cannot be: {:?}", reply.said))),
        }
    }

    /// Beside a command that runs: tells its output as it comes, and ends it when its time is over.
    /// Comes back only when it does not answer even then.
    async fn watch(
        &self,
        link: &Link,
        job: &Job,
        run: &Run,
        live: &mut Live<'_>,
        (head, is_hunted): (&Mutex<String>, &AtomicBool),
    ) -> Trouble {
        // It may wait for a session or a connection first; that is not its time.
        while head.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let deadline = Instant::now() + Duration::from_millis(run.timeout_ms);
        let mut pause = QUIET;
        loop {
            let next = deadline.min(Instant::now() + pause);
            tokio::select! { () = tokio::time::sleep_until(next) => {}, () = self.cut() => {} }
            pause = EVERY;
            if Instant::now() >= deadline || self.is_cut() {
                is_hunted.store(true, Ordering::Relaxed);
                self.end(link, job).await;
                tokio::time::sleep(LAST_WORD).await;
                return Trouble::Lost(format!(
                    "it does not answer, {} after it was ended",
                    seconds(LAST_WORD.as_millis() as u64)
                ));
            }
            // The output while it runs is nice to have: it never takes the last session.
            if link.has_room() {
                let _ = self.peek(link, job, live, false).await;
            }
        }
    }

    /// Whether the operator wants the command at hand to end.
    pub fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Relaxed)
    }
    /// Comes back when the operator wants the command at hand to end.
    pub async fn cut(&self) {
        while !self.is_cut() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Tells what was printed since the last look.
    pub async fn peek(
        &self,
        link: &Link,
        job: &Job,
        live: &mut Live<'_>,
        look: bool,
    ) -> Result<super::ask::Asked, Trouble> {
        let shared = Mutex::new(live);
        let more = |is_stderr: bool, b: &[u8]| shared.lock().unwrap_or_else(PoisonError::into_inner).more(is_stderr, b);
        let (mut out, mut err) = (|b: &[u8]| more(false, b), |b: &[u8]| more(true, b));
        let window = Window { from: shared.lock().unwrap_or_else(PoisonError::into_inner).at(), limit: CHUNK, look };
        let asked = self.ask(link, job, window, Sink::To(&mut out), Sink::To(&mut err)).await?;
        shared.into_inner().unwrap_or_else(PoisonError::into_inner).catch_up(asked.sizes);
        Ok(asked)
    }

    /// TERM, then KILL, to every process of a command's session.
    pub async fn end(&self, link: &Link, job: &Job) {
        let prefix = format!("{}/{}", job.folder, job.token);
        let mut call = Call::new(script::END, [prefix]);
        let _ = self.call_now(link, &mut call, Some(Duration::from_secs(30))).await;
    }

    /// The whole answer of a command that ended: head and tail of what it printed.
    pub async fn collect(
        &self,
        link: &Link,
        job: &Job,
        (code, timed_out): (i64, bool),
        heads: Option<(Vec<u8>, Vec<u8>)>,
        live: &mut Live<'_>,
    ) -> Outcome<Ended> {
        let is_whole = |h: &(Vec<u8>, Vec<u8>)| (h.0.len() as u64) < HEAD && (h.1.len() as u64) < HEAD;
        let mut sizes = heads.as_ref().map_or((0, 0), |h| (h.0.len() as u64, h.1.len() as u64));
        let complete = heads.as_ref().is_some_and(is_whole);
        let (out, err) = match heads {
            Some(heads) => heads,
            None => self.read_part(link, job, (0, 0), HEAD).await?.0,
        };
        let (mut out_tail, mut err_tail) = (vec![], vec![]);
        if !complete {
            sizes = self.read_part(link, job, (0, 0), 0).await?.1;
            if sizes.0 > HEAD || sizes.1 > HEAD {
                let from = |size: u64| size.saturating_sub(HEAD).max(HEAD);
                (out_tail, err_tail) = self.read_part(link, job, (from(sizes.0), from(sizes.1)), HEAD).await?.0;
            }
        }
        live.end(false, &out, &out_tail, sizes.0.max(out.len() as u64));
        live.end(true, &err, &err_tail, sizes.1.max(err.len() as u64));
        let text = |head: &[u8], tail: &[u8], size| self.redactor.text(whole(head, tail, size));
        let (stdout, stderr) = (text(&out, &out_tail, sizes.0), text(&err, &err_tail, sizes.1));
        // Its host notes the same when somebody has stopped it.
        Ok(Ended { code, timed_out: timed_out && !self.is_cut(), stdout, stderr })
    }

    /// A part of both outputs, and the sizes of both.
    #[allow(clippy::type_complexity, reason = "two streams, twice")]
    pub async fn read_part(
        &self,
        link: &Link,
        job: &Job,
        from: (u64, u64),
        limit: u64,
    ) -> Outcome<((Vec<u8>, Vec<u8>), (u64, u64))> {
        let mut tries = Tries::default();
        loop {
            let (mut out, mut err) = (vec![], vec![]);
            let (mut keep_out, mut keep_err) =
                (|b: &[u8]| out.extend_from_slice(b), |b: &[u8]| err.extend_from_slice(b));
            let window = Window { from, limit, look: false };
            match self.ask(link, job, window, Sink::To(&mut keep_out), Sink::To(&mut keep_err)).await {
                Ok(asked) if asked.progress == Progress::Wiped => return Ok(((out, err), (0, 0))),
                Ok(asked) => return Ok(((out, err), asked.sizes)),
                Err(trouble) => tries.again(self, &link.config.name, trouble).await?,
            }
        }
    }
}

/// A deed may have been done, and its host cannot be asked: that is no failure with a known end.
/// The run stops, and a resume settles it.
pub fn not_known_yet(halt: Halt) -> Halt {
    match halt {
        Halt::Failed(f) => Halt::Stop(Stop::Fault(format!(
            "{}; what was begun there may go on, and its end is not known yet: resume when the host can be reached",
            f.message
        ))),
        halt => halt,
    }
}

/// Whether the command goes into a file first. The wrapper and the quoting need room too.
fn is_long(run: &Run) -> bool {
    quote(&quote(&run.command.to_sh())).len() > LONGEST_REQUEST - 20_000
}

/// What a token stands for: the same for every version of mig.
fn digest(run: &Run) -> String {
    let stdin = run.stdin.as_ref().map(ToString::to_string).unwrap_or_default();
    let cwd = run.cwd.as_ref().map_or("/", |c| c.as_ref());
    hex::encode(Sha256::digest(format!("{}\0{cwd}\0{stdin}", run.command.to_sh())))
}

pub fn mismatch(run: &Run, job: &Job) -> String {
    format!(
        "{} has a record of another command under {} in {}: the journal is corrupted, or two runs have one name",
        run.host, job.token, job.folder
    )
}

pub fn wiped(run: &Run, job: &Job) -> String {
    format!(
        "the run's records on {} ({}) are gone or not this run's: its disk was wiped or restored, or it is another machine; \
         whether `{}` ran there cannot be known",
        run.host, job.folder, run.command
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Command;
    use crate::name::HostName;

    fn run(command: &str) -> Run {
        Run::new(&HostName::parse("h").unwrap(), Command::Shell(command.into()))
    }

    #[test]
    fn what_a_token_stands_for_has_its_input_by_name() {
        let mut with = run("x");
        with.stdin = Some(serde_json::from_str(r#"{"$text":[{"$secret":"p"}]}"#).unwrap());
        assert_ne!(digest(&with), digest(&run("x")));
        let mut patient = run("x");
        patient.timeout_ms = 5;
        assert_eq!(digest(&patient), digest(&run("x")));
    }

    #[test]
    fn a_long_command_goes_into_a_file() {
        assert!(!is_long(&run("true")));
        assert!(is_long(&run(&"x".repeat(110_000))));
        assert!(is_long(&run(&"'".repeat(30_000))), "quotes grow");
    }
}
