//! What really happened, from the hosts' own count of what was started: the rehearsal's operator
//! answers questions by it, and double runs are seen by it.

use super::stage::Stage;
use crate::error::Result;
use serde_json::Value;
use std::collections::BTreeMap;

impl Stage {
    /// How often each token was really started, over all hosts: from the trees, so that a host
    /// that is off tells too.
    pub fn starts(&self) -> BTreeMap<String, usize> {
        let mut n = BTreeMap::new();
        for host in self.lab.settings().hosts.keys() {
            for line in self.lab.read_all(host, "/var/lib/mig", "starts").lines() {
                *n.entry(format!("{host} {line}")).or_default() += 1;
            }
        }
        n
    }

    /// Tokens that were started twice; and deeds that were started under two tokens although
    /// nothing says that they may be.
    pub fn doubles(&self) -> Vec<String> {
        let starts = self.starts();
        let mut doubles: Vec<String> =
            starts.iter().filter(|(_, n)| **n > 1).map(|(t, n)| format!("{t}: {n} times")).collect();
        let mut deeds: BTreeMap<String, Vec<&String>> = BTreeMap::new();
        for token in starts.keys() {
            if let Some((deed, _attempt)) = token.rsplit_once('.') {
                deeds.entry(deed.into()).or_default().push(token);
            }
        }
        let repeatable = self.repeatable();
        for (deed, tokens) in deeds {
            let of = deed.split_once(' ').map_or("", |(_, d)| d);
            let is_undo = of.contains(".u");
            if tokens.len() > 1 && !is_undo && !repeatable.iter().any(|r| r == of) {
                doubles.push(format!("{deed} under {tokens:?}"));
            }
        }
        doubles
    }

    /// `call.deed` of everything that may be started twice, from the journal: commands that are marked idempotent, and
    /// changes of redis, which look before they act.
    fn repeatable(&self) -> Vec<String> {
        self.deeds()
            .into_iter()
            .filter(|(_, deed)| deed["deed"]["idempotent"] == true || deed["deed"]["deed"] == "redis")
            .map(|(at, _)| at)
            .collect()
    }

    /// Every deed of the journal, by its `call.deed`.
    fn deeds(&self) -> Vec<(String, Value)> {
        let Ok(shown) = self.mig("show --json", "") else { return vec![] };
        let calls = shown.text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let deeds = calls.flat_map(|call| {
            let deeds = call["deeds"].as_array().cloned().unwrap_or_default();
            deeds.into_iter().enumerate().map(move |(n, deed)| (format!("{}.{n}", call["call"]), deed))
        });
        deeds.collect()
    }

    /// Answers the question that a command ended with, by the truth.
    ///
    /// # Errors
    /// mig cannot be started.
    pub fn answer(&self, question: &str) -> Result<bool> {
        // `mig resolve RUN CALL --done` stands on the page.
        let Some(at) = question.find("mig resolve ") else { return Ok(false) };
        let words: Vec<&str> = question[at..].split_whitespace().take(4).collect();
        let [_, _, run, call] = words[..] else { return Ok(false) };
        let of_call = format!("{call}.");
        let Some(begun) = self.deeds().into_iter().filter(|(at, _)| at.starts_with(&of_call)).find_map(asked_about)
        else {
            return Ok(false);
        };
        let happened = self.starts().keys().any(|t| t.contains(&begun));
        let how = if happened { "--done" } else { "--not-done" };
        let said = self.mig(&format!("resolve {run} {call} {how}"), "")?;
        Ok(said.code == Some(0))
    }
}

/// What the tokens of a deed, or of its undo, begin with behind the host, if it is the one whose end nobody saw: of a
/// call's deeds those before it are done, and those behind it are not begun.
fn asked_about((at, deed): (String, Value)) -> Option<String> {
    match deed["undone"].as_str()?.strip_prefix("begun ") {
        Some(undo) => Some(format!(" {at}.u{undo}.")),
        None => (deed["state"] == "begun").then(|| format!(" {at}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::asked_about;
    use serde_json::json;

    #[test]
    fn a_question_is_about_the_deed_whose_end_nobody_saw() {
        let about = |state, undone| asked_about(("109.1".into(), json!({ "state": state, "undone": undone })));
        assert_eq!(about("done", ""), None);
        assert_eq!(about("begun", "").as_deref(), Some(" 109.1."));
        assert_eq!(about("done", "begun 0").as_deref(), Some(" 109.1.u0."));
        assert_eq!(about("done", "did 0"), None);
    }
}
