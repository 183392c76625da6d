//! A lab host: process 1 of its namespaces, and its SSH server.
//!
//! Commands are children of this process, so when it ends, however it ends, the kernel ends all
//! of them. It says `ready`, `reboot`, `poweroff` or `failed: why` to the lab over its standard
//! input, which is a socket; when the lab closes that, the host is gone at once.

use super::control::Opened;
use super::process::{Children, Ended};
use super::server::{Host, serve};
use super::{root, tree};
use russh::keys::PrivateKey;
use std::fs;
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// What a login finds on a lab host.
pub(super) const PATH: &str = "/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Where a host is told to go down: `/run/lab/reboot` and `/run/lab/poweroff` write there.
const WISHES: &str = "/run/lab";

/// How long `/etc/lab/boot` may take before the host answers all the same. A host that answers sooner is found with half
/// of its services, and many that boot at once on a machine that is busy take long.
pub(super) const BOOT: Duration = Duration::from_secs(60);

/// Runs the host until it is told to go.
pub(super) fn run(folder: &Path, name: &str) -> io::Result<()> {
    let link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let result = hold(folder, name, &link);
    if let Err(e) = &result {
        let _ = writeln!(&link, "failed: {e}");
    }
    result
}

fn hold(folder: &Path, name: &str, link: &UnixStream) -> io::Result<()> {
    let opened = Opened::read(folder)?;
    let Some(settings) = opened.settings.hosts.get(name).cloned() else {
        return Err(io::Error::other(format!("no lab host is called {name}")));
    };
    let here = folder.join("hosts").join(name);
    let key = PrivateKey::read_openssh_file(here.join("host_key")).map_err(io::Error::other)?;
    // Opened before the root changes: afterwards nothing outside the tree can be named. A file, not
    // a folder: through a folder's descriptor the way out would be open.
    let takes_over = opened.settings.takes_over(name).and_then(|(owner, address)| {
        Some((address, fs::File::open(folder.join("hosts").join(owner).join("power")).ok()?))
    });
    root::enter(&here)?;
    rustix::system::sethostname(name.as_bytes())?;
    give_up_the_machine();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    fs::create_dir_all(WISHES)?;
    for wish in ["reboot", "poweroff"] {
        let script = format!("#!/bin/sh\n: > {WISHES}/{wish}-now\n");
        tree::write(&Path::new(WISHES).join(wish), script.as_bytes(), 0o755)?;
    }
    let children = Children::watch()?;
    watch_link(link.try_clone()?);
    watch_wishes(link.try_clone()?);
    boot(&children);

    let host = Arc::new(Host {
        name: name.to_owned(),
        address: settings.address.unwrap_or(Ipv4Addr::LOCALHOST),
        max_sessions: settings.max_sessions.unwrap_or(usize::MAX),
        children,
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ready = link.try_clone()?;
    runtime.block_on(serve(host, key, takes_over, move || {
        let _ = writeln!(&ready, "ready");
    }))
}

/// Gives up what even a root of this host must not do to the machine: its clock, its modules, its
/// devices. In a user namespace none of this was there in the first place.
fn give_up_the_machine() {
    use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
    for capability in [
        CapabilitySet::SYS_MODULE,
        CapabilitySet::SYS_TIME,
        CapabilitySet::SYS_RAWIO,
        CapabilitySet::SYS_BOOT,
        CapabilitySet::MKNOD,
        CapabilitySet::SYSLOG,
        CapabilitySet::MAC_ADMIN,
        CapabilitySet::MAC_OVERRIDE,
    ] {
        let _ = remove_capability_from_bounding_set(capability);
    }
}

/// Ends this process, and with it the host, when the lab lets go of it.
fn watch_link(mut link: UnixStream) {
    std::thread::spawn(move || {
        let mut one = [0];
        while matches!(link.read(&mut one), Ok(1..)) {}
        std::process::exit(0);
    });
}

/// Ends this process when somebody on the host asks for a reboot or for the power to go.
fn watch_wishes(link: UnixStream) {
    use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
    let flags = WatchFlags::CREATE | WatchFlags::ATTRIB | WatchFlags::MOVED_TO | WatchFlags::CLOSE_WRITE;
    // A user may watch only so many places (fs.inotify.max_user_instances, often 128, and editors take
    // theirs): without a watch the place is looked at now and then.
    let watch = init(CreateFlags::CLOEXEC).and_then(|watch| add_watch(&watch, WISHES, flags).map(|_| watch)).ok();
    std::thread::spawn(move || {
        let mut events = [0u8; 4096];
        loop {
            match &watch {
                Some(watch) if !matches!(rustix::io::read(watch, &mut events), Ok(1..)) => return,
                Some(_) => {}
                None => std::thread::sleep(Duration::from_millis(20)),
            }
            for wish in ["reboot", "poweroff"] {
                if Path::new(WISHES).join(format!("{wish}-now")).exists() {
                    let _ = writeln!(&link, "{wish}");
                    std::process::exit(0);
                }
            }
        }
    });
}

/// Runs what the tree says a boot does.
fn boot(children: &Children) {
    let (told, ended) = mpsc::channel::<Ended>();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "[ ! -e /etc/lab/boot ] || exec setsid /etc/lab/boot >>/run/lab/boot.log 2>&1"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_clear().env("PATH", PATH).env("HOME", "/root").env("USER", "root").current_dir("/");
    if !Path::new("/etc/lab/boot").exists() {
        return;
    }
    let began = Instant::now();
    let started = children.spawn(&mut command, move |how| {
        let _ = told.send(how);
    });
    if started.is_ok() {
        let _ = ended.recv_timeout(BOOT.saturating_sub(began.elapsed()));
    }
}
