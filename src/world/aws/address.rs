//! An Elastic IP given to another machine.
//!
//! Not by letting AWS move it, which takes it from whoever has it: the very association that was
//! read is ended (its id is another after each move), and the free address is given away with
//! `AllowReassociation=false`, which AWS refuses when somebody else was quicker. "Success" is not
//! believed either: two who moved it at once have both been told so. It is read until several
//! reads in a row say the same.

use super::super::link::Fleet;
use super::refusal::Refusal;
use crate::contract::{AwsAddress, Failure, Holder, MoveAddress, Outcome};
use aws_sdk_ec2::operation::associate_address::builders::AssociateAddressFluentBuilder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// So many reads in a row must say the same, with this pause between them.
const EQUAL_READS: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(700);

/// How far a move has come.
#[derive(Default)]
struct Progress {
    /// Associations that are ended: a read that shows one is old.
    ended: BTreeSet<String>,
    /// The association that we made.
    made: Option<String>,
}

impl Fleet {
    pub async fn act_move(&self, deed: &MoveAddress) -> Outcome<Value> {
        let until = Instant::now() + Duration::from_millis(deed.timeout_ms);
        let mut progress = Progress::default();
        let mut equal = 0;
        loop {
            let now = self.address_of(&deed.allocation).await?;
            if now.is_at(deed.to.as_ref()) {
                equal += 1;
                if equal >= EQUAL_READS {
                    return Ok(answer(&now));
                }
            } else {
                equal = 0;
                self.one_step(deed, &now, &mut progress).await?;
            }
            if Instant::now() >= until {
                return Err(not_seen(deed, &now).into());
            }
            let seen = now.holder().map_or("nobody has it".into(), |h| format!("{h} has it"));
            self.look_again_in(BETWEEN, &deed.to_string(), &seen, until).await;
        }
    }

    /// Does what is left, as far as this read can be believed.
    async fn one_step(&self, deed: &MoveAddress, now: &AwsAddress, progress: &mut Progress) -> Outcome<()> {
        let is_old = now.association.as_ref().is_some_and(|a| progress.ended.contains(a));
        if !(is_old || now.is_at(None) || now.is_at(deed.from.as_ref())) {
            return Err(Failure::new(third(deed, now)).into());
        }
        if progress.made.is_some() {
            // Given away, and this read does not know it yet.
            return Ok(());
        }
        if !is_old && let Some(association) = &now.association {
            match self.take_away(association).await? {
                Ok(()) => drop(progress.ended.insert(association.clone())),
                // It is ended already, by a request whose answer was lost or by somebody else, and
                // this read is old. The next one tells who has it.
                Err(refusal) if refusal.code.contains("NotFound") => {
                    progress.ended.insert(association.clone());
                    return Ok(());
                }
                Err(refusal) => return Err(Failure::new(refusal.text).into()),
            }
        }
        let Some(to) = &deed.to else { return Ok(()) };
        match self.give_to(&deed.allocation, to).await? {
            Ok(association) => progress.made = Some(association),
            // Not free yet, or somebody else's by now: the next read tells.
            Err(refusal) if refusal.code == "Resource.AlreadyAssociated" => {}
            Err(refusal) => return Err(self.not_given(deed, to, refusal).await),
        }
        Ok(())
    }

    async fn take_away(&self, association: &str) -> Outcome<Result<(), Refusal>> {
        let sent = self
            .ec2("DisassociateAddress", async |ec2| ec2.disassociate_address().association_id(association).send().await)
            .await?;
        Ok(sent.map(drop))
    }

    async fn give_to(&self, allocation: &str, to: &Holder) -> Outcome<Result<String, Refusal>> {
        let sent = self
            .ec2("AssociateAddress", async |ec2| {
                let request = ec2.associate_address().allocation_id(allocation).allow_reassociation(false);
                at(request, to).send().await
            })
            .await?;
        Ok(sent.map(|s| s.association_id().unwrap_or_default().to_owned()))
    }

    /// AWS does not give it to the new machine. It must not stay with nobody.
    async fn not_given(&self, deed: &MoveAddress, to: &Holder, why: Refusal) -> crate::contract::Halt {
        let mut failure = Failure::new(format!("{} is not given to {to}: {}", deed.address, why.text));
        if let Some(from) = &deed.from {
            failure.message += &match self.give_to(&deed.allocation, from).await {
                Ok(Ok(_)) => format!("\n{from} has got it back"),
                Ok(Err(refusal)) => format!("\nand nobody has it now: {from} does not take it back: {}", refusal.text),
                Err(halt) => format!("\nand nobody has it now: {}", super::super::folder::reason(&halt)),
            };
        }
        failure.into()
    }

    /// Reads until several reads in a row say the same.
    pub async fn steady(&self, deed: &MoveAddress) -> Outcome<AwsAddress> {
        let mut last = self.address_of(&deed.allocation).await?;
        let (mut equal, until) = (1, Instant::now() + Duration::from_secs(60));
        while equal < EQUAL_READS && Instant::now() < until {
            tokio::time::sleep(BETWEEN).await;
            let now = self.address_of(&deed.allocation).await?;
            equal = if now == last { equal + 1 } else { 1 };
            last = now;
        }
        Ok(last)
    }
}

/// Says who gets it.
pub fn at(request: AssociateAddressFluentBuilder, to: &Holder) -> AssociateAddressFluentBuilder {
    match (&to.interface, &to.instance) {
        (Some(interface), _) => request.network_interface_id(interface).set_private_ip_address(to.private_ip.clone()),
        (None, Some(instance)) => request.instance_id(instance),
        (None, None) => request,
    }
}

pub fn answer(now: &AwsAddress) -> Value {
    json!({ "changed": true, "address": now.address, "allocation": now.allocation, "association": now.association })
}

/// Somebody has it who should not.
pub fn third(deed: &MoveAddress, now: &AwsAddress) -> String {
    let holder = now.holder().map_or("nobody".into(), |h| h.to_string());
    let was = deed.from.as_ref().map_or("nobody".into(), ToString::to_string);
    let to = deed.to.as_ref().map_or("nobody".into(), ToString::to_string);
    format!(
        "{} ({}) belongs to {holder}, neither to {was} nor to {to}: somebody else has moved it, and it is not taken from them",
        deed.address, deed.allocation
    )
}

fn not_seen(deed: &MoveAddress, now: &AwsAddress) -> Failure {
    let holder = now.holder().map_or("nobody".into(), |h| h.to_string());
    Failure::new(format!(
        "{deed}: not seen to be so within {} s; AWS last said that {holder} has it",
        deed.timeout_ms / 1000
    ))
}
