//! The folder of a run on a host, and the marker by which it is known again.

use super::call::{Call, Trouble};
use super::hello::{self, Hello};
use super::link::{Fleet, Link, nonce};
use super::lock::HeldLock;
use super::settings::Reach;
use super::{script, script::Script};
use crate::contract::{Halt, HostRecord, Outcome, Stop, failed};
use crate::name::HostName;
use std::sync::PoisonError;
use std::time::Duration;

/// What is known of a host that was prepared.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub record: HostRecord,
    /// The folder is not as the journal has it: wiped, restored, or another machine.
    pub is_wiped: bool,
}

/// How often a look at a host is tried again when its connection breaks off.
const TRIES: u32 = 5;
/// A short script that has not answered by then never will.
pub const SHORT: Duration = Duration::from_secs(120);

/// Counts how often something was tried again.
#[derive(Default)]
pub struct Tries(u32);

impl Tries {
    /// `Ok`: try again.
    pub async fn again(&mut self, fleet: &Fleet, host: &HostName, trouble: Trouble) -> Outcome<()> {
        let why = match trouble {
            Trouble::Halt(halt) => return Err(halt),
            Trouble::TimedOut => return failed(format!("{host} did not answer in time")),
            Trouble::Lost(why) => why,
        };
        self.0 += 1;
        if self.0 > TRIES {
            return failed(format!("{host}: {why}, {TRIES} times in a row"));
        }
        fleet.tell(host, format!("{why}; connecting again"));
        tokio::time::sleep(Duration::from_millis(50 << self.0)).await;
        Ok(())
    }
}

impl Fleet {
    /// A short script that may be sent again: what it said.
    pub async fn say(&self, link: &Link, script: Script, args: &[&str]) -> Outcome<String> {
        Ok(self.print(link, script, args).await?.1)
    }

    /// The same, after what it printed.
    async fn print(&self, link: &Link, script: Script, args: &[&str]) -> Outcome<(String, String)> {
        let mut tries = Tries::default();
        loop {
            let mut printed = vec![];
            let mut keep = |bytes: &[u8]| printed.extend_from_slice(bytes);
            let mut call = Call::new(script, args.iter().copied()).out(super::call::Sink::To(&mut keep));
            match self.call(link, &mut call, Some(SHORT)).await {
                Ok(reply) => return Ok((String::from_utf8_lossy(&printed).into_owned(), reply.said)),
                Err(trouble) => tries.again(self, &link.config.name, trouble).await?,
            }
        }
    }

