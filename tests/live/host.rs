//! A machine: network, mount, process and host name namespaces of its own around a tree of files,
//! with a real sshd. Its first process only waits; when that is ended the kernel ends the rest,
//! as a power cut does.

use crate::ground::{must, wait_for};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

/// What every host has for itself; /tmp comes last, for the trees themselves lie in it.
const PRIVATE: &str = "etc var srv opt root home run tmp";

/// Brings up a host: TREE NAME.
const BOOT: &str = r#"
set -e
t=$1
mount --bind "$t/../boot_id" /proc/sys/kernel/random/boot_id
mount --bind "$t/../bin" /usr/local/bin
hostname "$2" 2>/dev/null || echo "$2" >/proc/sys/kernel/hostname
ip link set lo up
for f in $PRIVATE; do [ ! -d "/$f" ] || mount --bind "$t/$f" "/$f"; done
mkdir -p /run/sshd
: >/run/booted
sleep 1000000 & wait
"#;

pub struct Host {
    pub name: String,
    /// What it has under /.
    pub tree: PathBuf,
    /// The namespace whose bridge it is plugged into.
    desk: u32,
    inner: Mutex<Inner>,
}

struct Inner {
    /// `unshare`, and its child, the first process of the host.
    up: Option<(Child, u32)>,
    addresses: Vec<String>,
}

