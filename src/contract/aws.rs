//! What may be asked of an AWS account, and what may be done in it: Elastic IPs, instances, and
//! one look at S3.

use super::aws_allowance::{AddressQuota, Protection};
use crate::secret::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One effect in an AWS account. Each converges: it reads what is there, and does what is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "does", rename_all = "snake_case")]
pub enum Aws {
    MoveAddress(MoveAddress),
    SetPower(SetPower),
    Launch(Box<Launch>),
    Terminate(Terminate),
}

/// Give an Elastic IP to another machine, or to nobody; only while `from` has it, or nobody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MoveAddress {
    /// The public IPv4 address.
    pub address: String,
    /// `eipalloc-...`: what AWS knows it by.
    pub allocation: String,
    /// Who had it when it was looked at; `None`: nobody.
    pub from: Option<Holder>,
    /// Who is to have it; `None`: nobody.
    pub to: Option<Holder>,
    pub timeout_ms: u64,
}

/// Who has an Elastic IP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Where it must be said which of several network interfaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
}

/// Start an instance, or stop it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetPower {
    pub instance: String,
    pub power: Power,
    /// What it is called in its tag `Name`, for those who read it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub timeout_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Power {
    Running,
    Stopped,
}

/// Start a new instance, which bears the run and `name` in its tags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    pub name: String,
    /// `lt-...`, or the name of a launch template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The name or the ARN of an instance profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<Text>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// It cannot be terminated through the API until somebody takes that away.
    #[serde(default)]
    pub protected: bool,
}

/// Take a [`Launch`] back: the instances of this run that bear `name` go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terminate {
    pub name: String,
    pub timeout_ms: u64,
}

/// A question that changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum AwsAsk {
    /// An Elastic IP, by its address or its allocation: [`AwsSeen::Address`].
    Address(String),
    /// The Elastic IPs that an instance has: [`AwsSeen::Addresses`].
    AddressesOf(String),
    /// [`AwsSeen::Instance`].
    Instance(String),
    /// What an instance is protected from: [`AwsSeen::Protection`].
    Protection(String),
    /// How many Elastic IPs there are and may be: [`AwsSeen::AddressQuota`].
    AddressQuota,
    /// The instance that this run launched under a name: [`AwsSeen::Launched`].
    Launched(String),
    /// Whether AWS would take this, the permissions above all: [`AwsSeen::Fit`], else the call fails.
    Would(Aws),
    /// An object of S3: [`AwsSeen::Object`].
    Object { bucket: String, key: String },
}

/// What AWS answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AwsSeen {
    Address(Address),
    Addresses(Vec<Address>),
    Instance(Box<Instance>),
    Protection(Protection),
    AddressQuota(AddressQuota),
    Launched(Option<Box<Instance>>),
    Fit,
    Object(Option<Object>),
}

/// An Elastic IP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    pub address: String,
    pub allocation: String,
    /// Changes each time it is given to somebody.
    pub association: Option<String>,
    pub instance: Option<String>,
    pub interface: Option<String>,
    pub private_ip: Option<String>,
    /// A load balancer or another service of AWS has it, and moves it by itself.
    pub service: Option<String>,
}

/// An instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Instance {
    pub id: String,
    /// `pending`, `running`, `stopping`, `stopped`, `shutting-down`, `terminated`.
    pub state: String,
    /// Why it came into this state, where AWS says.
    pub reason: Option<String>,
    /// `ok`, `initializing`, `impaired`, `insufficient-data`, `not-applicable`.
    pub system_check: String,
    pub instance_check: String,
    pub kind: String,
    pub image: String,
    pub private_ip: Option<String>,
    pub public_ip: Option<String>,
    pub subnet: Option<String>,
    pub vpc: Option<String>,
    pub zone: Option<String>,
    /// The ARN of its instance profile.
    pub role: Option<String>,
    pub key: Option<String>,
    pub groups: Vec<String>,
    pub interfaces: Vec<String>,
    pub tags: BTreeMap<String, String>,
    /// When it was last started, as RFC 3339.
    pub launched: Option<String>,
}

