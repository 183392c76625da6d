//! A register in service on `source`, somebody who registers one user after another, and `mig` beside them.

use super::client::Client;
use super::ground::*;
use super::release::{Release, platform, scripts};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

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
    client: Option<Client>,
}

impl Platform {
    pub fn new(release: Release) -> Platform {
        let ground = Ground::new(&["source", "dest"], |at| {
            for name in ["source", "dest"] {
                scripts(&at.join(name).join("release"), release);
            }
            platform(&at.join("source/release"), release, at, SOURCE, "192.0.2.31");
        });
        // As an operator sets up a register.
        ground.source.sh("cd /var/pryv && bash ./run-config-leader && bash ./run-config-follower");
        ground.source.listens("config_follower");
        ground.source.sh("cd /var/pryv && bash ./ensure-permissions-reg-master && bash ./run-pryv");
        let platform = Platform { ground, client: None };
        wait_for("an answer of each service", 120, || NAMES.iter().all(|n| platform.asks(SOURCE, n, "boot").is_ok()));
        let users: String = (0..USERS).map(|n| format!("SET user{n:04}:server co1\n")).collect();
        fs::write(platform.ground.at("users"), users).unwrap();
        let users = platform.ground.at("users").display().to_string();
        platform.ground.source.sh(&format!("docker exec -i pryvio_redis redis-cli <{users} >/dev/null"));
        platform.ground.inventory(
            &[("source", SOURCE), ("dest", DEST)],
            &format!(
                "  registry: [{REGISTRY}]\n  name_server: dns3.ns.example\n  settle: 300ms\n  start_time: 3m\n  budget: 3m\n  look: 2\n  soak: 2s\n  patience: 5m\n"
            ),
        );
        platform
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
        let ca = self.ground.at("ca.pem").display().to_string();
        let servers = [format!("dns1.ns.example={SOURCE}"), format!("dns3.ns.example={DEST}")];
        let words = [REGISTRY, &ca, DOMAIN, "%"].map(String::from);
        self.client = Some(Client::begins(&self.ground, "client.py", &[&words[..], &servers[..]].concat()));
    }
    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }
    pub fn more_are_registered(&self, count: usize) {
        self.client().more_is_done(count);
    }
    /// Ends the client. How long nobody could register, each time longer than a second, longest first.
    pub fn client_ends(&mut self) -> Vec<f64> {
        self.client.as_mut().unwrap().ends();
        self.client().gaps().into_iter().map(|(_, long)| long).collect()
    }
    pub fn runs(&self, words: &[&str], hand: impl FnMut(&str) -> bool) -> (Option<i32>, String) {
        self.ground.runs(words, LONGEST, hand)
    }
    pub fn shown(&self) -> String {
        self.ground.shown()
    }
    /// Every user who was told to be registered is in this redis, and all who were before.
    pub fn nobody_is_lost(&self, at: &Machine) {
        let there = at.sh("docker exec pryvio_redis redis-cli --scan --pattern '*:server'");
        let there: BTreeSet<&str> = there.lines().map(|l| l.trim_end_matches(":server")).collect();
        assert_eq!(there.iter().filter(|u| u.starts_with("user")).count(), USERS);
        let told = self.client().acknowledged();
        let lost: Vec<&String> = told.iter().filter(|u| !there.contains(u.as_str())).collect();
        assert!(!told.is_empty() && lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), told.len());
    }
}

/// All of /var/pryv of a machine but what services write while they run: names, modes, owners, contents.
pub fn snapshot(machine: &Machine) -> String {
    machine.sh(
        "cd /var/pryv && find . ! -path '*/log/*' ! -path './pryv/redis/data/*' -printf '%p %y %m %U:%G\\n' | sort; \
         find . -type f ! -path '*/log/*' ! -path './pryv/redis/data/*' -exec sha256sum {} + | sort -k 2",
    )
}