impl Host {
    /// Lays out a machine and starts it. `config` is added to its sshd_config.
    pub fn start(name: &str, folder: &Path, desk: u32, address: &str, user_key: &Path, config: &str) -> Host {
        let tree = folder.join("tree");
        for part in PRIVATE.split(' ') {
            fs::create_dir_all(tree.join(part)).unwrap();
        }
        fs::create_dir_all(folder.join("bin")).unwrap();
        fs::set_permissions(tree.join("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
        fs::set_permissions(tree.join("root"), fs::Permissions::from_mode(0o700)).unwrap();
        for part in ["lib", "tmp", "log"] {
            fs::create_dir_all(tree.join("var").join(part)).unwrap();
        }
        must(
            Command::new("sh")
                .args(["-c", "cp -a /etc/. \"$1/etc/\" && rm -f \"$1\"/etc/ssh/ssh_host_*", "sh"])
                .arg(&tree),
        );
        fs::write(tree.join("etc/machine-id"), format!("{}\n", hex::encode(rand::random::<[u8; 16]>()))).unwrap();
        fs::create_dir_all(tree.join("root/.ssh")).unwrap();
        fs::copy(user_key.with_extension("pub"), tree.join("root/.ssh/authorized_keys")).unwrap();
        let host = Host {
            name: name.into(),
            tree,
            desk,
            inner: Mutex::new(Inner { up: None, addresses: vec![address.into()] }),
        };
        host.new_host_key();
        host.configure(config);
        host.boot();
        host
    }
    pub fn new_host_key(&self) {
        let key = self.file("/etc/ssh/live_key");
        let _ = fs::remove_file(&key);
        must(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
    }
    pub fn configure(&self, more: &str) {
        let config = format!(
            "HostKey /etc/ssh/live_key\nPidFile /run/sshd.pid\nAuthorizedKeysFile /root/.ssh/authorized_keys\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nLogLevel VERBOSE\n\
             UseDNS no\n{}{more}\n",
            if more.contains("MaxStartups") { "" } else { "MaxStartups 100\n" }
        );
        fs::write(self.file("/etc/ssh/live.conf"), config).unwrap();
    }

    /// Where a path of the host lies here.
    pub fn file(&self, path: &str) -> PathBuf {
        self.tree.join(path.trim_start_matches('/'))
    }
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).unwrap_or_default()
    }
    pub fn has(&self, path: &str) -> bool {
        self.file(path).exists()
    }
    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.file(path), text).unwrap();
    }
    /// How often the command of a test began: it notes it itself.
    pub fn starts(&self) -> usize {
        self.read("/var/tmp/starts").lines().count()
    }

    /// Starts the machine in a new boot, with the addresses that it has.
    pub fn boot(&self) {
        fs::write(self.tree.join("../boot_id"), fs::read("/proc/sys/kernel/random/uuid").unwrap()).unwrap();
        for part in ["run", "tmp"] {
            let folder = self.tree.join(part);
            must(Command::new("find").arg(&folder).args(["-mindepth", "1", "-delete"]));
        }
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork"])
            .args(["--kill-child=KILL", "--mount-proc", "--propagation", "private", "sh", "-c", BOOT, "mig-live"])
            .arg(&self.tree)
            .arg(&self.name)
            .env("PRIVATE", PRIVATE)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("a host that boots", 20, || self.tree.join("run/booted").exists());
        let first = children(child.id())[0];
        let cable = format!("d-{}", self.name);
        in_net(
            self.desk,
            &["ip", "link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &first.to_string()],
        );
        in_net(self.desk, &["ip", "link", "set", &cable, "master", "br0", "up"]);
        in_net(first, &["ip", "link", "set", "eth0", "up"]);
        let addresses = {
            let mut inner = self.inner.lock().unwrap();
            inner.up = Some((child, first));
            inner.addresses.clone()
        };
        for address in addresses {
            in_net(first, &["ip", "address", "add", &format!("{address}/24"), "dev", "eth0"]);
        }
        let _ = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", self.desk))
            .args(["ip", "neighbour", "flush", "dev", "br0"])
            .stderr(Stdio::null())
            .status();
        self.start_sshd();
    }
    pub fn start_sshd(&self) {
        self.must("/usr/sbin/sshd -f /etc/ssh/live.conf -E /var/log/sshd");
    }
    /// Cuts the power.
    pub fn power_off(&self) {
        let up = self.inner.lock().unwrap().up.take();
        if let Some((mut child, _)) = up {
            // Its child goes with it: --kill-child.
            child.kill().unwrap();
            child.wait().unwrap();
        }
        // It would go with the namespace, but only when the kernel gets to it.
        let _ = Command::new("nsenter")
            .arg(format!("--net=/proc/{}/ns/net", self.desk))
            .args(["ip", "link", "delete", &format!("d-{}", self.name)])
            .stderr(Stdio::null())
            .status();
    }
    pub fn reboot(&self) {
        self.power_off();
        self.boot();
    }
    /// Gives it these addresses instead of the ones that it has.
    pub fn readdress(&self, addresses: &[&str]) {
        let first = {
            let mut inner = self.inner.lock().unwrap();
            inner.addresses = addresses.iter().map(ToString::to_string).collect();
            inner.up.as_ref().map(|u| u.1)
        };
        if let Some(first) = first {
            in_net(first, &["ip", "address", "flush", "dev", "eth0"]);
            for address in addresses {
                in_net(first, &["ip", "address", "add", &format!("{address}/24"), "dev", "eth0"]);
            }
            in_net(self.desk, &["ip", "neighbour", "flush", "dev", "br0"]);
        }
    }

    /// Plugs the cable in where nobody is: packets vanish, both ends see a link, nothing is refused.
    pub fn drop_packets(&self) {
        in_net(self.desk, &["ip", "link", "set", &format!("d-{}", self.name), "master", "void"]);
    }
    pub fn pass_packets(&self) {
        in_net(self.desk, &["ip", "link", "set", &format!("d-{}", self.name), "master", "br0"]);
    }
    pub fn link_down(&self) {
        in_net(self.desk, &["ip", "link", "set", &format!("d-{}", self.name), "down"]);
    }
    pub fn link_up(&self) {
        in_net(self.desk, &["ip", "link", "set", &format!("d-{}", self.name), "up"]);
    }

    /// The first process, as it is known here.
    pub fn first(&self) -> u32 {
        self.inner.lock().unwrap().up.as_ref().unwrap().1
    }
    /// Runs something on the machine, beside its sshd.
    pub fn sh(&self, command: &str) -> Output {
        Command::new("timeout")
            .args(["30", "nsenter", "--target", &self.first().to_string(), "--all", "sh", "-c", command])
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
    pub fn must(&self, command: &str) -> String {
        let output = self.sh(command);
        assert!(output.status.success(), "{}: {command}: {}", self.name, String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
    /// The processes that serve connections: everything called sshd but the listener.
    pub fn sessions(&self) -> String {
        self.must("for p in /proc/[0-9]*; do read -r c <$p/comm || continue; case $c in sshd*) q=${p#/proc/}; [ $q = $(cat /run/sshd.pid) ] || echo $q;; esac; done 2>/dev/null | tr '\\n' ' '")
    }
    /// What runs there beside its sshd and the process that keeps it up.
    pub fn left(&self) -> Vec<String> {
        let inner = self.inner.lock().unwrap();
        let Some((_, first)) = inner.up.as_ref() else { return vec![] };
        let space = |pid: &str| fs::metadata(format!("/proc/{pid}/ns/pid")).map(|m| m.ino()).ok();
        let own = space(&first.to_string());
        let mut left = vec![];
        for pid in processes() {
            let said = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let said = String::from_utf8_lossy(&said).replace('\0', " ");
            let is_ours = pid == first.to_string()
                || said.starts_with("sleep 1000000")
                || said.starts_with("sshd: /usr/sbin/sshd");
            if space(&pid) == own && !said.is_empty() && !is_ours {
                left.push(format!("{pid} {said}"));
            }
        }
        left
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Ok(inner) = self.inner.get_mut()
            && let Some((child, _)) = &mut inner.up
        {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// All processes, by number.
pub fn processes() -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    all.filter(|n| n.bytes().all(|b| b.is_ascii_digit())).collect()
}
pub fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|p| p.parse().ok()).collect()
}
/// Runs a program in the network of a process.
pub fn in_net(pid: u32, words: &[&str]) {
    must(Command::new("nsenter").arg(format!("--net=/proc/{pid}/ns/net")).args(words));
}