/// An object of S3.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Object {
    pub size: u64,
    /// Seconds since it was written, by the clock of S3.
    pub age: u64,
    /// When it was written, as S3 writes it.
    pub modified: String,
    pub etag: String,
}

impl Address {
    /// Who has it.
    pub fn holder(&self) -> Option<Holder> {
        let has = self.instance.is_some() || self.interface.is_some() || self.association.is_some();
        has.then(|| Holder {
            instance: self.instance.clone(),
            interface: self.interface.clone(),
            private_ip: self.private_ip.clone(),
        })
    }
    /// Whether `holder` has it; `None` is nobody.
    pub fn is_at(&self, holder: Option<&Holder>) -> bool {
        match (self.holder(), holder) {
            (None, None) => true,
            (Some(has), Some(wanted)) => has.is(wanted),
            _ => false,
        }
    }
}

impl Holder {
    pub fn instance(id: &str) -> Self {
        Holder { instance: Some(id.into()), interface: None, private_ip: None }
    }
    pub fn interface(id: &str) -> Self {
        Holder { instance: None, interface: Some(id.into()), private_ip: None }
    }
    /// The same machine, as far as both say: the interface where both name one.
    pub fn is(&self, other: &Holder) -> bool {
        match (&self.interface, &other.interface) {
            (Some(a), Some(b)) => a == b,
            _ => self.instance.is_some() && self.instance == other.instance,
        }
    }
}

impl Instance {
    pub fn name(&self) -> &str {
        self.tags.get("Name").map_or("", String::as_str)
    }
    /// How many of the two status checks it passes.
    pub fn passed(&self) -> usize {
        [&self.system_check, &self.instance_check].iter().filter(|c| c.as_str() == "ok").count()
    }
    /// What is missing until it runs and passes both status checks; `None`: nothing.
    pub fn is_not_ready(&self) -> Option<String> {
        match (self.state.as_str(), self.passed()) {
            ("running", 2) => None,
            ("running", n) => Some(format!(
                "{} runs, and passes {n} of 2 status checks (system {}, instance {})",
                self.id, self.system_check, self.instance_check
            )),
            (state, _) => Some(match &self.reason {
                Some(why) => format!("{} is {state} ({why})", self.id),
                None => format!("{} is {state}", self.id),
            }),
        }
    }
    /// It goes or is gone, and comes back no more.
    pub fn is_gone(&self) -> bool {
        matches!(self.state.as_str(), "shutting-down" | "terminated")
    }
}

impl Power {
    pub fn word(self) -> &'static str {
        match self {
            Power::Running => "running",
            Power::Stopped => "stopped",
        }
    }
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Power::Running => Power::Stopped,
            Power::Stopped => Power::Running,
        }
    }
}

impl MoveAddress {
    /// The deed that takes it back.
    #[must_use]
    pub fn reversed(&self) -> MoveAddress {
        MoveAddress { from: self.to.clone(), to: self.from.clone(), ..self.clone() }
    }
}

impl Aws {
    /// What it touches, as scripts name it: readings of these are unknown while it is planned.
    pub fn touches(&self) -> Vec<&str> {
        match self {
            Aws::MoveAddress(m) => {
                let holders = [&m.from, &m.to].into_iter().flatten();
                let ids = holders.flat_map(|h| [h.instance.as_deref(), h.interface.as_deref()]).flatten();
                [m.address.as_str(), m.allocation.as_str()].into_iter().chain(ids).collect()
            }
            Aws::SetPower(p) => vec![&p.instance],
            Aws::Launch(l) => vec![&l.name],
            Aws::Terminate(t) => vec![&t.name],
        }
    }
}

