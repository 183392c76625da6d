//! What a machine says of itself when it is first reached.

use crate::contract::Machine;
use std::collections::BTreeMap;

/// Programs that are looked for: what scripts need, and what primitives ask about.
pub const PROGRAMS: &str = "sh bash awk cat cmp cp curl dig docker df diff du find gzip head id initialize128t ln mkdir mongodump \
mongorestore mktemp mv mysql nc nginx nsenter openssl pcli perl ps psql python3 readlink redis-cli redis-server rm rsync sed setsid \
sha256sum shutdown reboot sort ss ssh ssh-keygen stat sudo sync systemctl systemd-run tail tar timeout tr unzip wc xz zip";

/// A machine, and where runs keep their records there.
#[derive(Debug, Clone)]
pub struct Hello {
    pub machine: Machine,
    /// Where the folders of runs lie on it.
    pub base: String,
    /// The login shell.
    pub shell: String,
}

impl Hello {
    /// Whether the login shell is one that runs our scripts as they are and reads no file of the
    /// user's before, as bash does.
    pub fn has_plain_shell(&self) -> bool {
        matches!(self.shell.rsplit('/').next(), Some("sh" | "dash" | "ash"))
    }
}

/// Reads the lines of the greeting. Unknown lines are passed over.
pub fn parse(text: &str) -> Result<Hello, String> {
    let mut machine = Machine {
        os: String::new(),
        kernel: String::new(),
        hostname: String::new(),
        machine_id: String::new(),
        boot_id: String::new(),
        uid: u32::MAX,
        gid: u32::MAX,
        user: String::new(),
        home: String::new(),
        programs: BTreeMap::new(),
    };
    let (mut base, mut shell) = (String::new(), String::new());
    for line in text.lines() {
        let Some((word, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim();
        match word {
            "uid" => machine.uid = rest.parse().unwrap_or(u32::MAX),
            "gid" => machine.gid = rest.parse().unwrap_or(u32::MAX),
            "user" => machine.user = rest.into(),
            "home" => machine.home = rest.into(),
            "base" => base = rest.into(),
            "shell" => shell = rest.into(),
            "boot" => machine.boot_id = rest.into(),
            "machine" => machine.machine_id = rest.into(),
            "os" => machine.os = rest.into(),
            "kernel" => machine.kernel = rest.into(),
            "hostname" => machine.hostname = rest.into(),
            "program" => {
                if let Some((name, path)) = rest.split_once(' ') {
                    machine.programs.insert(name.into(), path.into());
                }
            }
            _ => {}
        }
    }
    if machine.uid == u32::MAX || machine.boot_id.is_empty() || !base.starts_with('/') {
        return Err("it did not say who we are there, or which boot this is (is it a Linux with /proc?)".into());
    }
    if machine.os.is_empty() {
        machine.os = machine.kernel.clone();
    }
    Ok(Hello { machine, base, shell })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greeting_is_read() {
        let hello = parse(
            "uid 0\ngid 0\nuser root\nhome /root\nbase /var/lib/mig\nboot 12cb\nmachine 77\nkernel Linux 6.1\nhostname old\n\
             program sh /bin/sh\n",
        )
        .unwrap();
        let m = &hello.machine;
        assert_eq!((m.uid, m.os.as_str(), m.machine_id.as_str()), (0, "Linux 6.1", "77"));
        assert_eq!(m.programs["sh"], "/bin/sh");
        assert!(parse("uid 0\n").is_err());
    }
}
