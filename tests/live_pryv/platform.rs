//! A register in service on `source`, somebody who registers one user after another, and `mig` beside them.

use super::ground::*;
use super::release::Release;
use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Host name, path that is asked, who answers it, and the log of nginx in which it stands.
pub const NAMES: [(&str, &str, &str, &str); 4] = [
    ("reg", "/service/info", "register", "register"),
    ("lead", "/", "config_leader", "lead"),
    ("adm", "/", "admin_panel", "admin-panel"),
    ("mail", "/sendmail/", "mail", "mail"),
];
pub const USERS: usize = 500;
const LONGEST: Duration = Duration::from_secs(300);

pub struct Platform {
    pub ground: Ground,
    client: Option<Child>,
}

/// One try of the client.
pub struct Try {
    pub user: String,
    pub is_done: bool,
    pub ended: f64,
}

impl Platform {
    pub fn new(release: Release) -> Platform {
        let ground = Ground::new(release);
        // As an operator sets up a register.
        ground.source.sh("cd /var/pryv && bash ./run-config-leader && bash ./run-config-follower");
        wait_for("what the follower writes", 120, || {
            ground.source.try_sh("docker logs pryvio_config_follower 2>&1 | grep -q 'Server running'").status.success()
        });
        ground.source.sh("cd /var/pryv && bash ./ensure-permissions-reg-master && bash ./run-pryv");
        let platform = Platform { ground, client: None };
        wait_for("an answer of each service", 120, || NAMES.iter().all(|n| platform.asks(SOURCE, n, "boot").is_ok()));
        let users: String = (0..USERS).map(|n| format!("SET user{n:04}:server co1\n")).collect();
        fs::write(platform.ground.at("users"), users).unwrap();
        let users = platform.ground.at("users").display().to_string();
        platform.ground.source.sh(&format!("docker exec -i pryvio_redis redis-cli <{users} >/dev/null"));
        platform.inventory();
        platform
    }
    fn inventory(&self) {
        let key = self.ground.at("user_key").display().to_string();
        let text = format!(
            "hosts:\n  source: {{ address: {SOURCE}, user: root, identity: {key} }}\n  dest: {{ address: {DEST}, user: root, identity: {key} }}\n\
             params:\n  registry: [{REGISTRY}]\n  name_server: dns3.ns.example\n  settle: 300ms\n  start_time: 3m\n  budget: 3m\n  look: 2\n  soak: 2s\n  patience: 5m\n"
        );
        fs::write(self.ground.at("inventory.yml"), text).unwrap();
        fs::create_dir_all(self.ground.at("home")).unwrap();
    }
    /// Asks a service by its host name at a machine, over TLS that is looked at: the right one must answer.
    pub fn asks(&self, address: &str, name: &(&str, &str, &str, &str), who: &str) -> Result<(), String> {
        let host = format!("{}.{DOMAIN}", name.0);
        let mut curl = self.ground.around("curl");
        curl.args(["-sS", "--max-time", "10", "-A", who, "--cacert"]).arg(self.ground.at("ca.pem"));
        curl.args(["--resolve", &format!("{host}:443:{address}"), &format!("https://{host}{}", name.1)]);
        let said = text(&curl.output().unwrap());
        if said.contains(&format!("\"service\": \"{}\"", name.2)) {
            Ok(())
        } else {
            Err(format!("{host} at {address}: {said}"))
        }
    }
    /// Each host name, asked at the old machine, is answered by its service of the new one.
    pub fn is_forwarded(&self, who: &str) {
        for name in &NAMES {
            self.asks(SOURCE, name, who).unwrap_or_else(|e| panic!("{e}"));
            let log = format!("/var/pryv/pryv/nginx/log/{}.access.log", name.3);
            let seen = self.ground.dest.sh(&format!("grep -c '\"{who}\"' {log} || :"));
            assert_eq!(seen, "1", "{} through the old machine, in {log} of the new one", name.0);
        }
    }
    pub fn set_names(&self, said: &str) {
        fs::write(self.ground.at("names.new"), format!("{said}\n")).unwrap();
        fs::rename(self.ground.at("names.new"), self.ground.at("names")).unwrap();
    }

