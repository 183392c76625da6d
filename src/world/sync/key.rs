//! The key with which one host may write one path of another, for as long as a copy takes.
//!
//! It is made on the sender and never leaves it. The other host lets it in only from the sender's
//! addresses, only for some time, and only to run the one `rsync --server` that mig chose: what the
//! sender asks for is not looked at. The line bears the run and the call, so that it is found again
//! by rollback and finish, also after a crash.

use crate::contract::{Failure, Outcome, Sync, failed, quote};
use crate::name::HostName;
use crate::world::call::{Call, Sink};
use crate::world::folder::{SHORT, Tries};
use crate::world::link::{Fleet, Link};
use crate::world::script;

/// The sender's key, and where it finds the other side.
pub struct Key {
    /// Its place on the sender.
    file: String,
    /// Under which name the sender knows the other side.
    pub alias: String,
    comment: String,
    public: String,
    /// The addresses that the sender may come from.
    sources: Vec<String>,
    reached: Reached,
}

/// How a host is reached, as ssh sees it.
struct Reached {
    address: String,
    port: String,
    user: String,
}

impl Key {
    /// What `--rsh` is.
    pub fn shell(&self) -> String {
        format!("ssh -F {}", quote(&format!("{}.config", self.file)))
    }

    fn config(&self) -> String {
        let Key { file, alias, reached, .. } = self;
        format!(
            "Host {alias}\n  HostName {}\n  Port {}\n  User {}\n  HostKeyAlias {alias}\n  IdentityFile \"{file}\"\n  IdentitiesOnly yes\n\
             \x20 UserKnownHostsFile \"{file}.hosts\"\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n\
             \x20 CheckHostIP no\n  UpdateHostKeys no\n  BatchMode yes\n  PreferredAuthentications publickey\n\
             \x20 ConnectTimeout 15\n  ServerAliveInterval 15\n  ServerAliveCountMax 4\n  ForwardAgent no\n  ForwardX11 no\n\
             \x20 ClearAllForwardings yes\n  ControlMaster no\n  ControlPath none\n  RequestTTY no\n",
            reached.address, reached.port, reached.user
        )
    }
}

impl Fleet {
    /// How the lines of this run are told from others in `authorized_keys`; a call of it, or all.
    pub fn key_comment(&self, call: &str) -> String {
        let end = if call.is_empty() { "" } else { "-" };
        format!("mig-{}-{call}{end}", self.settings.run)
    }

    /// Makes the key on the sender. Nobody lets it in yet.
    pub async fn cut_key(&self, sync: &Sync, call: &str) -> Outcome<Key> {
        let (from, to) = (self.link(&sync.from)?, self.link(&sync.to)?);
        let folder = self.prepared(&sync.from)?.record.folder;
        let (name, comment) = (format!("key.{call}"), self.key_comment(call));
        let (made, reached, address) =
            tokio::join!(self.make_key(from, &folder, &name, &comment), self.reached(to), self.address(&sync.from));
        let ((public, mut sources), reached) = (made?, reached?);
        if reached.address.starts_with("127.") || reached.address == "localhost" || reached.address == "::1" {
            sources.extend(["127.0.0.1".into(), "::1".into()]);
        }
        if let Ok(address) = address
            && address.parse::<std::net::IpAddr>().is_ok()
        {
            sources.push(address);
        }
        sources.sort();
        sources.dedup();
        Ok(Key {
            file: format!("{folder}/{name}"),
            alias: format!("mig-{}", sync.to),
            comment,
            public,
            sources,
            reached,
        })
    }

    /// Lets the key in for `server` only, and tells the sender how it is used.
    pub async fn open_door(&self, sync: &Sync, key: &Key, server: &[String], pids: &str) -> Outcome<()> {
        let (from, to) = (self.link(&sync.from)?, self.link(&sync.to)?);
        let sudo = if to.config.sudo { "sudo -n " } else { "" };
        let server: Vec<String> = server.iter().map(|w| quote(w)).collect();
        // Its process is noted, so that a rollback can end it.
        let note = format!("umask 077; echo $$ >>{}; exec \"$@\"", quote(pids));
        let command = format!("{sudo}sh -c {} mig {}", quote(&note), server.join(" "));
        if command.contains('\n') {
            return failed(format!("{}: its name cannot be written into authorized_keys", sync.at));
        }
        let command = command.replace('"', "\\\"");
        let options = format!("restrict,from=\"{}\",command=\"{command}\"", key.sources.join(","));
        let seconds = (sync.timeout_ms / 1000 + 600).to_string();
        let mut hosts = String::new();
        for pinned in self.pinned(to) {
            hosts += &pinned.line(&key.alias);
        }
        let (hosts_file, config_file) = (format!("{}.hosts", key.file), format!("{}.config", key.file));
        let config = key.config();
        let words = [key.comment.as_str(), &options, &key.public, &seconds];
        let (let_in, hosts, config) = tokio::join!(
            self.say(to, script::KEY_ALLOW, &words),
            self.upload(from, &hosts_file, hosts.as_bytes()),
            self.upload(from, &config_file, config.as_bytes())
        );
        (hosts?, config?);
        match let_in? {
            said if said == "ok" => Ok(()),
            said => failed(format!(
                "{}: the key of {} cannot be let in: {}",
                sync.to,
                sync.from,
                said.trim_start_matches("bad ")
            )),
        }
    }

    /// Takes the key back on both sides; says what could not be.
    pub async fn close_door(&self, from: &HostName, to: &HostName, call: &str) -> Outcome<()> {
        let comment = self.key_comment(call);
        self.forget_keys(self.link(to)?, &comment).await?;
        // Without its other half the key opens nothing: a sender that is gone may stay so.
        if let (Ok(link), Ok(prepared)) = (self.link(from), self.prepared(from)) {
            let file = quote(&format!("{}/key.{call}", prepared.record.folder));
            let text = format!("rm -f -- {file} {file}.pub {file}.hosts {file}.config");
            let _ = self.run(&link.config.name, &crate::contract::Command::Shell(text), 30_000).await;
        }
        Ok(())
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

    async fn make_key(&self, link: &Link, folder: &str, name: &str, comment: &str) -> Outcome<(String, Vec<String>)> {
        let host = &link.config.name;
        let mut tries = Tries::default();
        loop {
            let mut text = vec![];
            let mut keep = |b: &[u8]| text.extend_from_slice(b);
            let mut call = Call::new(script::KEY_MAKE, [folder, name, comment]).out(Sink::To(&mut keep));
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
                _ => failed(format!("{host}: no key can be made: {}", super::super::printable(&said))),
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

/// What `ssh-keygen` writes, and nothing that could be an option: it comes from the sender.
fn is_key(line: &str) -> bool {
    let base64 = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c));
    matches!(line.split_once(' '), Some(("ssh-ed25519", key)) if base64(key))
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn only_a_public_key_is_let_in() {
        assert!(is_key("ssh-ed25519 AAAAC3Nz+/="));
        for bad in
            ["", "ssh-ed25519", "ssh-ed25519 ", "command=\"x\" ssh-ed25519 AAAA", "ssh-ed25519 AAAA x", "ssh-rsa AAAA"]
        {
            assert!(!is_key(bad), "{bad}");
        }
    }
}
