//! The owner of a file: names are resolved on the host that will have it.

use crate::contract::{Command, Failure, Look, Outcome};
use crate::name::{HostName, is_text};
use serde::{Deserialize, Serialize};

const LOOK_MS: u64 = 30_000;

/// Who a file belongs to: `user`, `user:group`, or numbers, `999:999`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner(String);
is_text!(Owner, "text");

impl Owner {
    /// # Errors
    /// Says what is allowed.
    pub fn parse(s: &str) -> Result<Self, String> {
        let (user, group) = s.split_once(':').map_or((s, None), |(u, g)| (u, Some(g)));
        if is_number(user) && group.is_none() {
            return Err(format!("{s:?} is not an owner: a number needs its group beside it, as in \"{s}:{s}\""));
        }
        if !is_name(user) || !group.is_none_or(is_name) {
            return Err(format!("{s:?} is not an owner: \"user\", \"user:group\", or numbers as in \"999:999\""));
        }
        Ok(Owner(s.into()))
    }

    /// Returns the numeric `uid:gid` that it has on a host.
    pub(super) fn on(&self, host: &HostName, look: &dyn Look) -> Outcome<String> {
        let (user, group) = self.0.split_once(':').map_or((self.0.as_str(), None), |(u, g)| (u, Some(g)));
        let uid = match is_number(user) {
            true => user.to_string(),
            false => self.ask(host, look, &["id", "-u", "--", user], &format!("user {user}"))?,
        };
        let gid = match group {
            None => self.ask(host, look, &["id", "-g", "--", user], &format!("user {user}"))?,
            Some(g) if is_number(g) => g.to_string(),
            Some(g) => {
                let line = self.ask(host, look, &["getent", "group", "--", g], &format!("group {g}"))?;
                line.split(':').nth(2).unwrap_or_default().to_string()
            }
        };
        if !is_number(&uid) || !is_number(&gid) {
            return Err(Failure::new(format!(
                "owner {self}: {host} answers {uid:?} and {gid:?}, which are no numbers"
            ))
            .into());
        }
        Ok(format!("{uid}:{gid}"))
    }

    fn ask(&self, host: &HostName, look: &dyn Look, words: &[&str], what: &str) -> Outcome<String> {
        let answer = look.run(host, &Command::argv(words.iter().copied()), LOOK_MS)?;
        if answer.code != 0 {
            return Err(Failure::new(format!("owner {self}: {host} has no {what}"))
                .output(answer.stderr)
                .hint("make it first, or give numbers, as in owner: \"999:999\"")
                .into());
        }
        Ok(answer.stdout.trim().to_string())
    }
}

fn is_number(s: &str) -> bool {
    !s.is_empty() && s.len() <= 10 && s.chars().all(|c| c.is_ascii_digit())
}
fn is_name(s: &str) -> bool {
    let begins = |c: char| c.is_ascii_alphanumeric() || c == '_';
    s.starts_with(begins) && s.len() <= 32 && s.chars().all(|c| c.is_ascii_alphanumeric() || "_-.$".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners() {
        for good in ["root", "root:wheel", "0:0", "999:docker", "www-data", "_x", "svc$"] {
            assert!(Owner::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "999", ":x", "x:", "-x", "a b", "a;b", "a:b:c", "é", "a\n"] {
            assert!(Owner::parse(bad).is_err(), "{bad}");
        }
        assert!(Owner::parse("999").unwrap_err().contains("999:999"));
    }
}
