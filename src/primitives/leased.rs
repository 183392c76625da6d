//! What the primitives that open a lease share.

use crate::contract::{Deed, Failure, Lease, LeasedKey, LeasedProcess, Look, Outcome, Phase, Plan, Step, Undo, failed};
use crate::name::{HostName, LeaseName, RemotePath};

/// The plan of a lease: to open it, under a name that is free.
pub fn opens(
    what: &str,
    look: &dyn Look,
    host: &HostName,
    name: &LeaseName,
    (key, process): (Option<LeasedKey>, Option<LeasedProcess>),
    timeout_ms: u64,
) -> Outcome<Plan> {
    if let Some(key) = &key {
        let machine = look.machine(host)?;
        let lacks = |program: &str| machine.programs.contains_key("sh") && !machine.programs.contains_key(program);
        if ["ssh", "ssh-keygen"].into_iter().any(lacks) {
            let hint = format!("install the OpenSSH client on {host}");
            return Err(Failure::new(format!("{what}: there is no ssh or no ssh-keygen on {host}")).hint(hint).into());
        }
        if key.to == *host {
            return failed(format!("{what}: {host} needs no key for itself"));
        }
        look.machine(&key.to)?;
    }
    let state = look.lease(host, name)?;
    if state.phase != Phase::Absent {
        return Err(Failure::new(format!(
            "{what}: this run has \"{name}\" on {host} already ({})",
            state.phase.word()
        ))
        .hint("give the other one another name: #{ name: \"...\" }; or close the first one before")
        .into());
    }
    let folder = RemotePath::parse(&state.folder).or_else(|why| failed(format!("{what}: {why}")))?;
    let lease = Lease { host: host.clone(), name: name.clone(), folder, key, process, timeout_ms };
    let undo = Undo::By(vec![Deed::Unlease(Box::new(lease.reversed()))]);
    Ok(Plan::Do(vec![Step { deed: Deed::Lease(Box::new(lease)), undo }]))
}

/// A name that was given, or one that is made from what it is for.
pub fn named(what: &str, given: Option<&LeaseName>, made: &str) -> Outcome<LeaseName> {
    match given {
        Some(name) => Ok(name.clone()),
        None => LeaseName::parse(made).or_else(|why| failed(format!("{what}: {why}; give one: #{{ name: \"...\" }}"))),
    }
}
