//! Opening a lab: its files are laid out, then a process of its own is started in new namespaces.

use super::control::{self, Opened};
use super::enter::proxy_command;
use super::open_lab::OpenLab;
use super::serve::ARGUMENT;
use super::settings::is_word;
use super::source::LabSource;
use super::{inherited, tree};
use crate::error::{Error, Result};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a lab may take to open: its hosts come up at once.
const PATIENCE: Duration = super::machine::PATIENCE.saturating_mul(2);

/// Opens a lab under the folder `state`. It stays open when this process ends.
///
/// # Errors
/// When the files make no sense, a program is missing, or the machine refuses namespaces.
pub fn open(source: &LabSource, state: &Path) -> Result<OpenLab> {
    let program = std::env::current_exe()
        .map_err(|e| Box::new(Error::refused(format!("cannot find the program that runs here: {e}"))))?;
    open_with(source, state, &program)
}

/// [`open`] with a program other than this one as the lab's: for tests, which are not `mig`.
pub fn open_with(source: &LabSource, state: &Path, program: &Path) -> Result<OpenLab> {
    for needed in source.settings.needs.iter().map(String::as_str).chain(["unshare", "setsid", "ssh"]) {
        if !is_installed(needed) {
            return Error::refused(format!("the lab needs the program {needed}, which is not on the PATH"))
                .hint(format!("install it, for example: apt-get install {}", package_of(needed)))
                .err();
        }
    }
    let cannot = |e: io::Error| {
        Box::new(Error::refused(format!("cannot lay out a lab under {}: {e}", state.display())).hint("set MIG_STATE"))
    };
    let labs = state.join("labs");
    // The state folder is shared with the journal, which wants it for its owner alone.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&labs).map_err(cannot)?;
    let labs = labs.canonicalize().map_err(cannot)?;
    clear_the_dead(&labs);
    let folder = tempfile::Builder::new().prefix(&format!("{}-", source.name)).tempdir_in(&labs).map_err(cannot)?;
    lay_out(source, folder.path(), program)?;
    start(folder.path(), program)?;
    // From here on the lab owns its folder.
    let folder = folder.keep();
    OpenLab::at(&folder).ok_or_else(|| Box::new(Error::refused("the lab went away as soon as it was open")))
}

/// The labs that are open under `state`.
pub fn find(state: &Path) -> Vec<OpenLab> {
    let Ok(entries) = fs::read_dir(state.join("labs")) else { return vec![] };
    let mut labs: Vec<OpenLab> = entries.flatten().filter_map(|entry| OpenLab::at(&entry.path())).collect();
    labs.sort_by(|a, b| a.folder().cmp(b.folder()));
    labs
}

/// Removes what is left of labs whose process is gone, after a restart of the machine say. A lab
/// that is just being opened has no socket yet, and is left alone.
fn clear_the_dead(labs: &Path) {
    for entry in fs::read_dir(labs).into_iter().flatten().flatten() {
        if control::connect(&entry.path()).is_err_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
            let _ = tree::remove(&entry.path());
        }
    }
}

fn lay_out(source: &LabSource, folder: &Path, program: &Path) -> Result<()> {
    let cannot = |e: io::Error| Box::new(Error::refused(format!("cannot write to {}: {e}", folder.display())));
    let key = new_key("lab")?;
    write_key(&folder.join("ssh/id_ed25519"), &key)?;
    let public = key.public_key().to_openssh().map_err(|e| Box::new(Error::bug(format!("cannot write a key: {e}"))))?;
    tree::write(&folder.join("ssh/id_ed25519.pub"), format!("{public}\n").as_bytes(), 0o644).map_err(cannot)?;
    tree::lay(source, folder, &format!("{public}\n"))?;
    let (mut config, mut known) = (String::new(), String::new());
    let quoted = |path: PathBuf| format!("\"{}\"", path.to_string_lossy().replace('%', "%%"));
    for (name, host) in &source.settings.hosts {
        let key = new_key(name)?;
        write_key(&folder.join("hosts").join(name).join("host_key"), &key)?;
        let public =
            key.public_key().to_openssh().map_err(|e| Box::new(Error::bug(format!("cannot write a key: {e}"))))?;
        let public: Vec<&str> = public.split_whitespace().take(2).collect();
        known.push_str(&format!("{name},{} {}\n", source.settings.address(name), public.join(" ")));
        config.push_str(&format!(
            "Host {name}\n    HostName {}\n    HostKeyAlias {name}\n    User {}\n    ProxyCommand {}\n",
            source.settings.address(name),
            host.user.as_deref().unwrap_or("root"),
            proxy_command(program, folder, name),
        ));
    }
    config.push_str(&format!(
        "Host *\n    Port 22\n    IdentityFile {}\n    IdentitiesOnly yes\n    IdentityAgent none\n    \
         UserKnownHostsFile {}\n    GlobalKnownHostsFile /dev/null\n    StrictHostKeyChecking yes\n    BatchMode yes\n    \
         KexAlgorithms curve25519-sha256\n",
        quoted(folder.join("ssh/id_ed25519")),
        quoted(folder.join("ssh/known_hosts")),
    ));
    tree::write(&folder.join("ssh/config"), config.as_bytes(), 0o600).map_err(cannot)?;
    tree::write(&folder.join("ssh/known_hosts"), known.as_bytes(), 0o600).map_err(cannot)?;
    for (name, value) in &source.settings.secrets {
        if !is_word(name) {
            return Error::bad_input(format!("secrets: \"{name}\" is not a name: letters, digits, _ and -")).err();
        }
        tree::write(&folder.join("secrets").join(name), value.as_bytes(), 0o600).map_err(cannot)?;
    }
    let opened = Opened { name: source.name.clone(), settings: source.settings.clone() };
    let text = serde_json::to_vec_pretty(&opened).map_err(|e| Box::new(Error::bug(e.to_string())))?;
    tree::write(&folder.join("lab.json"), &text, 0o600).map_err(cannot)
}

