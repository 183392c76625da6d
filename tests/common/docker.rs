//! A real Docker engine of the test's own: its data, its socket and its containers in a temporary
//! folder, no bridge and no firewall rules, ended by its process id.
//!
//! Tests of one process share one engine, and the last to go ends it. There is no registry: an image
//! is made of programs of this machine with the libraries they need, which takes a third of a second and no
//! network; a debootstrap takes half a minute and a mirror.
#![allow(dead_code, reason = "each test crate uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test's own tools may fail as loudly as the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What every image has beside what was asked for.
pub const BASE: &[&str] = &[
    "sh",
    "cat",
    "chmod",
    "cp",
    "date",
    "env",
    "grep",
    "head",
    "id",
    "kill",
    "ln",
    "ls",
    "mkdir",
    "mv",
    "ps",
    "readlink",
    "rm",
    "sed",
    "setsid",
    "sha256sum",
    "sleep",
    "stat",
    "tail",
    "test",
    "touch",
    "tr",
    "wc",
];

pub struct Engine {
    folder: tempfile::TempDir,
    pub pid: Mutex<u32>,
    images: Mutex<BTreeMap<String, ()>>,
    /// The thread that started dockerd: it gets TERM when that thread is no more, also by a crash.
    keeper: Mutex<Option<Keeper>>,
}
struct Keeper {
    thread: JoinHandle<()>,
    end: Sender<()>,
}

/// The engine of this test process.
pub fn engine() -> Arc<Engine> {
    static SHARED: Mutex<Weak<Engine>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(engine) = shared.upgrade() {
        return engine;
    }
    let engine = Arc::new(Engine::start());
    *shared = Arc::downgrade(&engine);
    engine
}

impl Engine {
    /// One of its own, for a test that stops it.
    pub fn start() -> Engine {
        let folder = tempfile::Builder::new().prefix("mig-docker-").tempdir().unwrap();
        let engine = Engine { folder, pid: Mutex::default(), images: Mutex::default(), keeper: Mutex::default() };
        engine.up();
        engine
    }
    /// Starts dockerd.
    pub fn up(&self) {
        for program in ["dockerd", "docker", "setpriv"] {
            assert!(found(program).is_some(), "{program} is missing: tests/setup.sh installs it");
        }
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(found("dockerd").unwrap());
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        command.args(["--data-root", &at("data"), "--exec-root", &at("exec"), "--pidfile", &at("pid")]);
        command.args(["--host", &self.host(), "--shutdown-timeout", "2"]);
        command.args([
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
        ]);
        let log = fs::OpenOptions::new().create(true).append(true).open(at("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let (end, ended) = channel();
        let (tell, told) = channel();
        let thread = std::thread::spawn(move || {
            let mut child = command.spawn().unwrap();
            tell.send(child.id()).unwrap();
            let _ = ended.recv();
            signal("-TERM", child.id());
            let _ = child.wait();
        });
        *self.pid.lock().unwrap() = told.recv().unwrap();
        *self.keeper.lock().unwrap() = Some(Keeper { thread, end });
        let began = Instant::now();
        while !self.docker(&["version"]).status.success() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "dockerd does not start; it needs root and cgroups:\n{log}"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    /// Ends dockerd by its process id, and with it its containers.
    pub fn down(&self) {
        if let Some(keeper) = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = keeper.end.send(());
            let _ = keeper.thread.join();
            // dockerd leaves this one mounted, and its folder could not be removed.
            let left = self.folder.path().join("exec/netns/default");
            if left.exists() {
                let _ = Command::new("umount").arg(left).stderr(Stdio::null()).status();
            }
        }
    }
    /// What DOCKER_HOST must be.
    pub fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }
    /// For a host of the test: `Sshd::start(folder, &engine.sshd())`.
    pub fn sshd(&self) -> String {
        // A bash below another does not read the files of a login, which may be slow.
        format!("SetEnv DOCKER_HOST={} SHLVL=2", self.host())
    }
    pub fn docker(&self, args: &[&str]) -> Output {
        Command::new("docker").args(args).env("DOCKER_HOST", self.host()).stdin(Stdio::null()).output().unwrap()
    }
    /// What docker prints; anything but success is a failure of the test.
    pub fn says(&self, args: &[&str]) -> String {
        let output = self.docker(args);
        let text = |b: &[u8]| String::from_utf8_lossy(b).trim().to_owned();
        assert!(output.status.success(), "docker {args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }
    /// An image of this name with a shell, the usual small programs, and these.
    pub fn image(&self, name: &str, programs: &[&str]) -> String {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        if images.insert(name.into(), ()).is_none() {
            let root = tempfile::tempdir().unwrap();
            fill(root.path(), BASE.iter().chain(programs).copied());
            let script = format!("tar -C {} -c . | docker import - {name}", root.path().display());
            let done = Command::new("sh").args(["-c", &script]).env("DOCKER_HOST", self.host()).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        name.into()
    }
    /// An image of one program and its libraries: no shell, and nothing else.
    pub fn bare_image(&self, name: &str, program: &str) -> String {
        let mut images = self.images.lock().unwrap_or_else(PoisonError::into_inner);
        if images.insert(name.into(), ()).is_none() {
            let root = tempfile::tempdir().unwrap();
            fill(root.path(), [program].into_iter());
            let script = format!("tar -C {} -c . | docker import - {name}", root.path().display());
            let done = Command::new("sh").args(["-c", &script]).env("DOCKER_HOST", self.host()).output().unwrap();
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        name.into()
    }
    /// Starts a container, which goes with the engine: options of `docker run`, image, command. It shares
    /// this machine's network, for the engine has none.
    pub fn run(&self, name: &str, options: &[&str], image: &str, command: &[&str]) -> String {
        let head = ["run", "-d", "--name", name, "--network", "host"];
        self.says(&[&head, options, &[image], command].concat())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let all = self.docker(&["ps", "-aq"]);
        let ids = String::from_utf8_lossy(&all.stdout).into_owned();
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if !ids.is_empty() {
            self.docker(&[&["rm", "-f", "-v"], ids.as_slice()].concat());
        }
        self.down();
    }
}

/// The path of a program, also where only root looks.
pub fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let more = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let all = std::env::split_paths(&path).chain(more);
    all.map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Lays programs of this machine and the libraries they name under a root.
pub fn fill<'a>(root: &Path, programs: impl Iterator<Item = &'a str>) {
    for folder in ["bin", "dev", "etc", "proc", "run", "sys", "tmp", "usr/sbin", "var/log/nginx", "var/lib/nginx"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::set_permissions(root.join("tmp"), std::os::unix::fs::PermissionsExt::from_mode(0o1777)).unwrap();
    let users = "root:x:0:0:root:/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n";
    fs::write(root.join("etc/passwd"), users).unwrap();
    fs::write(root.join("etc/group"), "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n").unwrap();
    for program in programs {
        let file = found(program).unwrap_or_else(|| panic!("{program} is missing: tests/setup.sh installs it"));
        fs::copy(&file, root.join("bin").join(file.file_name().unwrap())).unwrap();
        let said = Command::new("ldd").arg(&file).output().unwrap();
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        for library in said.split_whitespace().filter(|w| w.starts_with('/')) {
            let at = root.join(library.trim_start_matches('/'));
            if !at.exists() {
                fs::create_dir_all(at.parent().unwrap()).unwrap();
                fs::copy(library, at).unwrap();
            }
        }
    }
}

fn signal(signal: &str, pid: u32) {
    let _ = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
}
