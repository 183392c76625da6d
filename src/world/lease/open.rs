//! A lease opened: its folder, its key, its process, and the look that sees it up.
//!
//! It converges: after a crash it is opened again, what is there is found, and no process is started
//! beside one that runs. What fails is closed again, so that a retry finds nothing half done.

use super::place::place;
use crate::contract::{
    Command, Failure, Halt, Lease, LeaseState, LeasedKey, LeasedProcess, Outcome, Phase, Stop, Tunnel, alias, failed,
    quote,
};
use crate::world::key::{Blank, Terms, option};
use crate::world::link::Fleet;
use crate::world::run::not_known_yet;
use crate::world::script;
use serde_json::Value;
use std::time::Duration;
use tokio::time::Instant;

/// A process that fell so often while it was waited for does not come up.
const FALLS: i64 = 3;
/// What has run so long without a break is up, where nothing else says so.
const STEADY: Duration = Duration::from_millis(1200);
/// How often it is begun anew.
const TRIES: u32 = 3;
/// How long one question whether it is ready may take.
const READY_MS: u64 = 30_000;

impl Fleet {
    pub async fn act_lease(&self, lease: &Lease) -> Outcome<Value> {
        match self.open_lease(lease).await {
            Ok(()) => Ok(lease.handle()),
            Err(Halt::Failed(failure)) => match self.act_unlease(lease).await {
                Ok(_) => Err((*failure).into()),
                // Something of it may be there: that is no failure with a known end.
                Err(halt) => Err(not_known_yet(match halt {
                    Halt::Failed(f) => Failure { message: format!("{}; {}", failure.message, f.message), ..*f }.into(),
                    halt => halt,
                })),
            },
            Err(halt) => Err(halt),
        }
    }

    /// What a killed process had sent to close it may have come in between: then once more.
    async fn open_lease(&self, lease: &Lease) -> Outcome<()> {
        for _ in 0..TRIES {
            if self.try_to_open(lease).await? {
                return Ok(());
            }
        }
        failed(format!("{}: what looks after {} cannot be started", lease.host, lease.name))
    }

    async fn try_to_open(&self, lease: &Lease) -> Outcome<bool> {
        let prepared = self.prepared(&lease.host)?;
        let (folder, record) = (lease.folder.as_ref(), prepared.record);
        if prepared.is_wiped || folder != format!("{}/lease.{}", record.folder, lease.name) {
            return Err(Stop::Refused(format!(
                "{}: the run's folder {} is gone, or is not this run's; nothing was opened in {folder}",
                lease.host, record.folder
            ))
            .into());
        }
        let link = self.link(&lease.host)?;
        match self.say(link, script::LEASE_MAKE, &[folder, &record.marker]).await?.as_str() {
            "ok" => {}
            "wiped" => {
                return Err(Stop::Refused(format!("{}: the run's folder {} is gone", lease.host, record.folder)).into());
            }
            said => return failed(format!("{}: {}", lease.host, said.trim_start_matches("bad "))),
        }
        place("lease.made")?;
        if let Some(key) = &lease.key {
            self.admit(lease, key).await?;
            place("lease.granted")?;
        }
        if let Some(process) = &lease.process {
            for (name, text) in files(lease, process) {
                self.upload(link, &format!("{folder}/{name}"), text.as_bytes()).await?;
            }
            match self.say(link, script::LEASE_START, &[folder]).await?.as_str() {
                "ok" => {}
                _ => return Ok(false),
            }
            place("lease.started")?;
            self.is_up(lease, process).await?;
        }
        Ok(true)
    }

    async fn admit(&self, lease: &Lease, key: &LeasedKey) -> Outcome<()> {
        let not_a_line =
            || format!("{}: its command cannot be written into authorized_keys: it has several lines", lease.name);
        let mut options = String::new();
        let only_forwards = key.command.is_none() && !(key.open.is_empty() && key.listen.is_empty());
        // A key that only forwards must not open a shell beside it.
        let command = if only_forwards { Some("exit 1") } else { key.command.as_deref() };
        if let Some(command) = command {
            let Some(text) = option("command", command) else { return failed(not_a_line()) };
            options += &text;
        }
        let mut listen = String::new();
        if !(key.open.is_empty() && key.listen.is_empty()) {
            // Where nothing may be reached or listened on, a port that nobody uses stands for that.
            let nowhere = vec!["127.0.0.1:1".to_owned()];
            let or_nowhere = |list: &Vec<String>| if list.is_empty() { nowhere.clone() } else { list.clone() };
            options += ",port-forwarding";
            options.extend(or_nowhere(&key.open).iter().filter_map(|at| option("permitopen", at)));
            listen.extend(or_nowhere(&key.listen).iter().filter_map(|at| option("permitlisten", at)));
        }
        let tunnel = lease.process.as_ref().and_then(|p| p.tunnel.as_ref());
        let sources = match tunnel.and_then(|t| t.container.as_ref()) {
            Some(container) => self.addresses_inside(lease, container).await?,
            None => vec![],
        };
        let config = tunnel.map_or_else(String::new, |t| forwarding(t, lease.folder.as_ref()));
        let blank = Blank {
            from: &lease.host,
            to: &key.to,
            folder: lease.folder.as_ref(),
            name: "key",
            comment: self.key_comment(&lease.mark()),
            config: &config,
            files: vec![],
            has_aes: false,
        };
        let mut own = self.make_key(blank).await?;
        own.sources.extend(sources);
        let seconds = key.valid_ms / 1000 + 600;
        let terms = Terms { options: &options, listen: &listen, seconds };
        self.let_in(&lease.host, &key.to, &own, terms).await
    }

