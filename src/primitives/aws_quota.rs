//! How much more of something an AWS account may have.

use crate::contract::{Args, AwsAsk, AwsSeen, Example, Given, Look, Outcome, Reading, failed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tell how many Elastic IPs the account may still allocate.
///
/// Both numbers are of the account and region that `aws:` of the inventory names. Addresses of a range that you have
/// brought to AWS are not counted. The permissions are `ec2:DescribeAccountAttributes` and `ec2:DescribeAddresses`.
///
/// How many instances may run is not told: since AWS counts them in vCPUs, EC2's interface no longer gives the number
/// (`max-instances` has no meaning, say its documents), nor does a dry run of a launch look at it. Service Quotas tells:
/// `aws service-quotas get-service-quota --service-code ec2 --quota-code L-1216C47A`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsQuota {}

/// What a script is told.
#[derive(Debug, Serialize)]
pub struct Quotas {
    addresses: Addresses,
}

/// How many there are, may be, and may be added.
#[derive(Debug, Serialize)]
pub struct Addresses {
    used: u32,
    allowed: u32,
    left: u32,
}

impl Args for AwsQuota {
    const NAME: &'static str = "aws_quota";
    const POSITIONAL: &'static [&'static str] = &[];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: "aws_quota()",
            given: &[Given::Aws("quota of addresses", r#"{ "address_quota": { "used": 4, "allowed": 5 } }"#)],
            does: &[],
            undo: &[],
            gives: r#"{ "addresses": { "used": 4, "allowed": 5, "left": 1 } }"#,
        },
        Example {
            script: "aws_quota()",
            // A quota that was lowered takes nothing away.
            given: &[Given::Aws("quota of addresses", r#"{ "address_quota": { "used": 7, "allowed": 5 } }"#)],
            does: &[],
            undo: &[],
            gives: r#"{ "addresses": { "used": 7, "allowed": 5, "left": 0 } }"#,
        },
    ];
}

impl Reading for AwsQuota {
    type Output = Quotas;
    const GIVES: &'static str = "a map: `addresses`, a map with `used`, `allowed` and `left`, how many may be added";

    fn read(&self, look: &dyn Look) -> Outcome<Quotas> {
        match look.aws(&AwsAsk::AddressQuota)? {
            AwsSeen::AddressQuota(quota) => {
                Ok(Quotas { addresses: Addresses { used: quota.used, allowed: quota.allowed, left: quota.left() } })
            }
            other => failed(format!("asked for {}, AWS gave {other:?}", AwsAsk::AddressQuota)),
        }
    }
}
