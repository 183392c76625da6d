//! A file that stays only if the program that reads it takes it: one command on its host.
//!
//! The whole deed is a script there, started at most once like every command, so that a connection
//! that breaks, or a `mig` that is killed, leaves no half of it: the script goes on, puts the old
//! file back where it must, and its exit code is read later.

use super::answer::last_lines;
use super::folder::reason;
use super::link::Fleet;
use super::put::{Content, Place, differs, file_name, word};
use super::{look, script};
use crate::contract::{Command, Failure, Found, Halt, Outcome, PutChecked, Run, Settled, Token, failed, quote};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

impl Fleet {
    pub async fn act_put_checked(&self, token: &Token, checked: &PutChecked) -> Outcome<Value> {
        let (run, script) = self.checked_run(token, checked).await?;
        let link = self.link(&checked.put.host)?;
        let at = format!("{}/{}", self.folder_of(&checked.put)?, token.as_ref());
        if let Content::Bytes(bytes) = self.content(&checked.put).await? {
            self.upload(link, &format!("{at}.put"), &bytes).await?;
        }
        self.upload(link, &format!("{at}.sh"), script.as_bytes()).await?;
        let answer = self.act_run(token, &run).await?;
        verdict(checked, &answer)
    }

    pub async fn settle_put_checked(&self, token: &Token, checked: &PutChecked) -> Settled {
        let run = match self.checked_run(token, checked).await {
            Ok((run, _)) => run,
            Err(halt) => return Settled::Unknown(reason(&halt)),
        };
        let lost = match self.settle_run(token, &run).await {
            Settled::Done(answer) => {
                return match verdict(checked, &answer) {
                    Ok(value) => Settled::Done(value),
                    Err(Halt::Failed(failure)) => Settled::Failed(*failure),
                    Err(halt) => Settled::Unknown(reason(&halt)),
                };
            }
            Settled::Repeatable(lost) => lost,
            other => return other,
        };
        // The script died with its machine. What it did can be seen, but not whether it counts.
        let put = &checked.put;
        let found = match self.find(&put.host, &put.path).await {
            Ok(Found::Nothing) => None,
            Ok(Found::File(state)) => Some(state),
            Ok(_) | Err(_) => return Settled::Unknown(lost),
        };
        match self.compare(put, found.as_ref()) {
            Place::IsFrom if put.from != put.to => Settled::NewToken,
            Place::IsTo | Place::IsFrom | Place::Unsure => Settled::Repeatable(lost),
            // Written in place, half of it may be there: the script sees that, and refuses anything else.
            Place::Differs if checked.in_place => Settled::Repeatable(lost),
            Place::Differs => Settled::Unknown(differs(put, found.as_ref())),
        }
    }

    /// The command, and the script that it runs: the same each time for the same deed and token.
    async fn checked_run(&self, token: &Token, checked: &PutChecked) -> Outcome<(Run, String)> {
        let put = &checked.put;
        let folder = self.folder_of(put)?;
        let at = format!("{folder}/{}", token.as_ref());
        let content = self.content(put).await?;
        let to = self.wanted(put, &content);
        let (source, uploaded) = match &content {
            Content::Nothing => ("-".into(), "no"),
            Content::Here(path) => (path.clone(), "no"),
            Content::Bytes(_) => (format!("{at}.put"), "yes"),
            Content::Host(host, _) => {
                return failed(format!("{}: a file that is checked cannot come straight from {host}", put.host));
            }
        };
        let kept = match &put.keep {
            Some(name) => format!("{folder}/kept/{}", file_name(name)?),
            None => "-".into(),
        };
        let (owner, mode) =
            to.as_ref().map_or(("-".into(), "0".into()), |s| (s.owner.clone(), format!("{:o}", s.mode)));
        let insist = if checked.insist { "yes" } else { "no" };
        let in_place = if checked.in_place { "yes" } else { "no" };
        let (from, to) = (word(put.from.as_ref()), word(to.as_ref()));
        let (beside, validate, apply) = (self.beside(&put.path), checked.validate.to_sh(), checked.apply.to_sh());
        let args = [
            put.path.as_ref(),
            &beside,
            &from,
            &to,
            &kept,
            &source,
            uploaded,
            &owner,
            &mode,
            insist,
            in_place,
            &validate,
            &apply,
        ];
        let words: Vec<String> = args.iter().map(|a| quote(a)).collect();
        let text = format!("set -- {}\n{}\n", words.join(" "), script::CHECKED.text());
        // The digest makes another deed under this token another command.
        let digest = hex::encode(&Sha256::digest(&text)[..8]);
        let command = Command::argv(["sh", &format!("{at}.sh"), &digest]);
        // Found in place, the file is looked over again: so it may be started twice.
        let mut run = Run { idempotent: true, timeout_ms: checked.timeout_ms, ..Run::new(&put.host, command) };
        run.ok = [0].into_iter().chain(60..=66).collect();
        Ok((run, text))
    }
}

/// What the exit code of the script says.
fn verdict(checked: &PutChecked, answer: &Value) -> Outcome<Value> {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().trim_end();
    let (stdout, stderr) = (text("stdout"), text("stderr"));
    let why = stdout.lines().last().unwrap_or_default();
    let (host, path) = (&checked.put.host, &checked.put.path);
    let code = answer.get("code").and_then(Value::as_i64).unwrap_or(255);
    let said = |message: String| {
        // The last line is the script's own.
        let rest = stdout.strip_suffix(why).unwrap_or_default().trim_end();
        let output = [rest, stderr].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join("\n");
        let failure = Failure { code, ..Failure::new(message) };
        if output.is_empty() { failure } else { failure.output(last_lines(&output, 20)) }
    };
    let failure = match code {
        0 => return Ok(json!({ "changed": true })),
        60 => said(format!("{host}: the new {path} was refused, and the old one is back"))
            .hint(format!("what refused it: {}", first_line(&checked.validate))),
        61 => said(format!("{host}: the new {path} did not take effect; the old one is back, and in effect")),
        62 => said(format!("{host}: the new {path} did not take effect; {why}")).hint(
            "what ran before may run on as it is; what is wrong stands in the output, and is not in this file alone",
        ),
        63 => said(format!("{host}: {why}; see what refuses it, then roll back again")),
        64 => said(format!("{host}: the new {path} was refused, and {why}"))
            .hint("the old text stands in the journal: mig show"),
        65 => {
            let now = look::found(host, path, why).ok();
            let found = if let Some(Found::File(state)) = &now { Some(state) } else { None };
            said(differs(&checked.put, found)).hint("look at it, then resume or roll back")
        }
        _ => said(format!("{host}: {path} cannot be put in place: {why}")),
    };
    Err(failure.into())
}

fn first_line(command: &Command) -> String {
    command.to_sh().trim().lines().next().unwrap_or_default().chars().take(200).collect()
}