fn new_key(comment: &str) -> Result<PrivateKey> {
    let mut key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519)
        .map_err(|e| Box::new(Error::bug(format!("cannot make a key: {e}"))))?;
    key.set_comment(comment);
    Ok(key)
}

fn write_key(path: &Path, key: &PrivateKey) -> Result<()> {
    let text = key.to_openssh(LineEnding::LF).map_err(|e| Box::new(Error::bug(format!("cannot write a key: {e}"))))?;
    tree::write(path, text.as_bytes(), 0o600)
        .map_err(|e| Box::new(Error::refused(format!("cannot write {}: {e}", path.display()))))
}

/// Starts the lab's process and waits until it is ready.
///
/// As root no user namespace is needed, and without one files may have any owner; where root may
/// not make the others (a container), one of its own may still allow them.
fn start(folder: &Path, program: &Path) -> Result<()> {
    let is_root = rustix::process::geteuid().is_root();
    let ways: &[&[&str]] =
        if is_root { &[&[], &["--user", "--map-root-user"]] } else { &[&["--user", "--map-root-user"]] };
    let mut said = String::new();
    for way in ways {
        match try_start(folder, program, way) {
            Ok(()) => return Ok(()),
            Err(Failure::Lab(message)) => return Error::refused(format!("the lab does not open: {message}")).err(),
            Err(Failure::Namespaces(message)) => said = message,
        }
    }
    let on = if is_root { "in this container" } else { "for ordinary users on this machine" };
    let mut error = Error::refused(format!(
        "the lab needs namespaces of its own, and the system refuses them {on}: {}",
        said.trim()
    ));
    if !is_root {
        error = error
            .hint("run the same command as root (sudo)")
            .hint("or allow them, on Ubuntu 24.04: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0");
    }
    // What clone(2) says when the limit is reached; 0 is how some switch them off.
    if said.contains("No space left") {
        error = error.hint("their number is limited here: see sysctl user.max_user_namespaces");
    }
    let or = if error.hints.is_empty() { "" } else { "or " };
    error.hint(format!("{or}run it in Docker: docker run --privileged ...")).err()
}

enum Failure {
    /// unshare was refused; another way may work.
    Namespaces(String),
    /// The lab's own process said what is wrong.
    Lab(String),
}

fn try_start(folder: &Path, program: &Path, way: &[&str]) -> Result<(), Failure> {
    let lab = |e: io::Error| Failure::Lab(e.to_string());
    let (ours, theirs) = UnixStream::pair().map_err(lab)?;
    ours.set_read_timeout(Some(PATIENCE)).map_err(lab)?;
    let log_path = folder.join("log");
    let log = fs::File::create(&log_path).map_err(lab)?;
    inherited::keep_from_children();
    // In a session of its own: Ctrl-C in the terminal of the `mig` that opened it is not for it.
    let mut command = Command::new("setsid");
    command.arg("unshare").args(way);
    command.args(["--net", "--ipc", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=KILL", "--"]);
    command.arg(program).args([ARGUMENT, "lab"]).arg(folder);
    // What lies in the environment of this `mig`, secrets perhaps, is nothing for the hosts to read.
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::from(OwnedFd::from(theirs))).stderr(Stdio::from(log));
    let mut child = command.spawn().map_err(lab)?;
    drop(command);
    let mut line = String::new();
    let read = BufReader::new(ours).read_line(&mut line);
    if line == "ready\n" {
        // It stays this process's child until this process ends, and its own master after that.
        return Ok(());
    }
    let _ = child.kill();
    let _ = child.wait();
    let log = fs::read_to_string(&log_path).unwrap_or_default();
    let refused = |message: &str| ["not permitted", "ermission denied"].iter().any(|words| message.contains(words));
    match (read, log.lines().find_map(|line| line.strip_prefix("mig lab: "))) {
        (Err(_), _) => Err(Failure::Lab(format!("it was not ready within {} s; {}", PATIENCE.as_secs(), log.trim()))),
        // Some systems give a user namespace and then let it do nothing.
        (Ok(_), Some(message)) if refused(message) => Err(Failure::Namespaces(message.to_owned())),
        (Ok(_), Some(message)) => Err(Failure::Lab(message.to_owned())),
        (Ok(_), None) => Err(Failure::Namespaces(log)),
    }
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn package_of(program: &str) -> &str {
    match program {
        "unshare" | "setsid" => "util-linux",
        "ssh" => "openssh-client",
        other => other,
    }
}
