//! What servers gave the run: cookies, and values that were said to be secrets.
//!
//! The journal has neither. They live in memory and, while a run goes on, in a file of the run's
//! own folder that only its user can read, so that a resume and a rollback are still logged in.
//! `mig finish` removes it. A plan writes nothing.

use super::super::link::Fleet;
use crate::contract::GIVEN;
use crate::secret::Secret;
use reqwest::Url;
use reqwest::cookie::{CookieStore, Jar};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What servers gave the run.
#[derive(Default)]
pub struct Session(Mutex<Given>);

#[derive(Default, Serialize, Deserialize)]
struct Given {
    /// By where they are asked from and at: each with the URL that it came from.
    cookies: BTreeMap<String, Vec<Cookie>>,
    secrets: BTreeMap<String, String>,
    #[serde(skip)]
    is_loaded: bool,
}

#[derive(Serialize, Deserialize)]
struct Cookie {
    url: String,
    line: String,
}

impl Fleet {
    fn given(&self) -> MutexGuard<'_, Given> {
        let mut given = self.session.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let (false, Some(file)) = (given.is_loaded, self.session_file()) {
            given.is_loaded = true;
            let kept = fs::read(file).ok().and_then(|text| serde_json::from_slice::<Given>(&text).ok());
            if let Some(kept) = kept {
                // What a reading was given before the run began stays beside it.
                for (place, cookies) in kept.cookies {
                    given.cookies.entry(place).or_insert(cookies);
                }
                given.secrets.extend(kept.secrets);
            }
        }
        given
    }

    /// Where it is kept: only while a run goes on, which the journal has told its tokens.
    fn session_file(&self) -> Option<PathBuf> {
        let is_run = self.known.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let folder = self.settings.state.join("runs").join(&self.settings.run);
        // In a lab the run's own folder is elsewhere: what servers of a lab give goes with the lab.
        let is_there = is_run && fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).is_ok();
        is_there.then(|| folder.join("session"))
    }

    /// A file that cannot be written costs a login after a resume, and says so then.
    fn keep_given(&self, given: &Given) {
        let Some(file) = self.session_file() else { return };
        let Ok(text) = serde_json::to_vec(given) else { return };
        let new = file.with_extension("new");
        let _ = fs::remove_file(&new);
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new);
        let written = opened.and_then(|mut f| f.write_all(&text).and_then(|()| f.sync_all()));
        if let Err(e) = written.and_then(|()| fs::rename(&new, &file)) {
            tracing::warn!("{} cannot be written: {e}", file.display());
        }
    }

    /// At the end of a run.
    pub fn forget_session(&self) {
        *self.session.0.lock().unwrap_or_else(PoisonError::into_inner) = Given::default();
        let _ = fs::remove_file(self.settings.state.join("runs").join(&self.settings.run).join("session"));
    }

    /// The cookies for a request.
    pub fn cookies(&self, place: &str, url: &Url) -> Option<reqwest::header::HeaderValue> {
        let jar = Jar::default();
        for cookie in self.given().cookies.get(place)? {
            if let Ok(url) = Url::parse(&cookie.url) {
                jar.add_cookie_str(&cookie.line, &url);
            }
        }
        jar.cookies(url)
    }
    /// Keeps what an answer set.
    pub fn take_cookies(&self, place: &str, url: &Url, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        let mut given = self.given();
        let kept = given.cookies.entry(place.into()).or_default();
        for line in lines {
            let new = identity(url, line);
            kept.retain(|k| Url::parse(&k.url).is_ok_and(|url| identity(&url, &k.line) != new));
            kept.push(Cookie { url: url.to_string(), line: line.clone() });
        }
        self.keep_given(&given);
    }

    /// Keeps a value under a new name.
    pub fn take_secret(&self, value: &str) -> String {
        let mut given = self.given();
        let name = format!("{GIVEN}{}", hex::encode(rand::random::<[u8; 6]>()));
        given.secrets.insert(name.clone(), value.into());
        self.keep_given(&given);
        name
    }
    /// The value of such a secret; `None` for one of the inventory.
    pub fn given_secret(&self, name: &str) -> Option<Result<Secret, String>> {
        name.starts_with(GIVEN).then(|| {
            let value = self.given().secrets.get(name).cloned();
            value.map(Secret::new).ok_or_else(|| "a server gave it, and it was not kept; log in again".into())
        })
    }
}

/// What makes a cookie the same as another one: name, host, and the domain and path it says.
fn identity(url: &Url, line: &str) -> (String, String, Vec<String>) {
    let mut parts = line.split(';').map(str::trim);
    let name = parts.next().and_then(|p| p.split('=').next()).unwrap_or_default().trim().to_owned();
    let where_to = |p: &&str| {
        let p = p.to_ascii_lowercase();
        p.starts_with("domain=") || p.starts_with("path=")
    };
    let mut scope: Vec<String> = parts.filter(where_to).map(str::to_ascii_lowercase).collect();
    scope.sort();
    (name, url.host_str().unwrap_or_default().into(), scope)
}

/// The names of cookies that were set, for a person.
pub fn names(lines: &[String]) -> String {
    let name = |l: &String| l.split('=').next().unwrap_or_default().trim().to_owned();
    lines.iter().map(|l| format!("{}=‹cookie›", super::super::printable(&name(l)))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_known_by_name_and_scope() {
        let url = Url::parse("https://a.example/x").unwrap();
        let same = |a: &str, b: &str| identity(&url, a) == identity(&url, b);
        assert!(same("s=1; Path=/; Secure", "s=2; path=/; Max-Age=0"));
        assert!(!same("s=1; Path=/", "s=1; Path=/x"));
        assert!(!same("s=1", "t=1"));
        assert_eq!(names(&["sid=abc; Path=/".into()]), "sid=‹cookie›");
    }
}
