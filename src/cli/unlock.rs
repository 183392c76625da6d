//! `mig unlock`.

use super::ground::{Ground, faces};
use super::resume::pinned_ground;
use super::wrong::Wrong;
use super::{Globals, exit, in_lab, page};
use crate::contract::{Answer, Operator, Question};
use crate::error::{Error, Kind};
use crate::journal::{Journal, RunRow};
use crate::name::HostName;
use crate::world::{HeldLock, Unlocked};
use clap::Args;

/// Release the lock of a run that is gone
///
/// A lock is never taken away by itself. Make sure first that the run which holds it does not go
/// on: the message that named the lock says who, where and since when.
#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  mig unlock dest --lock-id 7f3a-1c9e")]
pub struct UnlockArgs {
    /// The host of the inventory that is locked; left out, every host on which this lock is found
    #[arg(value_name = "HOST")]
    pub host: Option<String>,

    /// The id of the lock, as the message showed it
    #[arg(long, value_name = "ID", required = true)]
    pub lock_id: String,
}

/// Releases a lock: exactly the one that was named.
///
/// # Errors
/// There is no such lock, a host cannot be reached, or the person says no.
pub fn run(args: &UnlockArgs, globals: &Globals) -> Result<u8, Wrong> {
    let id = args.lock_id.as_str();
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || id == "-" {
        return Err(Error::bad_input(format!("{id:?} is not the id of a lock"))
            .hint("the message that named the lock shows it, such as 7f3a-1c9e")
            .into());
    }
    let journal = Journal::open(&globals.state()?)?;
    let own = run_with(&journal, id)?;
    // A run of this machine that goes on must not lose its lock under its feet.
    let _held = match &own {
        Some((run, _)) => Some(journal.hold(run, "unlock")?),
        None => None,
    };
    let lab = match &own {
        Some((run, _)) if !run.lab.is_empty() => Some(in_lab::of_run(run, globals)?),
        _ => None,
    };
    if let Some(lab) = &lab {
        in_lab::enter(lab)?;
    }
    let ground = match &own {
        Some((run, _)) => pinned_ground(run, globals)?,
        None => Ground::read(globals)?,
    };
    let hosts: Vec<HostName> = match (&args.host, own) {
        (Some(name), _) => vec![named(&ground, name)?],
        (None, Some((_, hosts))) => hosts,
        (None, None) => ground.inventory.order.clone(),
    };
    if hosts.is_empty() {
        return Err(Error::bad_input("which host is locked? The inventory has none")
            .hint(format!("mig unlock HOST --lock-id {id} -i FILE"))
            .into());
    }
    let (face, person) = faces(globals);
    let world = ground.open(&super::run::new_id(), globals, lab.as_ref(), face.listener(), person.clone())?;
    let mut found: Vec<(HostName, HeldLock)> = vec![];
    let mut wrong = vec![];
    for host in hosts {
        match world.unlock(&host, None) {
            Ok(Unlocked::Other(lock)) if lock.id == id => found.push((host, lock)),
            Ok(Unlocked::Other(lock)) if args.host.is_some() => {
                wrong.push(
                    Error::bad_input(format!("{host} is held under another lock, {}: {}", lock.id, lock.whose()))
                        .hint("nothing was released"),
                );
            }
            Ok(_) if args.host.is_some() => wrong.push(Error::bad_input(format!("{host} is not locked"))),
            Ok(_) => {}
            Err(halt) => wrong.push(exit::error_of_halt(&halt)),
        }
    }
    if found.is_empty() && wrong.is_empty() {
        wrong.push(Error::bad_input(format!("no host has the lock {id}")).hint("name the host: mig unlock HOST ..."));
    }
    if !found.is_empty() {
        let lines: Vec<String> = found.iter().map(|(host, lock)| format!("{host}: {}", lock.whose())).collect();
        let text = format!("{}\nIs that run gone for good? Then release the lock {id}", lines.join("\n"));
        match person.ask(&Question::Confirm { text, default: true }) {
            Ok(Answer::Yes) => {}
            Ok(_) => return Ok(Kind::Stopped.exit_code()),
            Err(halt) => return Err(exit::error_of_halt(&halt).into()),
        }
    }
    for (host, lock) in found {
        match world.unlock(&host, Some(id)) {
            Ok(Unlocked::Gone(_) | Unlocked::None(_)) => {
                page(&format!("{host} is released; it was held by {}", lock.whose()))
            }
            Ok(Unlocked::Other(now)) => {
                wrong.push(Error::refused(format!("{host} is held under another lock by now: {}", now.whose())));
            }
            Ok(Unlocked::Left) => {
                wrong.push(Error::new(Kind::StepFailed, format!("{host}: the lock's file cannot be removed")));
            }
            Err(halt) => wrong.push(exit::error_of_halt(&halt)),
        }
    }
    face.end();
    if wrong.is_empty() { Ok(0) } else { Err(Wrong(wrong)) }
}

fn named(ground: &Ground, name: &str) -> Result<HostName, Wrong> {
    let known = ground.inventory.order.iter().find(|h| h.to_string() == name).cloned();
    known.ok_or_else(|| {
        let names: Vec<String> = ground.inventory.order.iter().map(ToString::to_string).collect();
        let has = if names.is_empty() { "no hosts".into() } else { names.join(", ") };
        Error::bad_input(format!("{} has no host \"{name}\"; it has {has}", ground.file))
            .hint("name another inventory with -i FILE")
            .into()
    })
}

/// The run of this journal that took this lock, and the hosts on which it did.
fn run_with(journal: &Journal, id: &str) -> Result<Option<(RunRow, Vec<HostName>)>, Wrong> {
    for run in journal.runs()? {
        let hosts: Vec<HostName> =
            journal.hosts(&run.id)?.into_iter().filter(|h| h.lock == id).map(|h| h.host).collect();
        if !hosts.is_empty() {
            return Ok(Some((run, hosts)));
        }
    }
    Ok(None)
}
