//! Machines and what is around them, each in namespaces of its own: real sshd, real Docker engine with bridges and
//! published ports, and a network that only they and the test's own programs are in. Everything ends by the id of the
//! process that was started, also when the test dies.

use crate::docker::{BASE, fill, found};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

pub const DOMAIN: &str = "pryv.example";
pub const REGISTRY: &str = "192.0.2.1";
pub const SOURCE: &str = "192.0.2.10";
pub const DEST: &str = "192.0.2.20";
/// Of the machine with the register, where a core is moved.
pub const REGISTER: &str = "192.0.2.30";
/// The distribution's: another one may stand before it, and be a script.
pub const PYTHON: &str = "/usr/bin/python3";

pub struct Machine {
    name: &'static str,
    child: Child,
    /// Its process 1, as this machine counts.
    init: u32,
}

pub struct Ground {
    pub folder: tempfile::TempDir,
    world: Child,
    pub source: Machine,
    pub dest: Machine,
    pub register: Option<Machine>,
}

/// Runs a program of this machine, which must succeed.
pub fn run(program: &str, args: &[&str]) {
    let done = Command::new(program).args(args).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}
pub fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}
pub fn text(done: &Output) -> String {
    [done.stdout.as_slice(), done.stderr.as_slice()].map(|b| String::from_utf8_lossy(b).into_owned()).concat()
}
pub fn wait_for(what: &str, seconds: u64, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(seconds), "{what} does not come");
        std::thread::sleep(Duration::from_millis(50));
    }
}

impl Ground {
    /// `lay` lays `NAME/release` in the folder for each of these machines: its /var/pryv.
    pub fn new(names: &[&'static str], lay: impl FnOnce(&Path)) -> Ground {
        for program in [
            "dockerd",
            "docker",
            "docker-compose",
            "iptables",
            "sshd",
            "ip",
            "nsenter",
            "setpriv",
            PYTHON,
            "curl",
            "rsync",
        ] {
            assert!(found(program).is_some(), "{program} is missing: tests/setup.sh installs it");
        }
        let folder = tempfile::Builder::new().prefix("mig-pryv-").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let key = |name: &str| {
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &at(name).display().to_string()]);
        };
        key("user_key");
        certificates(folder.path());
        fs::hard_link(layer(), at("layer.tar")).or_else(|_| fs::copy(layer(), at("layer.tar")).map(|_| ())).unwrap();
        fs::write(at("names"), "3600 dns1.ns.example\n").unwrap();
        for name in names {
            fs::create_dir_all(at(name).join("tree")).unwrap();
            key(&format!("{name}/host_key"));
        }
        lay(folder.path());

        let stand_in = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_pryv").join(name);
        let network = format!(
            "ip link set lo up && ip link add br0 type bridge && ip address add {REGISTRY}/24 dev br0 && ip link set br0 up \
             && exec {PYTHON} \"$@\""
        );
        let mut world = leashed(&["-n", "sh", "-c", &network, "sh"]);
        world.arg(stand_in("around.py")).arg(folder.path()).args([REGISTRY, DOMAIN]);
        let world = world.spawn().unwrap();
        wait_for("the registry", 20, || at("up").exists());
        let machine = |name: &'static str, address: &str| {
            let mut command = leashed(&["-m", "-n", "-u", "-p", "--fork", "--kill-child", "--mount-proc", "sh"]);
            command.arg(stand_in("machine.sh")).arg(at(name)).args([name, address, REGISTRY]);
            command.stderr(fs::File::create(at(name).join("log")).unwrap());
            let child = command.spawn().unwrap();
            let children = format!("/proc/{0}/task/{0}/children", child.id());
            let mut init = 0;
            wait_for("process 1 of a machine", 10, || {
                init = fs::read_to_string(&children).unwrap_or_default().trim().parse().unwrap_or(0);
                init != 0
            });
            Machine { name, child, init }
        };
        let register = names.contains(&"register").then(|| machine("register", REGISTER));
        let ground = Ground { source: machine("source", SOURCE), dest: machine("dest", DEST), register, world, folder };
        for m in ground.machines() {
            let plug = format!(
                "ip link add {0} type veth peer name eth0 netns {1} && ip link set {0} master br0 up",
                m.name, m.init
            );
            let done = ground.around("sh").args(["-c", &plug]).output().unwrap();
            assert!(done.status.success(), "{}", text(&done));
        }
        for m in ground.machines() {
            let at = ground.at(m.name);
            wait_for(&format!("a Docker engine on {}", m.name), 60, || {
                at.join("up").exists() || {
                    let gone = !Path::new(&format!("/proc/{}", m.init)).exists();
                    assert!(!gone, "{}\n{}", read(&at.join("log")), read(&at.join("dockerd.log")));
                    false
                }
            });
        }
        ground
    }
    pub fn machines(&self) -> impl Iterator<Item = &Machine> {
        [&self.source, &self.dest].into_iter().chain(&self.register)
    }
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
    /// A program in the network around the machines.
    pub fn around(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.world.id().to_string(), "-n", "--", program]).stdin(Stdio::null());
        command
    }
}

