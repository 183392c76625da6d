//! An Elastic IP: who has it.

use super::aws_answer;
use super::aws_id::ElasticIp;
use crate::contract::{Args, AwsAddress, Example, Given, Look, Outcome, Reading};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tell who has an Elastic IP.
///
/// It is looked for in the account and region that `aws:` of the inventory names; an address that is not
/// there is a failure. What AWS answers may be some seconds old: after a move of `mig` it has been read
/// until it was so. The permission is `ec2:DescribeAddresses`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsEip {
    /// Public IPv4 address, or the allocation (`eipalloc-...`).
    address: ElasticIp,
}

impl Args for AwsEip {
    const NAME: &'static str = "aws_eip";
    const POSITIONAL: &'static [&'static str] = &["address"];
    const EXAMPLES: &'static [Example] = &[Example {
        script: r#"aws_eip("203.0.113.7")"#,
        given: &[Given::Aws(
            "address 203.0.113.7",
            r#"{ "address": { "address": "203.0.113.7", "allocation": "eipalloc-0a1b2c3d", "association": "eipassoc-01", "instance": "i-0aaaaaaaaaaaaaaa0", "interface": "eni-01", "private_ip": "10.0.0.4" } }"#,
        )],
        does: &[],
        undo: &[],
        gives: r#"{ "address": "203.0.113.7", "allocation": "eipalloc-0a1b2c3d", "association": "eipassoc-01",
                    "instance": "i-0aaaaaaaaaaaaaaa0", "interface": "eni-01", "private_ip": "10.0.0.4", "service": null }"#,
    }];
}

impl Reading for AwsEip {
    type Output = AwsAddress;
    const GIVES: &'static str = "a map: `address`, `allocation`; `association`, `instance`, `interface`, `private_ip` of who has it, \
         `()` when nobody has; `service`: the service of AWS that has it, or `()`";

    fn read(&self, look: &dyn Look) -> Outcome<AwsAddress> {
        aws_answer::address(look, self.address.as_ref())
    }
}
