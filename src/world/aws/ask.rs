//! Questions: an Elastic IP, an instance, whether a launch would be taken, an object of S3.

use super::super::link::Fleet;
use super::refusal::Refusal;
use crate::contract::{AwsAddress, AwsAsk, AwsInstance, AwsSeen, Failure, Outcome};
use aws_sdk_ec2::operation::RequestId as _;
use aws_sdk_ec2::types::{Address, Filter, Instance, InstanceStatus};
use std::collections::BTreeMap;

impl Fleet {
    pub async fn aws(&self, ask: &AwsAsk) -> Outcome<AwsSeen> {
        match ask {
            AwsAsk::Address(address) => Ok(AwsSeen::Address(self.address_of(address).await?)),
            AwsAsk::AddressesOf(instance) => {
                let filter = filter("instance-id", [instance.as_str()]);
                let seen = self
                    .must("DescribeAddresses", async |ec2| {
                        ec2.describe_addresses().filters(filter.clone()).send().await
                    })
                    .await?;
                Ok(AwsSeen::Addresses(seen.addresses().iter().map(address).collect()))
            }
            AwsAsk::Instance(id) => match self.instance(id).await? {
                Ok(instance) => Ok(AwsSeen::Instance(Box::new(instance))),
                Err(refusal) => Err(self.no_such("instance", id, &refusal).await.into()),
            },
            AwsAsk::Protection(id) => Ok(AwsSeen::Protection(self.protection(id).await?)),
            AwsAsk::AddressQuota => Ok(AwsSeen::AddressQuota(self.address_quota().await?)),
            AwsAsk::Launched(name) => {
                Ok(AwsSeen::Launched(self.launched(name).await?.into_iter().next().map(Box::new)))
            }
            AwsAsk::Would(deed) => self.would(deed).await.map(|()| AwsSeen::Fit),
            AwsAsk::Object { bucket, key } => Ok(AwsSeen::Object(self.object(bucket, key).await?)),
        }
    }

    /// An Elastic IP, by its address or its allocation.
    pub async fn address_of(&self, text: &str) -> Outcome<AwsAddress> {
        let seen = self
            .ec2("DescribeAddresses", async |ec2| {
                let ask = ec2.describe_addresses();
                let ask = if text.starts_with("eipalloc-") { ask.allocation_ids(text) } else { ask.public_ips(text) };
                ask.send().await
            })
            .await?;
        let seen = match seen {
            Ok(seen) => seen,
            Err(refusal) => return Err(self.no_such("Elastic IP", text, &refusal).await.into()),
        };
        let found = seen.addresses().iter().map(address).find(|a| a.address == text || a.allocation == text);
        match found {
            Some(found) if !found.allocation.is_empty() => Ok(found),
            Some(_) => {
                Err(Failure::new(format!("{text} is an address of EC2-Classic, which nothing can move now")).into())
            }
            None => {
                let id = seen.request_id().unwrap_or("unknown");
                let why = format!(
                    "unexpected answer from EC2 (request id {id}), nothing assumed: it says that it found {text}, and does not show it"
                );
                Err(Failure::new(why).into())
            }
        }
    }

    /// What is not there, and where it was looked for.
    async fn no_such(&self, what: &str, id: &str, refusal: &Refusal) -> Failure {
        let region = match self.open_account().await {
            Ok(open) => open.region.clone(),
            Err(_) => "this region".into(),
        };
        let is_missing = ["NotFound", "Malformed", "InvalidAddressID"].iter().any(|w| refusal.code.contains(w));
        if !is_missing {
            return Failure::new(refusal.text.as_str());
        }
        let forms = match what {
            "instance" => "an instance is given by its id, as i-0123456789abcdef0",
            _ => {
                "an Elastic IP is given by its address, as 203.0.113.7, or its allocation, as eipalloc-0123456789abcdef0"
            }
        };
        Failure::new(format!("{id} is no {what} of this account in {region} ({})", refusal.code))
            .hint(forms)
            .hint("another region or account: aws: { region, profile } in the inventory")
    }