    /// The addresses of a container: where nothing translates them on the way, it comes with its own.
    async fn addresses_inside(&self, lease: &Lease, container: &str) -> Outcome<Vec<String>> {
        let inspect = first_process(container);
        let text = format!("p=$({inspect}) && [ \"$p\" -gt 0 ] && nsenter -t \"$p\" -n -- hostname -I");
        let said = self.run(&lease.host, &Command::Shell(text), READY_MS).await?;
        if said.code != 0 {
            return Err(Failure::new(format!(
                "{}: the network of the container {container} cannot be entered",
                lease.host
            ))
            .output(said.stderr)
            .hint(format!("does it run? {}.capture(\"docker ps -a\")", lease.host))
            .into());
        }
        let is_address = |a: &&str| a.parse::<std::net::IpAddr>().is_ok();
        Ok(said.stdout.split_whitespace().filter(is_address).map(String::from).collect())
    }

    /// Waits until it is seen to be up.
    async fn is_up(&self, lease: &Lease, process: &LeasedProcess) -> Outcome<()> {
        let link = self.link(&lease.host)?;
        let began = Instant::now();
        let limit = Duration::from_millis(lease.timeout_ms);
        let (mut steady, mut life) = (Instant::now(), None);
        let mut pause = Duration::from_millis(50);
        loop {
            let seen = self.lease_at(link, lease.folder.as_ref()).await?;
            if life != Some(seen.restarts) || seen.phase == Phase::Waiting {
                (life, steady) = (Some(seen.restarts), Instant::now());
            }
            let runs = matches!(seen.phase, Phase::Starting | Phase::Up);
            let is_steady = runs && steady.elapsed() >= STEADY;
            let is_up = match (&process.tunnel, &process.ready) {
                // What the other side refuses comes a moment after what this side has done.
                (Some(tunnel), _) => seen.phase == Phase::Up && (!tunnel.reverse || is_steady),
                (None, Some(ready)) => runs && self.run(&lease.host, ready, READY_MS).await?.code == 0,
                (None, None) => is_steady,
            };
            if is_up {
                return Ok(());
            }
            if seen.restarts >= FALLS || began.elapsed() >= limit {
                return Err(down(lease, &seen, began.elapsed()).into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }
}

/// Why it is not up.
fn down(lease: &Lease, seen: &LeaseState, waited: Duration) -> Failure {
    let what = format!("the {} {} on {}", lease.kind(), lease.name, lease.host);
    let said = seen.log_end.lines().last().unwrap_or("it says nothing");
    let message = match (seen.restarts, seen.last_exit) {
        (0, _) => format!("{what} is not up after {} s: {said}", waited.as_secs()),
        (n, code) => {
            let code = code.map(|c| format!(" with exit code {c}")).unwrap_or_default();
            format!("{what} does not stay up: it ended {n} times{code}: {said}")
        }
    };
    let failure = Failure::new(message);
    if seen.log_end.is_empty() { failure } else { failure.output(seen.log_end.clone()) }
}

/// The files that its supervisor works from.
fn files(lease: &Lease, process: &LeasedProcess) -> Vec<(&'static str, String)> {
    let folder = lease.folder.as_ref();
    let mut files = vec![("supervise", script::SUPERVISE.text())];
    match (&process.tunnel, &lease.key) {
        (Some(tunnel), Some(key)) => {
            let ssh = format!("ssh -N -F {} {}", quote(&format!("{folder}/key.config")), alias(&key.to));
            match &tunnel.container {
                None => files.push(("command", format!("exec {ssh}\n"))),
                Some(container) => {
                    let (inspect, inside) = (first_process(container), quote(&format!("{folder}/inside")));
                    let name = quote(container);
                    files.push((
                        "command",
                        format!(
                            "p=$({inspect}) && [ \"$p\" -gt 0 ] || {{ printf 'the container %s does not run\\n' {name} >&2; exit 1; }}\n\
                             echo \"$p\" >{inside}\nexec nsenter -t \"$p\" -n -- {ssh}\n"
                        ),
                    ));
                    // A container that was started again has another network, and the tunnel is in the old one.
                    files.push(("watch", format!("p=$({inspect}) && [ \"$p\" = \"$(cat {inside})\" ]\n")));
                }
            }
        }
        _ => {
            let cd = process.cwd.as_ref().map(|c| format!("cd -- {} || exit 1\n", quote(c.as_ref())));
            let command = match &process.command {
                Some(command @ Command::Argv(_)) => format!("exec {}\n", command.to_sh()),
                Some(Command::Shell(text)) => format!("{text}\n"),
                None => "exit 1\n".into(),
            };
            files.push(("command", format!("{}{command}", cd.unwrap_or_else(|| "cd /\n".into()))));
        }
    }
    // The command last: what is begun is whole.
    files.sort_by_key(|(name, _)| *name == "command");
    files
}

/// Prints the number of the first process of a container; 0 when it does not run.
fn first_process(container: &str) -> String {
    format!("docker inspect -f '{{{{.State.Pid}}}}' -- {}", quote(container))
}

/// The lines of an ssh configuration that make a tunnel.
fn forwarding(tunnel: &Tunnel, folder: &str) -> String {
    let Tunnel { local, remote, .. } = tunnel;
    let forward = match tunnel.reverse {
        false => format!("LocalForward {local} {remote}"),
        true => format!("RemoteForward {remote} {local}"),
    };
    // Run once the connection stands and what is listened on here is listened on.
    let up = quote(&format!("{folder}/up")).replace('%', "%%");
    format!(
        "  {forward}\n  ExitOnForwardFailure yes\n  GatewayPorts no\n  TCPKeepAlive yes\n  ServerAliveInterval 5\n\
         \x20 ServerAliveCountMax 3\n  PermitLocalCommand yes\n  LocalCommand : >{up}\n"
    )
}
