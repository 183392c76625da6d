//! The prompt of a terminal: editing, completion, hints, history, and more lines while brackets
//! are open.

use super::colon::COMMANDS;
use super::reader::{Next, Reader};
use crate::primitives::ALL;
use crate::reference;
use crate::script::{self, Inventory, Memory, VERBS};
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// So many lines are kept.
const MOST: usize = 1000;

/// A prompt on a terminal.
pub struct Prompt {
    editor: Editor<Words, DefaultHistory>,
    history: PathBuf,
}

/// What the line editor is told about the language.
struct Words {
    memory: Arc<Mutex<Memory>>,
    names: Inventory,
    files: FilenameCompleter,
    colours: bool,
}

impl Prompt {
    /// # Errors
    /// The terminal cannot be used.
    pub fn new(
        memory: Arc<Mutex<Memory>>,
        names: Inventory,
        history: PathBuf,
        colours: bool,
    ) -> Result<Self, ReadlineError> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .history_ignore_space(true)
            .history_ignore_dups(true)?
            .max_history_size(MOST)?
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Words { memory, names, files: FilenameCompleter::new(), colours }));
        // The first time there is none.
        let _ = editor.load_history(&history);
        Ok(Prompt { editor, history })
    }
}

impl Reader for Prompt {
    fn next(&mut self, prompt: &str) -> Next {
        match self.editor.readline(prompt) {
            Ok(line) => Next::Line(line),
            Err(ReadlineError::Interrupted) => Next::Dropped,
            // The end, or a terminal that is gone.
            Err(_) => Next::End,
        }
    }
    fn remember(&mut self, line: &str) {
        // A history that cannot be kept is not worth a word in the middle of a move.
        if self.editor.add_history_entry(line).unwrap_or(false) {
            let _ = self.editor.append_history(&self.history);
        }
    }
    fn is_terminal(&self) -> bool {
        true
    }
}

impl Helper for Words {}

impl Validator for Words {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let text = context.input();
        let is_open = !text.trim_start().starts_with(':') && script::is_open(text);
        Ok(if is_open { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Hinter for Words {
    type Hint = String;
    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<String> {
        if pos < line.len() || line.trim_start().starts_with(':') {
            return None;
        }
        script::hint(line, ALL).map(|h| format!("   {h}"))
    }
}

impl Highlighter for Words {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        if self.colours { Cow::Owned(format!("\x1b[2m{hint}\x1b[0m")) } else { Cow::Borrowed(hint) }
    }
}

impl Completer for Words {
    type Candidate = Pair;
    fn complete(&self, line: &str, pos: usize, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let text = &line[..pos];
        if text.starts_with(':') {
            return self.command(text, context);
        }
        // A file of the operator's own machine.
        if let Some(quote) = text.rfind('"')
            && ["./", "../", "~/"].iter().any(|p| text[quote + 1..].starts_with(p))
        {
            return self.files.complete(line, pos, context);
        }
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, all) = script::complete(text, &memory, &self.names, ALL);
        Ok((from, all.into_iter().map(|s| Pair { display: s.shown, replacement: s.text }).collect()))
    }
}

impl Words {
    fn command(&self, text: &str, context: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let pair = |word: &str| Pair { display: word.into(), replacement: word.into() };
        match text.split_once(' ') {
            None => {
                let fit = COMMANDS.iter().filter(|c| c.name.starts_with(text));
                Ok((0, fit.map(|c| pair(c.name)).collect()))
            }
            Some((":help", begun)) => {
                let names = VERBS.iter().map(|v| v.name).chain(ALL.iter().map(|s| s.name));
                let fit = names.filter(|n| n.starts_with(begun) && reference::terminal(Some(n)).is_ok());
                Ok((text.len() - begun.len(), fit.map(pair).collect()))
            }
            Some((":save", _)) => self.files.complete(text, text.len(), context),
            Some(_) => Ok((text.len(), vec![])),
        }
    }
}
