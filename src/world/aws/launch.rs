//! An instance launched, never twice; and terminated again.
//!
//! The client token is made of the run and the call, so the same request sent again gives the same
//! instance. The tags `mig:run` and `mig:launch` find it again when its id was lost.

use super::super::link::Fleet;
use crate::contract::{AwsInstance, Failure, Launch, Outcome, Terminate, Token, failed};
use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    IamInstanceProfileSpecification, InstanceType, LaunchTemplateSpecification, ResourceType, Tag, TagSpecification,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// The client token of a call; with an empty call, how all of a run begin.
pub fn token_of(run: &str, call: &str) -> String {
    format!("mig-{run}-{call}").chars().take(64).collect()
}

impl Fleet {
    pub async fn act_launch(&self, token: &Token, launch: &Launch) -> Outcome<Value> {
        // An earlier attempt whose answer was lost, or that failed later, has launched it already.
        if let Some(known) = self.launched(&launch.name).await?.first() {
            return Ok(answer(known));
        }
        let user_data = self.user_data(launch)?;
        let id = self.run_instances(launch, user_data.as_ref(), &token.of_deed()).await?;
        // Its answer is the same for ever. Where the operator had that one undone, another is meant.
        let is_again = token.attempts().len() > 1 && matches!(self.instance(&id).await?, Ok(now) if now.is_gone());
        if is_again {
            let id = self.run_instances(launch, user_data.as_ref(), token.as_ref()).await?;
            return self.first_seen(&id).await;
        }
        self.first_seen(&id).await
    }

    async fn run_instances(
        &self,
        launch: &Launch,
        user_data: Option<&Zeroizing<String>>,
        call: &str,
    ) -> Outcome<String> {
        let run = self.settings.run.as_str();
        let client_token = token_of(run, call);
        let sent = self
            .ec2("RunInstances", async |ec2| {
                request(ec2.run_instances(), launch, run, user_data.map(|u| u.as_str()))
                    .client_token(&client_token)
                    .send()
                    .await
            })
            .await?;
        let made = match sent {
            Ok(made) => made,
            Err(refusal) => return Err(not_launched(launch, &refusal.code, &refusal.text).into()),
        };
        match made.instances().first().and_then(|i| i.instance_id()) {
            Some(id) => Ok(id.to_owned()),
            None => failed("unexpected answer from EC2 to RunInstances, nothing assumed: it names no instance"),
        }
    }

    /// What was just made may not be shown yet: "not found" is no proof.
    async fn first_seen(&self, id: &str) -> Outcome<Value> {
        let until = Instant::now() + Duration::from_secs(120);
        loop {
            match self.instance(id).await? {
                Ok(now) if now.is_gone() => {
                    let why = now.reason.unwrap_or_else(|| "AWS does not say why".into());
                    return failed(format!("{id} was launched and is {}: {why}", now.state));
                }
                Ok(now) => return Ok(answer(&now)),
                Err(refusal) if refusal.code.contains("NotFound") && Instant::now() < until => {
                    self.look_again_in(EVERY, id, "launched, and not shown yet", until).await;
                }
                Err(refusal) => return failed(refusal.text),
            }
        }
    }

    /// Asks AWS whether it would: what it checks before it launches, permissions among it.
    pub async fn would_launch(&self, launch: &Launch) -> Outcome<()> {
        let run = self.settings.run.as_str();
        let sent = self
            .ec2("RunInstances", async |ec2| request(ec2.run_instances(), launch, run, None).dry_run(true).send().await)
            .await?;
        match sent {
            Err(refusal) if refusal.code == "DryRunOperation" => Ok(()),
            Err(refusal) => Err(not_launched(launch, &refusal.code, &refusal.text).into()),
            Ok(_) => failed("unexpected answer from EC2 to a dry run of RunInstances, nothing assumed"),
        }
    }

    fn user_data(&self, launch: &Launch) -> Outcome<Option<Zeroizing<String>>> {
        let Some(text) = &launch.user_data else { return Ok(None) };
        let filled = self.fill(text)?;
        Ok(Some(Zeroizing::new(STANDARD.encode(filled.as_bytes()))))
    }

