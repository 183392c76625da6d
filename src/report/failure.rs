//! The page after a run that stopped: what failed and where, what had succeeded, what can follow.

use super::duration::duration;
use super::harmless;
use super::label::place;
use super::paint::Paint;
use crate::contract::{Halt, Stop};
use std::fmt::Write as _;

/// What there is to say about the end of a run that did not go well.
#[derive(Debug, Clone, Default)]
pub struct FailurePage {
    pub run: String,
    pub playbook: String,
    /// Where it stopped.
    pub path: Vec<String>,
    pub call: Option<String>,
    /// The deed that was at hand: `host: command`.
    pub deed: Option<String>,
    pub message: String,
    pub code: Option<i64>,
    pub output: Option<String>,
    pub hints: Vec<String>,
    /// The steps that had ended well, and how long they took.
    pub succeeded: Vec<(Vec<String>, u64)>,
    /// What can be typed now, and what it does.
    pub next: Vec<(String, String)>,
}

/// So many lines of output, and so many finished steps.
const MOST: usize = 20;

impl FailurePage {
    pub fn render(&self, paint: Paint) -> String {
        let mut out = String::new();
        let at = if self.path.is_empty() { String::new() } else { format!(" in {}", paint.bold(&place(&self.path))) };
        let _ = writeln!(
            out,
            "{} {} {} stopped{at}\n",
            paint.bad("✗"),
            harmless::line(&self.playbook),
            harmless::line(&self.run)
        );
        let mut field = |name: &str, text: &str| {
            for (n, line) in harmless::lines(text).trim_end().split('\n').enumerate() {
                let name = if n == 0 { name } else { "" };
                let _ = writeln!(out, "  {}  {line}", paint.dim(&format!("{name:<7}")));
            }
        };
        if let Some(call) = &self.call {
            field("call", call);
        }
        if let Some(deed) = &self.deed {
            field("deed", deed);
        }
        let code = self.code.map(|c| format!(" (exit code {c})")).unwrap_or_default();
        let said = self.message.contains("exit code") || self.message.contains("exited with");
        field("reason", &format!("{}{}", self.message, if said { "" } else { &code }));
        if let Some(output) = self.output.as_deref().filter(|o| !o.trim().is_empty()) {
            let lines: Vec<&str> = output.trim_end().lines().collect();
            let from = lines.len().saturating_sub(MOST);
            let cut = if from > 0 { format!("({from} lines before)\n") } else { String::new() };
            field("output", &format!("{cut}{}", lines[from..].join("\n")));
        }
        for hint in &self.hints {
            field("hint", hint);
        }
        if !self.succeeded.is_empty() {
            let _ = writeln!(out, "\nWhat had succeeded:");
            let from = self.succeeded.len().saturating_sub(MOST);
            if from > 0 {
                let _ = writeln!(out, "  {from} steps, and then");
            }
            for (path, ms) in &self.succeeded[from..] {
                let took = paint.dim(&duration(*ms));
                let _ = writeln!(out, "  {} {}  {took}", paint.good("✓"), place(path));
            }
        }
        if !self.next.is_empty() {
            let _ = writeln!(out, "\nWhat can follow:");
            let widest = self.next.iter().map(|(c, _)| c.chars().count()).max().unwrap_or(0);
            for (command, what) in &self.next {
                let pad = " ".repeat(widest - command.chars().count());
                let _ = writeln!(out, "  {}{pad}  {}", paint.name(command), paint.dim(what));
            }
        }
        out
    }
}

/// What can be typed after a run stopped so. `run` is the id, or as much of it as tells it apart.
pub fn next_commands(run: &str, halt: &Halt) -> Vec<(String, String)> {
    let c = |command: String, what: &str| (command, what.to_owned());
    let resume = |what: &str| c(format!("mig resume {run}"), what);
    let back = c(format!("mig rollback {run}"), "take back what was done, newest first");
    let show = c(format!("mig show {run}"), "every step, deed and difference");
    match halt {
        Halt::Failed(_) => vec![resume("go on, once the cause is put right"), back, show],
        Halt::Stop(stop) => match stop {
            Stop::Drift(_) => vec![
                c(format!("mig resume {run} --edited FILE"), "go on with a playbook that keeps what was done"),
                back,
                show,
            ],
            Stop::Ask { call, .. } => vec![
                c(format!("mig resolve {run} {call} --done"), "it happened; then: mig resume"),
                c(format!("mig resolve {run} {call} --not-done"), "it did not happen; resume does it"),
                c(format!("mig resolve {run} {call} --failed CODE"), "it ended with this exit code"),
                c(format!("mig resolve {run} {call} --undo"), "take it back, whatever happened"),
                show,
            ],
            Stop::RollBack(_) => vec![back, resume("go on all the same"), show],
            Stop::NoAnswer(_) => vec![resume("in a terminal: it asks, and goes on"), back, show],
            Stop::Held(_) => vec![resume("go on, once the lock is free"), show],
            Stop::Interrupted => vec![resume("go on where it stopped"), back, show],
            Stop::OnlyARun(_) | Stop::Refused(_) | Stop::Fault(_) | Stop::Edge => {
                vec![resume("go on, once the cause is put right"), back, show]
            }
        },
    }
}
