//! A core in service on `source`, with a register beside it, somebody who writes to the core, and `mig`.

use super::client::Client;
use super::ground::*;
use super::release::{Release, core, platform, scripts};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A path for each upstream of nginx, and the service that answers.
pub const ASKED: [(&str, &str); 7] = [
    ("/status", "core"),
    ("/auth/login", "mfa"),
    ("/mfa/x", "mfa"),
    ("/previews/events/x", "preview"),
    ("/events/x/series", "hfs"),
    ("/notify", "config_follower"),
    ("/socket.io/?EIO=3&transport=polling", "websocket"),
];
pub const USER: &str = "alice";
const LONGEST: Duration = Duration::from_secs(600);

/// What the users have before the move.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub files: usize,
    pub bytes: usize,
    pub documents: usize,
    pub points: usize,
}

pub struct Core {
    pub ground: Ground,
    pub size: Size,
}

impl Core {
    pub fn new(release: Release, size: Size) -> Core {
        let ground = Ground::new(&["source", "dest", "register"], |at| {
            for name in ["source", "dest", "register"] {
                scripts(&at.join(name).join("release"), release);
            }
            platform(&at.join("register/release"), release, at, REGISTER, SOURCE);
            core(&at.join("source/release"), &at.join("register/release"));
            influx_layer(&at.join("influx.tar"));
            fs::write(at.join("hosts"), format!("{REGISTER} lead.{DOMAIN}\n{REGISTRY} pryv.github.io\n")).unwrap();
        });
        let core = Core { ground, size };
        // As an operator sets up a platform: the register, then the core.
        let register = core.register();
        register.sh("cd /var/pryv && bash ./run-config-leader && bash ./run-config-follower");
        register.listens("config_follower");
        register.sh("cd /var/pryv && bash ./ensure-permissions-reg-master && bash ./run-pryv");
        wait_for("the leader through nginx", 120, || {
            text(&core.asks(REGISTER, "lead", "/", "boot")).contains("config_leader")
        });
        register.sh(&format!("docker exec pryvio_redis redis-cli set {USER}:server co1"));
        let source = &core.ground.source;
        source.sh("cd /var/pryv && bash ./run-config-follower");
        source.listens("config_follower");
        source.sh(&format!(
            "cd /var/pryv && {} ./pryv/core/data/users && bash ./ensure-permissions-core && bash ./run-pryv",
            core.fills()
        ));
        // A worker of nginx that asks a service too early leaves it alone for half a minute, and another worker hides it.
        for name in ["core", "hfs", "mfa", "preview"] {
            source.listens(name);
        }
        core.is_served_by(SOURCE, "boot");
        core.fills_databases();
        core.ground.inventory(
            &[("source", SOURCE), ("dest", DEST), ("register", REGISTER)],
            "  registers: [register]\n  core: co1\n  settle: 300ms\n  start_time: 3m\n  budget: 5m\n  look: 2\n  soak: 2s\n  patience: 5m\n",
        );
        core
    }
    pub fn register(&self) -> &Machine {
        self.ground.register.as_ref().unwrap()
    }
    /// A command that makes the users' files, each of so many bytes that nothing can make less of.
    fn fills(&self) -> String {
        let Size { files, bytes, .. } = self.size;
        format!(
            "mkdir -p ./pryv/core/data/users && {PYTHON} -c 'import os, sys\nfor n in range({files}):\n  \
             at = \"%s/u%03d/attachments\" % (sys.argv[1], n // 100)\n  os.makedirs(at, exist_ok=True)\n  \
             open(\"%s/%05d\" % (at, n), \"wb\").write(os.urandom({bytes}))'"
        )
    }
    fn fills_databases(&self) {
        let Size { documents, points, .. } = self.size;
        self.tool(
            &self.ground.source,
            "mongodb",
            &format!("/app/bin/mongodb/bin/mongo pryv-node --eval 'fill {documents}'"),
        );
        let series: String =
            (0..points).map(|n| format!("old value={n} {}\n", 1_700_000_000_000_000_000_u64 + n as u64)).collect();
        let file = self.ground.at("points");
        fs::write(&file, format!("# DML\n# CONTEXT-DATABASE: pryv\n{series}")).unwrap();
        let at = "/var/pryv/pryv/influxdb/data/points";
        self.ground.source.sh(&format!("cp {} {at}", file.display()));
        wait_for("a database in InfluxDB", 60, || {
            self.tool(&self.ground.source, "influxdb", "influx -execute 'show databases'").contains("pryv")
        });
        self.tool(&self.ground.source, "influxdb", "influx -import -path=/var/lib/influxdb/points 2>&1");
        self.ground.source.sh(&format!("rm {at}"));
    }
    pub fn tool(&self, machine: &Machine, container: &str, command: &str) -> String {
        machine.sh(&format!("docker exec pryvio_{container} {command}"))
    }
    /// Hundredth parts of the users' files are changed: some are replaced, some are new, some go.
    pub fn changes_a_hundredth(&self) {
        let Size { files, bytes, .. } = self.size;
        let n = files / 100;
        self.ground.source.sh(&format!(
            "cd /var/pryv/pryv/core/data/users && {PYTHON} -c 'import os\nfor n in range({n}):\n  \
             at = \"u%03d/attachments/%05d\" % (n, n * 100)\n  \
             open(at + (\"-new\" if n % 10 == 1 else \"\"), \"wb\").write(os.urandom({bytes}))\n  \
             if n % 10 == 2: os.remove(at)'"
        ));
    }

