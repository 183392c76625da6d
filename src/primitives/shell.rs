//! Commands of a user: looked over before they go to a host, and put into others.

use crate::contract::{Command, Failure, Look, Outcome, Output, failed, quote};
use crate::name::{HostName, RemotePath};

const LOOK_MS: u64 = 30_000;
/// The lines of output that a failure shows.
const LAST_LINES: usize = 20;

/// Refuses a command that cannot be meant: an empty one, and one whose quotes do not close. Only
/// where a quick look is suspicious is the host's own shell asked, which runs nothing.
pub fn check_quotes(what: &str, host: &HostName, command: &Command, look: &dyn Look) -> Outcome<()> {
    let words = match command {
        Command::Shell(text) => std::slice::from_ref(text),
        Command::Argv(words) => words.as_slice(),
    };
    if words.first().is_none_or(|w| w.trim().is_empty()) {
        return failed(format!("{what}: it is empty; a text for sh, or a list of texts, is needed"));
    }
    if words.iter().any(|w| w.contains('\0')) {
        return failed(format!("{what}: it has a NUL character in it"));
    }
    let Command::Shell(text) = command else {
        return Ok(());
    };
    if has_closed_quotes(text) {
        return Ok(());
    }
    let answer = look.run(host, &Command::argv(["sh", "-n", "-c", text]), LOOK_MS)?;
    if answer.code == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: sh cannot read it: its quotes do not close, in {text:?}"))
        .output(answer.stderr)
        .hint("use a list of arguments, which no shell looks at: [\"touch\", \"--\", \"it's\"]")
        .into())
}

/// Whether the quotes of a shell text close, as far as a quick look can tell: here-documents and
/// comments may make it suspicious for nothing.
fn has_closed_quotes(text: &str) -> bool {
    let (mut open, mut escaped) = (None, false);
    for c in text.chars() {
        match (open, c) {
            _ if escaped => escaped = false,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"' | '`') => open = Some(c),
            (Some(o), _) if o == c => open = None,
            _ => {}
        }
    }
    open.is_none() && !escaped
}

/// A command that exits 0 when `check` says no. A check that could not be made (no such program,
/// killed) is no answer, so it is not a "no" either.
pub fn negated(check: &Command) -> Command {
    Command::Shell(format!("( {}\n); c=$?; [ \"$c\" -ne 0 ] && [ \"$c\" -lt 126 ]", check.to_sh()))
}

/// The command, run in a folder.
pub fn within(cwd: Option<&RemotePath>, command: &Command) -> Command {
    match cwd {
        None => command.clone(),
        Some(cwd) => Command::Shell(format!("cd -- {} && {{ {}\n}}", quote(cwd.as_ref()), command.to_sh())),
    }
}

/// The last lines of what a command printed: what it complained of, else what it said.
pub fn last_lines(output: &Output) -> String {
    let text = if output.stderr.trim().is_empty() { &output.stdout } else { &output.stderr };
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// The last line of it, for a sentence: `: why`, or nothing.
pub fn because(output: &Output) -> String {
    match last_lines(output).lines().last() {
        Some(line) if !line.trim().is_empty() => format!(": {}", line.trim()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_quotes_are_suspicious() {
        for good in ["", "echo 'a b' \"c\" `d`", r#"echo "it's" \' "\"""#, "a 'b\nc'"] {
            assert!(has_closed_quotes(good), "{good}");
        }
        for bad in ["echo it's", "echo \"a", "a \\", "`a", "'a\"b\""] {
            assert!(!has_closed_quotes(bad), "{bad}");
        }
    }
}
