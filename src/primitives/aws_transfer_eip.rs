//! An Elastic IP given from one machine to another.

use super::aws_answer;
use super::aws_id::{ElasticIp, HolderId};
use super::duration::Duration;
use crate::contract::{
    Args, Aws, AwsAddress, Change, Deed, Example, Failure, Given, Holder, Look, MoveAddress, Outcome, Plan, Step, Undo,
    failed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Move an Elastic IP from one machine to another.
///
/// It is moved only while `from` has it, or nobody; what somebody else has is never taken from them, also
/// when they are quicker by a moment: the association that was read is ended by its id, and the free address
/// is given away on the condition that it is still free. So it belongs to nobody for a second or so. AWS's
/// "success" is not believed: it is done when several reads in a row say so, for AWS may answer with what was.
///
/// When `to` has an Elastic IP of its own already, that one is taken away first and stays in the account. A
/// rollback gives each back to who had it. The plan asks AWS whether it would (a dry run), so a missing
/// permission is known before anything is changed. The permissions are `ec2:DescribeAddresses`,
/// `ec2:DescribeInstances`, `ec2:DescribeInstanceStatus`, `ec2:AssociateAddress` and
/// `ec2:DisassociateAddress`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsTransferEip {
    /// Public IPv4 address, or the allocation (`eipalloc-...`).
    address: ElasticIp,
    /// Instance, or network interface, that may have it now. Left out: it must belong to nobody.
    #[serde(default)]
    from: Option<HolderId>,
    /// Instance that gets it; one of its network interfaces (`eni-...`) where it has several. It must be given.
    #[serde(default)]
    to: Option<HolderId>,
    /// How long it may take until it is seen to be so, as a text with a unit.
    #[serde(default = "five_minutes")]
    timeout: Duration,
}

fn five_minutes() -> Duration {
    Duration::minutes(5)
}

const OLD: &str = r#"{ "instance": { "id": "i-0aaaaaaaaaaaaaaa0", "state": "running", "interfaces": ["eni-01"] } }"#;
const NEW: &str = r#"{ "instance": { "id": "i-0bbbbbbbbbbbbbbb0", "state": "running", "interfaces": ["eni-02"] } }"#;
const AT_OLD: &str = r#"{ "address": { "address": "203.0.113.7", "allocation": "eipalloc-0a1b2c3d", "association": "eipassoc-01", "instance": "i-0aaaaaaaaaaaaaaa0", "interface": "eni-01", "private_ip": "10.0.0.4" } }"#;
const AT_NEW: &str = r#"{ "address": { "address": "203.0.113.7", "allocation": "eipalloc-0a1b2c3d", "association": "eipassoc-02", "instance": "i-0bbbbbbbbbbbbbbb0", "interface": "eni-02", "private_ip": "10.0.0.5" } }"#;
const OWN: &str = r#"{ "addresses": [{ "address": "198.51.100.9", "allocation": "eipalloc-0e0e0e0e", "association": "eipassoc-03", "instance": "i-0bbbbbbbbbbbbbbb0", "interface": "eni-02", "private_ip": "10.0.0.5" }] }"#;