    /// An instance with its status checks, or why AWS does not show it.
    pub async fn instance(&self, id: &str) -> Outcome<Result<AwsInstance, Refusal>> {
        let seen =
            self.ec2("DescribeInstances", async |ec2| ec2.describe_instances().instance_ids(id).send().await).await?;
        let seen = match seen {
            Ok(seen) => seen,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let all = seen.reservations().iter().flat_map(|r| r.instances());
        let Some(found) = all.into_iter().find(|i| i.instance_id() == Some(id)) else {
            let request = seen.request_id().unwrap_or("unknown");
            let text = format!(
                "unexpected answer from EC2 (request id {request}), nothing assumed: it says that it found {id}, and does not show it"
            );
            return Ok(Err(Refusal { code: "Unreadable".into(), text }));
        };
        Ok(Ok(self.with_checks(found).await?))
    }

    /// The instances that this run launched under a name and that are not gone, oldest first.
    pub async fn launched(&self, name: &str) -> Outcome<Vec<AwsInstance>> {
        let run = self.settings.run.as_str();
        let filters = vec![
            filter("tag:mig:run", [run]),
            filter("tag:mig:launch", [name]),
            filter("instance-state-name", ["pending", "running", "stopping", "stopped"]),
        ];
        let seen = self
            .must("DescribeInstances", async |ec2| {
                ec2.describe_instances().set_filters(Some(filters.clone())).send().await
            })
            .await?;
        let mut all = vec![];
        for found in seen.reservations().iter().flat_map(|r| r.instances()) {
            // What bears our tags by somebody else's hand is not ours.
            if found.client_token().is_some_and(|t| t.starts_with(&super::launch::token_of(run, ""))) {
                all.push(self.with_checks(found).await?);
            }
        }
        all.sort_by(|a, b| (&a.launched, &a.id).cmp(&(&b.launched, &b.id)));
        Ok(all)
    }

    async fn with_checks(&self, found: &Instance) -> Outcome<AwsInstance> {
        let mut instance = instance(found);
        if instance.state != "running" {
            instance.system_check = "not-applicable".into();
            instance.instance_check = "not-applicable".into();
            return Ok(instance);
        }
        let id = instance.id.clone();
        let seen = self
            .ec2("DescribeInstanceStatus", async |ec2| ec2.describe_instance_status().instance_ids(&id).send().await)
            .await?;
        // Right after a start it may not be known there yet.
        let statuses = seen.as_ref().map(|s| s.instance_statuses()).unwrap_or_default();
        let status = statuses.iter().find(|s| s.instance_id() == Some(&id));
        let check = |of: fn(&InstanceStatus) -> Option<&aws_sdk_ec2::types::InstanceStatusSummary>| {
            let status = status.and_then(of).and_then(|s| s.status());
            status.map_or("initializing", |s| s.as_str()).to_owned()
        };
        instance.system_check = check(InstanceStatus::system_status);
        instance.instance_check = check(InstanceStatus::instance_status);
        Ok(instance)
    }
}

pub fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

fn address(a: &Address) -> AwsAddress {
    let owner = a.network_interface_owner_id().filter(|o| o.starts_with("amazon"));
    let text = |s: Option<&str>| s.filter(|s| !s.is_empty()).map(Into::into);
    AwsAddress {
        address: a.public_ip().unwrap_or_default().into(),
        allocation: a.allocation_id().unwrap_or_default().into(),
        association: text(a.association_id()),
        instance: text(a.instance_id()),
        interface: text(a.network_interface_id()),
        private_ip: text(a.private_ip_address()),
        service: a.service_managed().map(|s| s.as_str().to_owned()).or(owner.map(Into::into)),
    }
}

fn instance(i: &Instance) -> AwsInstance {
    let text = |s: Option<&str>| s.filter(|s| !s.is_empty()).map(String::from);
    let tags: BTreeMap<String, String> =
        i.tags().iter().map(|t| (t.key().unwrap_or_default().into(), t.value().unwrap_or_default().into())).collect();
    AwsInstance {
        id: i.instance_id().unwrap_or_default().into(),
        state: i.state().and_then(|s| s.name()).map_or("unknown", |n| n.as_str()).into(),
        reason: text(i.state_reason().and_then(|r| r.message())).or(text(i.state_transition_reason())),
        system_check: String::new(),
        instance_check: String::new(),
        kind: i.instance_type().map_or("", |t| t.as_str()).into(),
        image: i.image_id().unwrap_or_default().into(),
        private_ip: text(i.private_ip_address()),
        public_ip: text(i.public_ip_address()),
        subnet: text(i.subnet_id()),
        vpc: text(i.vpc_id()),
        zone: text(i.placement().and_then(|p| p.availability_zone())),
        role: text(i.iam_instance_profile().and_then(|p| p.arn())),
        key: text(i.key_name()),
        groups: i.security_groups().iter().filter_map(|g| g.group_id()).map(Into::into).collect(),
        interfaces: i.network_interfaces().iter().filter_map(|n| n.network_interface_id()).map(Into::into).collect(),
        tags,
        launched: i.launch_time().and_then(|t| t.fmt(aws_sdk_ec2::primitives::DateTimeFormat::DateTime).ok()),
    }
}
