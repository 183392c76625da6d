use super::duration::Duration;
use super::shell::{check_quotes, last_lines};
use crate::contract::{Args, Command, Example, Failure, Given, Look, Outcome, Output, Reading, failed};
use crate::name::HostName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Run a command that changes nothing, and give what it prints.
///
/// It runs while planning too, and again on the next run: it is only for commands that change nothing.
/// `mig` cannot know that; a command that changes something belongs in `ssh`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    /// Host on which it runs.
    host: HostName,
    /// Command. A text goes to `sh`; a list is a program with its arguments, which no shell looks at.
    command: Command,
    /// Exit codes that are an answer; any other one is a failure.
    #[serde(default = "only_zero")]
    ok: Vec<i64>,
    /// How long it may run, as a text with a unit. Afterwards it is given up, which is a failure.
    #[serde(default = "half_a_minute")]
    timeout: Duration,
}

fn only_zero() -> Vec<i64> {
    vec![0]
}
fn half_a_minute() -> Duration {
    Duration::seconds(30)
}

impl Args for Capture {
    const NAME: &'static str = "capture";
    const POSITIONAL: &'static [&'static str] = &["host", "command"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"source.capture("uname -r")"#,
            given: &[Given::Prints("source: uname -r", "6.1.0\n")],
            does: &[],
            undo: &[],
            gives: r#"{ "code": 0, "stdout": "6.1.0", "stderr": "" }"#,
        },
        Example {
            script: r#"source.capture(["pgrep", "-x", "nginx"], #{ ok: [0, 1] })"#,
            given: &[Given::Exits("source: pgrep -x nginx", 1)],
            does: &[],
            undo: &[],
            gives: r#"{ "code": 1, "stdout": "", "stderr": "" }"#,
        },
    ];
}

impl Reading for Capture {
    type Output = Output;
    const GIVES: &'static str = "a map: `code`, `stdout` (without the newline at its end), `stderr`";

    fn read(&self, look: &dyn Look) -> Outcome<Output> {
        if self.ok.is_empty() {
            return failed("capture: ok: it is empty, so no exit code would be an answer; left out it is [0]");
        }
        check_quotes("capture: command", &self.host, &self.command, look)?;
        let mut answer = look.run(&self.host, &self.command, self.timeout.ms())?;
        if !self.ok.contains(&answer.code) {
            let message = format!("{}: `{}` exited {}", self.host, self.command, answer.code);
            let hint = format!("if {} is an answer too, say so: #{{ ok: [0, {}] }}", answer.code, answer.code);
            let failure = Failure::new(message).output(last_lines(&answer)).hint(hint);
            return Err(Failure { code: answer.code, ..failure }.into());
        }
        answer.stdout.truncate(answer.stdout.trim_end_matches(['\n', '\r']).len());
        Ok(answer)
    }
}
