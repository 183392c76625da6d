//! Planning: the gate without a journal. Planned writes compose in an overlay; what an opaque
//! command may have changed is unknown from there on.

use super::Gate;
use super::gate::{lock, short};
use crate::contract::{
    Aws, AwsAsk, AwsSeen, Command, Deed, Differences, DnsAnswer, DnsQuestion, Event, Failure, FileState, Found, GIVEN,
    Halt, Kind, LeaseState, Look, Machine, Outcome, Output, Phase, Plan, PortState, Put, Reply, Request, Source, Spec,
    Step, Stop, Sync, Undo, unknown,
};
use crate::journal::Key;
use crate::name::{HostName, LeaseName, RemotePath};
use crate::secret::Text;
use crate::text::diff;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// What a plan showed: the deeds of each call, as far as they were certain, and their sums.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    calls: BTreeMap<String, Vec<String>>,
    pub deeds: usize,
    /// The hosts that deeds touch.
    pub hosts: Vec<HostName>,
    /// The secrets that deeds need, by name.
    pub secrets: BTreeSet<String>,
    /// Deeds that cannot be undone, and why.
    pub for_good: Vec<String>,
    /// Steps of which the plan could not see all.
    pub partly: Vec<String>,
    /// Where the point of no return lies.
    pub no_return: Option<String>,
}

impl Shown {
    pub(super) fn deeds_of(&self, key: &Key) -> Option<&Vec<String>> {
        self.calls.get(&format!("{} {}", key.place(), key.name))
    }
}

impl Gate {
    pub(super) fn plan_reading(&self, read: fn(&dyn Look, &Value) -> Outcome, args: &Value) -> Outcome {
        match read(&Planned { gate: self, guess: None }, args) {
            Err(Halt::Stop(Stop::OnlyARun(why))) => Ok(unknown(why)),
            answer => answer,
        }
    }

    /// What a change would do may be shown from the present world, marked as such: it goes to the
    /// reader. An answer goes to the script, and must be true or unknown.
    pub(super) fn plan(&self, key: &Key, spec: &Spec) -> Outcome {
        let plan = match spec.kind {
            Kind::Reading(read) => return self.plan_reading(read, &key.args),
            Kind::Change { plan, .. } => plan,
        };
        let guess = Mutex::new(None);
        let planned = plan(&Planned { gate: self, guess: Some(&guess) }, &key.args);
        let guess = lock(&guess).take();
        let steps = match planned {
            Ok(Plan::Do(steps)) => steps,
            Ok(Plan::Already) => vec![],
            Ok(Plan::Wait(what)) => {
                self.show(key, vec![], Some(format!("waits: {what}")));
                return Ok(unknown(what));
            }
            // It would fail as things are now; what comes before it may put that right.
            Err(Halt::Failed(f)) if guess.is_some() => {
                let why = guess.unwrap_or_default();
                self.show(key, vec![], Some(format!("known only in the run ({}); {why}", f.message)));
                return Ok(unknown(why));
            }
            Err(halt) => return Err(halt),
        };
        for host in steps.iter().filter_map(|s| s.deed.host()) {
            self.preflight(host)?;
        }
        let sure = guess.is_none();
        let mut answer = match (steps.is_empty(), sure) {
            (true, true) => unknown("it is already so"),
            (true, false) => unknown("it may be so by then"),
            (false, _) => json!({ "changed": true }),
        };
        for step in &steps {
            match &step.deed {
                Deed::Run(run) => {
                    let command = first_line(&run.command);
                    answer = unknown(format!("the output of `{command}` is known only when it runs"));
                }
                // Where a lease lies is chosen before it is opened.
                Deed::Lease(lease) => answer = lease.handle(),
                Deed::Http(http) => answer = unknown(format!("the answer to `{http}` is known only when it is sent")),
                Deed::Aws(aws @ Aws::Launch(_)) => {
                    answer = unknown(format!("what `{aws}` gives is known only when it is done"));
                }
                _ => {}
            }
        }
        if sure {
            let texts = steps.iter().map(|s| s.deed.to_string()).collect();
            lock(&self.plan).calls.insert(format!("{} {}", key.place(), key.name), texts);
        }
        let note = match guess {
            Some(_) if !steps.is_empty() => Some("as things are now".into()),
            Some(why) => Some(format!("as things are now nothing is to be done; {why}")),
            None if steps.is_empty() => Some("already so".into()),
            None => None,
        };
        for step in &steps {
            lock(&self.overlay).apply(&step.deed);
        }
        self.show(key, steps, note);
        Ok(answer)
    }

