//! `mig finish [RUN]`.

use super::ground::faces;
use super::resume::pinned_ground;
use super::the_run::the_run;
use super::wrong::Wrong;
use super::{Globals, exit, in_lab, page};
use crate::contract::{Answer, Lease, Operator, Question, World, quote};
use crate::error::{Error, Kind};
use crate::journal::{Journal, Row, RunState};
use crate::name::HostName;
use crate::run::open_leases;
use clap::Args;

/// End a run for good: what a rollback would need goes
///
/// Closes what is still open on the hosts and removes the files that were kept aside. After that
/// the run cannot be rolled back any more. Lists what it could not remove.
#[derive(Debug, Clone, Args)]
pub struct FinishArgs {
    /// The run, or the first letters of its id; left out, the only one that fits
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// Ends a run for good.
///
/// # Errors
/// It is not over, or the person says no.
pub fn run(args: &FinishArgs, globals: &Globals) -> Result<u8, Wrong> {
    let state = globals.state()?;
    let journal = Journal::open(&state)?;
    let can = |s: RunState| matches!(s, RunState::Done | RunState::RolledBack);
    let run = the_run(&journal, args.run.as_deref(), can, "finish")?;
    let lab = match run.lab.is_empty() {
        true => None,
        false => in_lab::of_run(&run, globals).ok(),
    };
    if let Some(lab) = &lab {
        in_lab::enter(lab)?;
    }
    let _held = journal.hold(&run, "finish")?;
    let (face, person) = faces(globals);
    if run.state == RunState::Done {
        let text = format!("Run {} cannot be rolled back after this. End it?", run.id);
        match person.ask(&Question::Confirm { text, default: true }) {
            Ok(Answer::Yes) => {}
            Ok(_) => return Ok(Kind::Stopped.exit_code()),
            Err(halt) => return Err(exit::error_of_halt(&halt).into()),
        }
    }
    let hosts = journal.hosts(&run.id)?;
    let open = open_leases(&journal.calls(&run.id)?);
    let mut left = vec![];
    if run.lab.is_empty() || lab.is_some() {
        let ground = pinned_ground(&run, globals)?;
        let world = ground.open(&run.id, globals, lab.as_ref(), face.listener(), person.clone())?;
        left = world.finish(&hosts);
    }
    face.end();
    let record = journal.record(&run.id)?;
    record.commit("finished", 0, vec![Row::run_is(RunState::Finished, "")]).map_err(Error::bad_input)?;
    if let Some(lab) = lab {
        lab.close()?;
    }
    page(&match run.state {
        RunState::RolledBack => format!("run {} is ended; it had been rolled back", run.id),
        _ => format!("run {} is ended; it cannot be rolled back any more", run.id),
    });
    if left.is_empty() {
        return Ok(0);
    }
    left.extend(by_hand(&run.id, &open, &left));
    Err(left
        .iter()
        .fold(Error::new(Kind::StepFailed, "this could not be removed; please do so by hand"), |e, l| e.hint(l))
        .into())
}

/// How leases go whose hosts could not be reached: what runs ends with its folder, a key with its line.
fn by_hand(run: &str, open: &[Lease], left: &[String]) -> Vec<String> {
    let is_left = |host: &HostName| left.iter().any(|l| l.starts_with(&format!("{host}: ")));
    let mut hints = vec![];
    for lease in open {
        if is_left(&lease.host) {
            let folder = quote(lease.folder.parent());
            hints.push(format!(
                "{}: the {} {} ends with its folder: rm -rf {folder}",
                lease.host,
                lease.kind(),
                lease.name
            ));
        }
        if let Some(key) = lease.key.as_ref().filter(|k| is_left(&k.to)) {
            hints.push(format!(
                "{}: the key of {} goes with its line: sed -i '/ mig-{}-[^ ]*$/d' ~/.ssh/authorized_keys",
                key.to, lease.host, run
            ));
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::LeasedKey;
    use crate::name::{LeaseName, RemotePath};

    #[test]
    fn what_is_left_is_said_with_how_it_goes() {
        let host = |name| HostName::parse(name).unwrap();
        let key = LeasedKey { to: host("dest"), command: None, open: vec![], listen: vec![], valid_ms: 1 };
        let lease = Lease {
            host: host("source"),
            name: LeaseName::parse("to-dest").unwrap(),
            folder: RemotePath::parse("/var/lib/mig/7f3a/lease.to-dest").unwrap(),
            key: Some(key),
            process: None,
            timeout_ms: 1,
        };
        let say = |left: &str| by_hand("7f3a", std::slice::from_ref(&lease), &[left.to_owned()]);
        assert_eq!(say("source: x"), ["source: the key to-dest ends with its folder: rm -rf /var/lib/mig/7f3a"]);
        assert_eq!(
            say("dest: x"),
            ["dest: the key of source goes with its line: sed -i '/ mig-7f3a-[^ ]*$/d' ~/.ssh/authorized_keys"]
        );
    }
}
