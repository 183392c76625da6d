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
