//! What a command that ended answers: its output, or a failure that shows enough of it.

use super::capped::Capped;
use super::look::seconds;
use super::printable;
use crate::contract::{Failure, Outcome, Run};
use serde_json::{Value, json};

/// How many lines a failure shows.
const LINES: usize = 20;

/// How a command ended, as its host noted it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    pub code: i64,
    pub timed_out: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Head and tail of one output as text, without the newline at its end.
pub fn whole(head: &[u8], tail: &[u8], size: u64) -> String {
    let mut all = Capped::default();
    all.pour(head);
    all.skip(size.saturating_sub((head.len() + tail.len()) as u64));
    all.pour(tail);
    let mut text = all.into_text();
    if text.ends_with('\n') {
        text.pop();
    }
    text
}

/// The answer of a command that ended.
pub fn outcome(run: &Run, ended: Ended) -> Outcome<Value> {
    let Ended { code, timed_out, stdout, stderr } = ended;
    if timed_out {
        let message = format!("it ran longer than {} and was ended (exit code {code})", seconds(run.timeout_ms));
        let failure = Failure { code, ..Failure::new(message).hint("give it more time with #{ timeout: \"...\" }") };
        return Err(with_output(failure, &stdout, &stderr).into());
    }
    if run.ok.contains(&code) {
        return Ok(json!({ "code": code, "stdout": stdout, "stderr": stderr }));
    }
    let failure = Failure { code, ..Failure::new(format!("exit code {code}{}", meaning(code))) };
    Err(with_output(failure, &stdout, &stderr).into())
}

/// What a shell means by some exit codes.
fn meaning(code: i64) -> &'static str {
    match code {
        126 => " (found, but not executable)",
        127 => " (no such program)",
        137 => " (killed; out of memory?)",
        143 => " (terminated)",
        _ => "",
    }
}

/// The last lines of both outputs; those of stderr stand last and are never cut for the others.
fn with_output(failure: Failure, stdout: &str, stderr: &str) -> Failure {
    let errors = last_lines(stderr, LINES);
    let room = LINES.saturating_sub(errors.lines().count());
    let texts = [last_lines(stdout, room), errors];
    let text = texts.iter().filter(|t| !t.trim().is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n");
    if text.is_empty() { failure } else { failure.output(text) }
}

pub fn last_lines(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.trim_end().lines().collect();
    // A line may be as long as it likes; a page may not.
    let tail = all[all.len().saturating_sub(lines)..].iter().map(|l| l.chars().take(500).collect::<String>());
    printable(&tail.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{Command, Halt};
    use crate::name::HostName;

    fn run(command: &str) -> Run {
        Run::new(&HostName::parse("h").unwrap(), Command::Shell(command.into()))
    }
    fn ended(code: i64, stdout: &str, stderr: &str) -> Ended {
        Ended { code, timed_out: false, stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn the_answer_of_a_command() {
        let answer = outcome(&run("x"), ended(0, "a\n", "")).unwrap();
        assert_eq!(answer, json!({ "code": 0, "stdout": "a\n", "stderr": "" }));
        let Err(Halt::Failed(f)) = outcome(&run("x"), ended(255, "out", "one\n\x1b[31mtwo\n")) else { panic!() };
        assert_eq!(
            (f.message.as_str(), f.code, f.output.as_deref()),
            ("exit code 255", 255, Some("out\none\n␛[31mtwo"))
        );
        assert_eq!(whole(b"a\n", b"", 2), "a");
    }
}
