//! A key of a host's own, with which it logs in to another one for a while.
//!
//! It is made on the sender and never leaves it. The other host lets it in only from the sender's
//! addresses, only for some time, and only for what it was made for: what the sender asks for is not
//! looked at. Its line bears the run and what it belongs to, so that it is found again by rollback and
//! finish, also after a crash. Copies and leases are let in by this one code.

use super::call::{Call, Sink};
use super::folder::{SHORT, Tries};
use super::link::{Fleet, Link};
use super::script;
use crate::contract::{Command, Failure, Outcome, alias, failed, quote};
use crate::name::HostName;

/// A host's key, made there.
pub struct Key {
    comment: String,
    public: String,
    /// The addresses that the sender may come from.
    pub sources: Vec<String>,
}

/// Whose key it is, and where it lies.
pub struct Blank<'a> {
    pub from: &'a HostName,
    pub to: &'a HostName,
    /// A private folder on the sender, and the name of the key in it.
    pub folder: &'a str,
    pub name: &'a str,
    /// What the line in `authorized_keys` ends with.
    pub comment: String,
    /// More lines of the sender's ssh configuration; they come first, and there the first one wins.
    pub config: &'a str,
    /// More private files on the sender, whole paths, which come in the same request.
    pub files: Vec<(String, String)>,
    /// Both machines do AES by themselves: then it is the fastest cipher, and else the slowest.
    pub has_aes: bool,
}

/// What a key is let in for.
pub struct Terms<'a> {
    /// Options of its line behind `restrict` and `from`.
    pub options: &'a str,
    /// More of them, for servers that know where a key may listen (OpenSSH 7.8).
    pub listen: &'a str,
    pub seconds: u64,
}

/// How a host is reached, as ssh sees it.
struct Reached {
    address: String,
    port: String,
    user: String,
}

/// What `--rsh` is with the key in this file.
pub fn shell(file: &str) -> String {
    format!("ssh -F {}", quote(&format!("{file}.config")))
}

impl Reached {
    fn config(&self, file: &str, alias: &str, more: &str) -> String {
        format!(
            "Host {alias}\n{more}  HostName {}\n  Port {}\n  User {}\n  HostKeyAlias {alias}\n  IdentityFile \"{file}\"\n  IdentitiesOnly yes\n\
             \x20 UserKnownHostsFile \"{file}.hosts\"\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n\
             \x20 CheckHostIP no\n  UpdateHostKeys no\n  BatchMode yes\n  PreferredAuthentications publickey\n\
             \x20 ConnectTimeout 15\n  ServerAliveInterval 15\n  ServerAliveCountMax 4\n  ForwardAgent no\n  ForwardX11 no\n\
             \x20 ControlMaster no\n  ControlPath none\n  RequestTTY no\n",
            self.address, self.port, self.user
        )
    }
}

impl Fleet {
    /// How the lines of this run are told from others in `authorized_keys`; those of one thing, or all.
    pub fn key_comment(&self, of: &str) -> String {
        let end = if of.is_empty() { "" } else { "-" };
        format!("mig-{}-{of}{end}", self.settings.run)
    }

    /// Makes the key on the sender, or finds it, and tells the sender how it is used. Nobody lets it in yet.
    pub async fn make_key(&self, blank: Blank<'_>) -> Outcome<Key> {
        let (sender, receiver) = (self.link(blank.from)?, self.link(blank.to)?);
        let (reached, address) = tokio::join!(self.reached(receiver), self.address(blank.from));
        let reached = reached?;
        let (public, mut sources) = self.key_pair(sender, receiver, &blank, &reached).await?;
        if reached.address.starts_with("127.") || reached.address == "localhost" || reached.address == "::1" {
            sources.extend(["127.0.0.1".into(), "::1".into()]);
        }
        if let Ok(address) = address
            && address.parse::<std::net::IpAddr>().is_ok()
        {
            sources.push(address);
        }
        Ok(Key { comment: blank.comment, public, sources })
    }

    /// Lets the key in.
    pub async fn let_in(&self, from: &HostName, to: &HostName, key: &Key, terms: Terms<'_>) -> Outcome<()> {
        let receiver = self.link(to)?;
        let mut sources = key.sources.clone();
        sources.sort();
        sources.dedup();
        let options = format!("restrict,from=\"{}\"{}", sources.join(","), terms.options);
        let seconds = terms.seconds.to_string();
        let words = [key.comment.as_str(), &options, &key.public, &seconds, terms.listen];
        match self.say(receiver, script::KEY_ALLOW, &words).await? {
            said if said == "ok" => Ok(()),
            said => failed(format!("{to}: the key of {from} cannot be let in: {}", said.trim_start_matches("bad "))),
        }
    }

    /// Removes the key from the sender. Without its other half it opens nothing: a sender that is gone
    /// may stay so.
    pub async fn drop_key(&self, from: &HostName, folder: &str, name: &str) {
        let file = quote(&format!("{folder}/{name}"));
        let text = format!("rm -f -- {file} {file}.pub {file}.hosts {file}.config");
        let _ = self.run(from, &Command::Shell(text), 30_000).await;
    }

