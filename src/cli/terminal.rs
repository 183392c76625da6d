//! The person at the terminal, or nobody.

use crate::contract::{Answer, Halt, Operator, Outcome, Question, Stop};
use crate::report::{Hold, Screen, harmless};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
use rustyline::error::ReadlineError;
use rustyline::{Behavior, Config, DefaultEditor};
use std::fmt::Write as _;
use std::io::{IsTerminal, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Asks on the terminal when standard input is one.
pub struct Person {
    yes: bool,
    /// Held while a question stands.
    screen: Option<Arc<Screen>>,
    /// One question at a time, whichever branch asks.
    turn: Mutex<()>,
}

impl Person {
    /// `yes`: questions that Enter would answer with yes are not asked.
    pub fn new(yes: bool, screen: Option<Arc<Screen>>) -> Self {
        Person { yes, screen, turn: Mutex::new(()) }
    }
    fn hold(&self) -> Option<Hold> {
        self.screen.as_ref().map(|s| s.hold())
    }
}

impl Operator for Person {
    fn is_there(&self) -> bool {
        std::io::stdin().is_terminal()
    }

    fn ask(&self, question: &Question) -> Outcome<Answer> {
        if self.yes && matches!(question, Question::Confirm { default: true, .. }) {
            return Ok(Answer::Yes);
        }
        if !self.is_there() {
            return Err(Halt::Stop(Stop::NoAnswer(nobody(question))));
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let _hold = self.hold();
        loop {
            let typed = match question {
                Question::Hidden { text } => hidden(text)?,
                Question::Confirm { text, default } => visible(text, if *default { "[Y/n] " } else { "[y/N] " })?,
                Question::Choose { text, choices } => visible(text, &format!("[{}] ", choices.join("/")))?,
                Question::Line { text } => visible(text, "")?,
            };
            match understood(question, &typed) {
                Ok(answer) => return Ok(answer),
                Err(what) => say(&format!("{what}\n")),
            }
        }
    }
}

/// What an answer means, or what was expected.
fn understood(question: &Question, typed: &str) -> Result<Answer, String> {
    let word = typed.trim().to_lowercase();
    match question {
        Question::Confirm { default, .. } => match word.as_str() {
            "" if *default => Ok(Answer::Yes),
            "" | "n" | "no" => Ok(Answer::No),
            "y" | "yes" => Ok(Answer::Yes),
            _ => Err("Please type y or n.".into()),
        },
        Question::Choose { choices, .. } => {
            let fit: Vec<&String> = choices.iter().filter(|c| c.to_lowercase().starts_with(&word)).collect();
            let exact = choices.iter().find(|c| c.to_lowercase() == word);
            match (word.is_empty(), exact, fit.as_slice()) {
                (false, Some(choice), _) | (false, None, &[choice]) => Ok(Answer::Text(choice.clone())),
                _ => Err(format!("Please type one of: {}.", choices.join(", "))),
            }
        }
        Question::Line { .. } => Ok(Answer::Text(typed.trim().into())),
        Question::Hidden { .. } => Ok(Answer::Text(typed.into())),
    }
}

/// What would have been asked, and how to answer it beforehand.
fn nobody(question: &Question) -> String {
    let (text, how) = match question {
        Question::Confirm { text, default: true } => (text, "answer yes beforehand with --yes".to_owned()),
        Question::Confirm { text, default: false } => (text, "--yes does not answer this one".to_owned()),
        Question::Choose { text, choices } => (text, format!("it wants one of: {}", choices.join(", "))),
        Question::Line { text } => {
            (text, "give parameters beforehand with --set NAME=VALUE, or under `params:` in the inventory".to_owned())
        }
        Question::Hidden { text } => {
            (text, "say in the inventory where the secret comes from: env:, file: or command:".to_owned())
        }
    };
    let mut out = String::from("an answer is needed and standard input is not a terminal");
    let mut lines = harmless::lines(text.trim()).lines().map(str::to_owned).collect::<Vec<_>>().into_iter();
    let _ = write!(out, "\nit would have asked: {}", lines.next().unwrap_or_default());
    lines.for_each(|line| {
        let _ = write!(out, "\n    {line}");
    });
    let _ = write!(out, "\n{how}\nrun it in a terminal to be asked");
    out
}

fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    // When nobody reads standard error the terminal is still asked.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// All lines of the question but the last, which is the prompt.
fn begin(text: &str) -> String {
    let text = harmless::lines(text.trim_end());
    match text.rsplit_once('\n') {
        Some((before, last)) => {
            say(&format!("{before}\n"));
            last.into()
        }
        None => text,
    }
}

fn visible(text: &str, after: &str) -> Outcome<Zeroizing<String>> {
    let prompt = format!("{} {after}", begin(text).replace('\t', " "));
    let config = Config::builder().behavior(Behavior::PreferTerm).build();
    let typed = DefaultEditor::with_config(config).and_then(|mut editor| editor.readline(&prompt));
    typed.map(Zeroizing::new).map_err(|e| match e {
        ReadlineError::Interrupted => Halt::Stop(Stop::Interrupted),
        ReadlineError::Eof => gone(text),
        e => Halt::Stop(Stop::NoAnswer(format!("cannot read the terminal: {e}"))),
    })
}

fn gone(text: &str) -> Halt {
    Halt::Stop(Stop::NoAnswer(format!("the input ended before the answer to: {}", harmless::line(text.trim()))))
}

/// Reads a line key by key, with nothing shown.
fn hidden(text: &str) -> Outcome<Zeroizing<String>> {
    let prompt = begin(text);
    say(&format!("{prompt} "));
    let quiet = Quiet::new().map_err(|e| Halt::Stop(Stop::NoAnswer(format!("cannot hide what is typed: {e}"))))?;
    let mut typed = Zeroizing::new(Vec::with_capacity(256));
    let mut input = std::io::stdin().lock();
    let end = loop {
        let mut key = Zeroizing::new([0u8; 1]);
        match input.read(key.as_mut_slice()) {
            Ok(0) => break Err(gone(text)),
            Ok(_) => match key[0] {
                b'\r' | b'\n' => break Ok(()),
                // Ctrl-C, Ctrl-D, Ctrl-U, and both keys that take a letter back.
                3 => break Err(Halt::Stop(Stop::Interrupted)),
                4 if typed.is_empty() => break Err(gone(text)),
                21 => typed.clear(),
                8 | 127 => {
                    // A letter may be several bytes.
                    while typed.pop().is_some_and(|b| b & 0b1100_0000 == 0b1000_0000) {}
                }
                other => typed.push(other),
            },
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break Err(gone(text)),
        }
    };
    drop(quiet);
    say("\n");
    end?;
    match std::str::from_utf8(&typed) {
        Ok(s) => Ok(Zeroizing::new(s.to_owned())),
        Err(_) => Err(Halt::Stop(Stop::NoAnswer("what was typed is not UTF-8".into()))),
    }
}

/// A terminal that shows nothing of what is typed, until it is dropped.
struct Quiet(rustix::termios::Termios);

impl Quiet {
    fn new() -> rustix::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Quiet(before))
    }
}
impl Drop for Quiet {
    fn drop(&mut self) {
        // The terminal may be gone; then nothing is to be restored.
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_understood() {
        let yes_no = |default| Question::Confirm { text: "Go on?".into(), default };
        assert_eq!(understood(&yes_no(true), ""), Ok(Answer::Yes));
        assert_eq!(understood(&yes_no(false), " "), Ok(Answer::No));
        assert_eq!(understood(&yes_no(false), "YES"), Ok(Answer::Yes));
        assert!(understood(&yes_no(true), "perhaps").is_err());
        let words = ["retry", "roll back", "stop"].map(str::to_owned).to_vec();
        let choose = Question::Choose { text: "What now?".into(), choices: words };
        assert_eq!(understood(&choose, "s"), Ok(Answer::Text("stop".into())));
        assert_eq!(understood(&choose, "ro"), Ok(Answer::Text("roll back".into())));
        for unclear in ["r", "", "x"] {
            assert!(understood(&choose, unclear).is_err(), "{unclear}");
        }
        assert_eq!(understood(&Question::Hidden { text: "".into() }, " a "), Ok(Answer::Text(" a ".into())));
    }

    #[test]
    fn nobody_says_what_would_have_been_asked_and_how_to_answer() {
        let text = nobody(&Question::Line { text: "domain (text):\x1b[2J".into() });
        assert!(text.contains("it would have asked: domain (text):^[[2J"), "{text}");
        assert!(text.contains("--set NAME=VALUE"), "{text}");
    }
}
