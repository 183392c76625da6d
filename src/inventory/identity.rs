//! What a private key's file must be like, given what was found of it.

use crate::error::{Error, Place};
use base64::Engine as _;

/// What was found at the path of an identity. The world gathers it.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentityFacts {
    /// The path as it is written in the inventory.
    pub path: String,
    /// Where it is written.
    pub place: Option<Place>,
    pub found: IdentityFound,
    /// Whether an ssh agent answers, which may hold a key that has a passphrase.
    pub agent: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum IdentityFound {
    Missing,
    Folder,
    /// It cannot be opened; why, as the system says it.
    Unreadable(String),
    File {
        /// The permission bits.
        mode: u32,
        form: KeyForm,
    },
}

/// What the contents of a key file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForm {
    Public,
    Private {
        /// It needs a passphrase.
        encrypted: bool,
    },
    /// PuTTY's own format, which OpenSSH does not read.
    Putty,
    Other,
}

impl KeyForm {
    /// Returns what the contents of a file are.
    pub fn of(contents: &[u8]) -> KeyForm {
        let text = String::from_utf8_lossy(contents);
        let text = text.trim_start();
        let public =
            ["ssh-ed25519 ", "ssh-rsa ", "ssh-dss ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "---- BEGIN SSH2 PUBLIC"];
        if public.iter().any(|p| text.starts_with(p)) || text.starts_with("-----BEGIN PUBLIC KEY") {
            return KeyForm::Public;
        }
        if text.starts_with("PuTTY-User-Key-File") {
            return KeyForm::Putty;
        }
        let Some(first) = text.lines().next().filter(|l| l.starts_with("-----BEGIN ") && l.contains("PRIVATE KEY"))
        else {
            return KeyForm::Other;
        };
        let encrypted = if first.contains("OPENSSH") {
            openssh_cipher(text).is_some_and(|cipher| cipher != b"none")
        } else {
            first.contains("ENCRYPTED")
                || text.lines().take(5).any(|l| l.starts_with("Proc-Type:") && l.contains("ENCRYPTED"))
        };
        KeyForm::Private { encrypted }
    }
}

/// The name of the cipher in OpenSSH's own format: magic, then length and name.
fn openssh_cipher(text: &str) -> Option<Vec<u8>> {
    let body: String = text.lines().skip(1).take_while(|l| !l.starts_with("-----")).map(str::trim).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(body).ok()?;
    let rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?).map(<[u8]>::to_vec)
}

/// Says what is wrong with an identity, if something is.
pub fn check_identity(facts: &IdentityFacts) -> Option<Error> {
    let path = &facts.path;
    let (why, hint) = match &facts.found {
        IdentityFound::Missing => {
            ("there is no such file".to_string(), format!("ls -l {path}, or make one: ssh-keygen -t ed25519"))
        }
        IdentityFound::Folder => ("it is a folder".into(), "write the path of the private key in it".into()),
        IdentityFound::Unreadable(why) => (format!("it cannot be read: {why}"), format!("ls -l {path}")),
        IdentityFound::File { form: KeyForm::Public, .. } => {
            ("it is a public key".into(), "write the path of the private one, usually the same without .pub".into())
        }
        IdentityFound::File { form: KeyForm::Putty, .. } => (
            "it is a key of PuTTY, which OpenSSH does not read".into(),
            format!("convert it: puttygen {path} -O private-openssh -o NEW"),
        ),
        IdentityFound::File { form: KeyForm::Other, .. } => {
            ("it is not a private key of OpenSSH".into(), "write the path of the private key".into())
        }
        IdentityFound::File { mode, .. } if mode & 0o077 != 0 => (
            format!("others may read it (mode {:04o}), so ssh would not use it", mode & 0o7777),
            format!("chmod 600 {path}"),
        ),
        IdentityFound::File { form: KeyForm::Private { encrypted: true }, .. } if !facts.agent => (
            "it has a passphrase and no agent runs that could hold it".into(),
            format!("eval \"$(ssh-agent)\" && ssh-add {path}"),
        ),
        IdentityFound::File { .. } => return None,
    };
    let error = Error::bad_input(format!("the identity {path:?} cannot be used: {why}")).hint(hint);
    Some(match &facts.place {
        Some(place) => error.at(place.clone()),
        None => error,
    })
}
