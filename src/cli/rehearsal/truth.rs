//! What really happened, from the hosts' own count of what was started: the rehearsal's operator
//! answers questions by it, and double runs are seen by it.

use super::stage::Stage;
use crate::error::Result;
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
        let Ok(shown) = self.mig("show --json", "") else { return vec![] };
        let mut all = vec![];
        for line in shown.text.lines() {
            let Ok(call) = serde_json::from_str::<serde_json::Value>(line) else { continue };
            for (n, deed) in call["deeds"].as_array().into_iter().flatten().enumerate() {
                if deed["deed"]["idempotent"] == true || deed["deed"]["deed"] == "redis" {
                    all.push(format!("{}.{n}", call["call"]));
                }
            }
        }
        all
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
        let begun = format!(" {call}.");
        let happened = self.starts().keys().any(|t| t.contains(&begun) && !t.contains(".u"));
        let how = if happened { "--done" } else { "--not-done" };
        let said = self.mig(&format!("resolve {run} {call} {how}"), "")?;
        Ok(said.code == Some(0))
    }
}