    /// What curl says to this path of a name at a machine, over TLS that is looked at.
    fn asks(&self, address: &str, name: &str, path: &str, who: &str) -> std::process::Output {
        let host = format!("{name}.{DOMAIN}");
        let mut curl = self.ground.around("curl");
        curl.args(["-sS", "--max-time", "10", "-A", who, "--cacert"]).arg(self.ground.at("ca.pem"));
        curl.args(["--resolve", &format!("{host}:443:{address}"), &format!("https://{host}{path}")]);
        curl.output().unwrap()
    }
    /// Each upstream, asked at this machine, is answered by its own service.
    pub fn is_served_by(&self, address: &str, who: &str) {
        for (path, service) in ASKED {
            let mut said = String::new();
            let expected = format!("\"service\": \"{service}\"");
            let began = std::time::Instant::now();
            while !said.contains(&expected) {
                assert!(
                    began.elapsed() < Duration::from_secs(60),
                    "{path} at {address} is not for {service}: {said}\n{}",
                    self.ground.shown()
                );
                said = text(&self.asks(address, USER, path, who));
            }
        }
    }
    /// The same of the old machine, with the new one's log to show it.
    pub fn is_forwarded(&self, who: &str) {
        self.is_served_by(SOURCE, who);
        let log = self.ground.dest.sh(&format!("grep '\"{who}\"' /var/pryv/pryv/nginx/log/core.access.log"));
        for (path, _) in ASKED {
            assert!(log.contains(&format!("\"GET {path} ")), "{path} through the old machine, whole, in: {log}");
        }
    }

    /// Somebody who begins with this number.
    pub fn writes(&self, first: &str) -> Client {
        let ca = self.ground.at("ca.pem").display().to_string();
        Client::begins(&self.ground, "writer.py", &[REGISTER, &ca, DOMAIN, "%", USER, first].map(String::from))
    }
    /// All of this that was acknowledged is on a machine, and the machine has what was there before.
    pub fn nothing_is_lost(&self, machine: &Machine, told: &BTreeSet<String>) {
        let all = self.tool(machine, "mongodb", "/app/bin/mongodb/bin/mongo pryv-node --eval 'ids of events'");
        let documents: BTreeSet<&str> = all.lines().collect();
        let files = machine.sh("cd /var/pryv/pryv/core/data/users/client && grep -l . event*; cat events.log");
        let points = "influx -database pryv -format csv -execute 'select n from \"event.x\"'";
        let points: BTreeSet<String> = (self.tool(machine, "influxdb", points).lines())
            .filter_map(|l| l.rsplit(',').next()?.parse::<u32>().ok())
            .map(|n| format!("point{n:06}"))
            .collect();
        let lost: Vec<&String> = (told.iter())
            .filter(|t| match t.starts_with("event") {
                true => !documents.contains(t.as_str()) || files.lines().filter(|f| f == t).count() != 2,
                false => !points.contains(*t),
            })
            .collect();
        assert!(told.len() > 20 && lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), told.len());
        assert_eq!(documents.iter().filter(|d| d.starts_with("old")).count(), self.size.documents);
        let old =
            self.tool(machine, "influxdb", "influx -database pryv -format csv -execute 'select count(value) from old'");
        assert!(old.ends_with(&format!(",{}", self.size.points)), "{old}");
    }
    /// The digest of all users' files but those of the client.
    pub fn files(machine: &Machine) -> String {
        machine.sh(
            "cd /var/pryv/pryv/core/data && test ! -e data && find users -path users/client -prune -o -type f -print0 \
             | sort -z | xargs -0 sha256sum | sha256sum",
        )
    }
    pub fn runs(&self, words: &[&str], hand: impl FnMut(&str) -> bool) -> (Option<i32>, String) {
        self.ground.runs(words, LONGEST, hand)
    }
    /// The calls of the only run that were made.
    pub fn calls(&self) -> Vec<Call> {
        let said = text(&self.ground.mig(&["show", "--json"]).output().unwrap());
        let call = |line: &str| {
            let c: serde_json::Value = serde_json::from_str(line).ok()?;
            let (began, ended) = (c["began_ms"].as_f64()? / 1000.0, c["ended_ms"].as_f64()? / 1000.0);
            let name = c["primitive"].as_str()?.to_owned();
            Some(Call { name, arguments: c["arguments"].to_string(), began, ended, answer: c["answer"].clone() })
        };
        said.lines().filter_map(call).collect()
    }
}

pub struct Call {
    pub name: String,
    pub arguments: String,
    pub began: f64,
    pub ended: f64,
    pub answer: serde_json::Value,
}

/// All of /var/pryv of a machine but what is written while it serves: names, modes, owners, contents.
pub fn snapshot(machine: &Machine) -> String {
    let not = "! -path '*/log/*' ! -path './pryv/*db/data/*' ! -path './pryv/core/data/users/client*' ! -path './pryv/redis/data/*'";
    machine.sh(&format!(
        "cd /var/pryv && find . {not} -printf '%p %y %m %U:%G\\n' | sort; find . -type f {not} -exec sha256sum {{}} + | sort -k 2"
    ))
}

/// The ground's own folder is on a path that names no user.
pub fn key_for(machine: &Machine, ground: &Path) {
    machine.sh(&format!("install -m 600 {} /root/.ssh/migration", ground.join("user_key").display()));
}
