//! An instance started or stopped.

use super::aws_answer;
use super::aws_id::InstanceId;
use super::duration::Duration;
use crate::contract::{
    Args, Aws, Change, Deed, Example, Failure, Given, Look, Outcome, Plan, Power, SetPower, Step, Undo, failed,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Start or stop an instance of EC2.
///
/// A started instance is done when it runs and passes both status checks: one that is only `running` may
/// not have booted. A stopped one keeps its Elastic IP, and loses a public address that AWS had lent it. A
/// rollback brings it back to what it was. An instance that an auto-scaling group looks after must not be
/// stopped: the group would launch another.
///
/// One that is protected from being stopped is refused while planning, with the command that takes the protection away.
///
/// The permissions are `ec2:StartInstances`, `ec2:StopInstances` and those of `aws_instance_info`; the plan
/// asks AWS whether they are there (a dry run).
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsInstance {
    /// Id of the instance.
    id: InstanceId,
    /// What it is to be.
    state: Power,
    /// How long it may take to become so, as a text with a unit.
    #[serde(default = "ten_minutes")]
    timeout: Duration,
    /// Instance that takes its place, where the two must never run together: a rollback stops that one before it
    /// starts this one again, and leaves it stopped. Only with `stopped`.
    #[serde(default)]
    never_with: Option<InstanceId>,
}

fn ten_minutes() -> Duration {
    Duration::minutes(10)
}

impl Args for AwsInstance {
    const NAME: &'static str = "aws_instance";
    const POSITIONAL: &'static [&'static str] = &["id", "state"];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"aws_instance("i-0aaaaaaaaaaaaaaa0", "stopped")"#,
            given: &[
                Given::Aws(
                    "instance i-0aaaaaaaaaaaaaaa0",
                    r#"{ "instance": { "id": "i-0aaaaaaaaaaaaaaa0", "state": "running", "system_check": "ok", "instance_check": "ok", "tags": { "Name": "controller" } } }"#,
                ),
                Given::Aws("protection of i-0aaaaaaaaaaaaaaa0", r#"{ "protection": { "stop": false } }"#),
                Given::Aws("whether it would take `aws: stop i-0aaaaaaaaaaaaaaa0 (controller)`", r#""fit""#),
                Given::Aws("whether it would take `aws: start i-0aaaaaaaaaaaaaaa0 (controller)`", r#""fit""#),
            ],
            does: &["aws: stop i-0aaaaaaaaaaaaaaa0 (controller)"],
            undo: &["aws: start i-0aaaaaaaaaaaaaaa0 (controller)"],
            gives: "",
        },
        Example {
            script: r#"aws_instance("i-0aaaaaaaaaaaaaaa0", "stopped", #{ never_with: "i-0bbbbbbbbbbbbbbb0" })"#,
            given: &[
                Given::Aws(
                    "instance i-0aaaaaaaaaaaaaaa0",
                    r#"{ "instance": { "id": "i-0aaaaaaaaaaaaaaa0", "state": "running", "system_check": "ok", "instance_check": "ok" } }"#,
                ),
                Given::Aws(
                    "instance i-0bbbbbbbbbbbbbbb0",
                    r#"{ "instance": { "id": "i-0bbbbbbbbbbbbbbb0", "state": "running", "system_check": "ok", "instance_check": "ok" } }"#,
                ),
                Given::Aws("protection of i-0aaaaaaaaaaaaaaa0", r#"{ "protection": { "stop": false } }"#),
                Given::Aws("protection of i-0bbbbbbbbbbbbbbb0", r#"{ "protection": { "stop": false } }"#),
                Given::Aws("whether it would take `aws: stop i-0aaaaaaaaaaaaaaa0`", r#""fit""#),
                Given::Aws("whether it would take `aws: start i-0aaaaaaaaaaaaaaa0`", r#""fit""#),
                Given::Aws("whether it would take `aws: stop i-0bbbbbbbbbbbbbbb0`", r#""fit""#),
            ],
            does: &["aws: stop i-0aaaaaaaaaaaaaaa0"],
            undo: &["aws: stop i-0bbbbbbbbbbbbbbb0", "aws: start i-0aaaaaaaaaaaaaaa0"],
            gives: "",
        },
        Example {
            script: r#"aws_instance("i-0aaaaaaaaaaaaaaa0", "running", #{ timeout: "15m" })"#,
            given: &[Given::Aws(
                "instance i-0aaaaaaaaaaaaaaa0",
                r#"{ "instance": { "id": "i-0aaaaaaaaaaaaaaa0", "state": "running", "system_check": "ok", "instance_check": "ok" } }"#,
            )],
            does: &[],
            undo: &[],
            gives: "",
        },
    ];
}

impl Change for AwsInstance {
    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let now = aws_answer::instance(look, self.id.as_ref())?;
        if now.is_gone() {
            return Err(Failure::new(format!("aws_instance: {} is {}, and is never started again", now.id, now.state))
                .hint("aws_launch launches another")
                .into());
        }
        match (self.state, now.state.as_str()) {
            (Power::Running, "running" | "pending") => Ok(now.is_not_ready().map_or(Plan::Already, Plan::Wait)),
            (Power::Stopped, "stopped") => Ok(Plan::Already),
            (Power::Stopped, "stopping") => Ok(Plan::Wait(format!("{} is stopping", now.id))),
            (Power::Running, "stopped" | "stopping") | (Power::Stopped, "running" | "pending") => {
                if self.state == Power::Stopped {
                    may_be_stopped(look, &now.id)?;
                }
                let to = |power| {
                    Aws::SetPower(SetPower {
                        instance: now.id.clone(),
                        power,
                        name: now.name().into(),
                        timeout_ms: self.timeout.ms(),
                    })
                };
                let (deed, back) = (to(self.state), to(self.state.other()));
                // The way back too: a missing permission is better known before.
                aws_answer::would(look, &deed)?;
                aws_answer::would(look, &back)?;
                let mut undo = vec![];
                if let Some(other) = &self.never_with {
                    if self.state != Power::Stopped || other.as_ref() == now.id {
                        return failed(
                            "aws_instance: never_with: it names another instance than the one that is stopped",
                        );
                    }
                    let other = aws_answer::instance(look, other.as_ref())?;
                    // Nor could a rollback stop that one.
                    if !other.is_gone() {
                        may_be_stopped(look, &other.id)?;
                    }
                    let first = Aws::SetPower(SetPower {
                        name: other.name().into(),
                        instance: other.id,
                        power: Power::Stopped,
                        timeout_ms: self.timeout.ms(),
                    });
                    aws_answer::would(look, &first)?;
                    undo.push(Deed::Aws(first));
                }
                undo.push(Deed::Aws(back));
                let undo = Undo::By(undo);
                Ok(Plan::Do(vec![Step { deed: Deed::Aws(deed), undo }]))
            }
            (_, other) => failed(format!("aws_instance: unexpected state {other:?} of {}, nothing assumed", now.id)),
        }
    }

    fn patience_ms(&self) -> Option<u64> {
        Some(self.timeout.ms())
    }
}

/// A dry run does not look at the protection: the stop itself would be refused, in the middle of a cutover.
fn may_be_stopped(look: &dyn Look, id: &str) -> Outcome<()> {
    if aws_answer::protection(look, id)?.stop != Some(true) {
        return Ok(());
    }
    Err(Failure::new(format!("aws_instance: {id} is protected from being stopped"))
        .hint(format!("when it may be: aws ec2 modify-instance-attribute --instance-id {id} --no-disable-api-stop"))
        .into())
}
