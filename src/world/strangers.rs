//! Machines that are met for the first time: many are looked at together, and one question is asked about all of them.

use super::config::Way;
use super::first_contact::{Seen, changed, related, same_machine};
use super::known_hosts::HostKey;
use super::link::{Fleet, Link};
use crate::contract::{Answer, Outcome, Question, Stop};
use crate::name::HostName;
use std::path::Path;
use std::sync::PoisonError;

/// A machine of which no key is pinned, and the key that it shows.
pub struct Stranger {
    host: HostName,
    address: String,
    key: HostKey,
    /// The user's own known_hosts has this key.
    is_known: bool,
}

impl Stranger {
    fn key(&self) -> String {
        format!("{} {}", self.key.kind, self.key.fingerprint())
    }
    /// A line of a list.
    fn line(&self) -> String {
        format!("{} ({}): {}", self.host, self.address, self.key())
    }
}

impl Fleet {
    /// What a host shows on the first of its ways, if no key of it is pinned. A host that cannot be reached is found by
    /// whoever needs it.
    pub async fn stranger(&self, host: &HostName) -> Outcome<Option<Stranger>> {
        let link = self.link(host)?;
        let is_first = self.looked_at.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone());
        match link.ways.first() {
            Some((way, config)) if is_first && self.pinned(link).is_empty() => {
                Ok(self.shown_by(link, way, config).await?.ok())
            }
            _ => Ok(None),
        }
    }

    /// Looks at a host's key, without trusting it. `Ok(Err)`: it could not be reached, for this reason.
    pub(super) async fn shown_by(
        &self,
        link: &Link,
        way: &Way,
        config: &Path,
    ) -> Outcome<std::result::Result<Stranger, String>> {
        let host = &link.config.name;
        let key = match self.look_at_key(way, config).await? {
            Seen::Key(key) => key,
            Seen::Nothing(why) => return Ok(Err(why)),
        };
        let known = self.known_to_user(way, config).await;
        if let Some(other) = known.iter().find(|k| k.kind == key.kind && k.key != key.key) {
            return Err(changed(host, &way.address, std::slice::from_ref(other), &key, "your ~/.ssh/known_hosts"));
        }
        let is_known = known.contains(&key);
        Ok(Ok(Stranger { host: host.clone(), address: way.address.clone(), key, is_known }))
    }

    /// Pins the keys of machines that are met for the first time, as far as the operator trusts them: who is known to
    /// ssh is not asked about, and all others with one question.
    ///
    /// # Errors
    /// They are not trusted, nobody is there to say so, or two of them are one machine.
    pub async fn trust_all(&self, strangers: Vec<Stranger>) -> Outcome<()> {
        // One question at a time; and of two hosts that are one machine the second one is seen.
        let _one = self.first_contact.lock().await;
        let mut met: Vec<Stranger> = vec![];
        for stranger in strangers {
            let link = self.link(&stranger.host)?;
            // Somebody else has pinned it meanwhile: if that was another key, connecting finds it.
            if !self.pinned(link).is_empty() {
                continue;
            }
            self.is_another_machine(link, &stranger.key)?;
            for other in met.iter().filter(|o| o.key == stranger.key) {
                if !related(&link.config, &self.link(&other.host)?.config) {
                    return Err(same_machine(&stranger.host, &other.host, &stranger.key));
                }
            }
            met.push(stranger);
        }
        if met.is_empty() {
            return Ok(());
        }
        let unknown: Vec<&Stranger> = met.iter().filter(|s| !s.is_known).collect();
        let is_asked = !unknown.is_empty() && !self.settings.accept_new_host_keys;
        if is_asked {
            self.ask_about(&unknown)?;
        }
        let links = met.iter().map(|s| Ok((self.link(&s.host)?, &s.key))).collect::<Outcome<Vec<_>>>()?;
        self.pin(&links)?;
        for s in &met {
            let key = s.key();
            let text = match s.is_known {
                true => format!("host key {key}, known from your ~/.ssh/known_hosts, is pinned"),
                false if is_asked => format!("host key {key} is pinned"),
                false => format!("unknown host key {key} of {} is pinned", s.address),
            };
            self.tell(&s.host, text);
        }
        Ok(())
    }

    /// Asks whether these keys are right.
    fn ask_about(&self, unknown: &[&Stranger]) -> Outcome<()> {
        let (whose, keys, all) = match unknown {
            [one] => (format!("host key of {} ({}) is", one.host, one.address), one.key(), "it"),
            many => {
                let lines: Vec<String> = many.iter().map(|s| s.line()).collect();
                (format!("host keys of {} hosts are", many.len()), lines.join("\n  "), "all of them")
            }
        };
        let compare = "with what the machine's console or provider says";
        if !self.settings.operator.is_there() {
            return Err(Stop::NoAnswer(format!(
                "the {whose} not known yet:\n  {keys}\n\
                 compare {all} {compare}, then run it in a terminal, which asks,\nor once with --accept-new-host-keys"
            ))
            .into());
        }
        let text = format!("The {whose} not known yet:\n  {keys}\nCompare {all} {compare}. Trust {all}?");
        match self.settings.operator.ask(&Question::Confirm { text, default: false })? {
            Answer::Yes => Ok(()),
            _ => Err(Stop::Refused(format!("the {whose} not trusted:\n  {keys}")).into()),
        }
    }
}
