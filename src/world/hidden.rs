//! What a command prints that was given a secret: shown only at its end, and without the secret.
//!
//! The last line of defence. The first is that no secret is part of a command or its environment;
//! what a command itself writes into its output stays in the run's private folder on the host
//! until the run is finished.

use super::answer::{Ended, outcome};
use super::link::Fleet;
use crate::contract::{Listener, Outcome, Run};
use serde_json::Value;

/// A line of a secret that is shorter may be anybody's.
const SHORTEST: usize = 8;

impl Fleet {
    /// Who is told what a command prints while it runs: nobody, if it might be a secret.
    pub fn hears(&self, run: &Run) -> &dyn Listener {
        match given(run).next() {
            Some(_) => &(),
            None => self.settings.listener.as_ref(),
        }
    }

    /// The answer of a command that ended, without the secrets that it was given.
    pub fn answer(&self, run: &Run, mut ended: Ended) -> Outcome<Value> {
        for name in given(run) {
            let secret = (self.settings.secrets)(name);
            for text in [&mut ended.stdout, &mut ended.stderr] {
                *text = match &secret {
                    Ok(secret) => without(text, secret.expose(), name),
                    // It cannot be compared: nothing is kept rather than too much.
                    Err(_) if !text.is_empty() => format!("[not kept: it may hold the secret {name}]"),
                    Err(_) => String::new(),
                };
            }
        }
        outcome(run, ended)
    }
}

fn given(run: &Run) -> impl Iterator<Item = &str> {
    run.stdin.iter().flat_map(|text| text.secrets())
}

/// The text with a secret's name where its value stood, as a whole or a line of it.
fn without(text: &str, value: &str, name: &str) -> String {
    let shown = format!("‹secret:{name}›");
    let whole = value.trim();
    let text = if whole.is_empty() { text.to_owned() } else { text.replace(whole, &shown) };
    let lines = whole.lines().map(str::trim).filter(|l| l.len() >= SHORTEST);
    lines.fold(text, |text, line| text.replace(line, &shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_by_its_name() {
        assert_eq!(without("a hunter22 b hunter22", "hunter22\n", "p"), "a ‹secret:p› b ‹secret:p›");
        assert_eq!(without("key: second line", "first line\nsecond line\nend", "k"), "key: ‹secret:k›");
        assert_eq!(without("the end", "first line\nsecond line\nend", "k"), "the end");
    }
}