impl Machine {
    pub fn try_sh(&self, script: &str) -> Output {
        let pid = self.init.to_string();
        let args = ["-t", &pid, "-m", "-n", "-u", "-p", "--", "sh", "-c", script];
        Command::new("nsenter").args(args).stdin(Stdio::null()).output().unwrap()
    }
    /// Waits until a service of Pryv's here says that it serves. The follower has written all files by then.
    pub fn listens(&self, service: &str) {
        let says = format!("docker logs pryvio_{service} 2>&1 | grep -q 'Server running'");
        wait_for(service, 120, || self.try_sh(&says).status.success());
    }
    /// What a script prints on this machine; it must succeed.
    pub fn sh(&self, script: &str) -> String {
        let done = self.try_sh(script);
        assert!(done.status.success(), "{}: {script}: {}", self.name, text(&done));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for m in [&mut self.source, &mut self.dest].into_iter().chain(&mut self.register) {
            // Its process 1 goes with this one, and all processes of the machine with that.
            let _ = m.child.kill();
            let _ = m.child.wait();
        }
        let _ = self.world.kill();
        let _ = self.world.wait();
        let mine = self.folder.path().file_name().unwrap();
        let began = Instant::now();
        let groups = || {
            let roots = fs::read_dir("/sys/fs/cgroup").into_iter().flatten().flatten().map(|e| e.path());
            let all: Vec<PathBuf> = roots.chain([PathBuf::from("/sys/fs/cgroup")]).map(|r| r.join(mine)).collect();
            all.into_iter().filter(|g| g.is_dir()).collect::<Vec<_>>()
        };
        while !groups().is_empty() && began.elapsed() < Duration::from_secs(10) {
            for group in groups() {
                let _ = Command::new("find")
                    .arg(&group)
                    .args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"])
                    .output();
            }
        }
    }
}

/// `unshare` with these words, which ends with the thread that starts it.
fn leashed(args: &[&str]) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--", "unshare"]).args(args).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// The one layer of every image, made once: nginx, redis and python3 of this machine, and the services.
fn layer() -> PathBuf {
    static MADE: Mutex<bool> = Mutex::new(false);
    let mut is_made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("live_pryv");
    let file = folder.join("layer.tar");
    if !*is_made {
        fs::create_dir_all(&folder).unwrap();
        let root = tempfile::tempdir_in(&folder).unwrap();
        let at = |name: &str| root.path().join(name);
        let more =
            ["chown", "setpriv", PYTHON, "nginx", "redis-server", "redis-cli", "redis-check-rdb", "redis-check-aof"];
        fill(root.path(), BASE.iter().copied().chain(more));
        for folder in ["etc/nginx", "usr/lib", "app/conf", "app/data", "app/log"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        std::os::unix::fs::symlink("/run", at("var/run")).unwrap();
        std::os::unix::fs::symlink("/app/conf/nginx.conf", at("etc/nginx/nginx.conf")).unwrap();
        fs::write(at("etc/nginx/mime.types"), "types { application/json json; }\n").unwrap();
        fs::write(at("etc/passwd"), read(&at("etc/passwd")) + "nginx:x:101:101::/:/bin/sh\n").unwrap();
        fs::write(at("etc/group"), read(&at("etc/group")) + "nginx:x:101:\n").unwrap();
        let stand_in = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_pryv").join(name);
        fs::copy(stand_in("service.py"), at("service.py")).unwrap();
        let mongo = at("app/bin/mongodb/bin");
        fs::create_dir_all(&mongo).unwrap();
        for tool in ["mongod", "mongo", "mongodump", "mongorestore"] {
            fs::copy(stand_in("mongo.py"), mongo.join(tool)).unwrap();
            fs::set_permissions(mongo.join(tool), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        let python = "lib=$(/usr/bin/python3 -c 'import sysconfig; print(sysconfig.get_path(\"stdlib\"))') && \
                      yaml=$(/usr/bin/python3 -c 'import os, yaml; print(os.path.dirname(yaml.__file__))') && mkdir -p \".$lib\" && \
                      tar -C \"$lib\" --exclude=./test --exclude=./idlelib --exclude=./lib2to3 --exclude=./tkinter --exclude=./ensurepip \
                      --exclude='./config-*' --exclude=./dist-packages --exclude=./site-packages -cf - . | tar -xf - -C \".$lib\" && \
                      cp -r \"$yaml\" \".$lib/yaml\" && chmod 1777 tmp && tar --sort=name --mtime=@0 -cf ../layer.$$ . && mv ../layer.$$ ../layer.tar";
        let made = Command::new("sh").args(["-c", python]).current_dir(root.path()).output().unwrap();
        assert!(made.status.success(), "python3-yaml is needed too: {}", text(&made));
        *is_made = true;
    }
    file
}

/// What the image of InfluxDB has beside that layer.
pub fn influx_layer(to: &Path) {
    let root = tempfile::tempdir().unwrap();
    fill(root.path(), ["influxd", "influx"].into_iter());
    run(
        "tar",
        &["--sort=name", "--mtime=@0", "-C", &root.path().display().to_string(), "-cf", &to.display().to_string(), "."],
    );
}

/// An authority, and a certificate of it for every name of the domain.
fn certificates(at: &Path) {
    let script = format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj '/CN=test authority' -keyout ca.key -out ca.pem\n\
         openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN={DOMAIN}' -keyout key.pem -out key.csr\n\
         printf 'subjectAltName=DNS:{DOMAIN},DNS:*.{DOMAIN}\\n' >names.ext\n\
         openssl x509 -req -in key.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names.ext -out bundle.crt\n\
         openssl genpkey -genparam -algorithm DH -pkeyopt group:ffdhe2048 -out dhsecure.pem\n"
    );
    let made = Command::new("sh").args(["-ec", &script]).current_dir(at).stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "{}", text(&made));
}