impl Args for AwsTransferEip {
    const NAME: &'static str = "aws_transfer_eip";
    const POSITIONAL: &'static [&'static str] = &["address"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"aws_transfer_eip("203.0.113.7", #{ from: "i-0aaaaaaaaaaaaaaa0", to: "i-0bbbbbbbbbbbbbbb0" })"#,
            given: &[
                Given::Aws("address 203.0.113.7", AT_OLD),
                Given::Aws("instance i-0aaaaaaaaaaaaaaa0", OLD),
                Given::Aws("instance i-0bbbbbbbbbbbbbbb0", NEW),
                Given::Aws("addresses of i-0bbbbbbbbbbbbbbb0", r#"{ "addresses": [] }"#),
                Given::Aws(
                    "whether it would take `aws: move 203.0.113.7 from i-0aaaaaaaaaaaaaaa0 to i-0bbbbbbbbbbbbbbb0`",
                    r#""fit""#,
                ),
            ],
            does: &["aws: move 203.0.113.7 from i-0aaaaaaaaaaaaaaa0 to i-0bbbbbbbbbbbbbbb0"],
            undo: &["aws: move 203.0.113.7 from i-0bbbbbbbbbbbbbbb0 to i-0aaaaaaaaaaaaaaa0"],
            gives: "",
        },
        Example {
            script: r#"aws_transfer_eip("203.0.113.7", #{ from: "i-0aaaaaaaaaaaaaaa0", to: "i-0bbbbbbbbbbbbbbb0" })"#,
            given: &[
                Given::Aws("address 203.0.113.7", AT_OLD),
                Given::Aws("instance i-0aaaaaaaaaaaaaaa0", OLD),
                Given::Aws("instance i-0bbbbbbbbbbbbbbb0", NEW),
                Given::Aws("addresses of i-0bbbbbbbbbbbbbbb0", OWN),
                Given::Aws(
                    "whether it would take `aws: take 198.51.100.9 from i-0bbbbbbbbbbbbbbb0, and keep it`",
                    r#""fit""#,
                ),
                Given::Aws(
                    "whether it would take `aws: move 203.0.113.7 from i-0aaaaaaaaaaaaaaa0 to i-0bbbbbbbbbbbbbbb0`",
                    r#""fit""#,
                ),
            ],
            does: &[
                "aws: take 198.51.100.9 from i-0bbbbbbbbbbbbbbb0, and keep it",
                "aws: move 203.0.113.7 from i-0aaaaaaaaaaaaaaa0 to i-0bbbbbbbbbbbbbbb0",
            ],
            undo: &[
                "aws: move 203.0.113.7 from i-0bbbbbbbbbbbbbbb0 to i-0aaaaaaaaaaaaaaa0",
                "aws: give 198.51.100.9 to i-0bbbbbbbbbbbbbbb0",
            ],
            gives: "",
        },
        Example {
            script: r#"aws_transfer_eip("203.0.113.7", #{ from: "i-0aaaaaaaaaaaaaaa0", to: "i-0bbbbbbbbbbbbbbb0" })"#,
            given: &[Given::Aws("address 203.0.113.7", AT_NEW)],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for AwsTransferEip {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let to = self.sane()?;
        let now = aws_answer::address(look, self.address.as_ref())?;
        if now.is_at(Some(&holder(to))) {
            return Ok(Plan::Already);
        }
        self.is_allowed(&now)?;
        let from = self.holder_now(look, &now)?;
        let to = self.checked(look, to)?;
        let mut steps = vec![];
        if let Some(instance) = &to.instance {
            for own in aws_answer::addresses_of(look, instance)?.iter().filter(|a| a.allocation != now.allocation) {
                // Addresses of other interfaces stay: only one is in the way.
                if to.interface.is_none() || own.interface == to.interface {
                    steps.push(self.step(own, Some(Holder::instance(instance)), None));
                }
            }
        }
        steps.push(self.step(&now, from, Some(to)));
        for step in &steps {
            if let Deed::Aws(deed) = &step.deed {
                aws_answer::would(look, deed)?;
            }
        }
        Ok(Plan::Do(steps))
    }

    fn patience_ms(&self) -> Option<u64> {
        Some(self.timeout.ms())
    }
}

fn holder(id: &HolderId) -> Holder {
    if id.is_interface() { Holder::interface(id.as_ref()) } else { Holder::instance(id.as_ref()) }
}

impl AwsTransferEip {
    fn sane(&self) -> Outcome<&HolderId> {
        let Some(to) = &self.to else {
            return Err(Failure::new("aws_transfer_eip: to: it is missing: who gets the address")
                .hint(r#"as in aws_transfer_eip("203.0.113.7", #{ from: "i-...", to: "i-..." })"#)
                .into());
        };
        if self.from.as_ref() == Some(to) {
            return failed(format!("aws_transfer_eip: from and to are both {to}"));
        }
        Ok(to)
    }

    /// Only what `from` has, or nobody, is moved.
    fn is_allowed(&self, now: &AwsAddress) -> Outcome<()> {
        if let Some(service) = &now.service {
            return failed(format!(
                "aws_transfer_eip: {} belongs to a service of AWS ({service}), which alone can move it",
                now.address
            ));
        }
        let Some(has) = now.holder() else { return Ok(()) };
        match &self.from {
            Some(from) if has.is(&holder(from)) => Ok(()),
            Some(from) => Err(Failure::new(format!(
                "aws_transfer_eip: {} ({}) belongs to {has}, not to {from}: it is not taken from somebody else",
                now.address, now.allocation
            ))
            .hint("if that is who is to give it, say so as `from`")
            .into()),
            None => Err(Failure::new(format!(
                "aws_transfer_eip: {} ({}) belongs to {has}, and no `from` says that it may be taken from there",
                now.address, now.allocation
            ))
            .hint("name as `from` who has it now")
            .into()),
        }
    }

    /// Who has it, told so exactly that it can be given back.
    fn holder_now(&self, look: &dyn Look, now: &AwsAddress) -> Outcome<Option<Holder>> {
        let Some(has) = now.holder() else { return Ok(None) };
        let Some(instance) = &has.instance else { return Ok(Some(has)) };
        let several = aws_answer::instance(look, instance)?.interfaces.len() > 1;
        Ok(Some(if several { has } else { Holder::instance(instance) }))
    }

    /// The new holder: it must be there, and AWS must know which interface is meant.
    fn checked(&self, look: &dyn Look, to: &HolderId) -> Outcome<Holder> {
        if to.is_interface() {
            return Ok(holder(to));
        }
        let now = aws_answer::instance(look, to.as_ref())?;
        if now.is_gone() {
            return failed(format!("aws_transfer_eip: to: {} is {}, and can be given nothing", now.id, now.state));
        }
        if now.interfaces.len() > 1 {
            return Err(Failure::new(format!("aws_transfer_eip: to: {} has several network interfaces", now.id))
                .hint(format!("name the one that gets it: {}", now.interfaces.join(", ")))
                .into());
        }
        Ok(holder(to))
    }

    fn step(&self, address: &AwsAddress, from: Option<Holder>, to: Option<Holder>) -> Step {
        let deed = MoveAddress {
            address: address.address.clone(),
            allocation: address.allocation.clone(),
            from,
            to,
            timeout_ms: self.timeout.ms(),
        };
        let undo = Undo::By(vec![Deed::Aws(Aws::MoveAddress(deed.reversed()))]);
        Step { deed: Deed::Aws(Aws::MoveAddress(deed)), undo }
    }
}