    /// Takes the lines out of `authorized_keys` whose comment begins so.
    pub async fn forget_keys(&self, link: &Link, comment: &str) -> Outcome<()> {
        match self.say(link, script::KEY_FORGET, &[comment]).await? {
            said if said == "ok" => Ok(()),
            said => failed(format!(
                "{}: the key \"{comment}\" is left in authorized_keys: {}",
                link.config.name,
                said.trim_start_matches("bad ")
            )),
        }
    }

    async fn key_pair(
        &self,
        link: &Link,
        receiver: &Link,
        blank: &Blank<'_>,
        reached: &Reached,
    ) -> Outcome<(String, Vec<String>)> {
        let (host, alias) = (&link.config.name, alias(blank.to));
        let file = format!("{}/{}", blank.folder, blank.name);
        let hosts: String = self.pinned(receiver).iter().map(|pinned| pinned.line(&alias)).collect();
        let aes = if blank.has_aes { "aes" } else { "any" };
        let mut args: Vec<String> = [blank.folder, blank.name, &blank.comment, aes].map(String::from).into();
        args.extend([format!("{file}.hosts"), hosts]);
        args.extend([format!("{file}.config"), reached.config(&file, &alias, blank.config)]);
        args.extend(blank.files.iter().flat_map(|(file, text)| [file.clone(), text.clone()]));
        let mut tries = Tries::default();
        loop {
            let mut text = vec![];
            let mut keep = |b: &[u8]| text.extend_from_slice(b);
            let mut call = Call::new(script::KEY_MAKE, args.iter().cloned()).out(Sink::To(&mut keep));
            let said = match self.call(link, &mut call, Some(SHORT)).await {
                Ok(reply) => reply.said,
                Err(trouble) => {
                    tries.again(self, host, trouble).await?;
                    continue;
                }
            };
            let text = String::from_utf8_lossy(&text).into_owned();
            let mut lines = text.lines();
            return match (said.as_str(), lines.next()) {
                ("ok", Some(public)) if is_key(public) => {
                    let is_address = |a: &&str| a.parse::<std::net::IpAddr>().is_ok();
                    let addresses = lines.next().unwrap_or_default().split_whitespace().filter(is_address);
                    Ok((public.into(), addresses.map(String::from).collect()))
                }
                ("missing", _) => Err(Failure::new(format!("there is no ssh or no ssh-keygen on {host}"))
                    .hint("install the OpenSSH client there, or copy through this machine with #{ via: \"here\" }")
                    .into()),
                _ => failed(format!("{host}: no key can be made: {}", super::printable(&said))),
            };
        }
    }

    async fn reached(&self, link: &Link) -> Outcome<Reached> {
        let host = &link.config.name;
        let Some((way, config)) = link.ways.first() else {
            return failed(format!("{host} is this machine; nobody logs in here"));
        };
        let asked = tokio::process::Command::new("ssh").arg("-F").arg(config).args(["-G", &way.alias]).output().await;
        let text = asked.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
        let find = |word: &str| {
            let found = text.lines().find_map(|l| l.strip_prefix(word)?.strip_prefix(' '));
            found.map(String::from).ok_or_else(|| Failure::new(format!("{host}: ssh does not say its {word}")))
        };
        let plain = |t: &String| !t.is_empty() && t.chars().all(|c| c.is_ascii_alphanumeric() || "._-:%@".contains(c));
        let reached = Reached { address: find("hostname")?, port: find("port")?, user: find("user")? };
        let is_plain = [&reached.address, &reached.port, &reached.user].into_iter().all(plain);
        match is_plain {
            true => Ok(reached),
            false => failed(format!("{host}: its address or user cannot be written into an ssh configuration")),
        }
    }
}

/// A value of an option in `authorized_keys`; `None` where it cannot stand in one line.
pub fn option(name: &str, value: &str) -> Option<String> {
    let fits = !value.contains(['\n', '\r', '\0']) && !value.ends_with('\\');
    fits.then(|| format!(",{name}=\"{}\"", value.replace('"', "\\\"")))
}

/// What `ssh-keygen` writes, and nothing that could be an option: it comes from the sender.
fn is_key(line: &str) -> bool {
    let base64 = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c));
    matches!(line.split_once(' '), Some(("ssh-ed25519", key)) if base64(key))
}

#[cfg(test)]
mod tests {
    use super::{is_key, option};

    #[test]
    fn only_a_public_key_is_let_in() {
        assert!(is_key("ssh-ed25519 AAAAC3Nz+/="));
        for bad in
            ["", "ssh-ed25519", "ssh-ed25519 ", "command=\"x\" ssh-ed25519 AAAA", "ssh-ed25519 AAAA x", "ssh-rsa AAAA"]
        {
            assert!(!is_key(bad), "{bad}");
        }
    }

    #[test]
    fn an_option_stays_one() {
        assert_eq!(option("command", "echo \"a\" b"), Some(r#",command="echo \"a\" b""#.into()));
        assert_eq!(option("command", "a\nssh-rsa AAAA"), None);
        assert_eq!(option("command", "a\\"), None);
    }
}
