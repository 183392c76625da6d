//! A command in a container of Docker: its record is on the host, and the command inside is found
//! again by a mark that it carries.
//!
//! On the host it is one command like every other, started at most once for its token: a script that
//! calls `docker exec` and watches over it. The client of Docker may die, or that script with it, while the command
//! in the container goes on: then it is found by the mark in its environment, waited for, and its
//! exit code asked of the engine. A time-out ends it in the container, for ending the client would not.
//! The mark is the run and the token; nothing of it lies in the container, which may be made anew.

use super::answer::{Ended, outcome};
use super::ask::{Job, Progress, Window};
use super::call::Sink;
use super::folder::reason;
use super::link::{Fleet, Link};
use super::script;
use super::settle::Loss;
use crate::contract::{Command, Failure, Halt, Outcome, Run, Settled, Stop, Token, quote, unknown};
use crate::name::ContainerName;
use crate::text::docker;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

const LOOK_MS: u64 = 60_000;
/// How often Docker may fail to answer before nobody knows, a second apart.
const BLIND: u32 = 20;
const SECOND: Duration = Duration::from_secs(1);

/// What an answer of the script on the host, or a look at a command whose script is gone, comes to.
enum Decided {
    Is(Outcome<Value>),
    Loss(Loss),
    As(Settled),
}

impl Fleet {
    pub async fn act_in_container(&self, token: &Token, run: &Run, container: &ContainerName) -> Outcome<Value> {
        let (inner, script) = self.on_the_host(token, run, container)?;
        let at = self.at(token, run)?;
        self.upload(self.link(&run.host)?, &format!("{at}.sh"), script.as_bytes()).await?;
        let settled = match self.act_run(token, &inner).await {
            Ok(answer) => Settled::Done(answer),
            Err(Halt::Stop(Stop::Ask { text, .. })) => Settled::Unknown(text),
            Err(halt) => return Err(halt),
        };
        let ask = |text| Err(Halt::Stop(Stop::Ask { call: token.call(), text }));
        match self.decide(token, run, container, settled).await? {
            Decided::Is(outcome) => outcome,
            Decided::Loss(Loss::Done(value)) | Decided::As(Settled::Done(value)) => Ok(value),
            Decided::Loss(Loss::NotDone(text) | Loss::Unknown(text)) => ask(text),
            Decided::As(Settled::Unknown(text) | Settled::Repeatable(text)) => ask(text),
            Decided::As(Settled::Failed(failure)) => Err(failure.into()),
            Decided::As(Settled::SameToken | Settled::NewToken) => ask("it was not started".into()),
        }
    }

    pub async fn settle_in_container(&self, token: &Token, run: &Run, container: &ContainerName) -> Settled {
        let decided = match self.on_the_host(token, run, container) {
            Ok((inner, _)) => {
                let settled = self.settle_run(token, &inner).await;
                self.decide(token, run, container, settled).await
            }
            Err(halt) => Err(halt),
        };
        match decided {
            Ok(Decided::As(settled)) => settled,
            Ok(Decided::Is(Ok(value)) | Decided::Loss(Loss::Done(value))) => Settled::Done(value),
            Ok(Decided::Is(Err(Halt::Failed(failure)))) => Settled::Failed(*failure),
            Ok(Decided::Loss(Loss::NotDone(_))) => Settled::NewToken,
            Ok(Decided::Loss(Loss::Unknown(text))) if run.idempotent => Settled::Repeatable(text),
            Ok(Decided::Loss(Loss::Unknown(text))) => Settled::Unknown(text),
            Ok(Decided::Is(Err(halt))) | Err(halt) => Settled::Unknown(reason(&halt)),
        }
    }

    async fn decide(&self, token: &Token, run: &Run, container: &ContainerName, settled: Settled) -> Outcome<Decided> {
        match settled {
            Settled::Done(answer) => self.verdict(token, run, container, &answer).await,
            Settled::Unknown(text) => match self.after_the_script(token, run, container).await? {
                Some(decided) => Ok(decided),
                None => Ok(Decided::As(Settled::Unknown(text))),
            },
            other => Ok(Decided::As(other)),
        }
    }

    /// What the script on the host says: the command's own exit code, or why there is none.
    async fn verdict(&self, token: &Token, run: &Run, container: &ContainerName, answer: &Value) -> Outcome<Decided> {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let code = answer.get("code").and_then(Value::as_i64).unwrap_or(255);
        let ended = Ended { code, timed_out: false, stdout: text("stdout"), stderr: text("stderr") };
        let note = match code {
            125 => {
                let file = Command::argv(["cat".into(), "--".into(), format!("{}.note", self.at(token, run)?)]);
                Some(self.run(&run.host, &file, LOOK_MS).await?).filter(|o| o.code == 0).map(|o| o.stdout)
            }
            _ => None,
        };
        let Some(note) = note else { return Ok(Decided::Is(outcome(run, ended))) };
        let (word, rest) = note.trim().split_once(' ').unwrap_or((note.trim(), ""));
        match word {
            "cut" => Ok(Decided::Is(cut(run, Ended { code: rest.parse().unwrap_or(255), ..ended }))),
            "failed" => {
                let host = run.host.to_string();
                // A program that is not there is told on its output.
                let said = if docker::is_complaint(&ended.stdout) { ended.stdout } else { ended.stderr };
                let (why, hint) = docker::complaint(&said, &host, container.as_ref());
                let failure = Failure::new(format!("nothing ran: {why}")).hint(hint).output(said);
                Ok(Decided::Is(Err(Failure { code: rest.parse().unwrap_or(125), ..failure }.into())))
            }
            _ => {
                let link = self.link(&run.host)?;
                Ok(Decided::Loss(self.inside_check(link, token, run, container, false, "").await?))
            }
        }
    }