    /// Terminates what the run launched under the name; nothing of it is there: it is done.
    pub async fn act_terminate(&self, deed: &Terminate) -> Outcome<Value> {
        let until = Instant::now() + Duration::from_millis(deed.timeout_ms);
        let mut gone = vec![];
        loop {
            let left = self.launched(&deed.name).await?;
            let Some(next) = left.iter().find(|i| !gone.contains(&i.id)).or(left.first()) else {
                return Ok(json!({ "changed": !gone.is_empty(), "terminated": gone }));
            };
            if !gone.contains(&next.id) {
                self.terminate(&next.id).await?;
                gone.push(next.id.clone());
            } else if Instant::now() >= until {
                return failed(format!(
                    "{} is not terminated within {} s: it is {}",
                    next.id,
                    deed.timeout_ms / 1000,
                    next.state
                ));
            } else {
                self.look_again_in(EVERY, &next.id, &next.state, until).await;
            }
        }
    }

    async fn terminate(&self, id: &str) -> Outcome<()> {
        let sent =
            self.ec2("TerminateInstances", async |ec2| ec2.terminate_instances().instance_ids(id).send().await).await?;
        match sent {
            Ok(_) => Ok(()),
            Err(refusal) if refusal.code.contains("NotFound") => Ok(()),
            Err(refusal) if refusal.code == "OperationNotPermitted" => Err(Failure::new(format!(
                "{id} is protected from termination: {}",
                refusal.text
            ))
            .hint(format!(
                "when it may go: aws ec2 modify-instance-attribute --instance-id {id} --no-disable-api-termination"
            ))
            .into()),
            Err(refusal) => failed(refusal.text),
        }
    }
}

fn request(
    request: RunInstancesFluentBuilder,
    launch: &Launch,
    run: &str,
    user_data: Option<&str>,
) -> RunInstancesFluentBuilder {
    let template = launch.template.as_ref().map(|t| {
        let by = LaunchTemplateSpecification::builder();
        let by = if t.starts_with("lt-") { by.launch_template_id(t) } else { by.launch_template_name(t) };
        by.set_version(launch.template_version.clone()).build()
    });
    let role = launch.role.as_ref().map(|r| {
        let by = IamInstanceProfileSpecification::builder();
        if r.starts_with("arn:") { by.arn(r).build() } else { by.name(r).build() }
    });
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let mut tags: Vec<Tag> = launch.tags.iter().map(|(k, v)| tag(k, v)).collect();
    tags.push(tag("Name", &launch.name));
    tags.push(tag("mig:run", run));
    tags.push(tag("mig:launch", &launch.name));
    let tags = TagSpecification::builder().resource_type(ResourceType::Instance).set_tags(Some(tags)).build();
    request
        .min_count(1)
        .max_count(1)
        .set_launch_template(template)
        .set_image_id(launch.image.clone())
        .set_instance_type(launch.instance_type.as_deref().map(InstanceType::from))
        .set_subnet_id(launch.subnet.clone())
        .set_security_group_ids((!launch.groups.is_empty()).then(|| launch.groups.clone()))
        .set_iam_instance_profile(role)
        .set_key_name(launch.key.clone())
        .set_user_data(user_data.map(Into::into))
        .set_disable_api_termination(launch.protected.then_some(true))
        .tag_specifications(tags)
}

/// What a script needs of a new instance.
pub fn answer(i: &AwsInstance) -> Value {
    json!({ "changed": true, "id": i.id, "private_ip": i.private_ip, "subnet": i.subnet, "vpc": i.vpc })
}

fn not_launched(launch: &Launch, code: &str, text: &str) -> Failure {
    let failure = Failure::new(format!("{} is not launched: {text}", launch.name));
    match code {
        "IdempotentParameterMismatch" => {
            failure.hint("the run has launched it already, with other arguments: roll that call back first")
        }
        "InsufficientInstanceCapacity" => failure.hint("AWS has no room for this type there: another subnet, or later"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_token_is_the_same_for_every_attempt_and_no_longer_than_aws_takes() {
        let token = |attempt| token_of("7f3a9c0d1e2f", &Token::deed(12, 0, attempt).of_deed());
        assert_eq!(token(1), "mig-7f3a9c0d1e2f-12.0");
        assert_eq!(token(1), token(2));
        assert_eq!(token_of(&"x".repeat(90), "1.0").len(), 64);
    }
}