    /// A deed needs a host that is reached and has what every deed uses. After the first change it
    /// may be the run that brings the host up: then it is said, and no refusal.
    fn preflight(&self, host: &HostName) -> Outcome<()> {
        if lock(&self.plan).hosts.contains(host) {
            return Ok(());
        }
        let lacks = match self.set.world.machine(host) {
            Ok(machine) => machine.lacks(),
            Err(Halt::Failed(f)) if self.plan_acts() => {
                self.hear(&Event::Warning { text: format!("{}; the run needs it by then", f.message) });
                return Ok(());
            }
            Err(halt) => return Err(halt),
        };
        match lacks.is_empty() {
            true => Ok(()),
            false => Err(Failure::new(format!("{host} lacks programs that mig needs there: {}", lacks.join(", ")))
                .hint(format!("install them on {host}, where it is a busybox the full ones"))
                .into()),
        }
    }

    pub(super) fn show(&self, key: &Key, steps: Vec<Step>, note: Option<String>) {
        let mut shown = lock(&self.plan);
        shown.deeds += steps.len();
        for step in &steps {
            if let Some(host) = step.deed.host()
                && !shown.hosts.contains(host)
            {
                shown.hosts.push(host.clone());
            }
            secrets_in(&serde_json::to_value(&step.deed).unwrap_or_default(), &mut shown.secrets);
            if let Undo::Impossible(why) = &step.undo {
                shown.for_good.push(format!("{} ({why})", step.deed));
            }
        }
        drop(shown);
        let diffs = steps.iter().map(difference).collect();
        self.hear(&Event::Planned { path: key.path.clone(), call: short(key), steps, diffs, note });
    }

    /// Planning, and a step or a branch needed a value that only a run can give: its plan ends,
    /// that of what follows goes on, with nothing known any more.
    pub(super) fn plan_goes_on(&self, path: &[String]) -> Option<String> {
        let Some(Stop::OnlyARun(why)) = self.stopped() else {
            return None;
        };
        if self.mode != super::Mode::Plan {
            return None;
        }
        let place = self.clear_stop().map_or(String::new(), |p| format!(" ({p})"));
        let title = if path.is_empty() { "the playbook".into() } else { path.join(" / ") };
        let text = format!("what comes next in \"{title}\" is known only in the run: {why}{place}");
        lock(&self.plan).partly.push(title.clone());
        self.hear(&Event::Note { path: path.to_vec(), text });
        lock(&self.overlay).nothing_is_known(format!("\"{title}\" comes before it"));
        Some(format!("\"{title}\" gives it"))
    }

    /// One poll while planning: a closure that looked at what only a run can give is unknown too.
    pub(super) fn plan_poll(&self, seen: Outcome) -> Outcome {
        match seen {
            Err(Halt::Stop(Stop::OnlyARun(why))) => {
                self.clear_stop();
                Ok(unknown(why))
            }
            seen => super::wait::polled(seen),
        }
    }

    /// Whether the plan has a change already: before the first one, expectations are the preflight.
    pub(super) fn plan_acts(&self) -> bool {
        let shown = lock(&self.plan);
        shown.deeds > 0 || !shown.partly.is_empty()
    }
}

/// The names of the inventory's secrets in a deed. What a server gave the plan, it gives the run anew.
fn secrets_in(v: &Value, names: &mut BTreeSet<String>) {
    match v {
        Value::Object(map) => {
            names
                .extend(map.get("$secret").and_then(Value::as_str).filter(|n| !n.starts_with(GIVEN)).map(String::from));
            map.values().for_each(|v| secrets_in(v, names));
        }
        Value::Array(list) => list.iter().for_each(|v| secrets_in(v, names)),
        _ => {}
    }
}

fn first_line(c: &Command) -> String {
    c.to_sh().trim().lines().next().unwrap_or_default().to_string()
}

/// The diff of a planned write, where both sides are texts that the deed and its undo carry.
pub fn difference(step: &Step) -> String {
    let Some(put) = step.deed.put() else { return String::new() };
    let old = match &step.undo {
        Undo::By(deeds) => deeds.iter().find_map(|d| match d.put() {
            Some(Put { source: Source::Bytes(old), path, .. }) if *path == put.path => Some(old.0.as_slice()),
            _ => None,
        }),
        _ => None,
    };
    match (&put.source, old, &put.from) {
        (Source::Bytes(new), Some(old), _) => diff::unified(put.path.as_ref(), old, &new.0),
        (Source::Bytes(new), None, None) => diff::unified(put.path.as_ref(), b"", &new.0),
        (Source::Spliced { cut, with, .. }, ..) => diff::unified(put.path.as_ref(), &cut.0, &with.0),
        (Source::Nothing, Some(old), _) => diff::unified(put.path.as_ref(), old, b""),
        _ => String::new(),
    }
}

