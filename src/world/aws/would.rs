//! Whether AWS would take a deed: a dry run of its requests, which changes nothing. So a plan finds
//! a missing permission before the first change, and not in the middle of a cutover.

use super::super::link::Fleet;
use super::refusal::Refusal;
use crate::contract::{Aws, Failure, MoveAddress, Outcome, Power};

impl Fleet {
    pub async fn would(&self, deed: &Aws) -> Outcome<()> {
        match deed {
            Aws::Launch(launch) => self.would_launch(launch).await,
            Aws::MoveAddress(m) => self.would_move(m).await,
            Aws::SetPower(p) => {
                let id = p.instance.as_str();
                let said = match p.power {
                    Power::Running => self
                        .ec2("StartInstances", async |ec2| {
                            ec2.start_instances().instance_ids(id).dry_run(true).send().await
                        })
                        .await?
                        .map(drop),
                    Power::Stopped => self
                        .ec2("StopInstances", async |ec2| {
                            ec2.stop_instances().instance_ids(id).dry_run(true).send().await
                        })
                        .await?
                        .map(drop),
                };
                is_permitted(said)
            }
            Aws::Terminate(_) => Ok(()),
        }
    }

    async fn would_move(&self, deed: &MoveAddress) -> Outcome<()> {
        if let Some(association) = self.address_of(&deed.allocation).await?.association {
            let said = self
                .ec2("DisassociateAddress", async |ec2| {
                    ec2.disassociate_address().association_id(&association).dry_run(true).send().await
                })
                .await?;
            is_permitted(said.map(drop))?;
        }
        let Some(to) = &deed.to else { return Ok(()) };
        let said = self
            .ec2("AssociateAddress", async |ec2| {
                let request = ec2.associate_address().allocation_id(&deed.allocation).allow_reassociation(false);
                super::address::at(request, to).dry_run(true).send().await
            })
            .await?;
        is_permitted(said.map(drop))
    }
}

/// Only what no later state of the world can put right is a no; the rest the deed itself meets.
fn is_permitted(said: Result<(), Refusal>) -> Outcome<()> {
    match said {
        Err(refusal) if matches!(refusal.code.as_str(), "UnauthorizedOperation" | "AccessDenied" | "AuthFailure") => {
            Err(Failure::new(refusal.text).into())
        }
        _ => Ok(()),
    }
}
