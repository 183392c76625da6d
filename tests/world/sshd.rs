//! A real sshd on 127.0.0.1, with keys and files of its own, ended by its process id.

use mig::contract::{Answer, Event, Listener, Operator, Outcome, Question};
use mig::name::HostName;
use mig::world::{HostConfig, Reach, Settings};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub struct Sshd {
    pub folder: PathBuf,
    pub port: u16,
    child: Child,
}

impl Sshd {
    pub fn start(folder: &Path, more: &str) -> Sshd {
        Self::start_behind(folder, more, "")
    }
    /// In a mount namespace of its own, after a command, if there is one.
    pub fn start_behind(folder: &Path, more: &str, before: &str) -> Sshd {
        // A port that is free now may be another's by the time that the server asks for it.
        (0..5).find_map(|_| Self::try_start_on(free_port(), folder, more, before)).expect("sshd finds no port")
    }
    /// The same machine again, after its server was stopped.
    pub fn again(&self) -> Sshd {
        Self::start_on(self.port, &self.folder, "", "")
    }
    /// Stops the listener and every session.
    pub fn stop(&self) {
        let sessions = self.sessions();
        signal("-KILL", self.child.id());
        for pid in sessions {
            signal("-KILL", pid);
        }
    }
    fn start_on(port: u16, folder: &Path, more: &str, before: &str) -> Sshd {
        Self::try_start_on(port, folder, more, before).expect("sshd has its port")
    }
    /// `None`: somebody else has the port.
    fn try_start_on(port: u16, folder: &Path, more: &str, before: &str) -> Option<Sshd> {
        fs::create_dir_all(folder).unwrap();
        if rustix_is_root() {
            fs::create_dir_all("/run/sshd").unwrap();
        }
        for name in ["host_key", "user_key"] {
            if !folder.join(name).exists() {
                let done = Command::new("ssh-keygen")
                    .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                    .arg(folder.join(name))
                    .status();
                assert!(done.unwrap().success());
            }
        }
        let _ = fs::remove_file(folder.join("pid"));
        fs::copy(folder.join("user_key.pub"), folder.join("authorized_keys")).unwrap();
        let at = |name: &str| folder.join(name).display().to_string();
        let config = format!(
            "ListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile {}\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\nMaxStartups 100\n{more}\n",
            at("host_key"),
            at("authorized_keys"),
            at("pid")
        );
        fs::write(folder.join("sshd_config"), config).unwrap();
        let mut command = if before.is_empty() {
            Command::new("/usr/sbin/sshd")
        } else {
            let mut behind = Command::new("unshare");
            behind.args(["-m", "sh", "-c", &format!("{before} && exec /usr/sbin/sshd \"$@\""), "sh"]);
            behind
        };
        let mut child = command
            .args(["-D", "-e", "-p", &port.to_string(), "-f", &at("sshd_config")])
            .stdin(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(began.elapsed() < Duration::from_secs(10), "sshd does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        // Whoever answers there is it only if it lives: a server that cannot have the port ends.
        let has_port = || fs::read_to_string(folder.join("pid")).is_ok_and(|pid| !pid.trim().is_empty());
        while !has_port() {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(began.elapsed() < Duration::from_secs(10), "sshd does not say that it listens");
            std::thread::sleep(Duration::from_millis(5));
        }
        Some(Sshd { folder: folder.into(), port, child })
    }
    pub fn host(&self, name: &str) -> HostConfig {
        HostConfig {
            name: HostName::parse(name).unwrap(),
            reach: Reach::Ssh {
                address: "127.0.0.1".into(),
                port: self.port,
                user: String::new(),
                identity: Some(self.folder.join("user_key")),
            },
            sudo: false,
            moves_to: None,
        }
    }
    /// The processes that serve connections, each found as a child of the listener.
    pub fn sessions(&self) -> Vec<u32> {
        let children = |pid: u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            text.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<u32>>()
        };
        children(self.child.id())
    }
    pub fn kill_sessions(&self) {
        for pid in self.sessions() {
            signal("-KILL", pid);
        }
    }
}
impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill_sessions();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What gives an sshd, in a mount namespace of its own, a user who is not root, and sudo rules.
pub fn with_user(user: &str, uid: u32, folder: &Path) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    fs::create_dir_all(folder.join("sudoers.d")).unwrap();
    fs::create_dir_all(folder.join("home")).unwrap();
    std::os::unix::fs::chown(folder.join("home"), Some(uid), Some(uid)).unwrap();
    for (file, line) in [
        ("passwd", format!("{user}:x:{uid}:{uid}::{}:/bin/bash\n", at("home"))),
        ("shadow", format!("{user}:*:19000:0:99999:7:::\n")),
        ("group", format!("{user}:x:{uid}:\n")),
    ] {
        fs::write(folder.join(file), fs::read_to_string(format!("/etc/{file}")).unwrap() + line.as_str()).unwrap();
    }
    let bind = |name: &str| format!("mount --bind {} /etc/{name}", at(name));
    ["passwd", "shadow", "group", "sudoers.d"].map(bind).join(" && ")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub fn signal(signal: &str, pid: u32) {
    let _ = Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status();
}
fn rustix_is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// Keeps what it hears, and answers every question the same.
pub struct Person {
    pub says: Answer,
    pub asked: Mutex<Vec<String>>,
    pub heard: Mutex<Vec<Event>>,
}
impl Person {
    pub fn saying(says: Answer) -> Arc<Person> {
        Arc::new(Person { says, asked: Mutex::default(), heard: Mutex::default() })
    }
    pub fn output(&self, want_stderr: bool) -> String {
        let heard = self.heard.lock().unwrap();
        let texts = heard.iter().filter_map(|e| match e {
            Event::Output { is_stderr, text, .. } if *is_stderr == want_stderr => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
    pub fn connections(&self) -> String {
        let heard = self.heard.lock().unwrap();
        let texts = heard.iter().filter_map(|e| match e {
            Event::Connection { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}
impl Listener for Person {
    fn hear(&self, event: &Event) {
        self.heard.lock().unwrap().push(event.clone());
    }
}
impl Operator for Person {
    fn ask(&self, question: &Question) -> Outcome<Answer> {
        self.asked.lock().unwrap().push(format!("{question:?}"));
        Ok(self.says.clone())
    }
    fn is_there(&self) -> bool {
        true
    }
}

pub fn settings(run: &str, state: &Path, person: &Arc<Person>, hosts: Vec<HostConfig>) -> Settings {
    let mut settings = Settings::new(run, state.into(), person.clone(), person.clone());
    settings.hosts = hosts;
    settings.accept_new_host_keys = true;
    settings.reconnect_for = Duration::from_secs(20);
    settings
}