impl AwsAsk {
    /// What it is about, as [`Aws::touches`] names it.
    pub fn about(&self) -> &str {
        match self {
            AwsAsk::Address(a) => a,
            AwsAsk::AddressesOf(i) | AwsAsk::Instance(i) | AwsAsk::Protection(i) => i,
            AwsAsk::AddressQuota => "",
            AwsAsk::Launched(n) => n,
            AwsAsk::Would(aws) => aws.touches().first().copied().unwrap_or_default(),
            AwsAsk::Object { key, .. } => key,
        }
    }
}

impl fmt::Display for AwsAsk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AwsAsk::Address(a) => write!(f, "address {a}"),
            AwsAsk::AddressesOf(i) => write!(f, "addresses of {i}"),
            AwsAsk::Instance(i) => write!(f, "instance {i}"),
            AwsAsk::Protection(i) => write!(f, "protection of {i}"),
            AwsAsk::AddressQuota => f.write_str("quota of addresses"),
            AwsAsk::Launched(n) => write!(f, "launched {n}"),
            AwsAsk::Would(aws) => write!(f, "whether it would take `{aws}`"),
            AwsAsk::Object { bucket, key } => write!(f, "object {bucket}/{key}"),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.instance, &self.interface) {
            (Some(i), Some(n)) => write!(f, "{i} ({n})"),
            (Some(i), None) | (None, Some(i)) => f.write_str(i),
            (None, None) => f.write_str("a machine that AWS does not name"),
        }
    }
}

impl fmt::Display for MoveAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "aws: move {} from {from} to {to}", self.address),
            (None, Some(to)) => write!(f, "aws: give {} to {to}", self.address),
            (Some(from), None) => write!(f, "aws: take {} from {from}, and keep it", self.address),
            (None, None) => write!(f, "aws: leave {} with nobody", self.address),
        }
    }
}

impl fmt::Display for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Aws::MoveAddress(m) => m.fmt(f),
            Aws::SetPower(p) => {
                let verb = if p.power == Power::Running { "start" } else { "stop" };
                write!(f, "aws: {verb} {}", p.instance)?;
                if p.name.is_empty() { Ok(()) } else { write!(f, " ({})", p.name) }
            }
            Aws::Launch(l) => {
                write!(f, "aws: launch {}", l.name)?;
                if let Some(kind) = &l.instance_type {
                    write!(f, ", {kind}")?;
                }
                match (&l.template, &l.image) {
                    (Some(t), _) => write!(f, ", from template {t}"),
                    (None, Some(i)) => write!(f, ", from {i}"),
                    (None, None) => Ok(()),
                }
            }
            Aws::Terminate(t) => write!(f, "aws: terminate what this run launched as {}", t.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_to_be_at_its_holder() {
        let at = |instance: Option<&str>, interface: Option<&str>| Address {
            instance: instance.map(Into::into),
            interface: interface.map(Into::into),
            ..Address::default()
        };
        let (a, b) = (Holder::instance("i-a"), Holder::instance("i-b"));
        assert!(at(Some("i-a"), Some("eni-1")).is_at(Some(&a)));
        assert!(at(Some("i-a"), Some("eni-1")).is_at(Some(&Holder::interface("eni-1"))));
        assert!(!at(Some("i-a"), Some("eni-1")).is_at(Some(&Holder::interface("eni-2"))));
        assert!(!at(Some("i-a"), None).is_at(Some(&b)) && !at(Some("i-a"), None).is_at(None));
        assert!(at(None, None).is_at(None) && !at(None, None).is_at(Some(&a)));
        // Two interfaces of which nobody says the instance are not the same machine.
        assert!(!at(None, Some("eni-1")).is_at(Some(&a)));
    }

    #[test]
    fn a_deed_survives_json() {
        let deed = Aws::MoveAddress(MoveAddress {
            address: "203.0.113.7".into(),
            allocation: "eipalloc-1".into(),
            from: None,
            to: Some(Holder::instance("i-b")),
            timeout_ms: 5,
        });
        let json = serde_json::to_string(&deed).unwrap();
        assert_eq!(serde_json::from_str::<Aws>(&json).unwrap(), deed, "{json}");
    }
}