    /// The machine's greeting, asked once.
    pub async fn hello<'a>(&self, link: &'a Link) -> Outcome<&'a Hello> {
        let ask = async { Ok(self.print(link, script::HELLO, &[hello::PROGRAMS]).await?.0) };
        self.greeted(link, ask).await
    }

    /// The greeting that is known, or the one in this text: of several who want it at once, one asks.
    async fn greeted<'a>(&self, link: &'a Link, text: impl Future<Output = Outcome<String>>) -> Outcome<&'a Hello> {
        let is_new = !link.hello.initialized();
        let parsed = async { hello::parse(&text.await?).or_else(|why| failed(format!("{}: {why}", link.config.name))) };
        let hello = link.hello.get_or_try_init(|| parsed).await?;
        if is_new {
            self.tell_of_twin(link, hello);
        }
        Ok(hello)
    }

    /// Containers and clones may share both ids, so this is told and not refused; one host key is.
    fn tell_of_twin(&self, link: &Link, hello: &Hello) {
        let (name, mine) = (&link.config.name, &hello.machine);
        let its = |l: &Link| l.hello.get().map(|h| (h.machine.machine_id.clone(), h.machine.boot_id.clone()));
        let is_it = |l: &&Link| its(l).is_some_and(|ids| ids == (mine.machine_id.clone(), mine.boot_id.clone()));
        // One is enough: among a hundred containers of one machine each has ninety-nine.
        let other = self.links.values().filter(|l| l.config.name != *name).find(is_it);
        if let (Some(other), false) = (other, mine.machine_id.is_empty()) {
            let (other, id) = (&other.config.name, &mine.machine_id);
            self.tell(
                name,
                format!("\"{other}\" and \"{name}\" may be the same machine: both have the machine-id {id}"),
            );
        }
    }

    /// Makes the run's folder, or finds it as the journal has it.
    pub async fn prepare(&self, host: &HostName, known: Option<&HostRecord>) -> Outcome<HostRecord> {
        let link = self.link(host)?;
        let is_unsure = link.is_unsure.swap(false, std::sync::atomic::Ordering::Relaxed);
        // Once for each connection is enough: behind a new one another boot, or another disk, may be.
        if let (false, Ok(prepared)) = (is_unsure, self.prepared(host)) {
            return Ok(prepared.record);
        }
        if is_unsure && link.hello.initialized() {
            let boot = self.boot_id(host).await?;
            *link.boot.lock().unwrap_or_else(PoisonError::into_inner) = boot;
        }
        let holder = self.settings.holder.as_ref();
        let lock = match (known.map(|k| k.lock.as_str()), holder) {
            (Some(lock), _) if !lock.is_empty() => lock.to_owned(),
            (_, Some(holder)) => holder.lock.clone(),
            (_, None) => "-".into(),
        };
        let known = known.filter(|k| k.is_made());
        let (base, name) = match known.map(|k| k.folder.rsplit_once('/').ok_or(&k.folder)) {
            Some(Ok((base, name))) => (base.to_owned(), name),
            Some(Err(folder)) => {
                return Err(Stop::Fault(format!("the journal has no folder for {host}: {folder:?}")).into());
            }
            None => (self.base(link, link.hello.get()), self.settings.run.as_str()),
        };
        let marker = known.map_or_else(|| "-".into(), |k| k.marker.clone());
        let fresh = nonce();
        let (owner, playbook) = holder.map_or(("-", "-"), |h| (h.owner.as_str(), h.playbook.as_str()));
        let since = super::clock::for_people();
        let args = |machine_id| [base.as_str(), name, &fresh, &marker, machine_id, &lock, owner, playbook, &since];
        let (hello, said) = match link.hello.get() {
            Some(hello) => {
                refuse_another(host, known, hello)?;
                let said = self.say(link, script::FOLDER, &args(&hello.machine.machine_id)).await?;
                (hello, said)
            }
            // A greeting of its own would be a session more.
            None => {
                let machine_id = known.map_or("", |k| &k.machine_id);
                let args = [&args(machine_id)[..], &[hello::PROGRAMS]].concat();
                let (text, said) = self.print(link, script::FOLDER_FIRST, &args).await?;
                let hello = self.greeted(link, async { Ok(text) }).await?;
                refuse_another(host, known, hello)?;
                (hello, said)
            }
        };
        let machine = &hello.machine;
        {
            let mut boot = link.boot.lock().unwrap_or_else(PoisonError::into_inner);
            if boot.is_empty() {
                boot.clone_from(&machine.boot_id);
            }
        }
        let base = if base.is_empty() { &hello.base } else { &base };
        if let Some(lines) = said.strip_prefix("held ") {
            return Err(Stop::Held(HeldLock::parse(lines).refusal(host, base)).into());
        }
        let folder = format!("{base}/{name}");
        let mut words = said.split_whitespace();
        let (record, is_wiped) = match (words.next(), words.next(), words.next(), known) {
            (Some("ok"), Some(marker), Some(boot), _) => {
                let host_key = self.pinned(link).first().map(|k| k.fingerprint()).unwrap_or_default();
                let (marker, boot_id) = (marker.into(), boot.into());
                let machine_id = machine.machine_id.clone();
                let lock = words.next().filter(|l| *l != "-").unwrap_or_default().into();
                self.note_started(host, words.map(str::to_owned).collect());
                let is_per_user = machine.uid != 0;
                let host = host.clone();
                (HostRecord { host, machine_id, boot_id, host_key, folder, marker, lock, is_per_user }, false)
            }
            (Some("wiped"), _, _, Some(known)) => (known.clone(), true),
            _ => {
                let why = said.strip_prefix("bad ").unwrap_or(&said);
                return failed(format!("{host}: the folder for the run's records cannot be used: {why}"));
            }
        };
        let prepared = Prepared { record: record.clone(), is_wiped };
        self.prepared.lock().unwrap_or_else(PoisonError::into_inner).insert(host.clone(), prepared);
        if known.is_some() && !is_wiped {
            self.wake_leases(host, &record.folder).await;
        }
        Ok(record)
    }

    /// Where the folders of runs lie on a host; empty as long as only the host can say.
    fn base(&self, link: &Link, hello: Option<&Hello>) -> String {
        match (&link.config.reach, hello) {
            (Reach::Local, _) if !link.config.sudo => self.settings.state.join("local").to_string_lossy().into_owned(),
            (_, hello) => hello.map(|h| h.base.clone()).unwrap_or_default(),
        }
    }

    /// The same, asked where that is needed.
    pub async fn base_on(&self, link: &Link) -> Outcome<String> {
        let hello = self.hello(link).await?;
        Ok(self.base(link, Some(hello)))
    }

    /// What `prepare` found on a host.
    pub fn prepared(&self, host: &HostName) -> Outcome<Prepared> {
        let all = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(host).cloned().ok_or_else(|| Halt::Stop(Stop::Fault(format!("{host} was not prepared before a deed"))))
    }

    /// Notes, here and in the marker, that a boot has been seen by us.
    pub async fn renew(&self, link: &Link) -> Outcome<()> {
        let host = &link.config.name;
        let Ok(prepared) = self.prepared(host) else { return Ok(()) };
        let record = &prepared.record;
        let said = self.say(link, script::RENEW, &[&record.folder, &record.marker, &record.machine_id]).await?;
        match said.strip_prefix("ok ") {
            Some(boot) => {
                *link.boot.lock().unwrap_or_else(PoisonError::into_inner) = boot.into();
                self.wake_leases(host, &record.folder).await;
                Ok(())
            }
            None => failed(format!("{host}: the marker of the run cannot be renewed in {}: {said}", record.folder)),
        }
    }

    /// Removes the folder of the run; says why it could not.
    pub async fn finish(&self, record: &HostRecord) -> Option<String> {
        let left = |why: String| Some(format!("{}: {} is left: {why}", record.host, record.folder));
        let link = match self.link(&record.host) {
            Ok(link) => link,
            Err(halt) => return left(reason(&halt)),
        };
        if let Err(halt) = self.forget_keys(link, &self.key_comment("")).await {
            return left(reason(&halt));
        }
        let (folder, marker) = match record.is_made() {
            true => (record.folder.clone(), record.marker.as_str()),
            // The run ended while it made the folder: where that would lie only the host can say.
            false => match self.base_on(link).await {
                Ok(base) => (format!("{base}/{}", self.settings.run), "-"),
                Err(halt) => return left(reason(&halt)),
            },
        };
        let lock = if record.lock.is_empty() { "-" } else { &record.lock };
        match self.say(link, script::FINISH, &[&folder, marker, lock]).await {
            Ok(said) if said == "ok" => None,
            Ok(said) if said == "foreign" => left("it is not this run's".into()),
            Ok(said) if said.starts_with("stayed ") => {
                left(format!("a process of {} cannot be ended", said.trim_start_matches("stayed ")))
            }
            Ok(_) => left("not all of it could be removed".into()),
            Err(halt) => left(reason(&halt)),
        }
    }

    pub async fn undo_material(&self, record: &HostRecord) -> Outcome<u64> {
        if !record.is_made() {
            return Ok(0);
        }
        let said = self.say(self.link(&record.host)?, script::SIZE, &[&record.folder]).await?;
        said.parse()
            .or_else(|_| failed(format!("{}: the size of {} cannot be read: {said:?}", record.host, record.folder)))
    }
}

/// The run began on the machine that the journal has.
fn refuse_another(host: &HostName, known: Option<&HostRecord>, hello: &Hello) -> Outcome<()> {
    match known {
        Some(known) if known.machine_id != hello.machine.machine_id => Err(Stop::Refused(format!(
            "{host} is another machine than the one this run began on: its machine-id is {:?}, and was {:?}",
            hello.machine.machine_id, known.machine_id
        ))
        .into()),
        _ => Ok(()),
    }
}

/// Why it ended, in a line.
pub fn reason(halt: &Halt) -> String {
    match halt {
        Halt::Failed(f) => f.message.clone(),
        Halt::Stop(
            Stop::Refused(t) | Stop::Held(t) | Stop::Fault(t) | Stop::NoAnswer(t) | Stop::Ask { text: t, .. },
        ) => t.clone(),
        Halt::Stop(stop) => format!("{stop:?}"),
    }
}
