//! Two servers and a desk from which `mig` changes their roles: this machine is the host.

use super::desk::{Desk, Said};
use super::server::Server;
use std::process::{Child, Stdio};

pub struct Stage {
    pub desk: Desk,
    pub source: Server,
    pub dest: Server,
    /// Options that every call gets.
    pub options: String,
}

impl Stage {
    pub fn new() -> Stage {
        Stage::of(Server::start(""), Server::start(""))
    }
    pub fn of(source: Server, dest: Server) -> Stage {
        Stage { desk: Desk::here(), source, dest, options: "timeout: \"20s\"".into() }
    }
    /// A call about one server: `"no one"`, or `127.0.0.1:PORT`.
    pub fn call(&self, server: &Server, primary: &str, more: &str) -> String {
        format!(
            "host(\"here\").redis_replicaof(\"{primary}\", #{{ port: {}, {}, {more} }});\n",
            server.port, self.options
        )
    }
    pub fn follow(&self, server: &Server, primary: &Server, more: &str) -> String {
        self.call(server, &format!("127.0.0.1:{}", primary.port), more)
    }
    /// dest follows source by another way, and has all of it.
    pub fn replicates_by(&self, way: u16) {
        self.desk.runs(&self.call(&self.dest, &format!("127.0.0.1:{way}"), "")).ends(0);
        assert!(self.dest.follows_port(way));
    }
    /// dest follows source, and has all of it.
    pub fn replicates(&self) {
        self.desk.runs(&self.follow(&self.dest, &self.source, "")).ends(0);
        assert!(self.dest.follows(&self.source));
    }
    /// What the last run left on this machine goes.
    pub fn last(&self) -> String {
        self.desk.run_ids().into_iter().next().expect("a run")
    }
    pub fn rolls_back(&self) -> Said {
        self.desk.mig(&["rollback", &self.last(), "--yes"])
    }
    /// Ends what a run has going on this machine, by the ids of its processes: as if the machine had
    /// taken them. Its wrapper and all it started are one session.
    pub fn kills_what_runs(&self) {
        let folder = self.desk.path("state").join("local").display().to_string();
        let stat = |pid: &str| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            text.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(3).map(String::from))
        };
        let pids = || -> Vec<String> {
            let all = std::fs::read_dir("/proc").unwrap().flatten();
            all.map(|e| e.file_name().into_string().unwrap()).filter(|n| n.parse::<u32>().is_ok()).collect()
        };
        let is_ours = |pid: &String| {
            std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|c| String::from_utf8_lossy(&c).contains(&folder))
        };
        let sessions: Vec<String> = pids().iter().filter(|p| is_ours(p)).filter_map(|p| stat(p)).collect();
        assert!(!sessions.is_empty(), "something runs");
        let own = stat("self").unwrap();
        for pid in pids().iter().filter(|p| stat(p).is_some_and(|s| s != own && sessions.contains(&s))) {
            let _ = std::process::Command::new("kill").args(["-KILL", pid]).stderr(Stdio::null()).status();
        }
    }
    /// `mig`, begun and not waited for.
    pub fn begin(&self, words: &[&str]) -> Child {
        let mut command = self.desk.command(words);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("mig starts")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for run in self.desk.run_ids() {
            let _ = self.desk.mig(&["finish", &run, "--yes"]);
        }
    }
}