/// The world as it will be, as far as a plan can know it.
#[derive(Default)]
pub struct Overlay {
    files: BTreeMap<(HostName, RemotePath), Option<Planted>>,
    /// Hosts on which an opaque command is planned: what they hold afterwards nobody knows.
    opaque: BTreeMap<HostName, String>,
    /// Leases that will be open by then, and others that will be closed.
    leases: BTreeMap<(HostName, LeaseName), bool>,
    /// Servers to which a change is to be sent over HTTP: what they answer afterwards nobody knows.
    spoken_to: BTreeMap<String, String>,
    /// What a planned deed touches in AWS, and the deed.
    aws: BTreeMap<String, String>,
    /// After a step whose plan ended early, nothing is known of any host.
    dark: Option<String>,
}

/// A file that will lie there.
#[derive(Clone)]
struct Planted {
    state: FileState,
    source: Source,
    /// The file in which a part is to be replaced, if that is planned as well.
    under: Option<Box<Planted>>,
}

impl Overlay {
    fn apply(&mut self, deed: &Deed) {
        match deed {
            Deed::Lease(l) => drop(self.leases.insert((l.host.clone(), l.name.clone()), true)),
            Deed::Unlease(u) => drop(self.leases.insert((u.lease.host.clone(), u.lease.name.clone()), false)),
            _ => {}
        }
        if let Some(put) = deed.put() {
            let place = (put.host.clone(), put.path.clone());
            let under = self.files.remove(&place).flatten().map(Box::new);
            let planted = put.to.clone().map(|state| Planted { state, source: put.source.clone(), under });
            self.files.insert(place, planted);
        } else if let Deed::Http(http) = deed {
            self.spoken_to.insert(http.request.origin(), format!("`{deed}` comes before it"));
        } else if let Deed::Aws(aws) = deed {
            self.aws.extend(aws.touches().into_iter().map(|t| (t.to_owned(), format!("`{deed}` comes before it"))));
        } else if let (true, Some(host)) = (deed.is_opaque(), deed.host()) {
            self.files.retain(|(h, _), _| h != host);
            self.opaque.insert(host.clone(), format!("`{deed}` comes before it"));
        }
    }
    fn nothing_is_known(&mut self, why: String) {
        self.files.clear();
        self.dark = Some(why);
    }
    fn known(&self, host: &HostName) -> Outcome<()> {
        match self.opaque.get(host).or(self.dark.as_ref()) {
            Some(why) => Err(Halt::Stop(Stop::OnlyARun(why.clone()))),
            None => Ok(()),
        }
    }
}

/// With `guess` it answers from the present world where a plan cannot know, and says so there.
struct Planned<'a> {
    gate: &'a Gate,
    guess: Option<&'a Mutex<Option<String>>>,
}

impl Planned<'_> {
    fn or_guess(&self, known: Outcome<()>) -> Outcome<()> {
        match (known, self.guess) {
            (Err(Halt::Stop(Stop::OnlyARun(why))), Some(guess)) => {
                *lock(guess) = Some(why);
                Ok(())
            }
            (known, _) => known,
        }
    }
    fn planted(&self, host: &HostName, path: &RemotePath) -> Option<Option<Planted>> {
        lock(&self.gate.overlay).files.get(&(host.clone(), path.clone())).cloned()
    }
    fn known(&self, host: &HostName) -> Outcome<()> {
        let known = lock(&self.gate.overlay).known(host);
        self.or_guess(known)
    }
    /// Whether what answers at an address is as it will be.
    fn known_at(&self, address: &str) -> Outcome<()> {
        let hosts: Vec<HostName> = lock(&self.gate.overlay).opaque.keys().cloned().collect();
        for host in hosts {
            if self.gate.set.world.address(&host).is_ok_and(|a| a == address) {
                self.known(&host)?;
            }
        }
        let dark = lock(&self.gate.overlay).dark.clone();
        self.or_guess(dark.map_or(Ok(()), |why| Err(Halt::Stop(Stop::OnlyARun(why)))))
    }
}

impl Planned<'_> {
    /// What a planned file will hold.
    fn content(&self, host: &HostName, path: &RemotePath, planted: &Planted, limit: u64) -> Outcome<Option<Vec<u8>>> {
        let world = &self.gate.set.world;
        Ok(match &planted.source {
            Source::Bytes(bytes) => Some(bytes.0.clone()),
            Source::File { host, path } => world.bytes(host, path, limit)?.map(|(_, bytes)| bytes),
            Source::Spliced { at, cut, with } => {
                let old = match &planted.under {
                    Some(under) => self.content(host, path, under, limit)?,
                    None => world.bytes(host, path, limit)?.map(|(_, bytes)| bytes),
                };
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                let end = at.saturating_add(cut.0.len());
                old.filter(|old| old.get(at..end) == Some(&cut.0)).map(|mut bytes| {
                    bytes.splice(at..end, with.0.iter().copied());
                    bytes
                })
            }
            _ => {
                let why = format!("the content of {path} on {host} is known only in the run");
                return Err(Halt::Stop(Stop::OnlyARun(why)));
            }
        })
    }
    /// A command may look at anything: it answers truly only while nothing there is to change.
    fn nothing_comes_before(&self, host: &HostName) -> Outcome<()> {
        self.known(host)?;
        let written = lock(&self.gate.overlay).files.keys().find(|(h, _)| h == host).map(|(_, p)| p.clone());
        self.or_guess(written.map_or(Ok(()), |path| {
            Err(Halt::Stop(Stop::OnlyARun(format!("the change of {path} on {host} comes before it"))))
        }))
    }
}