    pub fn client_begins(&mut self) {
        let mut client = self.ground.around(PYTHON);
        client.arg(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live_pryv/client.py"));
        client.arg(REGISTRY).arg(self.ground.at("ca.pem")).arg(DOMAIN).arg(self.ground.at("client.log"));
        client.args([format!("dns1.ns.example={SOURCE}"), format!("dns3.ns.example={DEST}")]);
        client.stdout(Stdio::null());
        self.client = Some(client.spawn().unwrap());
        self.more_are_registered(5);
    }
    pub fn tries(&self) -> Vec<Try> {
        let log = fs::read_to_string(self.ground.at("client.log")).unwrap_or_default();
        let whole = log.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let parse = |line: &str| {
            let words: Vec<&str> = line.splitn(5, ' ').collect();
            Try { user: words[0].into(), is_done: words[1] == "yes", ended: words[3].parse().unwrap() }
        };
        whole.lines().map(parse).collect()
    }
    fn acknowledged(&self) -> BTreeSet<String> {
        self.tries().into_iter().filter(|t| t.is_done).map(|t| t.user).collect()
    }
    pub fn more_are_registered(&self, count: usize) {
        let before = self.acknowledged().len();
        wait_for("a registration", 60, || self.acknowledged().len() >= before + count);
    }
    /// Ends the client. How long nobody could register, each time longer than a second, longest first.
    pub fn client_ends(&mut self) -> Vec<f64> {
        let mut client = self.client.take().unwrap();
        run("kill", &["-TERM", &client.id().to_string()]);
        client.wait().unwrap();
        let done: Vec<f64> = self.tries().iter().filter(|t| t.is_done).map(|t| t.ended).collect();
        let mut gaps: Vec<f64> = done.windows(2).map(|w| w[1] - w[0]).filter(|g| *g > 1.0).collect();
        gaps.sort_by(|a, b| b.total_cmp(a));
        gaps
    }
    /// Every user who was told to be registered is in this redis, and all who were before.
    pub fn nobody_is_lost(&self, at: &Machine) {
        let there = at.sh("docker exec pryvio_redis redis-cli --scan --pattern '*:server'");
        let there: BTreeSet<&str> = there.lines().map(|l| l.trim_end_matches(":server")).collect();
        assert_eq!(there.iter().filter(|u| u.starts_with("user")).count(), USERS);
        let told = self.acknowledged();
        let lost: Vec<&String> = told.iter().filter(|u| !there.contains(u.as_str())).collect();
        assert!(!told.is_empty() && lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), told.len());
    }

    fn mig(&self, words: &[&str]) -> Command {
        let mut mig = self.ground.around(env!("CARGO_BIN_EXE_mig"));
        mig.args(words).arg("-i").arg(self.ground.at("inventory.yml")).arg("--accept-new-host-keys");
        mig.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("MIG_INVENTORY").env_remove("SSH_AUTH_SOCK");
        mig.env("HOME", self.ground.at("home")).env("MIG_STATE", self.ground.at("state"));
        mig.env("SSL_CERT_FILE", self.ground.at("ca.pem"));
        mig
    }
    /// What `mig` says and ends with. Meanwhile `hand` is shown what was said so far behind
    /// the plan; it says whether to interrupt.
    pub fn runs(&self, words: &[&str], mut hand: impl FnMut(&str) -> bool) -> (Option<i32>, String) {
        let file = self.ground.at(&format!("said-{}", words[0]));
        let out = fs::File::create(&file).unwrap();
        let mut child = self.mig(words).stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        let (began, mut is_interrupted) = (Instant::now(), false);
        loop {
            let ended = child.try_wait().unwrap();
            let said = read(&file);
            if let Some(status) = ended {
                return (status.code(), said);
            }
            if began.elapsed() > LONGEST {
                let _ = child.kill();
                let _ = child.wait();
                panic!("mig {words:?} does not end\n{said}\n{}", self.shown());
            }
            let done = said.split_once("expectations are checked in the run").map_or("", |(_, done)| done);
            if !is_interrupted && hand(done) {
                is_interrupted = true;
                run("kill", &["-INT", &child.id().to_string()]);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    /// What may explain a failure.
    pub fn shown(&self) -> String {
        let script = "docker ps -a; for c in $(docker ps -aq); do docker logs --tail 5 $c 2>&1; done; tail -n 5 /var/pryv/pryv/nginx/log/nginx.error.log /var/pryv/pryv/redis/log/redis.log";
        [&self.ground.source, &self.ground.dest].map(|m| text(&m.try_sh(script))).join("\n--\n")
    }
}

/// All of /var/pryv of a machine but what services write while they run: names, modes, owners, contents.
pub fn snapshot(machine: &Machine) -> String {
    machine.sh(
        "cd /var/pryv && find . ! -path '*/log/*' ! -path './pryv/redis/data/*' -printf '%p %y %m %U:%G\\n' | sort; \
         find . -type f ! -path '*/log/*' ! -path './pryv/redis/data/*' -exec sha256sum {} + | sort -k 2",
    )
}

impl Drop for Platform {
    fn drop(&mut self) {
        if let Some(client) = &mut self.client {
            let _ = client.kill();
            let _ = client.wait();
        }
    }
}
