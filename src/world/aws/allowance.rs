//! What an instance is protected from, and how many Elastic IPs may still be had.

use super::super::link::Fleet;
use crate::contract::{AwsAddressQuota, AwsProtection, Failure, Outcome, failed};
use aws_sdk_ec2::operation::describe_instance_attribute::DescribeInstanceAttributeOutput;
use aws_sdk_ec2::types::{AccountAttributeName, InstanceAttributeName};

/// How AWS calls the number of Elastic IPs that a region may have. The crate's list lacks it; AWS's documents have it.
const ADDRESSES: &str = "vpc-max-elastic-ips";

impl Fleet {
    pub async fn protection(&self, id: &str) -> Outcome<AwsProtection> {
        use InstanceAttributeName::{DisableApiStop, DisableApiTermination, InstanceInitiatedShutdownBehavior};
        let stop = self.attribute(id, DisableApiStop).await?;
        if stop.is_none() {
            return Ok(AwsProtection::default());
        }
        let termination = self.attribute(id, DisableApiTermination).await?;
        let shutdown = self.attribute(id, InstanceInitiatedShutdownBehavior).await?;
        let is = |value: Option<&aws_sdk_ec2::types::AttributeBooleanValue>| value.and_then(|v| v.value());
        Ok(AwsProtection {
            stop: is(stop.as_ref().and_then(|s| s.disable_api_stop())),
            termination: is(termination.as_ref().and_then(|t| t.disable_api_termination())),
            shutdown: shutdown
                .and_then(|s| s.instance_initiated_shutdown_behavior?.value)
                .filter(|value| !value.is_empty()),
        })
    }

    /// `None`: these credentials may not read it, which is an answer, as much else of the instance can be read.
    async fn attribute(
        &self,
        id: &str,
        which: InstanceAttributeName,
    ) -> Outcome<Option<DescribeInstanceAttributeOutput>> {
        let seen = self
            .ec2("DescribeInstanceAttribute", async |ec2| {
                ec2.describe_instance_attribute().instance_id(id).attribute(which.clone()).send().await
            })
            .await?;
        match seen {
            Ok(seen) => Ok(Some(seen)),
            Err(refusal) if matches!(refusal.code.as_str(), "UnauthorizedOperation" | "AccessDenied") => Ok(None),
            Err(refusal) => Err(Failure::new(refusal.text).into()),
        }
    }

    pub async fn address_quota(&self) -> Outcome<AwsAddressQuota> {
        let said = self
            .must("DescribeAccountAttributes", async |ec2| {
                ec2.describe_account_attributes().attribute_names(AccountAttributeName::from(ADDRESSES)).send().await
            })
            .await?;
        let attribute = said.account_attributes().iter().find(|a| a.attribute_name() == Some(ADDRESSES));
        let value = attribute.and_then(|a| a.attribute_values().first()).and_then(|v| v.attribute_value());
        let Some(allowed) = value.and_then(|v| v.parse().ok()) else {
            return failed(format!("EC2 does not say how many Elastic IPs may be had ({ADDRESSES}), nothing assumed"));
        };
        let seen = self.must("DescribeAddresses", async |ec2| ec2.describe_addresses().send().await).await?;
        // Those of a range that the user has brought to AWS come out of that range.
        let is_amazons = |pool: Option<&str>| pool.is_none_or(|p| p.is_empty() || p == "amazon");
        let used = seen.addresses().iter().filter(|a| is_amazons(a.public_ipv4_pool())).count();
        Ok(AwsAddressQuota { used: u32::try_from(used).unwrap_or(u32::MAX), allowed })
    }
}