impl Look for Planned<'_> {
    fn run(&self, host: &HostName, command: &Command, timeout_ms: u64) -> Outcome<Output> {
        self.nothing_comes_before(host)?;
        self.gate.set.world.run(host, command, timeout_ms)
    }
    fn run_fed(&self, host: &HostName, command: &Command, stdin: &Text, timeout_ms: u64) -> Outcome<Output> {
        self.nothing_comes_before(host)?;
        self.gate.set.world.run_fed(host, command, stdin, timeout_ms)
    }
    fn find(&self, host: &HostName, path: &RemotePath) -> Outcome<Found> {
        match self.planted(host, path) {
            Some(Some(planted)) => return Ok(Found::File(planted.state)),
            Some(None) => return Ok(Found::Nothing),
            None => {}
        }
        self.known(host)?;
        self.gate.set.world.find(host, path)
    }
    fn bytes(&self, host: &HostName, path: &RemotePath, limit: u64) -> Outcome<Option<(FileState, Vec<u8>)>> {
        match self.planted(host, path) {
            Some(Some(planted)) => {
                let bytes = self.content(host, path, &planted, limit)?;
                return Ok(bytes.map(|bytes| (planted.state, bytes)));
            }
            Some(None) => return Ok(None),
            None => {}
        }
        self.known(host)?;
        self.gate.set.world.bytes(host, path, limit)
    }
    fn differences(&self, sync: &Sync) -> Outcome<Differences> {
        for host in [&sync.from, &sync.to] {
            self.nothing_comes_before(host)?;
        }
        self.gate.set.world.differences(sync)
    }
    fn machine(&self, host: &HostName) -> Outcome<Machine> {
        self.gate.set.world.machine(host)
    }
    fn free(&self, host: &HostName) -> Outcome<BTreeMap<String, u64>> {
        self.gate.set.world.free(host)
    }
    fn boot_id(&self, host: &HostName) -> Outcome<String> {
        self.known(host)?;
        self.gate.set.world.boot_id(host)
    }
    fn port(&self, via: Option<&HostName>, address: &str, port: u16, timeout_ms: u64) -> Outcome<PortState> {
        if let Some(via) = via {
            self.known(via)?;
        }
        self.known_at(address)?;
        self.gate.set.world.port(via, address, port, timeout_ms)
    }
    /// What opens or closes one must know whether it is there, which a plan knows; how it goes only
    /// a run can see.
    fn lease(&self, host: &HostName, name: &LeaseName) -> Outcome<LeaseState> {
        if self.guess.is_none() {
            self.known(host)?;
        }
        let state = self.gate.set.world.lease(host, name)?;
        match lock(&self.gate.overlay).leases.get(&(host.clone(), name.clone())) {
            Some(true) => Ok(LeaseState { phase: Phase::Starting, ..state }),
            Some(false) => Ok(LeaseState { phase: Phase::Absent, ..state }),
            None => Ok(state),
        }
    }
    fn address(&self, host: &HostName) -> Outcome<String> {
        self.gate.set.world.address(host)
    }
    fn dns(&self, question: &DnsQuestion) -> Outcome<DnsAnswer> {
        self.known_at(question.server.as_deref().unwrap_or_default())?;
        self.gate.set.world.dns(question)
    }
    fn http(&self, request: &Request) -> Outcome<Reply> {
        if let Some(via) = &request.via {
            self.known(via)?;
        }
        let origin = request.origin();
        let spoken = lock(&self.gate.overlay).spoken_to.get(&origin).cloned();
        self.or_guess(spoken.map_or(Ok(()), |why| Err(Halt::Stop(Stop::OnlyARun(why)))))?;
        for address in request.addresses() {
            self.known_at(&address)?;
        }
        self.gate.set.world.http(request)
    }
    fn aws(&self, ask: &AwsAsk) -> Outcome<AwsSeen> {
        let overlay = lock(&self.gate.overlay);
        let why = overlay.aws.get(ask.about()).or(overlay.dark.as_ref()).cloned();
        drop(overlay);
        self.or_guess(why.map_or(Ok(()), |why| Err(Halt::Stop(Stop::OnlyARun(why)))))?;
        self.gate.set.world.aws(ask)
    }
}
