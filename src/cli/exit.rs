//! From an error to the page that a person reads, and to the exit code.

use super::globals::Globals;
use crate::contract::{Halt, Stop};
use crate::error::{Error, Kind};
use crate::report::{Paint, harmless};
use crate::script::Level;
use std::fmt::Write as _;
use std::io::Write;

/// What sort of end a stop is.
pub fn kind_of(stop: &Stop) -> Kind {
    match stop {
        Stop::Drift(_) | Stop::Refused(_) | Stop::OnlyARun(_) => Kind::Refused,
        Stop::Ask { .. } | Stop::NoAnswer(_) => Kind::NeedsAnswer,
        Stop::Held(_) => Kind::LockHeld,
        Stop::Interrupted => Kind::Stopped,
        // The journal or a disk failed: the run can be resumed once that is mended.
        Stop::Fault(_) | Stop::RollBack(_) => Kind::StepFailed,
        Stop::Edge => Kind::Bug,
    }
}

/// The error that a stop becomes at the edge.
pub fn error_of(stop: &Stop) -> Error {
    let message = match stop {
        Stop::Drift(t)
        | Stop::OnlyARun(t)
        | Stop::Refused(t)
        | Stop::NoAnswer(t)
        | Stop::Held(t)
        | Stop::Fault(t)
        | Stop::RollBack(t) => t.clone(),
        Stop::Ask { call, text } => format!("call {call}: {text}"),
        Stop::Interrupted => "stopped".into(),
        Stop::Edge => "the end of what was replayed came out of its lane".into(),
    };
    let mut lines = message.lines();
    let mut error = Error::new(kind_of(stop), lines.next().unwrap_or_default());
    error.hints = lines.map(Into::into).collect();
    error
}

/// Prints an error on standard error and returns the exit code.
pub fn show_error(error: &Error, globals: Option<&Globals>) -> u8 {
    show_one(error, globals, true);
    error.kind.exit_code()
}

fn show_one(error: &Error, globals: Option<&Globals>, is_last: bool) {
    let paint = Paint { colours: globals.is_some_and(Globals::error_colours) };
    if globals.is_some_and(|g| g.json) {
        super::page(&json(error));
    }
    // When nobody reads standard error the exit code still tells.
    let _ = std::io::stderr().lock().write_all(render(error, paint, is_last).as_bytes());
}

fn json(error: &Error) -> String {
    serde_json::json!({
        "event": "error",
        "code": error.kind.exit_code(),
        "means": error.kind.means(),
        "message": error.message,
        "place": error.place,
        "hints": error.hints,
    })
    .to_string()
}

/// Prints what `mig check` says: like an error, with its own word in front.
pub fn show_finding(error: &Error, level: Level, globals: &Globals) {
    let paint = Paint { colours: globals.error_colours() };
    let word = format!("{}:", level.word());
    let word = match level {
        Level::Error => paint.bad(&word),
        Level::Warning => paint.careful(&word),
        Level::Note => paint.dim(&word),
    };
    let _ = std::io::stderr().lock().write_all(page_of(&word, error).as_bytes());
}

fn page_of(word: &str, error: &Error) -> String {
    let place = error.place.as_ref().map(|p| format!("{}: ", harmless::line(&p.to_string()))).unwrap_or_default();
    let mut out = format!("{word} {place}{}\n", harmless::lines(&error.message).trim_end());
    if let Some(excerpt) = &error.excerpt {
        let _ = writeln!(out, "{}", harmless::lines(excerpt).trim_end_matches('\n'));
    }
    for hint in &error.hints {
        let _ = writeln!(out, "  {}", harmless::lines(hint).trim_end());
    }
    out
}

fn render(error: &Error, paint: Paint, is_last: bool) -> String {
    let mut out = page_of(&paint.bad("error:"), error);
    match error.kind {
        Kind::BadInput if is_last => {
            let _ = writeln!(out, "{}", paint.dim("Nothing was sent to any host."));
        }
        Kind::Bug => {
            let _ = writeln!(out, "This is a bug in mig. Please report it, with what you typed and `mig --version`.");
        }
        _ => {}
    }
    out
}

/// The error that a failed or stopped question becomes.
pub fn error_of_halt(halt: &Halt) -> Error {
    match halt {
        Halt::Stop(stop) => error_of(stop),
        Halt::Failed(f) => f.hints.iter().fold(Error::new(Kind::StepFailed, &f.message), |e, h| e.hint(h)),
    }
}

/// Prints everything that is wrong; the exit code is the first one's.
pub fn show_all(wrong: &super::wrong::Wrong, globals: Option<&Globals>) -> u8 {
    for (n, error) in wrong.0.iter().enumerate() {
        // "Nothing was sent" is said once, at the end.
        let last = n + 1 == wrong.0.len();
        show_one(error, globals, last);
    }
    wrong.exit_code()
}

/// The failure page for programs.
pub fn json_failure(page: &crate::report::FailurePage, kind: Kind) {
    let next: Vec<&String> = page.next.iter().map(|(c, _)| c).collect();
    let line = serde_json::json!({
        "event": "failure",
        "code": kind.exit_code(),
        "means": kind.means(),
        "run": page.run,
        "path": page.path,
        "call": page.call,
        "deed": page.deed,
        "message": page.message,
        "exit_code": page.code,
        "output": page.output,
        "hints": page.hints,
        "next": next,
    });
    super::page(&line.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    #[test]
    fn an_error_is_a_page() {
        let place = Place { file: "move.rhai".into(), line: 3, column: 5 };
        let error = Error::bad_input("rsnyc is not known\x1b[2J")
            .at(place)
            .excerpt("3 | rsnyc(a)\n  |     ^\n")
            .hint("did you mean: rsync");
        insta::assert_snapshot!(render(&error, Paint::PLAIN, true), @r"
        error: move.rhai:3:5: rsnyc is not known^[[2J
        3 | rsnyc(a)
          |     ^
          did you mean: rsync
        Nothing was sent to any host.
        ");
    }

    #[test]
    fn a_stop_has_an_exit_code() {
        let code = |s: Stop| error_of(&s).kind.exit_code();
        assert_eq!(code(Stop::Held("x".into())), 6);
        assert_eq!(code(Stop::Interrupted), 130);
        assert_eq!(code(Stop::NoAnswer("x\nuse --yes".into())), 5);
    }
}
