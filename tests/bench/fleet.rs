//! Many hosts at once: each an sshd with a key of its own on loopback, and the commands on all of
//! them bare through the openssh crate, through `mig run`, and through other programs of the kind.

use super::sshd::Sshd;
use openssh::{KnownHosts, SessionBuilder, Stdio};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub struct Fleet {
    pub folder: PathBuf,
    servers: Vec<Sshd>,
    user: String,
    /// What the hosts keep lies in memory: in truth each has a disk of its own, and here all of them
    /// would share one.
    _kept: tempfile::TempDir,
}

impl Fleet {
    pub fn start(folder: &Path, hosts: usize) -> Fleet {
        fs::create_dir_all(folder).unwrap();
        let memory = Path::new("/dev/shm");
        let kept = tempfile::tempdir_in(if memory.is_dir() { memory } else { folder }).unwrap();
        let (next, all) = (AtomicUsize::new(0), Mutex::new(vec![]));
        std::thread::scope(|t| {
            for _ in 0..4 {
                t.spawn(|| {
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= hosts {
                            break;
                        }
                        // All are this machine; each has its records elsewhere. The second name of the key
                        // exchange is the only one that paramiko has for it.
                        let at = folder.join(format!("sshd{n}"));
                        let more = format!(
                            "KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org\nSetEnv XDG_STATE_HOME={}",
                            kept.path().join(n.to_string()).display()
                        );
                        let server = Sshd::start(&at, &more);
                        all.lock().unwrap().push(server);
                    }
                });
            }
        });
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let fleet =
            Fleet { folder: folder.into(), servers: all.into_inner().unwrap(), user: user.trim().into(), _kept: kept };
        fleet.write_inventory();
        fleet.write_ssh_config();
        fleet
    }
    pub fn len(&self) -> usize {
        self.servers.len()
    }
    fn identity(server: &Sshd) -> String {
        server.folder.join("user_key").display().to_string()
    }
    fn write_inventory(&self) {
        let mut text = "hosts:\n".to_owned();
        for (n, s) in self.servers.iter().enumerate() {
            let (port, user, key) = (s.port, &self.user, Self::identity(s));
            let _ = writeln!(text, "  h{n}: {{ address: 127.0.0.1, port: {port}, user: {user}, identity: {key} }}");
        }
        let names: Vec<String> = (0..self.len()).map(|n| format!("h{n}")).collect();
        let _ = writeln!(text, "groups:\n  machines: [{}]", names.join(", "));
        fs::write(self.folder.join("inventory.yml"), text).unwrap();
    }
    fn write_ssh_config(&self) {
        let mut text = String::new();
        for (n, s) in self.servers.iter().enumerate() {
            let _ = writeln!(
                text,
                "Host h{n}\n  HostName 127.0.0.1\n  Port {}\n  User {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
                 StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  LogLevel ERROR",
                s.port,
                self.user,
                Self::identity(s)
            );
        }
        fs::write(self.folder.join("ssh_config"), text).unwrap();
    }
    /// The playbook that does nothing so often on every host.
    pub fn playbook(&self, commands: usize) -> String {
        let file = format!("many{commands}.rhai");
        fs::write(
            self.folder.join(&file),
            format!(
                "//! Nothing is different afterwards.\nlet p = params(#{{ machines: hosts(\"any machines\") }});\n\
                 step(\"Do nothing, often\", || {{\n  on_each(p.machines, #{{ at_once: {}, first: 0 }}, |h| {{\n    \
                 for i in 0..{commands} {{ h.ssh(`true ${{i}}`, #{{ undo: \"true\" }}); }}\n  }});\n}});\n",
                self.len()
            ),
        )
        .unwrap();
        file
    }

    /// The openssh crate alone: connects to all at once, and on each sends one command after the other.
    pub fn floor(&self, commands: usize) -> Duration {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let began = Instant::now();
            let mut tasks = tokio::task::JoinSet::new();
            for n in 0..self.len() {
                let folder = self.folder.clone();
                tasks.spawn(async move { bare(&folder, &format!("h{n}"), commands).await });
            }
            let sessions = tasks.join_all().await;
            let took = began.elapsed();
            for session in sessions {
                session.close().await.unwrap();
            }
            took
        })
    }
}

async fn bare(folder: &Path, host: &str, commands: usize) -> openssh::Session {
    let mut builder = SessionBuilder::default();
    builder.known_hosts_check(KnownHosts::Accept).config_file(folder.join("ssh_config")).control_directory(folder);
    let session = builder.connect_mux(host).await.unwrap();
    for i in 0..commands {
        let mut command = session.raw_command(format!("true {i}"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        assert!(command.output().await.unwrap().status.success());
    }
    session
}
