//! `mig` in the network around the machines, and what an operator sees of it.

use super::ground::{Ground, read, run, text};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

impl Ground {
    /// Every machine is reached as root; `more` is what follows the hosts.
    pub fn inventory(&self, hosts: &[(&str, &str)], more: &str) {
        let key = self.at("user_key").display().to_string();
        let hosts: String = hosts
            .iter()
            .map(|(name, address)| format!("  {name}: {{ address: {address}, user: root, identity: {key} }}\n"))
            .collect();
        fs::write(self.at("inventory.yml"), format!("hosts:\n{hosts}params:\n{more}")).unwrap();
        fs::create_dir_all(self.at("home")).unwrap();
    }
    pub fn mig(&self, words: &[&str]) -> Command {
        let mut mig = self.around(env!("CARGO_BIN_EXE_mig"));
        mig.args(words).arg("-i").arg(self.at("inventory.yml")).arg("--accept-new-host-keys");
        mig.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("MIG_INVENTORY").env_remove("SSH_AUTH_SOCK");
        mig.env("HOME", self.at("home")).env("MIG_STATE", self.at("state"));
        mig.env("SSL_CERT_FILE", self.at("ca.pem"));
        mig
    }
    /// What `mig` says and ends with. Meanwhile `hand` is shown what was said so far behind
    /// the plan; it says whether to interrupt.
    pub fn runs(&self, words: &[&str], longest: Duration, mut hand: impl FnMut(&str) -> bool) -> (Option<i32>, String) {
        let file = self.at(&format!("said-{}", words[0]));
        let out = fs::File::create(&file).unwrap();
        let mut child = self.mig(words).stdout(out.try_clone().unwrap()).stderr(out).spawn().unwrap();
        let (began, mut is_interrupted) = (Instant::now(), false);
        loop {
            let ended = child.try_wait().unwrap();
            let said = read(&file);
            if let Some(status) = ended {
                return (status.code(), said);
            }
            if began.elapsed() > longest {
                let _ = child.kill();
                let _ = child.wait();
                panic!("mig {words:?} does not end\n{said}\n{}", self.shown());
            }
            let done = said.split_once("\nbegin ").map_or("", |(_, done)| done);
            if !is_interrupted && hand(done) {
                is_interrupted = true;
                run("kill", &["-INT", &child.id().to_string()]);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    /// What may explain a failure.
    pub fn shown(&self) -> String {
        let script = "docker ps -a; for c in $(docker ps -aq); do docker logs --tail 5 $c 2>&1; done; \
                      tail -n 5 /var/pryv/pryv/nginx/log/nginx.error.log /var/pryv/pryv/redis/log/redis.log";
        let all: Vec<String> = self.machines().map(|m| text(&m.try_sh(script))).collect();
        all.join("\n--\n")
    }
}
