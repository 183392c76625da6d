//! A new instance, launched once.

use super::aws_answer;
use super::duration::Duration;
use crate::contract::{
    Args, Aws, AwsAsk, AwsSeen, Change, Deed, Example, Failure, Given, Launch, Look, Outcome, Plan, Step, Terminate,
    Undo, failed,
};
use crate::secret::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Launch an instance of EC2.
///
/// It is launched once, however often the request is sent: its client token is made of the run and the
/// call, and its tags `mig:run` and `mig:launch` find it again when the answer was lost, or when the call
/// failed later. A second call with the same `name` in the same run gives the same instance. It is done
/// when the instance runs and passes both status checks. A rollback terminates it, with all that is on it;
/// an instance protected from termination stops the rollback until somebody takes that away.
///
/// The plan asks AWS whether it would launch it (a dry run): what it refuses, it refuses before anything
/// is changed. The permissions are `ec2:RunInstances`, `ec2:CreateTags`, `ec2:TerminateInstances`, with a
/// `role` also `iam:PassRole`, and those of `aws_instance_info`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AwsLaunch {
    /// Name: its tag `Name`, and what the run knows it by. It must be given.
    #[serde(default)]
    name: String,
    /// Launch template, by its id (`lt-...`) or its name. One of `template` and `image` must be given; the
    /// other options win over what it says.
    #[serde(default)]
    template: Option<String>,
    /// Version of the template. Default: the one that AWS has as its default.
    #[serde(default)]
    template_version: Option<String>,
    /// Image (`ami-...`).
    #[serde(default)]
    image: Option<String>,
    /// Type, such as `t3.large`. Default: as the template says.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// Subnet (`subnet-...`). Default: as the template says.
    #[serde(default)]
    subnet: Option<String>,
    /// Security groups (`sg-...`). Default: as the template says, else the default group of the network.
    #[serde(default)]
    groups: Vec<String>,
    /// Instance profile that gives it its role, by its name or ARN.
    #[serde(default)]
    role: Option<String>,
    /// Key pair that may log in, by its name.
    #[serde(default)]
    key: Option<String>,
    /// What the instance reads when it first boots; may hold secrets, which everybody on it can then read.
    #[serde(default)]
    user_data: Option<Text>,
    /// Further tags.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Whether it is protected from termination; then a rollback cannot take it away.
    #[serde(default)]
    protect: bool,
    /// How long it may take until it passes its status checks, as a text with a unit.
    #[serde(default = "fifteen_minutes")]
    timeout: Duration,
}

fn fifteen_minutes() -> Duration {
    Duration::minutes(15)
}

impl Args for AwsLaunch {
    const NAME: &'static str = "aws_launch";
    const POSITIONAL: &'static [&'static str] = &[];
    const EXAMPLES: &'static [Example] = &[
        Example {
            script: r#"aws_launch(#{ name: "controller-2", image: "ami-0a1b2c3d", type: "t3.large", subnet: "subnet-0a1b2c3d", groups: ["sg-0a1b2c3d"], role: "controller" })"#,
            given: &[Given::Aws(
                "whether it would take `aws: launch controller-2, t3.large, from ami-0a1b2c3d`",
                r#""fit""#,
            )],
            does: &["aws: launch controller-2, t3.large, from ami-0a1b2c3d"],
            undo: &["aws: terminate what this run launched as controller-2"],
            gives: "",
        },
        Example {
            script: r#"aws_launch(#{ name: "controller-2", template: "controller", template_version: "3", protect: true })"#,
            given: &[Given::Aws(
                "whether it would take `aws: launch controller-2, from template controller`",
                r#""fit""#,
            )],
            does: &["aws: launch controller-2, from template controller"],
            undo: &["aws: terminate what this run launched as controller-2"],
            gives: "",
        },
    ];
}

impl Change for AwsLaunch {
    const GIVES: &'static str = "a map: `id`, `private_ip`, `subnet`, `vpc`";

    fn plan(&self, look: &dyn Look) -> Outcome<Plan> {
        let launch = self.launch()?;
        let deed = Aws::Launch(Box::new(launch.clone()));
        aws_answer::would(look, &deed)?;
        let back = Terminate { name: launch.name.clone(), timeout_ms: self.timeout.ms() };
        let undo = Undo::By(vec![Deed::Aws(Aws::Terminate(back))]);
        Ok(Plan::Do(vec![Step { deed: Deed::Aws(deed), undo }]))
    }

    fn observe(&self, look: &dyn Look, _: &[Step]) -> Outcome<Plan> {
        match look.aws(&AwsAsk::Launched(self.name.clone()))? {
            AwsSeen::Launched(Some(now)) => Ok(now.is_not_ready().map_or(Plan::Already, Plan::Wait)),
            AwsSeen::Launched(None) => Ok(Plan::Wait(format!("{} is not shown yet, or is gone", self.name))),
            other => failed(format!("aws_launch: asked for {}, AWS gave {other:?}", self.name)),
        }
    }

    fn patience_ms(&self) -> Option<u64> {
        Some(self.timeout.ms())
    }
}

impl AwsLaunch {
    fn launch(&self) -> Outcome<Launch> {
        let wrong = |what: &str, hint: &str| Err(Failure::new(format!("aws_launch: {what}")).hint(hint).into());
        if self.name.is_empty() || self.name.len() > 128 || self.name.contains(char::is_control) {
            return wrong(
                "name: 1 to 128 characters must be given",
                r#"as in aws_launch(#{ name: "controller-2", ... })"#,
            );
        }
        match (&self.template, &self.image) {
            (None, None) => return wrong("template, image: one of them must be given", "image: \"ami-...\""),
            (None, Some(_)) if self.kind.is_none() => {
                return wrong("type: with an image it must be given", "type: \"t3.large\"");
            }
            (None, Some(_)) if self.template_version.is_some() => {
                return wrong("template_version: no template is given", "leave it out");
            }
            _ => {}
        }
        let ids = [("image", "ami-", self.image.as_ref()), ("subnet", "subnet-", self.subnet.as_ref())];
        let groups = self.groups.iter().map(|g| ("groups", "sg-", Some(g)));
        for (what, prefix, id) in ids.into_iter().chain(groups) {
            if let Some(id) = id.filter(|id| !id.starts_with(prefix)) {
                return wrong(
                    &format!("{what}: {id:?} is not an id that begins with {prefix}"),
                    "AWS takes ids here, no names",
                );
            }
        }
        if let Some(tag) = self.tags.keys().find(|t| *t == "Name" || t.starts_with("mig:") || t.starts_with("aws:")) {
            return wrong(&format!("tags: {tag} is given by mig or by AWS"), "leave it out; `name` gives the tag Name");
        }
        Ok(Launch {
            name: self.name.clone(),
            template: self.template.clone(),
            template_version: self.template_version.clone(),
            image: self.image.clone(),
            instance_type: self.kind.clone(),
            subnet: self.subnet.clone(),
            groups: self.groups.clone(),
            role: self.role.clone(),
            key: self.key.clone(),
            user_data: self.user_data.clone(),
            tags: self.tags.clone(),
            protected: self.protect,
        })
    }
}
