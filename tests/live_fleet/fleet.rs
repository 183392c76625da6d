//! Many machines on loopback: each has an address, a host key, a machine-id and files of its own,
//! and a real sshd that is started for each connection, as inetd does. (One listening sshd would
//! have one host key for all, and two hosts with one key are refused as one machine.)

use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Takes over the folders of a machine, in a mount namespace of the connection's own: TREE BIN, then what sshd gets.
const CONNECT: &str = r#"
set -e
t=$1 bin=$2
shift 2
mount --bind "$bin" /usr/local/bin
for f in run var etc; do mount --bind "$t/$f" "/$f"; done
exec /usr/sbin/sshd "$@"
"#;

pub struct Fleet {
    pub folder: tempfile::TempDir,
    pub names: Vec<String>,
    net: u8,
    port: u16,
    /// What accepts connections for each; none: the machine is off.
    listeners: Mutex<BTreeMap<usize, tokio::task::JoinHandle<()>>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Fleet {
    /// Machines with these names, each with the programs that lie in the folder `bin` of the fleet.
    pub fn start(names: Vec<String>) -> Fleet {
        let is_root = fs::metadata("/root").is_ok() && rustix::process::geteuid().is_root();
        assert!(is_root, "this test gives each machine folders of its own by mounting: run it as root");
        fs::create_dir_all("/run/sshd").unwrap();
        let folder = tempfile::Builder::new().prefix("fleet").tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::create_dir(folder.path().join("alternatives")).unwrap();
        for link in fs::read_dir("/etc/alternatives").into_iter().flatten().flatten() {
            let Ok(to) = fs::read_link(link.path()) else { continue };
            symlink(to, folder.path().join("alternatives").join(link.file_name())).unwrap();
        }
        // A net that no other test uses, nor another run of this one.
        let net = 64 + rand::random::<u8>() % 128;
        let key = key(&folder.path().join("key"));
        fs::write(folder.path().join("key.pub"), key.public_key().to_openssh().unwrap()).unwrap();
        let config = format!(
            "AuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel ERROR\n",
            folder.path().join("key.pub").display()
        );
        fs::write(folder.path().join("sshd_config"), config).unwrap();
        let port = TcpListener::bind((address(net, 0), 0)).unwrap().local_addr().unwrap().port();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let fleet = Fleet { folder, names, net, port, listeners: Mutex::default(), runtime: Some(runtime) };
        for n in 0..fleet.names.len() {
            fleet.lay_out(n);
            fleet.listen(n);
        }
        fleet
    }
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// The files of a machine.
    pub fn tree(&self, n: usize) -> PathBuf {
        self.path("machines").join(&self.names[n])
    }
    pub fn address(&self, n: usize) -> Ipv4Addr {
        address(self.net, n)
    }
    pub fn read(&self, n: usize, path: &str) -> String {
        fs::read_to_string(self.tree(n).join(path)).unwrap_or_default()
    }
    pub fn write(&self, n: usize, path: &str, text: &str) {
        let path = self.tree(n).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    /// From now on nobody answers there.
    pub fn power_off(&self, n: usize) {
        self.listeners.lock().unwrap().remove(&n).unwrap().abort();
        let until = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect((self.address(n), self.port)).is_ok() {
            assert!(Instant::now() < until, "{} still answers", self.names[n]);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    /// It answers again.
    pub fn power_on(&self, n: usize) {
        self.listen(n);
    }
    /// Something answers at ports of a machine.
    pub fn answers_at(&self, n: usize, ports: &[u16]) {
        for port in ports {
            let listener = TcpListener::bind((self.address(n), *port)).unwrap();
            listener.set_nonblocking(true).unwrap();
            self.runtime.as_ref().unwrap().spawn(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok(connection) = listener.accept().await {
                    drop(connection);
                }
            });
        }
    }
    /// `mig` with these words, with an inventory of all machines and one group of those behind the first `alone`.
    pub fn mig(&self, group: &str, alone: usize, words: &[&str]) -> Output {
        let mut inventory = "hosts:\n".to_owned();
        for (n, name) in self.names.iter().enumerate() {
            let (at, port, key) = (self.address(n), self.port, self.path("key").display().to_string());
            let _ = writeln!(inventory, "  {name}: {{ address: {at}, port: {port}, user: root, identity: {key} }}");
        }
        let _ = writeln!(inventory, "groups:\n  {group}: [{}]", self.names[alone..].join(", "));
        fs::write(self.path("inventory.yml"), inventory).unwrap();
        fs::create_dir_all(self.path("home")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mig"));
        command.args(words).current_dir(self.folder.path()).env_remove("SSH_AUTH_SOCK");
        command.env("HOME", self.path("home")).env("MIG_STATE", self.path("state"));
        command.env("MIG_INVENTORY", self.path("inventory.yml"));
        assert_cmd::Command::from_std(command).timeout(Duration::from_secs(900)).output().unwrap()
    }

    fn lay_out(&self, n: usize) {
        for part in ["etc", "run/sshd", "var/lib", "var/root", "var/tmp"] {
            fs::create_dir_all(self.tree(n).join(part)).unwrap();
        }
        // Where a program such as awk is a link into this folder.
        symlink(self.path("alternatives"), self.tree(n).join("etc/alternatives")).unwrap();
        self.write(n, "etc/machine-id", &format!("{}\n", hex::encode(rand::random::<[u8; 16]>())));
        self.write(n, "etc/passwd", "root:x:0:0::/var/root:/bin/sh\nsshd:x:110:65534::/run/sshd:/usr/sbin/nologin\n");
        self.write(n, "etc/group", "root:x:0:\nnogroup:x:65534:\n");
        self.write(n, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n");
        key(&self.tree(n).join("host_key"));
    }
    fn listen(&self, n: usize) {
        let listener = TcpListener::bind((self.address(n), self.port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let (tree, bin, config) = (self.tree(n), self.path("bin"), self.path("sshd_config"));
        let task = self.runtime.as_ref().unwrap().spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((connection, _)) = listener.accept().await {
                let connection = connection.into_std().unwrap();
                connection.set_nonblocking(false).unwrap();
                let socket = OwnedFd::from(connection);
                let mut sshd = tokio::process::Command::new("unshare");
                sshd.args(["-m", "sh", "-c", CONNECT, "sh"]).args([&tree, &bin]);
                sshd.args(["-i", "-e", "-f"]).arg(&config).arg("-h").arg(tree.join("host_key"));
                sshd.stdin(Stdio::from(socket.try_clone().unwrap())).stdout(Stdio::from(socket));
                sshd.stderr(fs::OpenOptions::new().create(true).append(true).open(tree.join("log")).unwrap());
                let mut sshd = sshd.kill_on_drop(true).spawn().unwrap();
                tokio::spawn(async move { sshd.wait().await });
            }
        });
        self.listeners.lock().unwrap().insert(n, task);
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // Ends the listeners, and every sshd that is still there with them.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

fn address(net: u8, n: usize) -> Ipv4Addr {
    let n = u16::try_from(n + 11).unwrap().to_be_bytes();
    Ipv4Addr::new(127, net, n[0], n[1])
}

fn key(path: &Path) -> PrivateKey {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    fs::write(path, key.to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    key
}