    /// The script on the host is gone without a word. `None`: it is not, so what was known stays.
    async fn after_the_script(&self, token: &Token, run: &Run, container: &ContainerName) -> Outcome<Option<Decided>> {
        let (inner, _) = self.on_the_host(token, run, container)?;
        let (link, (job, is_wiped)) = (self.link(&run.host)?, self.job(token, &inner)?);
        if is_wiped {
            return Ok(None);
        }
        let window = Window { from: (0, 0), limit: 0, look: true };
        let Ok(asked) = self.ask(link, &job, window, Sink::Drop, Sink::Drop).await else { return Ok(None) };
        let Progress::Lost { rebooted, when } = asked.progress else { return Ok(None) };
        if !rebooted && let Some(decided) = self.wait_inside(link, &job, token, run).await? {
            return Ok(Some(decided));
        }
        Ok(Some(Decided::Loss(self.inside_check(link, token, run, container, rebooted, &when).await?)))
    }

    /// As long as it lives in the container, and its time lasts. `None`: it is gone.
    async fn wait_inside(&self, link: &Link, job: &Job, token: &Token, run: &Run) -> Outcome<Option<Decided>> {
        let at = self.at(token, run)?;
        let script = |mode: &str| Command::argv(["sh", &format!("{at}.sh"), "-", mode]);
        let (mut blind, mut is_ended) = (0, false);
        loop {
            let output = self.run(&run.host, &script("look"), LOOK_MS).await?;
            let (seconds, seen) = output.stdout.trim().split_once(' ').unwrap_or_default();
            match seen.split_once(' ').unwrap_or((seen, "")) {
                ("ended", code) => {
                    let ((out, err), _) = self.read_part(link, job, (0, 0), super::run::CHUNK).await?;
                    let text = |bytes: Vec<u8>| self.redactor.text(String::from_utf8_lossy(&bytes).into_owned());
                    let code = code.parse().unwrap_or(255);
                    let ended = Ended { code, timed_out: is_ended, stdout: text(out), stderr: text(err) };
                    return Ok(Some(Decided::Is(cut(run, ended))));
                }
                ("alive", _) => {
                    let is_over = seconds.parse::<u64>().is_ok_and(|s| s.saturating_mul(1_000) > run.timeout_ms);
                    if is_over && !is_ended {
                        is_ended = true;
                        self.run(&run.host, &script("end"), LOOK_MS).await?;
                        continue;
                    }
                }
                ("gone", _) => return Ok(None),
                (_, why) => {
                    blind += 1;
                    if blind > BLIND {
                        let text = self.lost_text(link, job, run, false, "").await;
                        let why = format!("{text}\n  whether it still runs in the container cannot be seen: {why}");
                        return Ok(Some(Decided::Loss(Loss::Unknown(why))));
                    }
                }
            }
            tokio::time::sleep(SECOND).await;
        }
    }

    /// Nothing of it lives, and nobody saw its exit code: its own check may know.
    async fn inside_check(
        &self,
        link: &Link,
        token: &Token,
        run: &Run,
        container: &ContainerName,
        rebooted: bool,
        when: &str,
    ) -> Outcome<Loss> {
        let mut passed = None;
        if let Some(check) = check_of(run, container) {
            let output = self.run(&run.host, &check, super::settle::CHECK_MS).await.ok();
            // A check that could not be made is no answer.
            passed = output.and_then(|o| match o.code {
                0 => Some(true),
                125.. => None,
                _ if docker::is_complaint(&o.stderr) => None,
                _ => Some(false),
            });
        }
        if passed == Some(true) {
            return Ok(Loss::Done(unknown("its output was lost; its check says that it is done")));
        }
        let (job, _) = self.job(token, &self.on_the_host(token, run, container)?.0)?;
        let text = self.lost_text(link, &job, run, rebooted, when).await;
        Ok(if passed == Some(false) { Loss::NotDone(text) } else { Loss::Unknown(text) })
    }

    /// What the files of a token begin with.
    fn at(&self, token: &Token, run: &Run) -> Outcome<String> {
        Ok(format!("{}/{}", self.prepared(&run.host)?.record.folder, token.as_ref()))
    }

