//! Whether a key may log in as a user: the `authorized_keys` of the host's own tree decide.

use super::options::KeyOptions;
use russh::keys::PublicKey;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The home of a user of a lab host.
pub(super) fn home(user: &str) -> PathBuf {
    if user == "root" { PathBuf::from("/root") } else { Path::new("/home").join(user) }
}

/// What `key` may do as `user` coming from `address`; `None` when it may not log in.
pub(super) fn admit(user: &str, key: &PublicKey, address: IpAddr) -> Option<KeyOptions> {
    let plain = !user.is_empty() && user.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if !plain || user.starts_with('.') {
        return None;
    }
    let home = home(user);
    let file = home.join(".ssh/authorized_keys");
    // As sshd's StrictModes: a file that others can write proves nothing.
    for path in [&home, &home.join(".ssh"), &file] {
        if path.metadata().ok()?.permissions().mode() & 0o022 != 0 {
            return None;
        }
    }
    let text = std::fs::read_to_string(&file).ok()?;
    let now = jiff::Zoned::now();
    let utc = now.with_time_zone(jiff::tz::TimeZone::UTC);
    let (now, utc) = (now.strftime("%Y%m%d%H%M%S").to_string(), utc.strftime("%Y%m%d%H%M%S").to_string());
    text.lines().filter_map(|line| of_line(line, key)).find(|options| options.admit(address, (&now, &utc)))
}

/// The options of a line that holds `key`.
fn of_line(line: &str, key: &PublicKey) -> Option<KeyOptions> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let (options, rest) = if is_key_type(line) { (None, line) } else { divide(line)? };
    let mut words = rest.split_whitespace();
    let text = format!("{} {}", words.next()?, words.next()?);
    let listed = PublicKey::from_openssh(&text).ok()?;
    if listed.key_data() != key.key_data() {
        return None;
    }
    match options {
        None => Some(KeyOptions::default()),
        Some(options) => KeyOptions::parse(options),
    }
}

fn is_key_type(text: &str) -> bool {
    ["ssh-", "ecdsa-", "sk-"].iter().any(|prefix| text.starts_with(prefix))
}

/// Divides a line at the first blank outside quotes.
fn divide(line: &str) -> Option<(Option<&str>, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    for (i, c) in line.char_indices() {
        if c.is_whitespace() && !quoted {
            return Some((Some(&line[..i]), line[i..].trim_start()));
        }
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9dG4kjRhQTtWTVzd2t27+t0DEHBPW7iOD23TUiYLio";

    #[test]
    fn a_line_is_read_with_its_options_and_comment() {
        let key = PublicKey::from_openssh(KEY).unwrap();
        assert_eq!(of_line(KEY, &key), Some(KeyOptions::default()));
        assert_eq!(of_line(&format!("{KEY} me@there"), &key), Some(KeyOptions::default()));
        let options = of_line(&format!("command=\"rsync --server a b\",restrict {KEY} me"), &key).unwrap();
        assert_eq!(options.command.as_deref(), Some("rsync --server a b"));
        assert_eq!(of_line(&format!("nonsense {KEY}"), &key), None);
        assert_eq!(of_line(OTHER, &key), None);
        assert_eq!(of_line("# comment", &key), None);
    }
}
