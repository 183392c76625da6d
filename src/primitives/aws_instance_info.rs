//! An instance: its state, its status checks, where it is.

use super::aws_answer;
use super::aws_id::InstanceId;
use crate::contract::{Args, AwsInstance, AwsProtection, Example, Given, Look, Outcome, Reading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Describe an instance of EC2.
///
/// `ready` is what to wait for: an instance that is `running` may not have booted yet; `ready` is `true`
/// once it also passes both status checks. An instance that is not in this account and region is a failure.
/// The permissions are `ec2:DescribeInstances` and `ec2:DescribeInstanceStatus`.
///
/// `stop_protection` and `termination_protection` say whether AWS would refuse to stop or to terminate it, `shutdown`
/// what becomes of it when it shuts itself down, which neither protects it from. They are read with
/// `ec2:DescribeInstanceAttribute`, and `()` without that permission, or when the instance is terminated.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsInstanceInfo {
    /// Id of the instance.
    id: InstanceId,
}

/// What a script is told.
#[derive(Debug, Serialize)]
pub struct Info {
    id: String,
    state: String,
    ready: bool,
    checks: String,
    reason: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    image: String,
    private_ip: Option<String>,
    public_ip: Option<String>,
    subnet: Option<String>,
    vpc: Option<String>,
    zone: Option<String>,
    role: Option<String>,
    key: Option<String>,
    groups: Vec<String>,
    interfaces: Vec<String>,
    tags: BTreeMap<String, String>,
    launched: Option<String>,
    stop_protection: Option<bool>,
    termination_protection: Option<bool>,
    shutdown: Option<String>,
}

impl Info {
    fn new(i: AwsInstance, protection: AwsProtection) -> Self {
        Info {
            ready: i.is_not_ready().is_none(),
            checks: format!("{}/2", i.passed()),
            id: i.id,
            state: i.state,
            reason: i.reason,
            kind: i.kind,
            image: i.image,
            private_ip: i.private_ip,
            public_ip: i.public_ip,
            subnet: i.subnet,
            vpc: i.vpc,
            zone: i.zone,
            role: i.role,
            key: i.key,
            groups: i.groups,
            interfaces: i.interfaces,
            tags: i.tags,
            launched: i.launched,
            stop_protection: protection.stop,
            termination_protection: protection.termination,
            shutdown: protection.shutdown,
        }
    }
}

impl Args for AwsInstanceInfo {
    const NAME: &'static str = "aws_instance_info";
    const POSITIONAL: &'static [&'static str] = &["id"];
    const EXAMPLES: &'static [Example] = &[Example {
        script: r#"aws_instance_info("i-0aaaaaaaaaaaaaaa0")"#,
        given: &[
            Given::Aws(
                "instance i-0aaaaaaaaaaaaaaa0",
                r#"{ "instance": { "id": "i-0aaaaaaaaaaaaaaa0", "state": "running", "system_check": "ok", "instance_check": "initializing", "kind": "t3.large", "image": "ami-01", "private_ip": "10.0.0.4", "tags": { "MigrationStatus": "Migrating" } } }"#,
            ),
            Given::Aws(
                "protection of i-0aaaaaaaaaaaaaaa0",
                r#"{ "protection": { "stop": false, "termination": true, "shutdown": "stop" } }"#,
            ),
        ],
        does: &[],
        undo: &[],
        gives: r#"{ "id": "i-0aaaaaaaaaaaaaaa0", "state": "running", "ready": false, "checks": "1/2", "reason": null,
                    "type": "t3.large", "image": "ami-01", "private_ip": "10.0.0.4", "public_ip": null, "subnet": null,
                    "vpc": null, "zone": null, "role": null, "key": null, "groups": [], "interfaces": [],
                    "tags": { "MigrationStatus": "Migrating" }, "launched": null,
                    "stop_protection": false, "termination_protection": true, "shutdown": "stop" }"#,
    }];
}

impl Reading for AwsInstanceInfo {
    type Output = Info;
    const GIVES: &'static str = "a map: `id`, `state` (`pending`, `running`, `stopping`, `stopped`, `shutting-down`, `terminated`), \
         `ready`, `checks` (`\"2/2\"`), `reason`, `type`, `image`, `private_ip`, `public_ip`, `subnet`, `vpc`, `zone`, `role`, \
         `key`, `groups`, `interfaces`, `tags` (a map), `launched`, `stop_protection`, `termination_protection`, \
         `shutdown` (`stop` or `terminate`); `()` where there is none";

    fn read(&self, look: &dyn Look) -> Outcome<Info> {
        let instance = aws_answer::instance(look, self.id.as_ref())?;
        let protection =
            if instance.is_gone() { AwsProtection::default() } else { aws_answer::protection(look, &instance.id)? };
        Ok(Info::new(instance, protection))
    }
}