    /// The command on the host, and the script that it runs. The command is the same for every version
    /// of mig, the script need not be.
    pub(super) fn on_the_host(&self, token: &Token, run: &Run, container: &ContainerName) -> Outcome<(Run, String)> {
        let at = self.at(token, run)?;
        let folder = self.prepared(&run.host)?.record.folder;
        let name = folder.rsplit('/').next().unwrap_or_default();
        // It ends in what no token has in it, so that none is found in another.
        let mark = format!("{name}/{};", token.as_ref());
        let words = words(run, container, &mark);
        let head = [container.as_ref(), &mark, &at, &template(run, &mark)].map(String::from);
        let args: Vec<String> = head.iter().chain(&words).map(|w| quote(w)).collect();
        let finder = quote(&script::CONTAINER_FIND.text());
        let text = format!("set -- \"$1\" \"$2\" {}\nfinder={finder}\n{}\n", args.join(" "), script::CONTAINER.text());
        let cwd = run.cwd.as_ref().map_or("", |c| c.as_ref());
        let digest = Sha256::digest(format!("{container}\0{cwd}\0{}", run.command.to_sh()));
        // Without a shell around it, which a time-out would end before the script has done its part.
        let command =
            Command::Shell(format!("exec sh {} {} run", quote(&format!("{at}.sh")), hex::encode(&digest[..8])));
        let inner = Run {
            stdin: run.stdin.clone(),
            timeout_ms: run.timeout_ms,
            ok: (0..=255).collect(),
            ..Run::new(&run.host, command)
        };
        Ok((inner, text))
    }
}

/// The words of docker exec: never a terminal, and standard input only where there is some.
fn words(run: &Run, container: &ContainerName, mark: &str) -> Vec<String> {
    let mut words = vec!["docker".to_owned(), "exec".into()];
    words.extend(run.stdin.is_some().then(|| "-i".into()));
    words.extend(["-e".into(), format!("MIG_STEP={mark}")]);
    words.extend(run.cwd.iter().flat_map(|cwd| ["-w".into(), cwd.to_string()]));
    words.push(container.to_string());
    words.extend(inside(&run.command, mark));
    words
}

/// What runs in the container. A shell there bears the mark as its name, by which the engine's events
/// can be told apart.
fn inside(command: &Command, mark: &str) -> Vec<String> {
    match command {
        Command::Argv(words) => words.clone(),
        Command::Shell(text) => vec!["sh".into(), "-c".into(), text.clone(), format!("mig:{mark}")],
    }
}

/// Its check, in the folder in which it runs itself.
fn check_of(run: &Run, container: &ContainerName) -> Option<Command> {
    let options: Vec<&str> = run.cwd.iter().flat_map(|cwd| ["-w", cwd.as_ref()]).collect();
    Some(run.check.as_ref()?.in_container(container, &options))
}

/// Tells from the engine's events which execution was ours, and how one ended.
fn template(run: &Run, mark: &str) -> String {
    // A string of JSON is one of Go's templates.
    let text = |t: &str| json!(t).to_string();
    let is_ours = match &run.command {
        Command::Shell(_) => format!(r#"gt (len (split (printf "%s" .Action) {})) 1"#, text(&format!("mig:{mark}"))),
        Command::Argv(words) => {
            let action = format!("exec_create: {}", words.join(" "));
            format!(r#"eq (printf "%s" .Action) {} {}"#, text(&action), text(&format!("{action} ")))
        }
    };
    let id = "{{.Actor.Attributes.execID}}";
    format!(
        r#"{{{{if {is_ours}}}}}{id} mine{{{{else if eq (printf "%s" .Action) "exec_die"}}}}{id} died {{{{.Actor.Attributes.exitCode}}}}{{{{end}}}}"#
    )
}

/// The client of Docker died while the command went on: its exit code is known, its output is not.
fn cut(run: &Run, ended: Ended) -> Outcome<Value> {
    let answer = outcome(run, ended).map_err(|halt| match halt {
        Halt::Failed(f) => {
            Halt::from(f.hint("docker exec died on the host before the command ended: its output is not whole"))
        }
        halt => halt,
    })?;
    let code = answer.get("code").and_then(Value::as_i64).unwrap_or_default();
    Ok(unknown(format!("it exited {code}, but docker exec had died on the host, and its output is not whole")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::HostName;

    #[test]
    fn words_for_docker() {
        let container = ContainerName::parse("web").unwrap();
        let mut run = Run::new(&HostName::parse("h").unwrap(), Command::argv(["ls", "-l"]));
        let plain = words(&run, &container, "r/1.0.1;").join(" ");
        assert_eq!(plain, "docker exec -e MIG_STEP=r/1.0.1; web ls -l");
        run.command = Command::Shell("a".into());
        run.stdin = Some(serde_json::from_str("\"x\"").unwrap());
        let shell = words(&run, &container, "r/1.0.1;").join(" ");
        assert_eq!(shell, "docker exec -i -e MIG_STEP=r/1.0.1; web sh -c a mig:r/1.0.1;");
        run.check = Some(Command::argv(["test", "-s", "out"]));
        run.cwd = Some(crate::name::RemotePath::parse("/srv").unwrap());
        let check = check_of(&run, &container).map(|c| c.to_sh());
        assert_eq!(check.as_deref(), Some("docker exec -w /srv web test -s out"));
    }
}
